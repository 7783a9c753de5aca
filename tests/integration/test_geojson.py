"""Maps and tracks over a real PostgreSQL, and that what a client has is not sent again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.projection.api import geojson
from tests.support.facts import clock
from tests.support.pair import Pair
from tests.support.read_model import new_database
from tests.support.reports import HERE, THERE, UNIT, mustered, registered, required, sighted
from tests.support.shipment import S, planned
from tests.support.writer import Writer, serving

Shown = tuple[Writer, httpx.AsyncClient]
GEO = {"accept": geojson.MEDIA_TYPE}


@pytest.fixture
async def shown(pair: Pair) -> AsyncIterator[Shown]:
    async with serving(pair, await new_database(pair)) as served:
        yield served


async def get(client: httpx.AsyncClient, path: str, geo: bool = True, **parameters: Any) -> Any:
    response = await client.get(path, params=parameters, headers=GEO if geo else {})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == (geojson.MEDIA_TYPE if geo else "application/json")
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert "deployment.events/0@" in response.headers["kalimaya-position"]
    return response.json()


async def test_villages_units_and_shipments_are_features_page_by_page(shown: Shown) -> None:
    writer, client = shown
    await writer.add(required(HERE, "polres-serang"), required(THERE, "polres-cilegon"), registered(), planned())
    await writer.add(sighted(), sighted("polri-001", lat=-6.2, lon=106.1))
    for path, id_ in (("/v1/villages", "code"), ("/v1/units", "unit"), ("/v1/shipments", "shipment")):
        listed = await get(client, path, geo=False)
        shown_ = await get(client, path)
        assert [each["id"] for each in shown_["features"]] == [each[id_] for each in listed["items"]], path
        first = await get(client, path, limit=1)
        assert (first["features"], first["next"] is None) == (shown_["features"][:1], path == "/v1/shipments")
        one = await get(client, f"{path}/{first['features'][0]['id']}")
        assert one == first["features"][0]
    units = await get(client, "/v1/units")
    assert units["bbox"] == [106.1, -6.2, 106.2, -6.1]
    assert units["features"][0]["geometry"]["coordinates"] == [106.2, -6.1]
    assert (await get(client, f"/v1/shipments/{S}"))["geometry"] is None
    there = await get(client, "/v1/villages", district=THERE[:8])
    assert [each["properties"]["jurisdiction"] for each in there["features"]] == ["polres-cilegon"]
    second = await get(client, "/v1/villages", geo=False, limit=1, cursor=THERE)
    assert ([each["code"] for each in second["items"]], second["next"]) == ([HERE], None)


async def test_a_track_is_by_time_and_late_reports_are_in_their_place(shown: Shown) -> None:
    writer, client = shown
    await writer.add(
        sighted(at="01:00", lat=-6.1),
        sighted(at="03:00", lat=-6.3),
        mustered("02:30", "02:30"),
        sighted("polri-001", at="01:30"),
        sighted(at="02:00", lat=-6.2),
        sighted(at="05:00", recorded="04:00", lat=-6.4),  # its clock was ahead
    )
    path = f"/v1/units/{UNIT}/track"
    told = await get(client, path, geo=False)
    assert [each["lat"] for each in told["items"]] == [-6.1, -6.2, -6.3, -6.4]
    assert told["items"][-1]["as_of"] == "2019-11-03T04:00:00Z"
    line = await get(client, path, **{"from": clock("02:00").isoformat(), "to": clock("04:00").isoformat()})
    assert line["geometry"] == {"type": "LineString", "coordinates": [[106.2, -6.2], [106.2, -6.3]]}
    assert line["properties"]["times"] == ["2019-11-03T02:00:00Z", "2019-11-03T03:00:00Z"]
    assert line["bbox"] == [106.2, -6.3, 106.2, -6.2]
    lats: list[float] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(client, path, geo=False, limit=3, **cursor)
        lats += [each["lat"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert lats == [-6.1, -6.2, -6.3, -6.4]
    assert (await client.get("/v1/units/nobody/track")).status_code == 404


async def test_a_track_is_told_for_two_times(shown: Shown) -> None:
    writer, client = shown
    await writer.add(
        sighted(at="01:00", recorded="01:00", lat=-6.1),
        sighted(at="03:00", recorded="03:00", lat=-6.3),
        sighted(at="02:00", recorded="04:00", lat=-6.2),
    )
    for times, lats in (
        ({"at": "02:30"}, [-6.1, -6.2]),
        ({"known_at": "03:30"}, [-6.1, -6.3]),
        ({"at": "02:30", "known_at": "03:30"}, [-6.1]),
    ):
        asked = {name: clock(at).isoformat() for name, at in times.items()}
        told = await get(client, f"/v1/units/{UNIT}/track", geo=False, **asked)
        assert [each["lat"] for each in told["items"]] == lats, times


async def test_what_a_client_has_is_not_sent_again_until_it_changes(shown: Shown) -> None:
    writer, client = shown
    await writer.add(registered())
    first = await client.get(f"/v1/units/{UNIT}")
    known = {"if-none-match": first.headers["etag"]}
    await writer.add(required(HERE, "polres-serang"))
    again = await client.get(f"/v1/units/{UNIT}", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["kalimaya-position"] != first.headers["kalimaya-position"]
    assert (await client.get(f"/v1/units/{UNIT}", headers=known | GEO)).status_code == 200
    await writer.add(sighted())
    assert (await client.get(f"/v1/units/{UNIT}", headers=known)).status_code == 200
