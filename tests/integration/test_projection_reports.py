"""What people take away, out of a real PostgreSQL: the situation report, lists as CSV, the picture as a file."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.deployment import PostRequired, UnitAssigned, UnitMustered, UnitSighted
from schemas.incidents import IncidentReported
from schemas.labels import LABELS
from services.kit import clock as kit_clock
from services.projection.api.csv_columns import COLUMNS
from services.projection.sitrep.evidence import place
from services.views.facts import Fact
from tests.support.facts import clock, fact
from tests.support.given import by_post
from tests.support.pair import Pair
from tests.support.read_model import new_database, showing
from tests.support.shipment import VILLAGE, planned

UNIT, NOW = "polres-serang-001", clock("12:00")
WINDOW = {"start": clock("00:00"), "end": clock("20:00")}
NEED = fact(
    PostRequired(
        post=VILLAGE,
        jurisdiction="polres-serang",
        vulnerability="rawan",
        stations=2,
        needs=by_post(polri=2),
        plan_version=1,
        plan_source="renpam",
        **WINDOW,
    )
)
ORDER = fact(
    UnitAssigned(
        unit=UNIT, assignment="jaga", duty="guard", target_kind="post", target=VILLAGE, headcount={"polri": 2}, **WINDOW
    )
)
MUSTER = fact(UnitMustered(unit=UNIT, post=VILLAGE, present={"polri": 1}), "11:00")
SIGHTED = fact(UnitSighted(unit=UNIT, lat=-5.8, lon=106.2), "11:30")
PLAN = planned()
INCIDENTS = [
    fact(IncidentReported(incident=f"i{n}", type="riot", severity=2, village=VILLAGE, summary="=1+1, massa"), "09:00")
    for n in range(3)
]
FACTS = [NEED, ORDER, MUSTER, SIGHTED, PLAN, *INCIDENTS]
PERIOD = {"from": "2019-11-03T10:00:00Z", "to": "2019-11-03T12:00:00Z"}


@pytest.fixture
async def client(pair: Pair, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model that shows these facts, at noon (UTC) by a scenario's clock."""
    file = tmp_path / "clock.json"
    kit_clock.start(file, NOW, kit_clock.steady(clock("23:00") - NOW, 1e-9))
    async with showing(FACTS, pair, await new_database(pair), clock=file) as made:
        yield made


def where(told: Fact) -> str:
    return place(told.service, told.partition, told.offset)


def table(report: dict[str, Any], section: str, code: str) -> list[dict[str, Any]]:
    (found,) = (t["rows"] for s in report["sections"] if s["code"] == section for t in s["tables"] if t["code"] == code)
    return list(found)


async def test_the_report_tells_what_was_so_at_its_end_with_the_events_behind_it(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/sitrep", params=PERIOD)
    assert response.headers["content-type"] == "application/json"
    report = response.json()
    (forces,) = table(report, "strength", "forces")
    assert (forces["present"]["value"], forces["present"]["events"]) == (1, [where(MUSTER)])
    (action,) = table(report, "actions", "actions")
    assert (action["type"]["text"], action["count"]["events"]) == ("apel di pos", [where(MUSTER)])
    assert [row["incident"]["text"] for row in table(report, "events", "incidents")] == ["i0", "i1", "i2"]
    (head,) = report["heads"]
    assert f"{head['log']}@{head['next_offset']}" == response.headers["kalimaya-position"]


async def test_the_report_comes_in_the_form_that_is_asked_for(client: httpx.AsyncClient) -> None:
    for asked, accept, media, begins in [
        ({}, "text/markdown", "text/markdown; charset=utf-8", b"# Laporan situasi"),
        ({}, "text/html,*/*;q=0.8", "text/html; charset=utf-8", b"<!doctype html>"),
        ({}, "application/pdf", "application/pdf", b"%PDF-"),
        ({"format": "md"}, "application/pdf", "text/markdown; charset=utf-8", b"# Laporan situasi"),
        ({"format": "pdf"}, "*/*", "application/pdf", b"%PDF-"),
    ]:
        response = await client.get("/v1/sitrep", params=PERIOD | asked, headers={"Accept": accept})
        assert (response.status_code, response.headers["content-type"]) == (200, media)
        assert response.content.startswith(begins)
        assert "laporan-situasi-20191103T1200Z" in response.headers["content-disposition"]


async def test_without_a_period_it_is_of_the_last_day(client: httpx.AsyncClient) -> None:
    report = (await client.get("/v1/sitrep")).json()
    assert (report["start"][:16], report["end"][:16], report["cut"]) == ("2019-11-02T12:00", "2019-11-03T12:00", False)


async def test_a_period_that_is_not_over_ends_now_and_says_so(client: httpx.AsyncClient) -> None:
    report = (await client.get("/v1/sitrep", params={"to": "2019-11-05T00:00:00Z"})).json()
    assert (report["end"][:16], report["cut"]) == ("2019-11-03T12:00", True)
    assert table(report, "strength", "forces")[0]["required"]["value"] == 2


async def test_an_empty_period_has_a_situation_and_no_events(client: httpx.AsyncClient) -> None:
    report = (await client.get("/v1/sitrep", params={"from": PERIOD["to"], "to": PERIOD["to"]})).json()
    assert table(report, "actions", "actions") == []
    assert table(report, "strength", "forces")[0]["required"]["value"] == 2


async def test_what_cannot_be_meant_is_a_problem(client: httpx.AsyncClient) -> None:
    for asked, accept, status in [
        ({"from": PERIOD["to"], "to": PERIOD["from"]}, "*/*", 422),
        ({"from": "2019-11-04T00:00:00Z", "to": "2019-11-05T00:00:00Z"}, "*/*", 422),
        ({"from": "yesterday"}, "*/*", 422),
        ({"format": "docx"}, "*/*", 422),
        ({}, "image/png", 406),
    ]:
        response = await client.get("/v1/sitrep", params=asked, headers={"Accept": accept})
        assert response.status_code == status, asked
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_period_may_lie_anywhere_in_time(client: httpx.AsyncClient) -> None:
    for asked in ({"from": "0001-01-01T00:00:00Z"}, {"to": "0001-01-01T00:00:00Z"}, {"to": "9999-12-31T23:59:59Z"}):
        assert (await client.get("/v1/sitrep", params=asked)).status_code == 200, asked


# Lists as CSV.


def parsed(response: httpx.Response) -> list[dict[str, str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return [*csv.DictReader(io.StringIO(response.text, newline=""))]


async def test_every_list_has_its_header_row_and_is_a_file(client: httpx.AsyncClient) -> None:
    for path, columns in COLUMNS.items():
        response = await client.get(f"{path}.csv")
        assert response.text.split("\r\n")[0] == ",".join(column.name for column in columns), path
        assert response.headers["content-disposition"] == f'attachment; filename="{path[4:]}.csv"'


async def test_a_list_as_csv_is_the_whole_list_with_its_filters(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.projection.api.exports.AT_ONCE", 2)
    rows = parsed(await client.get("/v1/incidents.csv"))
    assert [(each["incident"], each["severity"], each["summary"]) for each in rows] == [
        (f"i{n}", "2", "'=1+1, massa") for n in range(3)
    ]
    assert parsed(await client.get("/v1/incidents.csv", params={"severity": 1})) == []
    assert (await client.get("/v1/incidents.csv", params={"severity": 9})).status_code == 422
    (unit,) = parsed(await client.get("/v1/units.csv"))
    assert (unit["unit"], unit["position_lat"], unit["present_polri"], unit["present_tni"]) == (UNIT, "-5.8", "1", "")
    (village,) = parsed(await client.get("/v1/villages.csv"))
    assert (village["code"], village["strength_state"], village["required_polri"]) == (VILLAGE, "short", "2")


async def test_labels_stand_beside_codes_for_those_who_read_indonesian(client: httpx.AsyncClient) -> None:
    row = parsed(await client.get("/v1/shipments.csv", headers={"Accept-Language": "id-ID,id;q=0.9,en;q=0.8"}))[0]
    assert (row["stage"], row["stage_label"]) == ("planned", "direncanakan")


# The picture as a file.


async def test_the_picture_of_an_instant_is_one_file(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/export/picture")
    assert response.headers["content-disposition"] == 'attachment; filename="picture-20191103T120000Z.json"'
    file = response.json()
    assert file["picture"] == (await client.get("/v1/picture")).json()
    for kind in ("units", "posts", "contingents", "shipments", "readiness", "incidents", "warnings", "engagements"):
        assert file[kind] == (await client.get(f"/v1/{kind}")).json()["items"], kind
    assert file["alerts"] == []
    assert file["position"] == response.headers["kalimaya-position"]
    assert [len(each["head"]) for each in file["heads"]] == [64]


async def test_all_labels_are_told(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/labels")).json() == {"labels": LABELS}
