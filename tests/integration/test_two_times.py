"""Two times through store and API: what a real PostgreSQL answers is what a fold of the facts that count says."""

import asyncio
import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import TypeAdapter

from schemas.deployment import UnitArrived, UnitAssigned, UnitMustered, UnitRegistered, UnitSighted
from services.kit import clock as kit_clock
from services.kit.ledger import topics
from services.kit.ledger.kafka import producer
from services.kit.ledger.reader import Place
from services.projection.api.documents import IncidentAnswer, PostAnswer, UnitAnswer
from services.projection.api.logistics_documents import ReadinessAnswer, ShipmentAnswer
from services.projection.arrivals import Arrivals, provisional
from services.projection.projector import Projector, Read
from services.projection.store import SCHEMA, Position, Store, new_pool
from services.views.facts import Fact
from services.views.model import to_document
from tests.support.facts import clock, fact
from tests.support.ledger import message, register, until
from tests.support.pair import Pair
from tests.support.read_model import new_database, showing
from tests.support.scenario import small_facts
from tests.unit.test_two_times import ahead, late, pairs, picture_then, so_then, versions_of

PAIRS = 30
POST, UNIT = "36.04.13.2009", "polairud-banten-001"
NOON = clock("12:00")
HEADS = {"polairud": 4}


def of_clock(folder: Path, now: datetime) -> Path:
    """A clock that stands at `now`."""
    file = folder / "clock.json"
    kit_clock.start(file, now, None)
    return file


async def ask(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    response = await client.get(path, params={name: told(each) for name, each in parameters.items()})
    assert response.status_code == 200, response.text
    return response.json()


def told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


# The phone.


@pytest.fixture
async def phone(pair: Pair, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Pulau Tunda on election day: one network, and a phone that finds it at noon for what it saw since six."""
    window = {"start": clock("05:00"), "end": clock("20:00")}
    orders = [
        UnitRegistered(unit=UNIT, name="Regu 1", agency="polairud-banten", strength=HEADS, callsign="Hiu 1"),
        UnitAssigned(
            unit=UNIT,
            assignment="a1",
            duty="guard",
            target_kind="post",
            target=POST,
            headcount={"polairud": 4},
            **window,
        ),
    ]
    reports = [
        ("06:00", UnitArrived(unit=UNIT, post=POST)),
        ("06:30", UnitMustered(unit=UNIT, post=POST, present=HEADS)),
        *((f"{hour:02}:00", UnitSighted(unit=UNIT, lat=-5.8, lon=106.2 + hour / 100)) for hour in range(7, 12)),
        ("11:30", UnitMustered(unit=UNIT, post=POST, present={"polairud": 3})),
    ]
    facts = [fact(each, "04:00", recorded="04:00") for each in orders]
    facts += [fact(each, at, recorded="12:00") for at, each in reports]
    async with showing(facts, pair, await new_database(pair), clock=of_clock(tmp_path, NOON)) as client:
        yield client


async def test_the_phone_that_uploads_six_hours_of_reports_late(phone: httpx.AsyncClient) -> None:
    """What was so at nine is told now; that nobody knew it at nine, or a second before noon, is told as well."""

    async def unit(**times: datetime) -> tuple[Any, Any]:
        found = await ask(phone, f"/v1/units/{UNIT}", **times)
        return found["presence"] and found["presence"]["present"], found["position"] and found["position"]["lon"]

    async def present(**times: datetime) -> Any:
        (row,) = (await ask(phone, "/v1/picture", **times))["villages"]
        return row["strength"]["forces"]["polairud"]["present"]

    nine, before = clock("09:00"), NOON - timedelta(seconds=1)
    assert await unit() == await unit(at=NOON) == await unit(known_at=NOON) == ({"polairud": 3}, 106.31)
    assert await unit(at=nine) == await unit(at=nine, known_at=NOON) == ({"polairud": 4}, 106.29)
    assert await unit(known_at=nine) == await unit(known_at=before) == (None, None)
    assert await unit(at=nine, known_at=before) == await unit(at=NOON, known_at=nine) == (None, None)
    assert (await present(), await present(at=nine)) == (3, 4)
    assert (
        await present(known_at=nine)
        is await present(known_at=before)
        is await present(at=nine, known_at=before)
        is None
    )


async def test_a_unit_is_stale_by_the_instant_that_is_asked_for(phone: httpx.AsyncClient) -> None:
    async def stale(at: datetime) -> Any:
        (row,) = (await ask(phone, "/v1/picture", at=at))["villages"]
        return row["strength"]["present"]["stale"]

    assert (await stale(clock("17:30")), await stale(clock("17:31"))) == (False, True)


async def test_before_anything_was_known_there_is_nothing(phone: httpx.AsyncClient) -> None:
    early = clock("03:00")
    assert (await ask(phone, "/v1/picture", known_at=early))["villages"] == []
    assert (await ask(phone, "/v1/units", at=early))["items"] == []
    assert (await phone.get(f"/v1/units/{UNIT}", params={"at": told(early)})).status_code == 404


async def test_the_answer_says_for_which_times_it_is(phone: httpx.AsyncClient) -> None:
    shown = await ask(phone, "/v1/picture", at=clock("09:00"), known_at=clock("10:00"))
    assert (shown["now"], shown["known_at"], shown["provisional"]) == (
        "2019-11-03T09:00:00Z",
        "2019-11-03T10:00:00Z",
        True,
    )
    assert (await ask(phone, "/v1/picture"))["known_at"] is None
    assert (await phone.get("/v1/units", params={"known_at": told(NOON)})).headers["kalimaya-provisional"] == "true"
    assert "kalimaya-provisional" not in (await phone.get("/v1/units", params={"at": told(NOON)})).headers


@pytest.mark.parametrize("path", ["messages?source=/x&id=y", "status", "unreadable"])
async def test_what_knows_no_other_time_does_not_take_one(phone: httpx.AsyncClient, path: str) -> None:
    described = (await phone.get("/openapi.json")).json()["paths"][f"/v1/{path.partition('?')[0]}"]["get"]
    assert {"at", "known_at"}.isdisjoint(each["name"] for each in described["parameters"])


# The scenario.


@pytest.fixture
def facts() -> list[Fact]:
    chance = random.Random(0)
    return ahead(late(small_facts(), chance), chance)


@pytest.fixture
async def client(pair: Pair, facts: list[Fact], tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model of the small scenario, a third of it late and a tenth ahead of our clock."""
    file = of_clock(tmp_path, facts[-1].knowntime)
    async with showing(facts, pair, await new_database(pair), clock=file) as client:
        yield client


async def test_the_picture_is_for_any_two_times_the_one_of_the_facts_that_count(
    client: httpx.AsyncClient, facts: list[Fact]
) -> None:
    for at, known_at in pairs(facts, random.Random(1))[:PAIRS]:
        shown = await ask(client, "/v1/picture", at=at, known_at=known_at)
        expected = picture_then(so_then(facts, at, known_at), at)
        assert shown == TypeAdapter(Any).dump_python(expected, mode="json") | {
            "known_at": shown["known_at"],
            "provisional": True,
        }


SERVED: Mapping[str, tuple[str, Any]] = {
    "unit": ("units", UnitAnswer),
    "shipment": ("shipments", ShipmentAnswer),
    "incident": ("incidents", IncidentAnswer),
    "readiness": ("readiness", ReadinessAnswer),
}


@pytest.mark.parametrize("kind", SERVED)
async def test_lists_and_documents_are_for_any_two_times_those_of_the_facts_that_count(
    client: httpx.AsyncClient, facts: list[Fact], kind: str
) -> None:
    path, model = SERVED[kind]
    for at, known_at in pairs(facts, random.Random(2))[:PAIRS]:
        shown = (await ask(client, f"/v1/{path}", at=at, known_at=known_at, limit=1000))["items"]
        states = so_then(facts, at, known_at)
        documents = [to_document(state) for key, state in sorted(states.items()) if key[0] == kind]
        assert shown == [TypeAdapter(model).validate_python(each).model_dump(mode="json") for each in documents]


async def test_lists_are_filtered_by_what_was_so_then(client: httpx.AsyncClient, facts: list[Fact]) -> None:
    for at, known_at in pairs(facts, random.Random(3))[:PAIRS]:
        states = so_then(facts, at, known_at)
        documents: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for (kind, _), state in sorted(states.items()):
            documents[kind].append(to_document(state))
        for path, kind, name, filters in [
            ("shipments", "shipment", "stage", {"stage": "under_way"}),
            ("incidents", "incident", "status", {"status": "triaged"}),
            ("incidents", "incident", "severity", {"severity": "2"}),
            ("readiness", "readiness", "state", {"state": "short"}),
        ]:
            (wanted,) = filters.values()
            shown = (await ask(client, f"/v1/{path}", at=at, known_at=known_at, limit=1000, **filters))["items"]
            assert [each[name] for each in shown] == [
                each[name] for each in documents[kind] if str(each[name]) == wanted
            ]


async def test_posts_show_the_requirement_by_what_was_known(client: httpx.AsyncClient, facts: list[Fact]) -> None:
    at = facts[-1].at
    ordered = sorted(each.knowntime for each in facts if each.type == "kalimaya.post.required")
    assert (await ask(client, "/v1/posts", at=at, known_at=ordered[0] - timedelta(seconds=1)))["items"] == []
    first = (await ask(client, "/v1/posts", at=at, known_at=ordered[0]))["items"]
    assert TypeAdapter(list[PostAnswer]).validate_python(first)
    assert len(first) == 1


# Written in batches.


@pytest.mark.parametrize("seed", [1, 2])
async def test_versions_written_in_any_batches_with_restarts_in_between_are_those_of_one_fold(
    pair: Pair, facts: list[Fact], seed: int
) -> None:
    chance = random.Random(seed)
    dsn = await new_database(pair)
    pool = await new_pool(dsn)
    store = Store(pool)
    await store.migrate()
    projector, begin = Projector(store, pair.kafka, []), 0
    while begin < len(facts):
        end = begin + chance.randint(1, 300)
        reads: defaultdict[Place, list[Read]] = defaultdict(list)
        for each in facts[begin:end]:
            reads[f"{each.service}.events", each.partition].append(Read(cast(Any, None), (each,), 0))
        batch = await projector._apply(reads)
        batch.outcomes.clear()
        await store.commit(batch)
        begin = end
        if chance.random() < 0.5:
            projector = Projector(store, pair.kafka, [])
    rows = await pool.fetch(f"SELECT kind, id, at_from, known_from, event_offset FROM {SCHEMA}.versions")
    expected = [version for own in versions_of(facts).values() for version in own]
    assert sorted(map(tuple, rows)) == sorted((*v.key, v.at_from, v.known_from, v.offset) for v in expected)
    pool.terminate()


# What may be missing.


async def test_a_message_that_waits_for_its_decision_makes_an_answer_provisional(pair: Pair, tmp_path: Path) -> None:
    """At noon by the scenario's clock, an inbox that is decided and read is complete; one that waits is not."""
    await topics.create(pair.kafka, ["deployment"], 6)
    arrivals = Arrivals(pair.kafka, ["deployment"], of_clock(tmp_path, NOON), "test")
    looking = asyncio.create_task(arrivals.run())
    writer = producer(pair.kafka, "test")
    await writer.start()
    try:

        async def looked() -> bool:
            return bool(arrivals.seen)

        await until(looked, lambda: arrivals.seen)
        read = {place: Position(next_cause=each.end) for place, each in arrivals.seen.items()}
        before = NOON - timedelta(seconds=1)
        assert not provisional(read, arrivals.seen, before)
        assert provisional(read, arrivals.seen, NOON)
        key, value, headers = message(register(), uuid.uuid4().hex)
        await writer.send_and_wait("deployment.inbox", value, key=key, headers=headers, partition=0)

        async def arrived() -> bool:
            return provisional(read, arrivals.seen, before)

        await until(arrived, lambda: arrivals.seen)
        decided = Position(next_cause=read["deployment.events", 0].next_cause + 1, known=NOON)
        assert not provisional(read | {("deployment.events", 0): decided}, arrivals.seen, before)
    finally:
        looking.cancel()
        await writer.stop()
