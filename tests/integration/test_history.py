"""The history of events: filters, pages and their cursors, over a real PostgreSQL."""

from collections.abc import AsyncIterator

import httpx
import pytest

from schemas.deployment import AssignmentCancelled
from schemas.logistics import ReadinessChecked
from tests.support.facts import clock, fact
from tests.support.given import ADOPTED
from tests.support.pair import Pair
from tests.support.read_model import new_database
from tests.support.reports import HERE, THERE, UNIT, assigned, mustered, registered, required
from tests.support.writer import Writer, positions, serving

Shown = tuple[Writer, httpx.AsyncClient]


@pytest.fixture
async def shown(pair: Pair) -> AsyncIterator[Shown]:
    async with serving(pair, await new_database(pair)) as served:
        yield served


async def test_each_filter_lets_through_what_it_says(shown: Shown) -> None:
    writer, client = shown
    posts = await writer.add(required(HERE, "polres-serang", at="01:00", recorded="01:00"))
    units = await writer.add(mustered("02:00", "03:00"), mustered("01:30", "04:00", THERE, "polres-cilegon-001"))
    check = ReadinessChecked(village=HERE, checker="camat", items=())
    (ready,) = await writer.add(fact(check, "01:45", recorded="01:45"))
    for filters, expected in (
        ({}, [*posts, ready, *units]),
        ({"type": "kalimaya.unit.mustered"}, units),
        ({"type": ["kalimaya.post.required", "kalimaya.unit.mustered"]}, [*posts, *units]),
        ({"kind": ["post", "readiness"]}, [*posts, ready]),
        ({"kind": "unit", "id": UNIT}, units[:1]),
        ({"id": HERE}, [*posts, ready]),
        ({"kind": "shipment", "id": UNIT}, []),
        ({"source": "/agencies/polres-cilegon"}, units[1:]),
        ({"village": HERE}, [*posts, ready, units[0]]),
        ({"district": THERE[:8]}, units[1:]),
        ({"jurisdiction": "polres-serang"}, [*posts, ready, units[0]]),
        ({"jurisdiction": "polres-cilegon"}, []),
        ({"from": clock("01:30").isoformat(), "to": clock("02:00").isoformat()}, [ready, units[1]]),
        ({"known_from": clock("03:00").isoformat()}, units),
        ({"known_from": clock("01:45").isoformat(), "known_to": clock("04:00").isoformat()}, [ready, units[0]]),
    ):
        assert await positions(client, **filters) == expected, filters
        assert await positions(client, **filters, limit=1) == expected, filters
        assert await positions(client, **filters, limit=2, order="newest") == expected[::-1], filters


async def test_an_event_is_told_with_its_message_its_times_and_its_data(shown: Shown) -> None:
    writer, client = shown
    (position,) = await writer.add(mustered("02:00", "01:00"))
    (told,) = (await client.get("/v1/events")).json()["items"]
    assert (told["position"], told["inbox"]) == (position, "deployment.inbox/0@0")
    assert (told["kind"], told["id"], told["subject"]) == ("unit", UNIT, f"unit/{UNIT}")
    assert (told["as_of"], told["time"]) == ("2019-11-03T01:00:00Z", "2019-11-03T02:00:00Z")  # its clock was ahead
    assert (told["villages"], told["districts"]) == ([HERE], [HERE[:8]])
    assert told["data"]["present"] == {"polri": 4}


async def test_what_comes_in_late_from_another_log_is_on_the_next_page_though_it_was_known_earlier(
    shown: Shown,
) -> None:
    writer, client = shown
    units = await writer.add(mustered("02:00", "03:00"), mustered("02:00", "05:00"), mustered("02:00", "06:00"))
    first = (await client.get("/v1/events", params={"limit": 2})).json()
    late = await writer.add(fact(ReadinessChecked(village=HERE, checker="camat", items=()), recorded="02:00"))
    assert await positions(client, cursor=first["next"]) == [*late, units[2]]


async def test_whoever_loses_sight_of_a_unit_is_told_of_the_order_that_took_it_away(shown: Shown) -> None:
    writer, client = shown
    told = await writer.add(
        registered(),
        assigned("a1", HERE),
        fact(AssignmentCancelled(unit=UNIT, assignment="a1", reason="moved")),
        assigned("a2", THERE),
    )
    assert await positions(client, village=HERE) == told[1:3]
    assert await positions(client, village=THERE) == told[3:]


async def test_an_adopted_operation_says_what_lies_under_a_jurisdiction(shown: Shown) -> None:
    writer, client = shown
    adopted = await writer.add(*(fact(each, recorded="01:00") for each in ADOPTED))
    there = await writer.add(mustered("02:00", "03:00", THERE), mustered("02:00", "03:00", HERE, "polri-002"))
    assert await positions(client, jurisdiction="polres-cilegon") == [*sorted(adopted), there[0]]


async def test_a_malformed_filter_is_said_to_be_one(shown: Shown) -> None:
    _, client = shown
    for wrong in (
        {"cursor": "17"},
        {"cursor": "deployment@1,units@2"},
        {"kind": "ship"},
        {"type": "x"},
        {"from": "now"},
    ):
        response = await client.get("/v1/events", params=wrong)
        assert response.status_code == 422, wrong
        assert response.headers["content-type"] == "application/problem+json"
