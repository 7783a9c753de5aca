"""Makes the topics of a service and their genesis records (R1), and those of the intake; tells Kafka's ids of them.

Run before any service starts; idempotent. confluent-kafka's admin client is used because aiokafka's does not tell
topic ids. Its calls block, so they run in a thread.
"""

import asyncio
import uuid
from collections.abc import Sequence
from time import monotonic

import msgspec
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ClusterMetadata, NewTopic

from services.kit.kafka_access import Bootstrap, access_to
from services.kit.ledger.kafka import bounded, close, producer
from services.kit.ledger.log import Identity, Unavailable
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.record import FORMAT, GENESIS_CAUSE, NO_HASH, Genesis, pack_mark

FOREVER = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "unclean.leader.election.enable": "false",
}

NEWEST = {
    "retention.ms": "-1",
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.2",
    "segment.bytes": "67108864",
}
"""Of snapshots only the newest matters (ADR 0015). What is in the segment being written stays until it is full."""

KINDS = ("inbox", "events", "snapshots")
"""What each service has: `<service>.<kind>`, all with the same partition count."""

UNREADABLE = "gateway.unreadable"
"""What agencies wrote to their topics and nobody can read: one partition."""

LARGEST_UNREADABLE = 2_097_152
"""Bytes of a record there: the largest that a broker takes from an agency, and what the gateway says of it."""


async def create(bootstrap: Bootstrap, services: Sequence[str], partitions: int = 6, replication: int = 1) -> list[str]:
    """Create what is missing: inbox, events and genesis of each service. Returns the names of topics it made.

    Raises Unavailable when the broker does not answer, ValueError when a topic exists with another partition count
    (that is frozen for the life of an operation).
    """
    names = [f"{service}.{kind}" for service in services for kind in KINDS]
    made = await asyncio.to_thread(_create, bootstrap, names, partitions, replication)
    for service in services:
        identity = await once_known(bootstrap, service)
        if identity.partitions != partitions:
            raise ValueError(
                f"{service}.inbox has {identity.partitions} partitions, not {partitions}: "
                "the count is frozen for the life of an operation"
            )
        await _begin(bootstrap, service, identity)
    return made


def topic_of(agency: str) -> str:
    """The topic to which an agency publishes; one partition, so that its order holds."""
    return f"agency.{agency}"


async def create_intake(bootstrap: Bootstrap, agencies: Sequence[str], replication: int = 1) -> list[str]:
    """Create what is missing of the agencies' topics and `gateway.unreadable`. Returns the names of topics it made.

    Raises Unavailable when the broker does not answer. The broker stores uncompressed what agencies compress, each in
    a way of its own that our readers may not know.
    """
    return await asyncio.to_thread(_create, bootstrap, intake(agencies), 1, replication)


def intake(agencies: Sequence[str]) -> list[str]:
    """The topics of the intake: one an agency, and one for what nobody can read."""
    return [*map(topic_of, agencies), UNREADABLE]


def config_of(topic: str, replication: int) -> dict[str, str]:
    """How a topic of ours has to be configured."""
    config = FOREVER | {"min.insync.replicas": "2" if replication > 2 else "1"}
    if topic == UNREADABLE:
        return config | {"max.message.bytes": str(LARGEST_UNREADABLE)}
    if topic.endswith(".snapshots"):
        return config | NEWEST
    if topic.startswith(topic_of("")):
        return config | {"compression.type": "uncompressed"}
    return config


async def identify(bootstrap: Bootstrap, service: str) -> Identity:
    """Kafka's ids of the service's topics and their partition count. Raises Unavailable; ValueError if amiss."""
    return await asyncio.to_thread(_identify, bootstrap, service)


async def once_known(bootstrap: Bootstrap, service: str) -> Identity:
    """The same, of topics that were just made: a broker learns of them a moment after its controller."""
    deadline = monotonic() + 10
    while True:
        try:
            return await identify(bootstrap, service)
        except Unavailable:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def listed(bootstrap: Bootstrap) -> ClusterMetadata:
    """Which topics and brokers there are. Raises Unavailable."""
    return await asyncio.to_thread(_listed, bootstrap)


async def exists(bootstrap: Bootstrap, topic: str) -> bool:
    """Whether there is such a topic. Raises Unavailable."""
    return topic in (await listed(bootstrap)).topics


def _listed(bootstrap: Bootstrap) -> ClusterMetadata:
    try:
        return admin_of(bootstrap).list_topics(timeout=10)
    except KafkaException as error:
        raise Unavailable(str(error)) from error


async def places(bootstrap: Bootstrap, services: Sequence[str], kind: str) -> list[Place]:
    """Every partition of `<service>.<kind>` of these services; kind is `inbox` or `events`. Raises as `identify`."""
    found = [(service, await identify(bootstrap, service)) for service in services]
    return [(f"{service}.{kind}", partition) for service, it in found for partition in range(it.partitions)]


def admin_of(bootstrap: Bootstrap) -> AdminClient:
    """A client of Kafka's administration. It must outlive the futures that it gives."""
    return AdminClient(access_to(bootstrap).librdkafka() | {"log_level": 0, "socket.timeout.ms": 10_000})


def _create(bootstrap: Bootstrap, names: list[str], partitions: int, replication: int) -> list[str]:
    try:
        admin = admin_of(bootstrap)
        there = set(admin.list_topics(timeout=10).topics)
        missing = [name for name in names if name not in there]
        if missing:
            topics = [NewTopic(name, partitions, replication, config=config_of(name, replication)) for name in missing]
            for future in admin.create_topics(topics, operation_timeout=10).values():
                future.result()
    except KafkaException as error:
        raise Unavailable(str(error)) from error
    return missing


def _identify(bootstrap: Bootstrap, service: str) -> Identity:
    inbox, events = f"{service}.inbox", f"{service}.events"
    try:
        admin = admin_of(bootstrap)
        futures = admin.describe_topics(TopicCollection([inbox, events]), request_timeout=10)
        found = {name: future.result() for name, future in futures.items()}
    except KafkaException as error:
        raise Unavailable(str(error)) from error
    counts = {name: len(topic.partitions) for name, topic in found.items()}
    if counts[inbox] != counts[events]:
        raise ValueError(f"inbox and events of {service} differ in their partition counts: {counts}")
    return Identity(str(found[inbox].topic_id), str(found[events].topic_id), counts[inbox])


async def _begin(bootstrap: Bootstrap, service: str, identity: Identity) -> None:
    """Write the genesis record into every event-log partition that is empty."""
    log_uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, identity.events_topic_id))  # the same if a crash cuts this in two
    writer, reader = producer(bootstrap, "kalimaya-topics"), LogReader(bootstrap, "kalimaya-topics")
    try:
        await bounded(writer.start(), 15)
        await reader.start({(f"{service}.events", partition): 0 for partition in range(identity.partitions)})
        for (topic, partition), end in (await reader.ends()).items():
            if end == 0:
                await bounded(
                    writer.send_and_wait(
                        topic,
                        key=b"genesis",
                        value=genesis_value(log_uuid, partition, identity),
                        headers=pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH),
                        partition=partition,
                    ),
                    15,
                )
    finally:
        await reader.stop()
        await close(writer)


def genesis_value(log_uuid: str, partition: int, identity: Identity) -> bytes:
    """Value of the genesis record of one partition."""
    return msgspec.json.encode(
        Genesis(
            format=FORMAT,
            log=log_uuid,
            partition=partition,
            partitions=identity.partitions,
            inbox_topic_id=identity.inbox_topic_id,
            events_topic_id=identity.events_topic_id,
        )
    )
