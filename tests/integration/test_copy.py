"""A copy from one real Kafka to another: the same as in memory, clean to the audit, and refused as a whole."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from confluent_kafka import Producer
from typer.testing import CliRunner

from kalimaya.audit.run import Plan, audit
from kalimaya.cli import app
from kalimaya.copy import command
from kalimaya.copy.kafka import KafkaTarget, copy, make
from kalimaya.copy.plan import CannotCopy
from kalimaya.copy.run import begun_at, prepare, write
from kalimaya.embedded.kafka import KafkaNode
from kalimaya.ports import free_ports
from kalimaya.settings import Settings
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger import topics
from services.kit.ledger.log import Identity, Unavailable
from services.kit.ledger.memory import Fault
from services.kit.ledger.topics import UNREADABLE
from tests.support import copied
from tests.support.copied import Cluster, untold
from tests.support.deciding import small_scenario
from tests.support.embedded import Children
from tests.support.ledger import message, register
from tests.support.pair import Pair


@pytest.fixture
def service() -> str:
    """A name that no other test's topics have."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A second Kafka, to copy to."""
    port, controller_port = free_ports(2)
    home = tmp_path_factory.mktemp("other") / "kafka"
    node = KafkaNode(home=home, libs=Settings().kafka_libs, port=port, controller_port=controller_port)
    node.prepare()
    children = Children()
    children.start(node.child(Path(f"{home}.log")))
    yield node.bootstrap
    children.close()


@pytest.fixture
async def source(pair: Pair, service: str) -> str:
    """Begun, with a message that nobody has decided and something that nobody could read."""
    await topics.create_intake(pair.kafka, [])
    await topics.create(pair.kafka, [service], partitions=2)
    receive(pair.kafka, service, "first")
    put(pair.kafka, UNREADABLE, b"?", b"not JSON")
    return pair.kafka


def put(bootstrap: str, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]] | None = None) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, value, key, partition=0, headers=headers)
    assert producer.flush(15) == 0


def receive(bootstrap: str, service: str, identity: str) -> None:
    key, value, headers = message(register("polres-serang-001"), identity)
    put(bootstrap, f"{service}.inbox", key, value, headers)


def run(source: str, to: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["copy", "--from", source, "--to", to, *options])


async def test_it_is_the_same_on_kafka_as_in_memory(
    pair: Pair, other: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "DECIDERS", {service: replace(DEPLOYMENT, service=service)})
    old = Cluster("old", 6).begin()
    old.receive(replace(each, service=service) for each in small_scenario() if each.service == "deployment")
    old.at(service, 0).put_inbox(b"stranger", b"not JSON", [("no", None)])
    old.at(service, 1).faults.append(Fault.DOUBLE_APPEND)
    await old.decide()

    identity = await make(pair.kafka, service, 4, 1)
    kafka = KafkaTarget(pair.kafka)
    try:
        for _ in range(2):  # the second finds nothing to do, and everything right
            begun = await begun_at(kafka.pair(service, 0))
            plan = await prepare(service, [old.pair(service, p) for p in range(6)], begun, 4, untold)
            await write([plan], kafka, {service: identity}, untold)
    finally:
        await kafka.close()
    for _ in range(2):
        assert (await copy(pair.kafka, other, [service], 6, 1, untold)).late == 0
    for bootstrap in (pair.kafka, other):
        result = await asyncio.to_thread(audit, Plan(bootstrap, [service]), untold)
        assert result.findings.kept == []
        assert result.total.received == sum(len(old.at(service, p).inbox) for p in range(6))
        assert result.total.in_flight == 0
    there, memory = KafkaTarget(other), Cluster("again", 4)
    plan = await prepare(service, [there.pair(service, p) for p in range(6)], None, 4, untold)
    await write([plan], memory, {service: memory.identity(service)}, untold)
    assert memory.audit(service).kept == []
    assert memory.digest() == old.digest()


def test_the_command_copies_no_operation_onto_itself(
    source: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "DECIDING_SERVICES", [service])
    done = run(source, source)
    assert done.exit_code == 1, done.output
    assert "the same Kafka" in done.stderr


def test_the_command_tells_what_came_since_the_copy_began(
    source: str, other: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "DECIDING_SERVICES", [service])
    done = run(source, other, "--partitions", "3")
    assert (done.exit_code, done.stderr) == (0, "")
    receive(source, service, "second")
    done = run(source, other, "--partitions", "3", "--json")
    assert done.exit_code == 3, done.output
    assert [each["late"] for each in json.loads(done.stdout)["services"]] == [1]
    assert "not in the copy: 1." in done.stderr


async def test_what_nobody_could_read_and_comes_meanwhile_is_counted(source: str, other: str, service: str) -> None:
    def tell(what: str, *_: int) -> None:
        if what == UNREADABLE:
            put(source, UNREADABLE, b"?", b"too late")

    done = await copy(source, other, [service], None, 1, tell)
    assert (done.unreadable_late, done.late) == (1, 1)
    assert (await copy(source, other, [service], None, 1, untold)).unreadable == done.unreadable + 1


async def test_a_refused_copy_has_made_nothing(source: str, other: str, service: str) -> None:
    """The second service has no first records: the first one, which could be copied, is not begun."""
    amiss = f"{service}-amiss"
    await make(source, amiss, 2, 1)
    with pytest.raises(CannotCopy, match=f"{amiss}.events"):
        await copy(source, other, [service, amiss], 3, 1, untold)
    assert not await topics.exists(other, f"{service}.inbox")
    with pytest.raises(CannotCopy, match="too few for --replication 3"):
        await copy(source, other, [service], 3, 3, untold)
    assert not await topics.exists(other, f"{service}.inbox")


async def test_topics_with_another_count_are_named(source: str, other: str, service: str) -> None:
    await make(other, service, 3, 1)
    with pytest.raises(CannotCopy, match=rf"{service}\.inbox has 3, {service}\.events has 3.* --partitions"):
        await copy(source, other, [service], 2, 1, untold)


async def test_topics_that_were_just_made_are_waited_for(
    other: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker learns of them a moment after its controller: the first two answers are those of one that has not."""
    identify, unknown = topics.identify, iter(["not yet", "not yet"])

    async def late(*args: str) -> Identity:
        if told := next(unknown, None):
            raise Unavailable(told)
        return await identify(*args)

    monkeypatch.setattr(topics, "identify", late)
    assert (await make(other, service, 3, 1)).partitions == 3


async def test_a_copy_whose_unreadable_went_on_is_refused(source: str, other: str, service: str) -> None:
    """The last of these tests: afterwards nothing can be copied there."""
    done = await copy(source, other, [service], None, 1, untold)
    for _ in range(done.unreadable + 1):
        put(other, UNREADABLE, b"?", b"of its own")
    with pytest.raises(CannotCopy, match=r"gateway\.unreadable/0 of the target .* gone on by itself"):
        await copy(source, other, [service], None, 1, untold)
