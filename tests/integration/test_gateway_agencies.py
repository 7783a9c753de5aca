"""Agencies publish over Kafka: what they say lands where it would by HTTP, once each, whatever is killed."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka import Producer
from prometheus_client import REGISTRY

from schemas.catalogue import SERVICES
from services.gateway import agency_topics
from services.gateway.agency_topics import AgencyTopics
from services.gateway.inbox import Place
from services.gateway.intake import ORDINARY, Taken
from services.gateway.unreadable import Unreadable
from services.kit import clock
from services.kit.ledger import topics
from services.kit.ledger.kafka import bounded, consumer, producer
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import Record
from services.kit.ledger.topics import topic_of
from services.kit.principals import Principal, load_principals
from tests.support import illegible
from tests.support.conformance import INVALID, VALID
from tests.support.gateway import PRINCIPALS, sighting
from tests.support.ledger import until
from tests.support.pair import Pair
from tests.support.processes import AGENCIES, Processes

JSON = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
POLRES = "agency.polres-serang"


class Intake:
    """A gateway and a deployment service at work, and an agency's client."""

    def __init__(self, pair: Pair, processes: Processes, client: AIOKafkaProducer) -> None:
        self.pair, self.processes, self._client = pair, processes, client
        self.run = uuid.uuid4().hex[:12]

    def report(self, name: str, **changes: Any) -> dict[str, Any]:
        return sighting(f"{self.run}-{name}", time=..., **changes)

    async def publish(self, value: bytes | None, headers: Sequence[tuple[str, bytes]] = (), topic: str = POLRES) -> int:
        sent = await self._client.send_and_wait(topic, value, key=b"k", headers=list(headers))
        return int(sent.offset)

    async def post(self, event: Any, who: str = "polres-serang", **headers: str) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.processes.tokens[who]}",
            "Content-Type": "application/cloudevents+json",
            "Prefer": "wait=10",
        } | headers
        async with httpx.AsyncClient(timeout=60) as client:
            url = f"{self.processes.url('gateway')}/v1/messages"
            return await client.post(url, content=json.dumps(event).encode(), headers=headers)

    async def outcomes(self) -> dict[str, list[str]]:
        """What became of this run's messages of deployment, by name, in the order of their answers."""
        found: dict[str, list[str]] = {}
        for partition in range(6):
            for record in await self._log("deployment.events", partition):
                event = json.loads(record.value or b"{}")
                identity = event.get("causationid", "")
                if self.run in identity:
                    found.setdefault(identity.partition(f"{self.run}-")[2], []).append(event["type"].split(".", 1)[1])
        return found

    async def wait_for(self, count: int) -> dict[str, list[str]]:
        """The outcomes, once so many messages have one."""
        await until(lambda: self._has(count), self.processes.last_words, 60)
        return await self.outcomes()

    async def _has(self, count: int) -> bool:
        return len(await self.outcomes()) >= count

    async def unreadable(self, offsets: Sequence[int], topic: str = POLRES) -> dict[int, Record]:
        """What was set aside of the records at these offsets."""
        found: dict[int, Record] = {}

        async def all_there() -> bool:
            for record in await self._log("gateway.unreadable", 0):
                said = dict(record.headers)
                if said.get("topic") == topic.encode():
                    found[int(said["offset"])] = record
            return set(offsets) <= found.keys()

        await until(all_there, self.processes.last_words, 30)
        return {offset: found[offset] for offset in offsets}

    async def _log(self, topic: str, partition: int) -> list[Record]:
        reader, tp = consumer(self.pair.kafka, "test"), TopicPartition(topic, partition)
        reader.assign([tp])
        await bounded(reader.start(), 15)
        try:
            end, found = (await reader.end_offsets([tp]))[tp], []
            reader.seek(tp, 0)
            while len(found) < end:
                found += (await reader.getmany(tp, timeout_ms=500)).get(tp, [])
            return found
        finally:
            await reader.stop()


@pytest.fixture
async def intake(pair: Pair, tmp_path: Path) -> AsyncIterator[Intake]:
    await topics.create(pair.kafka, SERVICES, 6)
    await topics.create_intake(pair.kafka, [each.id for each in load_principals(AGENCIES).values() if each.kafka])
    now = datetime.now(UTC)
    clock.start(tmp_path / "clock.json", now - timedelta(hours=1), clock.steady(timedelta(hours=10), 1))
    processes = Processes(pair.kafka, tmp_path)
    for service in ("gateway", "deployment"):
        processes.start(service)
    client = producer(pair.kafka, "an-agency")
    await client.start()

    async def ready() -> bool:
        return await processes.is_ready("gateway") and await processes.is_ready("deployment")

    try:
        await until(ready, processes.last_words, 30)
        yield Intake(pair, processes, client)
    finally:
        await client.stop()
        processes.end()


def binary(event: dict[str, Any]) -> list[tuple[str, bytes]]:
    attributes = {name: value for name, value in event.items() if name != "data"}
    return [("content-type", b"application/json"), *((f"ce_{n}", v.encode()) for n, v in attributes.items())]


async def test_one_message_is_the_same_by_whatever_way_it_comes(intake: Intake) -> None:
    event = intake.report("one")
    body = json.dumps(event).encode()
    await intake.publish(body, JSON)
    await intake.publish(body)
    await intake.publish(json.dumps(event["data"]).encode(), binary(event))
    assert (await intake.wait_for(1))["one"][0] == "unit.sighted"
    again = await intake.post(event)
    assert again.json()["outcome"]["kind"] == "repeated", again.text
    headers = {f"ce-{n}": v for n, v in event.items() if n != "data"} | {"Content-Type": "application/json"}
    assert (await intake.post(event["data"], **headers)).json()["outcome"]["kind"] == "repeated"

    async def all_five() -> bool:
        return len((await intake.outcomes())["one"]) == 5

    await until(all_five, intake.processes.last_words)
    assert Counter((await intake.outcomes())["one"]) == {"unit.sighted": 1, "message.repeated": 4}


async def test_the_topic_says_who_speaks_and_that_is_held_against_his_grants(intake: Intake) -> None:
    own = intake.report("own", source="/agencies/brimob-banten")
    other = intake.report("other", data={"unit": "brimob-banten-001", "lat": -6.1, "lon": 106.2})
    for event in (own, other):
        await intake.publish(json.dumps(event).encode(), JSON)
    assert await intake.wait_for(2) == {"own": ["unit.sighted"], "other": ["message.rejected"]}


async def test_the_scenarios_player_speaks_for_others_on_its_topic_too(intake: Intake) -> None:
    recorded = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    event = intake.report("played", source="/agencies/polres-serang", recordedtime=recorded)
    await intake.publish(json.dumps(event).encode(), JSON, "agency.scenario-player")
    await intake.wait_for(1)
    again = await intake.post(event, "scenario-player")
    first = again.json()["outcome"]["first"]["events"][0]
    assert first["causationid"] == f"/agencies/polres-serang#{intake.run}-played"
    assert datetime.fromisoformat(first["recordedtime"]) == datetime.fromisoformat(recorded)


async def test_what_cannot_be_read_is_kept_as_it_came_and_holds_nobody_up(intake: Intake) -> None:
    spoilt = {
        await intake.publish(b"\x00\xffnot json", JSON): "invalid-json",
        await intake.publish(None, JSON): "invalid-json",
        await intake.publish(b"", [("x", b"\x00\xff")]): "invalid-json",
        await intake.publish(json.dumps(intake.report("no", type="kalimaya.unit.lost")).encode()): "unknown-type",
        await intake.publish(json.dumps(intake.report("no", data={})).encode()): "invalid-data",
        await intake.publish(json.dumps(intake.report("no", id=7)).encode()): "invalid-envelope",
        await intake.publish(b"[]", [("content-type", b"application/cloudevents-batch+json")]): "invalid-envelope",
        await intake.publish(b"{}", [("ce_id", b"\xff")]): "invalid-envelope",
        await intake.publish(b"x" * 1_040_000, JSON): "invalid-json",
    }
    await intake.publish(json.dumps(intake.report("good")).encode(), JSON)
    found = await intake.unreadable(list(spoilt))
    assert {offset: dict(record.headers)["reason"].decode() for offset, record in found.items()} == spoilt
    assert [record.value for record in found.values()][:3] == [b"\x00\xffnot json", b"", b""]
    assert [len(record.value or b"") for record in found.values()][-1] == 1_040_000
    assert dict(found[list(spoilt)[2]].headers)["of.x"] == b"\x00\xff"
    assert await intake.wait_for(1) == {"good": ["unit.sighted"]}
    told = ""

    async def counted() -> bool:
        nonlocal told
        told = await intake.processes.metrics("gateway")
        return 'kalimaya_gateway_unreadable_total{agency="polres-serang",reason="invalid-json"} 4.0' in told

    await until(counted, lambda: told)
    assert "kalimaya_gateway_agency_unaccounted 0.0" in told


async def test_a_record_that_our_client_cannot_read_is_set_aside_alone(intake: Intake) -> None:
    three = [(b"k", json.dumps(intake.report(name)).encode(), JSON) for name in ("before", "spoilt", "behind")]
    first = await illegible.publish(intake.pair.kafka, POLRES, three, illegible=1)
    await intake.publish(json.dumps(intake.report("other")).encode(), JSON, "agency.brimob-banten")
    [found] = (await intake.unreadable([first + 1])).values()
    assert found.value == three[1][1]
    assert dict(found.headers)["detail"] == b"headers: the name b'caf\\xe9' is not UTF-8"
    assert (await intake.wait_for(3)).keys() == {"before", "behind", "other"}
    await intake.publish(json.dumps(intake.report("later")).encode(), JSON)
    assert Counter(map(len, (await intake.wait_for(4)).values())) == {1: 4}


async def test_what_is_compressed_can_be_read(intake: Intake) -> None:
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        client = Producer({"bootstrap.servers": intake.pair.kafka, "compression.codec": codec, "linger.ms": 50})
        for number in range(50):
            client.produce(POLRES, json.dumps(intake.report(f"{codec}-{number}")).encode())
        assert client.flush(10) == 0
    assert Counter(map(len, (await intake.wait_for(200)).values())) == {1: 200}


async def test_kills_double_messages_at_most_and_keep_an_agencys_order(intake: Intake) -> None:
    total = 3000

    async def publish() -> None:
        for begin in range(0, total, 500):
            events = [intake.report(f"{number:05}") for number in range(begin, begin + 500)]
            await asyncio.gather(*(intake.publish(json.dumps(event).encode(), JSON) for event in events))

    publishing = asyncio.create_task(publish())
    for count in (200, 900):
        await intake.wait_for(count)
        intake.processes.kill("gateway")
        intake.processes.start("gateway")
    await publishing
    found = await intake.wait_for(total)
    assert {kinds[0] for kinds in found.values()} == {"unit.sighted"}
    assert all(set(kinds[1:]) <= {"message.repeated"} for kinds in found.values())
    assert list(found) == sorted(found)


async def test_while_kafka_is_away_it_waits_and_then_goes_on_by_itself(intake: Intake) -> None:
    await intake.publish(json.dumps(intake.report("before")).encode(), JSON)
    await intake.wait_for(1)
    intake.pair.kill_kafka()
    try:
        await asyncio.sleep(1)
    finally:
        intake.pair.start_kafka()
    await intake.publish(json.dumps(intake.report("after")).encode(), JSON)
    assert (await intake.wait_for(2))["after"] == ["unit.sighted"]


class HalfAway:
    """An inbox that takes nothing of a unit until it is let, and writes down what it takes."""

    def __init__(self, unit: str) -> None:
        self.taken: list[str] = []
        self.aside = self.tries = 0
        self.let = False
        self._unit = unit

    def not_ready(self) -> str | None:
        return None

    async def put(self, taken: Sequence[Taken], held: int) -> list[Place | Unavailable]:
        self.tries += 1
        places: list[Place | Unavailable] = []
        for each in taken:
            if each.message.partitionkey.endswith(self._unit) and not self.let:
                places.append(Unavailable("a partition hangs"))
            else:
                self.taken.append(each.message.id)
                places.append(Place("deployment", 0, len(self.taken)))
        return places

    async def set_aside(self, records: Sequence[Unreadable]) -> None:
        self.aside += len(records)


async def test_what_has_its_place_is_not_put_again_for_what_has_none(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = Principal(id=uuid.uuid4().hex, name="", kind="agency", grants=PRINCIPALS["polres-serang"].grants)
    topic, hangs, fine = topic_of(agency.id), "polres-serang-001", "polres-serang-002"
    monkeypatch.setattr(agency_topics, "GROUP", agency.id)
    monkeypatch.setattr(agency_topics, "MEASURE_SECONDS", 0.1)
    await topics.create_intake(pair.kafka, [agency.id])
    client, inbox = producer(pair.kafka, "an-agency"), HalfAway(hangs)
    await client.start()

    async def publish(name: str, unit: str) -> None:
        event = sighting(name, time=..., data={"unit": unit, "lat": -6.1, "lon": 106.2})
        await client.send_and_wait(topic, json.dumps(event).encode(), headers=JSON)

    def waiting() -> float | None:
        return REGISTRY.get_sample_value("kalimaya_gateway_agency_waiting", {"topic": topic})

    async def told(count: int) -> bool:
        return waiting() == count

    await client.send_and_wait(topic, b"nonsense", headers=JSON)
    for name, unit in (("a", fine), ("b", hangs), ("c", fine), ("d", hangs)):
        await publish(name, unit)
    reader = AgencyTopics(pair.kafka, "1", [agency], inbox, clock.Clock(), ORDINARY)
    running = asyncio.create_task(reader.run())
    try:
        await until(lambda: asyncio.sleep(0, inbox.tries >= 4), reader.not_ready, 30)
        assert "a partition hangs" in str(reader.not_ready())
        await publish("e", fine)
        await until(lambda: told(6), waiting)
        inbox.let = True
        await until(lambda: told(0), waiting)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await client.stop()
    assert inbox.taken == ["a", "c", "b", "d", "e"]
    assert inbox.aside == 1


async def test_the_conformance_vectors_come_to_the_same_over_kafka(intake: Intake) -> None:
    sent: dict[int, str] = {}
    for vector in VALID:
        sent[await intake.publish(json.dumps(vector.event).encode(), JSON)] = "unknown-type"
    for vector in INVALID:
        sent[await intake.publish(json.dumps(vector.event).encode(), JSON)] = "invalid-envelope"
    found = await intake.unreadable(list(sent))
    assert {offset: dict(record.headers)["reason"].decode() for offset, record in found.items()} == sent
