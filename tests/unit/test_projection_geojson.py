"""What maps are given, and when: GeoJSON by RFC 7946, if the client would rather have it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from services.projection.api import geojson, shipments, units, villages
from services.projection.api.geojson import _is_wanted
from tests.support.facts import clock, shown
from tests.support.picture import picture, row_of
from tests.support.reports import HERE, UNIT, registered, required, sighted
from tests.support.shipment import S, planned


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("application/geo+json", True),
        ("Application/Geo+JSON", True),
        ("application/geo+json, */*", True),
        ("application/geo+json, */*;q=0.1", True),
        ("application/geo+json;q=0.5, */*;q=0.9", False),
        ("application/json, application/geo+json", False),
        ("application/json;q=0.9, application/geo+json", True),
        ("application/geo+json;q=0", False),
        ("text/html", False),
        ("application/geo+json;charset=utf-8;q=0.8, application/json;q=0.7", True),
    ],
)
async def test_geojson_is_for_those_who_would_rather_have_it(accept: str | None, wanted: bool) -> None:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    response = Response()
    assert await _is_wanted(Request({"type": "http", "headers": headers}), response) is wanted
    assert response.headers["vary"] == "Accept"


def test_longitude_comes_first_and_six_decimals_are_enough() -> None:
    assert geojson.point((-6.12345678, 106.2)) == {"type": "Point", "coordinates": [106.2, -6.123457]}
    assert geojson.point(None) is None


def test_one_sighting_is_a_point_two_are_a_line_and_none_is_nothing() -> None:
    here, there = (-6.1, 106.2), (-6.2, 106.1)
    assert geojson.line([]) is None
    assert geojson.line([here]) == {"type": "Point", "coordinates": [106.2, -6.1]}
    assert geojson.line([here, there]) == {"type": "LineString", "coordinates": [[106.2, -6.1], [106.1, -6.2]]}


@given(st.lists(st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=5))
def test_the_box_is_around_all_that_is_on_the_map(points: list[geojson.Point | None]) -> None:
    features = [geojson.feature(str(n), geojson.point(each), {}) for n, each in enumerate(points)]
    told = geojson.collection(features, None)
    placed = [each["geometry"]["coordinates"] for each in features if each["geometry"]]
    assert ("bbox" in told) == bool(placed)
    for lon, lat in placed:
        west, south, east, north = told["bbox"]
        assert west <= lon <= east
        assert south <= lat <= north


def test_a_place_is_where_its_village_is_and_a_store_nobody_knows_where() -> None:
    assert geojson.place(HERE) == geojson.place(f"{HERE}-tps01") is not None
    assert geojson.place("gudang-kpu") is None


def test_a_unit_is_where_it_was_last_seen_and_an_unseen_one_nowhere() -> None:
    seen = units.feature(shown(registered(), sighted(at="02:00")))
    assert seen["geometry"] == {"type": "Point", "coordinates": [106.2, -6.1]}
    assert (seen["properties"]["name"], seen["properties"]["as_of"]) == ("Regu 7", "2019-11-03T02:00:00Z")
    unseen = units.feature(shown(registered()))
    assert (unseen["geometry"], unseen["properties"]["as_of"]) == (None, None)
    unheard = units.feature(shown(sighted(at="02:00")))
    assert (unheard["id"], unheard["properties"]["name"]) == (UNIT, None)


def test_a_village_is_at_its_centroid_with_its_row() -> None:
    row = row_of(picture(clock("03:00"), required(HERE, "polres-serang")), HERE)
    told = villages.feature(row)
    assert told["geometry"] == geojson.point(geojson.place(HERE))
    assert told["properties"]["strength"]["state"] == "short"


def test_a_shipment_is_at_its_last_place_if_that_is_in_a_village() -> None:
    told = shipments.feature(shown(planned()))
    assert (told["id"], told["geometry"], told["properties"]["stage"]) == (S, None, "planned")
    delivered = shipments.feature({**shown(planned()), "place": {"place": f"{HERE}-tps01", "leg": None}})
    assert delivered["geometry"] == geojson.point(geojson.place(HERE))
