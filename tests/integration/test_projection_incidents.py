"""What the API tells of incidents, early warnings and engagements, out of a real PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from schemas.incidents import (
    DuplicateLinked,
    EngagementHeld,
    IncidentEscalated,
    IncidentReported,
    IncidentResolved,
    IncidentTriaged,
    OperationAdopted,
    UnitsDispatched,
    WarningGiven,
)
from schemas.operation import Voting
from schemas.places import DISTRICTS
from tests.support.facts import clock, fact
from tests.support.given import OPERATION
from tests.support.pair import Pair
from tests.support.read_model import ids, new_database, showing

WARGASARA, KRAMATWATU = "36.04.13.2009", "36.04.05.2001"
VOTING = tuple(Voting(village=code, jurisdiction="polres-serang", stations=1) for code in (WARGASARA, "36.04.06.2001"))


def reported(incident: str, **changes: Any) -> IncidentReported:
    fields: dict[str, Any] = {"type": "crowding", "severity": 3, "village": WARGASARA, "summary": "massa"}
    return IncidentReported(incident=incident, **(fields | changes))


def warned(warning: str, area: str, **changes: Any) -> WarningGiven:
    fields: dict[str, Any] = {"expects": "riot", "reliability": "B", "credibility": 2, "summary": "massa"}
    return WarningGiven(warning=warning, area=area, start=clock("06:00"), end=clock("09:00"), **(fields | changes))


def met(engagement: str, district: str) -> EngagementHeld:
    return EngagementHeld(engagement=engagement, district=district, ormas="o1", participants=9, summary="damai")


DATA = [
    reported("a"),
    reported("b", village=KRAMATWATU, severity=1, type="riot"),
    IncidentEscalated(incident="b", level="polres", reason="x"),
    reported("c"),
    UnitsDispatched(incident="c", units=("u1",)),
    IncidentTriaged(incident="c", type="officer_neutrality", severity=2, complained_unit="u1"),
    reported("d"),
    DuplicateLinked(incident="d", duplicate_of="a"),
    IncidentResolved(incident="e", resolution="x"),
    warned("w1", "36.04.13", expects="protest"),
    warned("w2", WARGASARA, reliability="F"),
    warned("w3", KRAMATWATU),
    met("g1", "36.04.13"),
    met("g2", "36.04.13"),
    met("g3", "36.04.05"),
]


@pytest.fixture
async def dsn(pair: Pair) -> str:
    return await new_database(pair)


@pytest.fixture
async def client(pair: Pair, dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model that shows the data above."""
    async with shows(pair, dsn, DATA) as made:
        yield made


@asynccontextmanager
async def shows(pair: Pair, dsn: str, data: Sequence[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model that shows these data."""
    async with showing([fact(each, f"{n:02}:00") for n, each in enumerate(data)], pair, dsn) as made:
        yield made


async def test_incidents_are_found_by_every_filter(client: httpx.AsyncClient) -> None:
    for filters, expected in [
        ({}, "a b c d e"),
        ({"status": "responding"}, "c"),
        ({"status": "resolved"}, "e"),
        ({"severity": 3}, "a d"),
        ({"severity": 1}, "b"),
        ({"type": "officer_neutrality"}, "c"),
        ({"level": "polres"}, "b"),
        ({"level": "polsek"}, "a c d e"),
        ({"village": KRAMATWATU}, "b"),
        ({"district": "36.04.13"}, "a c d"),
        ({"flag": "duplicate"}, "d"),
        ({"flag": "unreported"}, "e"),
        ({"flag": "complained_unit_dispatched"}, "c"),
        ({"flag": "clock_ahead"}, ""),
        ({"severity": 3, "flag": "duplicate"}, "d"),
        ({"cursor": "c", "limit": 1}, "d"),
    ]:
        assert await ids(client, "/v1/incidents", "incident", **filters) == expected, filters


@pytest.mark.parametrize("filters", [{"status": "reopened"}, {"severity": 5}, {"level": "mabes"}, {"flag": "x"}])
async def test_a_filter_that_can_match_nothing_is_a_mistake(client: httpx.AsyncClient, filters: Any) -> None:
    assert (await client.get("/v1/incidents", params=filters)).status_code == 422


async def test_the_picture_counts_open_incidents_and_no_duplicates(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/picture")).json()
    assert answer["operation"]["open"] == {"1": 1, "2": 1, "3": 1}


async def test_of_two_duplicates_of_each_other_the_same_one_counts_in_its_village_as_in_the_whole(
    pair: Pair, dsn: str
) -> None:
    data = [
        reported("a"),
        reported("b", village=KRAMATWATU),
        DuplicateLinked(incident="a", duplicate_of="b"),
        DuplicateLinked(incident="b", duplicate_of="a"),
    ]
    async with shows(pair, dsn, data) as client:
        picture = (await client.get("/v1/picture")).json()
        assert {each["code"]: each["incidents"]["open"] for each in picture["villages"]} == {
            WARGASARA: {"3": 1},
            KRAMATWATU: {},
        }
        for code, flags, own in ((WARGASARA, ["mutual_duplicates"], ["a"]), (KRAMATWATU, [], ["b"])):
            village = (await client.get(f"/v1/villages/{code}")).json()
            assert [each["incident"] for each in village["incidents"]] == own
            assert village["row"]["incidents"]["flags"] == flags
            assert village["row"] == next(each for each in picture["villages"] if each["code"] == code)


async def test_early_warnings_are_found_by_every_filter(client: httpx.AsyncClient) -> None:
    for filters, expected in [
        ({}, "w1 w2 w3"),
        ({"expects": "protest"}, "w1"),
        ({"reliability": "F"}, "w2"),
        ({"village": WARGASARA}, "w1 w2"),
        ({"village": "36.04.13.2001"}, "w1"),
        ({"district": "36.04.05"}, "w3"),
        ({"cursor": "w1", "limit": 1}, "w2"),
    ]:
        assert await ids(client, "/v1/warnings", "warning", **filters) == expected, filters
    assert (await client.get("/v1/warnings/w1")).json()["area"] == "36.04.13"


async def test_engagements_are_found_by_district(client: httpx.AsyncClient) -> None:
    assert await ids(client, "/v1/engagements", "engagement") == "g1 g2 g3"
    assert await ids(client, "/v1/engagements", "engagement", district="36.04.13") == "g1 g2"
    assert (await client.get("/v1/engagements/g3")).json()["ormas"] == "o1"


async def test_every_district_counts_for_coverage_while_no_operation_is_known(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/engagement-coverage")).json()
    assert answer["of"] == "regency"
    assert [each["district"] for each in answer["districts"]] == sorted(DISTRICTS)
    assert answer["missing"] == sorted(set(DISTRICTS) - {"36.04.13", "36.04.05"})
    (tirtayasa,) = [each for each in answer["districts"] if each["district"] == "36.04.13"]
    assert tirtayasa == {
        "district": "36.04.13",
        "name": "Tirtayasa",
        "engagements": 2,
        "last_held_at": "2019-11-03T13:00:00Z",
    }


async def test_the_districts_of_voting_villages_count_once_an_operation_is_known(pair: Pair, dsn: str) -> None:
    async with shows(pair, dsn, [*DATA, OperationAdopted(**OPERATION | {"villages": VOTING})]) as client:
        answer = (await client.get("/v1/engagement-coverage")).json()
    assert answer["of"] == "operation"
    assert [each["district"] for each in answer["districts"]] == ["36.04.06", "36.04.13"]
    assert answer["missing"] == ["36.04.06"]


@pytest.mark.parametrize("path", ["incidents/none", "warnings/none", "engagements/none"])
async def test_what_is_not_there_is_answered_404(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"/v1/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
