"""The clusters of a copy: reads one Kafka, makes the topics of another and writes into them.

No genesis is written here: a copy's tells what it was copied from, and so cannot be made with the topics.
"""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from kalimaya.copy.plan import CannotCopy
from kalimaya.copy.restamp import Entry
from kalimaya.copy.run import Copy, Tell, copy_service
from kalimaya.copy.source import READ_SECONDS
from kalimaya.copy.target import Onto
from services.kit.kafka_access import Bootstrap
from services.kit.ledger import topics
from services.kit.ledger.kafka import BATCH_SLACK, NO_COMPRESSION, KafkaPair, bounded, close, producer
from services.kit.ledger.log import BATCH_BYTES, Identity, LogPair, Unavailable
from services.kit.ledger.reader import LogReader
from services.kit.ledger.record import Record
from services.kit.ledger.topics import UNREADABLE

APPEND_SECONDS = 30.0
CLIENT = "kalimaya-copy"


class KafkaTarget:
    """The cluster that is copied to."""

    def __init__(self, bootstrap: Bootstrap) -> None:
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None

    def pair(self, service: str, partition: int) -> LogPair:
        return KafkaPair(self._bootstrap, service, partition, CLIENT)

    async def append(self, topic: str, partition: int, entries: Sequence[Entry]) -> int:
        if self._producer is None:
            self._producer = producer(self._bootstrap, CLIENT)
            await bounded(self._producer.start(), APPEND_SECONDS)
        batch = BatchBuilder(BATCH_BYTES + BATCH_SLACK, NO_COMPRESSION)
        for key, value, headers, timestamp in entries:
            if batch.append(timestamp=timestamp or None, key=key, value=value, headers=list(headers)) is None:
                raise AssertionError("a batch was built larger than BATCH_BYTES")
        batch.close()
        sent = await bounded(self._producer.send_batch(batch, topic, partition=partition), APPEND_SECONDS)
        return int((await bounded(sent, APPEND_SECONDS)).offset)

    async def close(self) -> None:
        """Let go."""
        if self._producer is not None:
            await close(self._producer)


async def copy(
    old: Bootstrap, new: Bootstrap, services: Sequence[str], partitions: int | None, replication: int, tell: Tell
) -> list[Copy]:
    """Copy the logs of these services from one cluster to another, to so many partitions (None: as many as now).

    Topics that are not there are made. What agencies sent and nobody could read goes along, place by place.
    Raises CannotCopy, LedgerBroken, Unavailable; ValueError when topics contradict each other.
    """
    target, done = KafkaTarget(new), []
    try:
        for service in services:
            count = (await topics.identify(old, service)).partitions
            identity = await make(new, service, partitions or count, replication)
            pairs = [KafkaPair(old, service, partition, CLIENT) for partition in range(count)]
            try:
                done.append(await copy_service(service, pairs, target, identity, tell))
            finally:
                for pair in pairs:
                    await pair.close()
        await topics.create_intake(new, [], replication)
        await _copy_unreadable(old, new, target)
    finally:
        await target.close()
    return done


async def make(bootstrap: Bootstrap, service: str, partitions: int, replication: int) -> Identity:
    """Make what is missing of a service's topics, without a genesis. Raises CannotCopy, Unavailable."""
    await asyncio.to_thread(_create, bootstrap, service, partitions, replication)
    identity = await topics.identify(bootstrap, service)
    if identity.partitions != partitions:
        raise CannotCopy(f"{service}.inbox of the target has {identity.partitions} partitions, not {partitions}.")
    return identity


def _create(bootstrap: Bootstrap, service: str, partitions: int, replication: int) -> None:
    try:
        admin = topics.admin_of(bootstrap)
        there = admin.list_topics(timeout=10).topics
        names = [name for name in (f"{service}.{kind}" for kind in topics.KINDS) if name not in there]
        missing = [
            NewTopic(name, partitions, replication, config=topics.config_of(name, replication)) for name in names
        ]
        for future in (admin.create_topics(missing, operation_timeout=10) if missing else {}).values():
            future.result()
    except KafkaException as error:
        raise Unavailable(str(error)) from error


async def _copy_unreadable(old: Bootstrap, new: Bootstrap, target: KafkaTarget) -> None:
    if not await topics.exists(old, UNREADABLE):
        return
    source, there = _Topic(old), _Topic(new)
    try:
        end, position = await source.end(), 0
        out = Onto(target, UNREADABLE, 0, there.read, min(end, await there.end()))
        while position < end:
            records = await source.read(position, READ_SECONDS)
            if not records:
                raise Unavailable(f"nothing came of {UNREADABLE}/0@{position}")
            for record in records[: end - position]:
                await out.put(Entry(record.key, record.value, record.headers, record.timestamp))
            position += len(records)
        await out.flush()
    finally:
        await source.close()
        await there.close()


class _Topic:
    """gateway.unreadable, read from its beginning."""

    def __init__(self, bootstrap: Bootstrap) -> None:
        self._reader = LogReader(bootstrap, CLIENT)
        self._started = False

    async def end(self) -> int:
        await self._start()
        return (await self._reader.ends())[UNREADABLE, 0]

    async def read(self, _: int, wait: float) -> Sequence[Record]:
        await self._start()
        return (await self._reader.read(wait)).get((UNREADABLE, 0), ())

    async def close(self) -> None:
        await self._reader.stop()

    async def _start(self) -> None:
        if not self._started:
            await self._reader.start({(UNREADABLE, 0): 0})
            self._started = True
