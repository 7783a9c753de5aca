"""The ledger's port on Kafka, by aiokafka 0.14. What it works around is told where it is done; each has a test.

One producer and two consumers a partition, so that a failure, a slow fetch or a poisoned sequence hurts one
partition only. Nothing here retries: the worker owns every decision about what an error means.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.producer.message_accumulator import BatchBuilder

from services.kit.kafka_access import Bootstrap, access_to
from services.kit.ledger import illegible
from services.kit.ledger.illegible import Found
from services.kit.ledger.log import BATCH_BYTES, Batch, Illegible, OutOfRange, Unavailable
from services.kit.ledger.record import Record

T = TypeVar("T")

REQUEST_MS = 10_000
"""How long the broker may take to acknowledge; a non-idempotent batch is given up by aiokafka after that."""

CLOSE_SECONDS = 2.0
"""`stop()` never returns while the broker is away; after this we close what we can reach and leave."""

BATCH_SLACK = 40_000
"""Room above BATCH_BYTES for what RECORD_OVERHEAD rounds away; still below the broker's 1,048,588 bytes."""

NO_COMPRESSION = 0  # lz4 cost 1.8 times the CPU of the whole append, zstd 1.1 to 1.2
FETCH_BYTES = 4 * 1024 * 1024
MOST_RECORDS = 5000
SHELF_END_MS, SHELF_FETCH_MS = 2000, 50
"""Where nothing comes for so long a snapshot ends; and how long a fetch is held back, for which a start would wait."""


async def bounded(waiting: Awaitable[T], seconds: float) -> T:
    """Await something of Kafka's for at most `seconds`; any error of the broker's becomes Unavailable.

    Not by `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes as the answer does, and who
    reads all the time would never hear that he should stop.
    """
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except OffsetOutOfRangeError as error:
        raise OutOfRange(str(error)) from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except UnicodeDecodeError as error:
        raise Illegible(f"a record has a header whose name is not UTF-8: {error.object!r}") from error


async def fetched(reader: AIOKafkaConsumer, wait: float, most: int) -> Found:
    """What `reader` gives next, within `wait` seconds. Raises Unavailable, OutOfRange and Illegible."""
    if has_ended(reader):
        raise Unavailable("aiokafka has ceased to fetch, by a mistake that stands in its log")
    got: Found = await bounded(reader.getmany(timeout_ms=int(wait * 1000), max_records=most), wait + 10)
    return got


def has_ended(client: AIOKafkaConsumer | AIOKafkaProducer) -> bool:
    """Whether the task in which a started client fetches or sends is over.

    Nobody in aiokafka looks at it: a consumer would give nothing ever after, as if nothing came.
    """
    task = client._fetcher.error_future if isinstance(client, AIOKafkaConsumer) else client._sender.sender_task
    return bool(task.done())


async def read_on(
    bootstrap: Bootstrap, reader: AIOKafkaConsumer, positions: Mapping[TopicPartition, int], wait: float, most: int
) -> Found:
    """What `reader` gives next, within `wait` seconds; `positions`: where it stands in all that it is assigned."""
    try:
        return await fetched(reader, wait, most)
    except Illegible:
        return await read_around(bootstrap, reader, positions)


async def read_around(bootstrap: Bootstrap, reader: AIOKafkaConsumer, positions: Mapping[TopicPartition, int]) -> Found:
    """What lies from these offsets on, when `reader` has raised Illegible; it then stands behind what is returned.

    Raises Unavailable.
    """
    ends: Mapping[TopicPartition, int] = await bounded(reader.end_offsets(list(positions)), 10)
    wanted = {tp: range(begin, min(ends[tp], begin + MOST_RECORDS)) for tp, begin in positions.items()}
    found = await asyncio.to_thread(
        illegible.read, bootstrap, {tp: each for tp, each in wanted.items() if each}, FETCH_BYTES
    )
    if not found and any(wanted.values()):
        raise Unavailable("librdkafka, too, gave nothing in time")
    try:
        for tp, begin in positions.items():
            reader.seek(tp, found[tp][-1].offset + 1 if tp in found else begin)
    except KafkaError as error:
        raise Unavailable(f"the partition was lost meanwhile: {error}") from error
    return found


async def close(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client in bounded time, even while the broker is away; what was fetched and not read goes with it."""
    if isinstance(client, AIOKafkaConsumer) and client._fetcher is not None:
        for tp in client._fetcher._records:
            _leave_behind(client, tp)
    stopping = asyncio.ensure_future(client.stop())
    await asyncio.wait({stopping}, timeout=CLOSE_SECONDS)
    if not stopping.done():
        stopping.cancel()
        sender = getattr(client, "_sender", None)
        with contextlib.suppress(Exception):  # best effort on a client that we drop either way
            if sender is not None:
                await asyncio.wait_for(sender.close(), CLOSE_SECONDS)
            await asyncio.wait_for(client._client.close(), CLOSE_SECONDS)
    with contextlib.suppress(asyncio.CancelledError, KafkaError, OSError):
        await stopping


def consumer(
    bootstrap: Bootstrap, client_id: str, fetch_wait_ms: int = 500, fetch_bytes: int = FETCH_BYTES
) -> AIOKafkaConsumer:
    """A consumer without a group: positions come from the logs alone, and a wrong one is an error.

    `fetch_wait_ms`: how long a broker may hold a fetch back when nothing is new. `fetch_bytes`: how much of a partition
    it sends at once.
    """
    return AIOKafkaConsumer(
        **access_to(bootstrap).aiokafka(),
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_uncommitted",
        max_partition_fetch_bytes=fetch_bytes,
        fetch_max_bytes=4 * FETCH_BYTES,
        fetch_max_wait_ms=fetch_wait_ms,
        request_timeout_ms=REQUEST_MS,
        retry_backoff_ms=50,
    )


def begin_at(reader: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
    """Let a consumer of one partition read on from `offset`.

    It is assigned the partition in the same step: were it to wait for anything in between, it would look for a
    position, find none, and raise NoOffsetForPartitionError at the next read.
    """
    if not reader.assignment():
        reader.assign([tp])
    _leave_behind(reader, tp)
    reader.seek(tp, offset)


def _leave_behind(reader: AIOKafkaConsumer, tp: TopicPartition) -> None:
    """What was fetched and will not be read, up to FETCH_BYTES, is in a cycle with its own iterator.

    The cycle is broken here, for our collector looks rarely (`tune_collector`).
    """
    left = getattr(reader._fetcher._records.get(tp), "_partition_records", None)
    if left is not None:
        left._records_iterator = iter(())


def producer(bootstrap: Bootstrap, client_id: str) -> AIOKafkaProducer:
    """A producer whose acknowledgement means: on all in-sync replicas.

    `acks` is said explicitly, because the default without idempotence is 1; without idempotence, because an
    idempotent send never times out by itself and one error poisons the partition's sequence for good.
    """
    return AIOKafkaProducer(
        **access_to(bootstrap).aiokafka(),
        client_id=client_id,
        acks="all",
        enable_idempotence=False,
        compression_type=None,
        max_batch_size=BATCH_BYTES + BATCH_SLACK,
        max_request_size=2 * BATCH_BYTES,
        request_timeout_ms=REQUEST_MS,
        linger_ms=0,
        retry_backoff_ms=50,
    )


async def started_producer(bootstrap: Bootstrap, client_id: str) -> AIOKafkaProducer:
    """A producer that has reached the broker. Raises Unavailable, and leaves nothing behind then."""
    fresh = producer(bootstrap, client_id)
    try:
        await bounded(fresh.start(), 15)
    except BaseException:
        await close(fresh)
        raise
    return fresh


class _Tail:
    """Reads one partition from wherever it is told."""

    def __init__(self, bootstrap: Bootstrap, topic: str, partition: int, client_id: str) -> None:
        self._bootstrap, self._client_id = bootstrap, client_id
        self._tp = TopicPartition(topic, partition)
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()
        self._next = -1

    async def read(self, offset: int, wait: float) -> Sequence[Record]:
        reader = await self._started()
        if offset != self._next:
            begin_at(reader, self._tp, offset)
            self._next = offset
        if reader.paused():
            reader.resume(self._tp)
        try:
            got = await read_on(self._bootstrap, reader, {self._tp: offset}, wait, MOST_RECORDS)
        except (OutOfRange, Unavailable):
            self._next = -1
            if has_ended(reader):
                await self.close()
            raise
        records: Sequence[Record] = got.get(self._tp, ())
        if records:
            self._next = records[-1].offset + 1
        return records

    def rest(self) -> None:
        """Fetch nothing until the next read."""
        if self._consumer is not None and not self._consumer.paused():
            self._consumer.pause(self._tp)

    async def end(self) -> int:
        reader = await self._started()
        ends: dict[TopicPartition, int] = await bounded(reader.end_offsets([self._tp]), 10)
        return ends[self._tp]

    async def close(self) -> None:
        if self._consumer is not None:
            gone, self._consumer = self._consumer, None
            await close(gone)

    async def _started(self) -> AIOKafkaConsumer:
        """The one consumer. Of two who begin at once, one to read and one to ask for the end, the second waits: a
        consumer of his own would take the place of the one just sought, and stand nowhere."""
        async with self._starting:
            if self._consumer is None:
                fresh = consumer(self._bootstrap, self._client_id)
                try:
                    await bounded(fresh.start(), 15)
                except BaseException:
                    await close(fresh)
                    raise
                self._consumer = fresh
                self._next = -1
            return self._consumer


class _Batch:
    """aiokafka's builder; `append()` returning None closes it, so that must never happen unnoticed."""

    def __init__(self, builder: BatchBuilder) -> None:
        self.builder = builder
        self._append = builder.append

    def append(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        if self._append(timestamp=None, key=key, value=value, headers=headers) is None:
            raise AssertionError("a batch was built larger than BATCH_BYTES")


class _Shelf:
    """One partition of a compacted topic. It is rarely used: a consumer lives for one load only."""

    def __init__(self, bootstrap: Bootstrap, topic: str, partition: int, client_id: str) -> None:
        self._bootstrap, self._client_id = bootstrap, client_id
        self._tp = TopicPartition(topic, partition)
        self._producer: AIOKafkaProducer | None = None

    async def load(self) -> dict[str, bytes]:
        """The newest value of each key.

        Compaction leaves holes and may take the last record away: where nothing comes for a while is the end. Were it
        not, the snapshot would lack a piece, and be refused.
        """
        reader, found = consumer(self._bootstrap, self._client_id, SHELF_FETCH_MS), dict[str, bytes]()
        try:
            await bounded(reader.start(), 15)
            end = (await bounded(reader.end_offsets([self._tp]), 10))[self._tp]
            offset = (await bounded(reader.beginning_offsets([self._tp]), 10))[self._tp]
            begin_at(reader, self._tp, offset)
            while offset < end:
                got = await bounded(reader.getmany(self._tp, timeout_ms=SHELF_END_MS), 10 + SHELF_END_MS / 1000)
                for record in got.get(self._tp, ()):
                    offset = record.offset + 1
                    key = (record.key or b"").decode(errors="replace")
                    if record.value is None:
                        found.pop(key, None)
                    else:
                        found[key] = record.value
                if not got:
                    break
        finally:
            await close(reader)
        return found

    async def store(self, key: str, value: bytes | None) -> None:
        if self._producer is None:
            self._producer = await started_producer(self._bootstrap, self._client_id)
        sending = self._producer.send_and_wait(self._tp.topic, value, key.encode(), partition=self._tp.partition)
        try:
            await bounded(sending, 15)
        except Unavailable:
            await self.close()  # the next one begins with a new producer
            raise

    async def close(self) -> None:
        if self._producer is not None:
            gone, self._producer = self._producer, None
            await close(gone)


class KafkaPair:
    """Partition `partition` of `<service>.inbox`, `<service>.events` and `<service>.snapshots`."""

    def __init__(self, bootstrap: Bootstrap, service: str, partition: int, client_id: str) -> None:
        self._bootstrap, self._client_id, self._partition = bootstrap, client_id, partition
        self._events_topic = f"{service}.events"
        self._inbox = _Tail(bootstrap, f"{service}.inbox", partition, client_id)
        self._events = _Tail(bootstrap, self._events_topic, partition, client_id)
        self._shelf = _Shelf(bootstrap, f"{service}.snapshots", partition, client_id)
        self._producer: AIOKafkaProducer | None = None

    async def read_inbox(self, offset: int, wait: float) -> Sequence[Record]:
        self._events.rest()
        return await self._inbox.read(offset, wait)

    async def inbox_end(self) -> int:
        return await self._inbox.end()

    async def read_events(self, offset: int, wait: float) -> Sequence[Record]:
        return await self._events.read(offset, wait)

    async def events_end(self) -> int:
        return await self._events.end()

    def new_batch(self) -> Batch:
        return _Batch(BatchBuilder(BATCH_BYTES + BATCH_SLACK, NO_COMPRESSION))

    async def append(self, batch: Batch) -> int:
        assert isinstance(batch, _Batch)
        if self._producer is None:
            self._producer = await started_producer(self._bootstrap, self._client_id)
        batch.builder.close()
        sent = await bounded(
            self._producer.send_batch(batch.builder, self._events_topic, partition=self._partition), 15
        )
        return int((await bounded(sent, 15)).offset)

    async def load_snapshot(self) -> Mapping[str, bytes]:
        return await self._shelf.load()

    async def store_snapshot(self, key: str, value: bytes | None) -> None:
        await self._shelf.store(key, value)

    async def renew(self) -> None:
        if self._producer is not None:
            gone, self._producer = self._producer, None
            await close(gone)

    async def close(self) -> None:
        await self.renew()
        await self._shelf.close()
        await self._inbox.close()
        await self._events.close()
