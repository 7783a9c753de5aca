"""escort_separated: what breaks it, what does not, what heals it; and where places lie."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.deployment import UnitSighted
from schemas.places import DISTRICTS, PLACES, VILLAGES, Point, point_of
from services.views.facts import Fact
from tests.support.facts import clock, fact
from tests.support.shipment import VILLAGE, arrived, departed, inspected, leg, planned
from tests.support.shipments_watched import SHIPMENT, broken

UNIT, DARAT = "polres-serang-007", f"{SHIPMENT}#leg/darat"
KM = 1 / 111.2
"""In degrees of latitude."""
PIER, ANYAR = PLACES["dermaga-karangantu"].point, PLACES["kantor-camat-anyar"].point
TO_THE_PIER = replace(leg("darat"), origin="gudang-dpmd", destination="dermaga-karangantu")
TO_ANYAR = replace(TO_THE_PIER, destination="kantor-camat-anyar")
LOADED = planned(legs=(TO_THE_PIER, leg("desa"))), departed("darat", "05:00", escort=UNIT)


def seen(at: str, point: Point, **more: Any) -> Fact:
    return fact(UnitSighted(unit=UNIT, lat=point.lat, lon=point.lon, **more), at)


def beyond(km: float) -> Point:
    """So far north of the pier, at which the way ends."""
    return Point(lat=PIER.lat + km * KM, lon=PIER.lon)


def test_an_escort_farther_from_the_way_than_ten_km_is_separated() -> None:
    assert broken("escort_separated", "05:30", *LOADED, seen("05:30", beyond(9.9))) == {}
    (breach,) = broken("escort_separated", "05:30", *LOADED, seen("05:30", beyond(10.1))).values()
    assert breach.subject == DARAT
    assert breach.since == clock("05:30")
    assert breach.numbers == {"distance_km": 10.1, "limit_km": 10.0}
    assert breach.villages == (VILLAGE,)


def test_one_on_the_way_is_not_however_far_it_is_from_either_end() -> None:
    store = PLACES["gudang-dpmd"].point
    middle = Point(lat=(store.lat + ANYAR.lat) / 2, lon=(store.lon + ANYAR.lon) / 2)
    facts = planned(legs=(TO_ANYAR,)), departed("darat", "05:00", escort=UNIT)
    assert broken("escort_separated", "05:30", *facts, seen("05:30", middle)) == {}
    aside = Point(lat=middle.lat - 15 * KM, lon=middle.lon)
    assert broken("escort_separated", "05:30", *facts, seen("05:30", aside)).keys() == {DARAT}


def test_the_accuracy_of_a_fix_counts_for_the_escort() -> None:
    assert broken("escort_separated", "05:30", *LOADED, seen("05:30", beyond(10.5), accuracy=600.0)) == {}
    assert broken("escort_separated", "05:30", *LOADED, seen("05:30", beyond(10.5), accuracy=400.0)).keys() == {DARAT}


def test_a_stale_fix_or_one_from_before_the_departure_tells_nothing() -> None:
    far = seen("05:30", beyond(30))
    assert broken("escort_separated", "05:45", *LOADED, far).keys() == {DARAT}
    assert broken("escort_separated", "05:46", *LOADED, far) == {}
    assert broken("escort_separated", "05:01", *LOADED, seen("04:59", beyond(30))) == {}
    assert broken("escort_separated", "05:00", *LOADED, seen("05:00", beyond(30))).keys() == {DARAT}


def test_an_alert_that_stands_is_cleared_by_a_fix_within_eight_km_only() -> None:
    assert broken("escort_separated", "06:00", *LOADED, seen("06:00", beyond(8.1)), standing=[DARAT]).keys() == {DARAT}
    assert broken("escort_separated", "06:00", *LOADED, seen("06:00", beyond(7.9)), standing=[DARAT]) == {}


def test_silence_does_not_clear_it_and_the_end_of_the_leg_does() -> None:
    far = seen("05:30", beyond(30))
    assert broken("escort_separated", "08:00", *LOADED, far, standing=[DARAT]).keys() == {DARAT}
    assert broken("escort_separated", "08:00", *LOADED, far, arrived("darat", "07:00"), standing=[DARAT]) == {}


def test_without_an_escort_a_fix_a_plan_or_a_known_place_there_is_no_alert() -> None:
    far = seen("05:30", beyond(30))
    alone = departed("darat", "05:00")
    nowhere = planned(legs=(replace(TO_THE_PIER, destination="gudang-siapa"),))
    assert broken("escort_separated", "05:30", LOADED[0], alone, far) == {}
    assert broken("escort_separated", "05:30", *LOADED) == {}
    assert broken("escort_separated", "05:30", LOADED[1], far) == {}
    assert broken("escort_separated", "05:30", nowhere, LOADED[1], far) == {}
    assert broken("escort_separated", "05:30", LOADED[0], far) == {}


def test_a_load_that_was_heard_of_on_the_way_is_held_to_be_from_there_on() -> None:
    on_the_way = inspected("box-1", "05:40", place="dermaga-karangantu", A="intact")
    at_the_store = PLACES["gudang-dpmd"].point
    facts = *LOADED, on_the_way
    assert broken("escort_separated", "05:35", *LOADED, seen("05:35", at_the_store)) == {}
    assert broken("escort_separated", "05:45", *facts, seen("05:35", at_the_store)) == {}
    assert broken("escort_separated", "05:45", *facts, seen("05:45", at_the_store)).keys() == {DARAT}


def test_a_place_lies_where_its_table_says_or_in_the_village_whose_code_it_bears() -> None:
    wargasara = VILLAGES[VILLAGE]
    assert point_of("gudang-dpmd") == PLACES["gudang-dpmd"].point
    for place in (VILLAGE, f"{VILLAGE}-tps01", f"kantor-desa-{VILLAGE}"):
        assert point_of(place) == (wargasara.lat, wargasara.lon)
    assert point_of("kantor-desa-36.04.99.2001") is None
    assert point_of("halaman") is None


@pytest.mark.parametrize("district", sorted(DISTRICTS))
def test_every_district_has_an_office_of_which_is_said_how_well_it_is_known(district: str) -> None:
    place = PLACES[f"kantor-camat-{DISTRICTS[district].lower().replace(' ', '-')}"]
    assert place.source
    assert -6.4 < place.point.lat < -5.7
    assert 105.7 < place.point.lon < 106.6
