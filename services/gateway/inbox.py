"""Writes messages into the inboxes. Two implementations: Kafka's here, and one in memory in the tests."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import structlog
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.catalogue import SERVICES
from schemas.envelope import partition_of
from services.gateway.intake import Taken
from services.gateway.unreadable import Unreadable
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.kafka import BATCH_SLACK, NO_COMPRESSION, bounded, close, has_ended, producer
from services.kit.ledger.log import BATCH_BYTES, Unavailable
from services.kit.ledger.record import pack_stamp
from services.kit.ledger.topics import UNREADABLE

log = structlog.get_logger(__name__)

ACK_SECONDS = 8.0
"""How long we wait for all in-sync replicas before we say that we do not know."""

PROBE_SECONDS = 1.0
"""How often we ask whether Kafka is there, so that /readyz tells even when nobody publishes."""

Entry = tuple[bytes | None, bytes, list[tuple[str, bytes]]]
"""Key, value and headers of a record."""


class Full(Unavailable):
    """Too much waits for a partition already: what was to be added to it was not tried."""


class Place(NamedTuple):
    """Where a message stands: the inbox of a service, a partition and an offset."""

    service: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.service}.inbox/{self.partition}@{self.offset}"


class Inbox(Protocol):
    """Takes messages in, safely or not at all as far as the caller is told."""

    def not_ready(self) -> str | None:
        """Why nothing can be taken in now; None when it can."""

    async def put(self, taken: Sequence[Taken], held: int) -> list[Place | Unavailable]:
        """Hand messages over and wait until all in-sync replicas have them: for each its place.

        `held`: bytes that the caller holds until this returns.

        Messages of one partition keep their order, and none is tried after one that failed. Unavailable means that it
        is unknown whether the message was written, and that it is safe to send it again; Full, that it was not.
        """

    async def set_aside(self, records: Sequence[Unreadable]) -> None:
        """Keep what nobody can read; returns when all in-sync replicas have it. Raises Unavailable."""


class KafkaInbox:
    """Inboxes on Kafka; the partition is named here, because clients differ in their hash functions.

    `most_waiting`: bytes that may be held for one partition; beyond that it is full.
    """

    def __init__(self, bootstrap: Bootstrap, most_waiting: int) -> None:
        self._bootstrap, self._most_waiting = bootstrap, most_waiting
        self._waiting: Counter[tuple[str, int]] = Counter()
        self._producer = producer(bootstrap, "gateway")
        self._away: str | None = "not connected to Kafka yet"
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.partitions: dict[str, int] = {}
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Connect, and again until it works; then hold the connection and watch it until cancelled."""
        try:
            while True:
                try:
                    await self._connect()
                    await self._watch()
                except Unavailable as error:
                    self.connected.clear()
                    self._say(f"not connected to Kafka: {error}")
                    await close(self._producer)
                    self._producer = producer(self._bootstrap, "gateway")
                    await asyncio.sleep(0.5)
        finally:
            await close(self._producer)

    def not_ready(self) -> str | None:
        return self._away

    async def put(self, taken: Sequence[Taken], held: int) -> list[Place | Unavailable]:
        if not self.connected.is_set():
            return [Unavailable("not connected yet")] * len(taken)
        numbers: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for number, each in enumerate(taken):
            key = each.message.partitionkey
            numbers[each.service, partition_of(key, self.partitions[each.service])].append(number)
        written = (self._share(where, held, [_entry(taken[n]) for n in of_it]) for where, of_it in numbers.items())
        places: dict[int, Place | Unavailable] = {}
        for (where, of_it), offsets in zip(numbers.items(), await asyncio.gather(*written), strict=True):
            for number, offset in zip(of_it, offsets, strict=True):
                places[number] = offset if isinstance(offset, Unavailable) else Place(*where, offset)
        return [places[number] for number in range(len(taken))]

    async def set_aside(self, records: Sequence[Unreadable]) -> None:
        for offset in await self._write(UNREADABLE, 0, [each.entry() for each in records]):
            if isinstance(offset, Unavailable):
                raise offset

    async def _share(self, where: tuple[str, int], held: int, entries: Sequence[Entry]) -> Sequence[int | Unavailable]:
        """Append unless too much waits for this partition already, so that one which hangs leaves room for the others.

        What is held counts whole for each partition that is waited for: the slowest of them decides when it is let go.
        """
        service, partition = where
        if self._waiting[where] and self._waiting[where] + held > self._most_waiting:
            log.warning("full", service=service, partition=partition, waiting=self._waiting[where])
            return [Full(f"{self._waiting[where]} bytes wait for {service}.inbox/{partition}")] * len(entries)
        self._waiting[where] += held
        try:
            return await self._write(f"{service}.inbox", partition, entries)
        finally:
            self._waiting[where] -= held

    async def _write(self, topic: str, partition: int, entries: Sequence[Entry]) -> list[int | Unavailable]:
        """Append in order: the next batch when the one before is acknowledged, so that none can overtake another."""
        offsets: list[int | Unavailable] = []
        try:
            if len(entries) == 1:  # shares a batch with what other callers send at this moment
                key, value, headers = entries[0]
                sending = self._producer.send(topic, value, key=key, partition=partition, headers=headers)
                sent = await bounded(sending, ACK_SECONDS)
                offsets.append(int((await bounded(sent, ACK_SECONDS)).offset))
            else:
                for batch in _batches(entries):
                    sent = await bounded(self._in_turn(batch, topic, partition), ACK_SECONDS)
                    first = int((await bounded(sent, ACK_SECONDS)).offset)
                    offsets += range(first, first + batch.record_count())
        except Unavailable as error:
            offsets += [error] * (len(entries) - len(offsets))
        return offsets

    async def _in_turn(self, batch: BatchBuilder, topic: str, partition: int) -> Awaitable[Any]:
        """Hand a batch to the producer, first come, first served; what it gives is its acknowledgement.

        A partition has one place for a batch. aiokafka lets all who wait for it run whenever it is free, and each time
        takes the whole of their wait from their patience once more: a hundred at once, and most are told that Kafka
        timed out within a second. Sent again by their callers, they kept a healthy system from ever coming to rest.
        """
        async with self._turns[topic, partition]:
            acknowledged: Awaitable[Any] = await self._producer.send_batch(batch, topic, partition=partition)
            return acknowledged

    async def _connect(self) -> None:
        await bounded(self._producer.start(), 15)
        counts = {}
        for service in SERVICES:
            partitions = await bounded(self._producer.partitions_for(f"{service}.inbox"), 15)
            if not partitions:
                raise Unavailable(f"there is no topic {service}.inbox")
            counts[service] = len(partitions)
        self.partitions = counts
        self.connected.set()

    async def _watch(self) -> None:
        """Tell whether Kafka answers; raises Unavailable when only another producer helps."""
        while not has_ended(self._producer):
            self._say(await self._probe())
            await asyncio.sleep(PROBE_SECONDS)
        raise Unavailable("aiokafka has ceased to send, by a mistake that stands in its log")

    async def _probe(self) -> str | None:
        try:
            await bounded(self._producer.client.fetch_all_metadata(), 3)
        except Unavailable as error:
            return f"Kafka does not answer: {error}"
        return None

    def _say(self, away: str | None) -> None:
        if (away is None) != (self._away is None):
            log.warning("inbox", ready=away is None, detail=away)
        self._away = away


def _entry(taken: Taken) -> Entry:
    return taken.message.partitionkey.encode(), taken.value, pack_stamp(taken.stamp)


def _batches(entries: Sequence[Entry]) -> Iterator[BatchBuilder]:
    """Full batches, closed, in order."""
    rest = iter(entries)
    waiting = next(rest, None)
    while waiting is not None:
        batch = BatchBuilder(BATCH_BYTES + BATCH_SLACK, NO_COMPRESSION)
        while waiting is not None and batch.append(
            timestamp=None, key=waiting[0], value=waiting[1], headers=waiting[2]
        ):
            waiting = next(rest, None)
        batch.close()
        yield batch
