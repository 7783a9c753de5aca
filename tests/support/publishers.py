"""What agencies would publish with: each client's examples, run as a stranger would against a system of its own."""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from tests.support.system import System

AGENCY = "polres-serang"
ANOTHER = "polres-cilegon"
INBOX, EVENTS = "deployment.inbox", "deployment.events"
POSTS = ("36.04.13.2009", "36.04.05.2002", "36.04.15.2007", "36.04.20.2003")
SECONDS = 120
"""For one example; with all else that a small machine does, they take one to five."""


def _installed(program: str) -> Callable[[], str | None]:
    return lambda: None if shutil.which(program) else f"{program} is not installed (apt-get install {program})"


def _kafkajs() -> str | None:
    if shutil.which("node") is None:
        return "node is not installed"
    return None if Path("examples/kafkajs/node_modules/kafkajs").is_dir() else "npm ci was not run in examples/kafkajs"


@dataclass(frozen=True, slots=True)
class Client:
    """What sends many reports, and in which other ways the client sends; each takes reports from its standard input, or
    sends one of its own. `reads` prints the log, `unreadable` what nobody can read. `missing` says what is not there.
    """

    name: str
    sends: str
    also: tuple[str, ...] = ()
    reads: str | None = None
    unreadable: str | None = None
    missing: Callable[[], str | None] = lambda: None


CLIENTS = (
    Client(
        name="confluent-kafka",
        sends="python examples/python/send_kafka.py",
        also=("python examples/python/send_kafka.py --binary", "python examples/python/send_http.py"),
        reads="python examples/python/read_events.py deployment",
    ),
    Client(
        name="kafkajs",
        sends="node examples/kafkajs/send.mjs",
        also=("node examples/kafkajs/send.mjs --binary",),
        reads="node examples/kafkajs/read.mjs deployment",
        missing=_kafkajs,
    ),
    Client(
        name="kcat",
        sends="examples/kcat/structured.sh",
        also=("examples/kcat/binary.sh",),
        missing=_installed("kcat"),
    ),
    Client(
        name="curl",
        sends="examples/curl/batch.sh",
        also=("examples/curl/structured.sh", "examples/curl/binary.sh"),
        unreadable="examples/curl/unreadable.sh",
        missing=_installed("curl"),
    ),
)


@dataclass(slots=True)
class Found:
    """What one client brought about in a fresh system.

    `partitions` and `outcomes`: by id of a report, the inbox partition and the type of outcome of each copy. `state`:
    what `kalimaya digest` says in the end. `failed`: what should have been accepted and was not. `passed`: what should
    have ended with an error and did not. `valid`: the ids of the events that count; `read`: those that the client's
    reader printed. `unreadable`: how its command ended before and after a record that nobody can read.
    """

    partitions: dict[str, list[int]]
    outcomes: dict[str, list[str]]
    state: dict[str, Any]
    failed: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    valid: list[str] = field(default_factory=list)
    unreadable: list[subprocess.CompletedProcess[str]] = field(default_factory=list)


def reports(count: int, now: datetime) -> list[dict[str, Any]]:
    """What units report in six hours, in any order; the same for the same `now`."""
    chance = random.Random(2019)
    return [_report(n, now - timedelta(seconds=chance.randrange(21_600)), chance) for n in range(count)]


def _report(n: int, at: datetime, chance: random.Random) -> dict[str, Any]:
    post = {"post": chance.choice(POSTS)}
    told: dict[str, dict[str, Any]] = {
        "sighted": {"lat": round(-6.0 - chance.random() / 2, 5), "lon": 106.1, "accuracy": 8.0},
        "arrived": post,
        "mustered": post | {"present": {"polri": chance.randrange(12), "linmas": 2}},
        "left_post": post | {"reason": "Ombak > 2 m, menunggu “air pasang” – 潮"},
    }
    kind = chance.choice(list(told))
    return {
        "specversion": "1.0",
        "id": f"report-{n}",
        "source": "tests",
        "type": f"kalimaya.unit.{kind}",
        "time": at.isoformat(),
        "data": {"unit": f"{AGENCY}-{chance.randrange(1, 200):03}"} | told[kind],
    }


def lines(events: list[dict[str, Any]]) -> str:
    """As the examples take them."""
    return "".join(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n" for event in events)


def try_out(client: Client, system: System, events: list[dict[str, Any]]) -> Found:
    """Start `system` and let the client publish the events; then what else its examples do."""
    try:
        system.up("--scenario", "none")
        asyncio.run(system.ready())
        _must(system, client.sends, lines(events))
        # Over HTTP if they came over Kafka, and the other way round: the same message all the same.
        again = CLIENTS[0].also[0] if client.name == "curl" else "python examples/python/send_http.py"
        _must(system, again, lines(events))
        found = Found(*_answered_twice(system, events), _state(system))
        for command in (client.sends, *client.also):
            fresh = f"examples/reports.sh | {command}"
            if (ended := _run(system, fresh)).returncode != 0:
                found.failed.append(_told(command, ended))
            if (ended := _run(system, fresh, ANOTHER)).returncode == 0:
                found.passed.append(_told(command, ended))
        if client.reads:
            found.valid = [json.loads(value)["id"] for _, offset, value in _read(system, EVENTS) if offset > 0]
            _void_record(system)
            ended = _must(system, client.reads)
            found.read = [json.loads(line)["id"] for line in ended.stdout.splitlines()]
        if client.unreadable:
            found.unreadable = _around_garbage(system, client.unreadable)
        return found
    finally:
        system.down()


def _around_garbage(system: System, command: str) -> list[subprocess.CompletedProcess[str]]:
    """How the command ends, and how it does once garbage in the agency's topic has been found."""
    before = _run(system, command)
    producer = Producer(_kafka(system))
    producer.produce(f"agency.{AGENCY}", b"{not json")
    assert producer.flush(10) == 0
    deadline = time.monotonic() + SECONDS
    while (after := _run(system, command)).returncode == before.returncode:
        assert time.monotonic() < deadline, _told(command, after)
        time.sleep(0.2)
    return [before, after]


def _must(system: System, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    ended = _run(system, command, stdin=stdin)
    assert ended.returncode == 0, f"{_told(command, ended)}\n{system.last_words()}"
    return ended


def _run(system: System, command: str, agency: str = AGENCY, stdin: str = "") -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", f". examples/env.sh && {command}"],
        env=system.environment | {"KALIMAYA_AGENCY": agency, "PATH": path},
        input=stdin,
        text=True,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def _told(command: str, ended: subprocess.CompletedProcess[str]) -> str:
    return f"{command}: {ended.returncode}\n{ended.stdout[-1500:]}\n{ended.stderr[-1500:]}"


def _state(system: System) -> dict[str, Any]:
    """What `kalimaya digest` says once everything that is in the inboxes has been decided and shown."""
    ends: dict[int, int] = {}
    for partition, offset, _ in _read(system, INBOX):
        ends[partition] = offset
    places = ",".join(f"{INBOX}/{partition}@{offset}" for partition, offset in ends.items())
    shown = system.picture("/v1/picture", min_position=places, wait=10)
    assert shown.status_code == 200, shown.text
    told = system.run("digest", "--json")
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def _answered_twice(system: System, events: list[dict[str, Any]]) -> tuple[dict[str, list[int]], dict[str, list[str]]]:
    """What `_copies` says once both copies of each event have an outcome."""
    deadline = time.monotonic() + SECONDS
    while True:
        partitions, outcomes = _copies(system)
        if all(len(outcomes.get(event["id"], [])) > 1 for event in events):
            return partitions, outcomes
        assert time.monotonic() < deadline, f"answered twice are not all:\n{system.last_words()}"
        time.sleep(0.5)


def _copies(system: System) -> tuple[dict[str, list[int]], dict[str, list[str]]]:
    """Where the copies of each message stand, and the types of their outcomes, by the message's id."""
    partitions, outcomes = defaultdict(list), defaultdict(list)
    for partition, _, value in _read(system, INBOX):
        partitions[json.loads(value)["id"]].append(partition)
    for _, offset, value in _read(system, EVENTS):
        if offset > 0:
            event = json.loads(value)
            outcomes[event["causationid"].partition("#")[2]].append(event["type"])
    return dict(partitions), dict(outcomes)


def _read(system: System, topic: str) -> Iterator[tuple[int, int, bytes]]:
    """(partition, offset, value) of each record up to the present end."""
    consumer = Consumer(_kafka(system) | {"group.id": "tests", "enable.partition.eof": True})
    partitions = set(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    while partitions:
        message = consumer.poll(10)
        assert message is not None, f"{topic} cannot be read"
        error = message.error()
        if error is None:
            yield message.partition(), message.offset(), message.value()
        else:
            assert error.code() == KafkaError._PARTITION_EOF, error
            partitions.discard(message.partition())
    consumer.close()


def _void_record(system: System) -> None:
    """A decider thought dead writes late: a record with an honest mark, where it did not say it would land."""
    consumer = Consumer(_kafka(system) | {"group.id": "tests"})
    consumer.assign([TopicPartition(EVENTS, 0, 1)])
    message = consumer.poll(10)
    assert message is not None
    assert message.error() is None
    producer = Producer(_kafka(system))
    producer.produce(EVENTS, message.value(), message.key(), partition=0, headers=message.headers())
    assert producer.flush(10) == 0
    consumer.close()


def _kafka(system: System) -> dict[str, Any]:
    return {"bootstrap.servers": f"127.0.0.1:{system.ports['KAFKA']}", "log_level": 0}


def moment() -> datetime:
    """Now, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
