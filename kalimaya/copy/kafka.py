"""The clusters of a copy: reads one Kafka, makes the topics of another and writes into them.

No genesis is written here: a copy's tells what it was copied from, and so cannot be made with the topics.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from confluent_kafka import KafkaException
from confluent_kafka.admin import ClusterMetadata, NewTopic

from kalimaya.copy.plan import CannotCopy
from kalimaya.copy.restamp import Entry
from kalimaya.copy.run import Copy, Tell, begun_at, prepare, write
from kalimaya.copy.source import READ_SECONDS
from kalimaya.copy.target import onto
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


@dataclass(frozen=True, slots=True)
class Done:
    """What was copied. `unreadable`: records of gateway.unreadable; `unreadable_late`: those that came since."""

    services: list[Copy]
    unreadable: int
    unreadable_late: int

    @property
    def late(self) -> int:
        """How many records came to the source since the copy began, and are not in it."""
        return sum(each.late for each in self.services) + self.unreadable_late


async def copy(
    old: Bootstrap, new: Bootstrap, services: Sequence[str], partitions: int | None, replication: int, tell: Tell
) -> Done:
    """Copy the logs of these services from one cluster to another, to so many partitions (None: as many as now).

    Nothing is made or written before all of them have been read. What agencies sent and nobody could read goes along,
    place by place. Raises CannotCopy, LedgerBroken, Unavailable; ValueError when topics contradict each other.
    """
    olds = {service: await topics.identify(old, service) for service in services}
    there = await topics.listed(new)
    if await _is(there, new, services[0], olds[services[0]]):
        raise CannotCopy("Source and target are the same Kafka. Name another one.")
    counts = {service: identity.partitions for service, identity in olds.items()}
    wanted = {service: partitions or count for service, count in counts.items()}
    _check(there, wanted, replication)
    target = KafkaTarget(new)
    try:
        plans = []
        for service, count in counts.items():
            begun = await begun_at(target.pair(service, 0)) if f"{service}.events" in there.topics else None
            pairs = [KafkaPair(old, service, partition, CLIENT) for partition in range(count)]
            plans.append(await prepare(service, pairs, begun, wanted[service], tell))
        await topics.create_intake(new, [], replication)
        identities = {service: await make(new, service, count, replication) for service, count in wanted.items()}
        unreadable = await _unreadable(old)
        await _copy_unreadable(old, new, target, unreadable, tell)
        done = await write(plans, target, identities, tell)
        return Done(done, unreadable, await _unreadable(old) - unreadable)
    finally:
        await target.close()


async def make(bootstrap: Bootstrap, service: str, partitions: int, replication: int) -> Identity:
    """Make what is missing of a service's topics, without a genesis. Raises Unavailable; ValueError if amiss."""
    await asyncio.to_thread(_create, bootstrap, service, partitions, replication)
    return await topics.once_known(bootstrap, service)


async def _is(cluster: ClusterMetadata, bootstrap: Bootstrap, service: str, identity: Identity) -> bool:
    """Whether a service's topics in this cluster are these."""
    if not all(f"{service}.{kind}" in cluster.topics for kind in topics.KINDS):
        return False
    return await topics.identify(bootstrap, service) == identity


def _check(cluster: ClusterMetadata, wanted: Mapping[str, int], replication: int) -> None:
    """Raises CannotCopy when there are topics with other partition counts, or too few brokers."""
    there = {name: len(topic.partitions) for name, topic in cluster.topics.items()}
    counts = {f"{service}.{kind}": count for service, count in wanted.items() for kind in topics.KINDS}
    if amiss := [f"{name} has {there[name]}" for name, count in counts.items() if there.get(name, count) != count]:
        raise CannotCopy(
            f"The target has topics with other partition counts: {', '.join(amiss)}. Delete them there, or name their "
            "count with --partitions."
        )
    if replication > len(cluster.brokers) and not there.keys() >= {*counts, UNREADABLE}:
        raise CannotCopy(f"The target has {len(cluster.brokers)} brokers, too few for --replication {replication}.")


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


async def _unreadable(bootstrap: Bootstrap) -> int:
    """How many records gateway.unreadable has."""
    if not await topics.exists(bootstrap, UNREADABLE):
        return 0
    topic = _Topic(bootstrap)
    try:
        return await topic.end()
    finally:
        await topic.close()


async def _copy_unreadable(old: Bootstrap, new: Bootstrap, target: KafkaTarget, end: int, tell: Tell) -> None:
    source, there, position = _Topic(old), _Topic(new), 0
    try:
        out = await onto(target, UNREADABLE, 0, there.end, there.read, end)
        while position < end:
            records = await source.read(position, READ_SECONDS)
            if not records:
                raise Unavailable(f"nothing came of {UNREADABLE}/0@{position}")
            for record in records[: end - position]:
                await out.put(Entry(record.key, record.value, record.headers, record.timestamp))
            position += len(records)
            tell(UNREADABLE, min(position, end), end)
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
