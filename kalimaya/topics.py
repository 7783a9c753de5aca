"""`kalimaya topics apply`: makes the topics of an operation and their first records, and keeps their settings in line.

Partition counts are frozen for the life of an operation (R1): one that differs is refused before anything is changed.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)
from rich.console import Console

from kalimaya import engines
from kalimaya.settings import AGENCIES, DECIDING_SERVICES
from services.kit.kafka_access import Bootstrap
from services.kit.ledger import topics
from services.kit.ledger.log import Unavailable
from services.kit.principals import CredentialsError, load_principals

NOT_IN_LINE, UNREACHABLE = 1, 2
SECONDS = 15.0
MOST_REPLICAS = 3

app = typer.Typer(no_args_is_help=True, help="Kafka's topics.")


class Refused(Exception):
    """Nothing was changed; the message says why."""


@dataclass(slots=True)
class Applied:
    """What was changed or would be, and what this command cannot change."""

    changes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class There:
    """A topic as it is."""

    partitions: int
    replication: int
    config: Mapping[str, str | None]


@app.command()
def apply(
    kafka: Annotated[
        str | None, typer.Option(envvar="KALIMAYA_KAFKA", help="bootstrap address; default: the embedded Kafka")
    ] = None,
    agencies: Annotated[Path, typer.Option(envvar="KALIMAYA_AGENCIES", help="who has a topic of his own")] = AGENCIES,
    partitions: Annotated[int, typer.Option(min=1, help="of each inbox and event log; never changed later")] = 6,
    replication: Annotated[
        int | None,
        typer.Option(
            min=1, help="copies of each record; default: one a broker, three at most; no less than others have"
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="change nothing: say what would be changed")] = False,
) -> None:
    """Bring Kafka's topics in line with what services and agencies need. Doing it again is harmless.

    Exit code 0: all are in line now. 1: something is not, and this command does not change it: a partition count (then
    nothing was done at all), the number of copies, anything with --dry-run. 2: Kafka cannot be reached, or does not let
    us.
    """
    stdout, stderr = Console(), Console(stderr=True)
    try:
        publishing = [each.id for each in load_principals(agencies).values() if each.kafka]
        done = asyncio.run(bring_in_line(engines.kafka(kafka), publishing, partitions, replication, dry_run=dry_run))
    except (Refused, CredentialsError) as error:
        stderr.print(f"Nothing was changed: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(NOT_IN_LINE) from error
    except Unavailable as error:
        stderr.print(f"Kafka does not answer: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(UNREACHABLE) from error
    for line in done.changes or ["nothing to change"]:
        stdout.print(f"would {line}" if dry_run and done.changes else line, markup=False, highlight=False)
    for line in done.left:
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(NOT_IN_LINE if done.left or (dry_run and done.changes) else 0)


async def bring_in_line(
    bootstrap: Bootstrap, agencies: Sequence[str], partitions: int, replication: int | None, *, dry_run: bool
) -> Applied:
    """Create, configure and begin what is not as it should be. Raises Refused, Unavailable."""
    logs = {f"{service}.{kind}": partitions for service in DECIDING_SERVICES for kind in topics.KINDS}
    wanted = logs | dict.fromkeys(topics.intake(agencies), 1)
    there, brokers = await asyncio.to_thread(_look, bootstrap, wanted)
    if differing := [
        f"{name} has {there[name].partitions} partitions, not {count}"
        for name, count in wanted.items()
        if name in there and there[name].partitions != count
    ]:
        raise Refused(f"{'; '.join(differing)}. The count is frozen for the life of an operation")
    copies = replication or usual_copies(there.values(), brokers)
    done = Applied()
    done.changes += [
        f"create {name}: {count} partitions, {copies} copies" for name, count in wanted.items() if name not in there
    ]
    amiss = {name: found for name, topic in there.items() if (found := _amiss(name, topic))}
    done.changes += [f"set {key}={value} of {name}" for name, found in amiss.items() for key, value in found.items()]
    done.left = [
        f"{name} has {topic.replication} copies, not {copies}: move it with kafka-reassign-partitions"
        for name, topic in there.items()
        if topic.replication != copies
    ]
    empty = await asyncio.to_thread(_empty, bootstrap, there)
    done.changes += [f"begin {place.topic}/{place.partition} with its first record" for place in empty]
    if not dry_run:
        await asyncio.to_thread(_alter, bootstrap, amiss)
        await topics.create_intake(bootstrap, agencies, copies)
        await topics.create(bootstrap, DECIDING_SERVICES, partitions, copies)
    return done


def usual_copies(there: Collection[There], brokers: int) -> int:
    """How many copies a topic gets if nobody says: of the brokers, some may be away for a while."""
    return max([min(MOST_REPLICAS, brokers), *(topic.replication for topic in there)])


def _look(bootstrap: Bootstrap, wanted: Collection[str]) -> tuple[dict[str, There], int]:
    """Those of these topics that there are, and how many brokers."""
    try:
        admin = topics.admin_of(bootstrap)
        cluster = admin.list_topics(timeout=SECONDS)
        resources = {name: ConfigResource(ResourceType.TOPIC, name) for name in wanted if name in cluster.topics}
        told = admin.describe_configs(list(resources.values()), request_timeout=SECONDS) if resources else {}
        configs = {resource.name: future.result() for resource, future in told.items()}
    except KafkaException as error:
        raise Unavailable(str(error)) from error
    found = {}
    for name, config in configs.items():
        numbered = cluster.topics[name].partitions
        values = {key: entry.value for key, entry in config.items()}
        found[name] = There(len(numbered), len(numbered[0].replicas), values)
    return found, len(cluster.brokers)


def _amiss(name: str, topic: There) -> dict[str, str]:
    """The settings that a topic should have and has not, by the number of copies that there really are of it."""
    wanted = topics.config_of(name, topic.replication)
    return {key: value for key, value in wanted.items() if topic.config.get(key) != value}


def _empty(bootstrap: Bootstrap, there: Mapping[str, There]) -> list[TopicPartition]:
    """Partitions of event logs that somebody else has made, and nobody has begun."""
    logs = [f"{service}.events" for service in DECIDING_SERVICES]
    places = [TopicPartition(log, each) for log in logs if log in there for each in range(there[log].partitions)]
    if not places:
        return []
    try:
        admin = topics.admin_of(bootstrap)
        ends = admin.list_offsets({place: OffsetSpec.latest() for place in places}, request_timeout=SECONDS)  # type: ignore[no-untyped-call]
        return [place for place, future in ends.items() if future.result().offset == 0]
    except KafkaException as error:
        raise Unavailable(str(error)) from error


def _alter(bootstrap: Bootstrap, amiss: Mapping[str, Mapping[str, str]]) -> None:
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(*each, incremental_operation=AlterConfigOpType.SET) for each in found.items()
            ],
        )
        for name, found in amiss.items()
    ]
    if not resources:
        return
    try:
        admin = topics.admin_of(bootstrap)
        for future in admin.incremental_alter_configs(resources, request_timeout=SECONDS).values():
            future.result()
    except KafkaException as error:
        raise Unavailable(str(error)) from error
