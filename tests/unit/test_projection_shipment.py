"""A shipment as the picture shows it: seals, legs, deliveries, stage and place."""

from itertools import permutations
from typing import Any

import pytest

from schemas.logistics import (
    CustodyReceived,
    CustodyReleased,
    Leg,
    LegArrived,
    LegDeparted,
    PackageSealed,
    SealedPackage,
    ShipmentDelivered,
    ShipmentPlanned,
)
from services.views.facts import Fact
from tests.support.facts import clock, fact, shown
from tests.support.shipment import (
    TPS,
    TPS2,
    inspected,
    opened,
    package,
    planned,
    reconciled,
    return_planned,
    returned,
    transshipped,
)

S = "kbm-0001"
RETURN = return_planned()


def leg(name: str, origin: str, destination: str, *, escort_required: bool) -> Leg:
    return Leg(
        leg=name,
        mode="road",
        origin=origin,
        destination=destination,
        depart_by=clock("05:00"),
        arrive_by=clock("09:00"),
        carrier="pos",
        escort_required=escort_required,
    )


PLAN = fact(
    ShipmentPlanned(
        shipment=S,
        village="36.04.13.2009",
        waybill="SJ-1",
        custodian="gudang-kab",
        packages=(package("box-1"), package("box-2", tps=TPS2)),
        legs=(
            leg("l1", "gudang-kab", "dermaga", escort_required=True),
            leg("l2", "dermaga", "pulau", escort_required=False),
        ),
    ),
    "01:00",
)


def sealed(package: str, *seals: str, at: str = "02:00") -> Fact:
    return fact(PackageSealed(shipment=S, package=package, seals=seals), at)


def departed(name: str = "l1", at: str = "05:00", escort: str | None = "polres-serang-007") -> Fact:
    return fact(LegDeparted(shipment=S, leg=name, escort=escort), at)


def arrived(name: str = "l1", at: str = "06:00") -> Fact:
    return fact(LegArrived(shipment=S, leg=name), at)


def delivered(*packages: str, at: str = "10:00", place: str = "tps-01") -> Fact:
    return fact(ShipmentDelivered(shipment=S, packages=packages, receiver="kpps-01", place=place), at)


def handed(side: Any, at: str, **seals: tuple[str, ...]) -> Fact:
    return fact(
        side(
            shipment=S,
            handover="h1",
            giver="gudang-kab",
            taker="pos",
            packages=tuple(SealedPackage(package=f"box-{name[1:]}", seals=read) for name, read in seals.items()),
            waybill="SJ-1",
            signatories=("gudang-kab",),
            place="halaman",
        ),
        at,
    )


def test_a_plan_shows_its_packages_and_legs() -> None:
    document = shown(PLAN)
    assert document["packages"]["box-1"]["kind"] == "ballots"
    assert document["packages"]["box-1"]["count"] == 480
    assert [(each["leg"], each["state"]) for each in document["legs"]] == [("l1", "planned"), ("l2", "planned")]
    assert (document["village"], document["flags"], document["last_heard"]) == ("36.04.13.2009", [], None)


def test_a_shipment_that_is_only_reported_on_is_an_unknown_subject_until_it_is_planned() -> None:
    assert shown(departed())["flags"] == ["unknown_subject"]
    assert shown(departed(), PLAN)["flags"] == []


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ([PLAN], "planned"),
        ([PLAN, sealed("box-1", "A")], "planned"),
        ([PLAN, sealed("box-1", "A"), sealed("box-2", "B")], "sealed"),
        ([PLAN, departed()], "under_way"),
        ([PLAN, departed(), arrived()], "arrived"),
        ([PLAN, arrived(), departed()], "arrived"),
        ([PLAN, departed(), arrived(), departed("l2", "07:00")], "under_way"),
        ([PLAN, departed(), arrived(), delivered("box-1")], "arrived"),
        ([PLAN, departed(), delivered("box-1"), delivered("box-2")], "delivered"),
        ([departed()], "under_way"),
        ([handed(CustodyReleased, "05:00", b1=())], None),
        ([handed(CustodyReleased, "05:00", b1=()), delivered("box-1")], "delivered"),
        ([PLAN, opened("box-1")], "planned"),
        ([PLAN, opened("box-1"), opened("box-2", tps=TPS2)], "opened"),
        ([PLAN, delivered("box-1"), delivered("box-2"), opened("box-1")], "delivered"),
        ([PLAN, opened("box-1"), opened("box-2", tps=TPS2), reconciled()], "opened"),
        ([PLAN, reconciled(), reconciled(TPS2)], "counted"),
        ([PLAN, RETURN, reconciled(), reconciled(TPS2)], "counted"),
        ([PLAN, RETURN, departed("pulang-laut")], "returning"),
        ([PLAN, RETURN, arrived("pulang-darat")], "returning"),
        ([PLAN, RETURN, departed(), departed("pulang-laut", "17:00")], "returning"),
        ([PLAN, RETURN, returned("box-1"), reconciled(), reconciled(TPS2)], "returning"),
        ([PLAN, returned("box-1"), returned("box-2")], "returned"),
        ([PLAN, RETURN, returned("box-1", "box-2"), departed("pulang-laut", "19:00")], "returned"),
        ([opened("box-1")], "opened"),
        ([reconciled()], "counted"),
        ([returned("box-1")], "returned"),
    ],
)
def test_the_stage_follows_from_the_facts(facts: list[Fact], stage: str | None) -> None:
    assert shown(*facts)["stage"] == stage


@pytest.mark.parametrize("kind", ["ballot_box", "voter_roll"])
def test_a_shipment_without_ballots_is_opened_at_every_station_that_it_is_for(kind: Any) -> None:
    plan = planned(packages=(package("box-1", kind), package("box-2", kind, TPS2)))
    assert shown(plan, opened("box-1"))["stage"] == "planned"
    assert shown(plan, opened("box-1"), opened("box-2", tps=TPS2))["stage"] == "opened"


def test_a_shipment_with_ballots_is_opened_at_the_stations_whose_ballots_it_brings() -> None:
    plan = planned(packages=(package("box-1"), package("roll", "voter_roll", "36.04.13.2009")))
    assert shown(plan, opened("box-1"))["stage"] == "opened"


def test_departing_without_the_escort_that_is_required_is_flagged_on_its_leg() -> None:
    document = shown(PLAN, departed(escort=None), departed("l2", "07:00", escort=None))
    assert [each["flags"] for each in document["legs"]] == [["unescorted"], []]
    assert document["flags"] == ["unescorted"]


def test_a_later_word_on_the_departure_that_names_the_escort_clears_the_flag() -> None:
    for order in permutations((PLAN, departed(escort=None), departed(at="05:10"))):
        assert shown(*order)["flags"] == []


def test_a_leg_that_is_not_in_the_plan_is_unexpected() -> None:
    document = shown(PLAN, departed("l9"))
    assert document["legs"][2] == {
        "leg": "l9",
        "way": None,
        "state": "under_way",
        "escort": "polres-serang-007",
        "ordered_escort": None,
        "departed_at": "2019-11-03T05:00:00Z",
        "arrived_at": None,
        "flags": ["unexpected"],
    }


def test_seals_read_that_differ_from_those_put_on_are_a_discrepancy_with_exact_numbers() -> None:
    document = shown(
        PLAN,
        sealed("box-1", "A", "B"),
        sealed("box-2", "C"),
        handed(CustodyReleased, "05:00", b1=("B", "X"), b2=("C",)),
    )
    assert document["discrepancies"] == [
        {
            "what": "seals",
            "package": "box-1",
            "seen": "released",
            "handover": "h1",
            "leg": None,
            "place": "halaman",
            "as_of": "2019-11-03T05:00:00Z",
            "put_on": ["A", "B"],
            "read": ["B", "X"],
            "missing": ["A"],
            "strange": ["X"],
            "broken": [],
            "open": True,
        }
    ]
    assert document["packages"]["box-1"]["flags"] == document["flags"] == ["discrepancy"]
    assert document["packages"]["box-2"]["flags"] == []


def test_a_package_without_its_seals_is_a_discrepancy_even_when_both_halves_agree_on_it() -> None:
    halves = handed(CustodyReleased, "05:00", b1=()), handed(CustodyReceived, "05:10", b1=())
    document = shown(PLAN, sealed("box-1", "A"), *halves)
    assert [(each["seen"], each["missing"]) for each in document["discrepancies"]] == [
        ("released", ["A"]),
        ("received", ["A"]),
    ]
    assert document["handovers"]["h1"]["state"] == "agreed"


def test_seals_are_held_against_those_that_the_package_carried_when_they_were_read() -> None:
    again = sealed("box-1", "Z", at="06:00")
    document = shown(PLAN, sealed("box-1", "A"), again, handed(CustodyReleased, "05:00", b1=("A",)))
    assert (document["discrepancies"], document["packages"]["box-1"]["seals"]) == ([], ["Z"])


def test_a_late_order_to_seal_clears_or_sets_a_discrepancy() -> None:
    read = handed(CustodyReleased, "05:00", b1=("A",))
    assert shown(PLAN, read)["discrepancies"] == []
    assert shown(PLAN, read, sealed("box-1", "B"))["flags"] == ["discrepancy"]
    assert shown(PLAN, read, sealed("box-1", "A"))["flags"] == []


def test_a_package_is_delivered_where_the_later_report_says() -> None:
    for order in permutations((PLAN, delivered("box-1"), delivered("box-1", at="11:00", place="tps-02"))):
        packages = shown(*order)["packages"]
        assert packages["box-1"]["delivered"]["place"] == "tps-02"
        assert packages["box-2"]["delivered"] is None


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ([PLAN], None),
        ([PLAN, handed(CustodyReleased, "04:00", b1=())], ("halaman", None, "04:00")),
        ([PLAN, departed()], ("gudang-kab", "l1", "05:00")),
        ([PLAN, departed(), arrived()], ("dermaga", None, "06:00")),
        ([PLAN, departed(), delivered("box-1"), arrived()], ("tps-01", None, "10:00")),
        ([departed()], None),
        ([PLAN, arrived(), transshipped("06:30")], ("dermaga", None, "06:30")),
        ([PLAN, inspected("box-1", "06:10", place="posko")], ("posko", None, "06:10")),
        ([PLAN, delivered("box-1"), opened("box-1")], (TPS, None, "11:00")),
        (
            [PLAN, RETURN, opened("box-1"), departed("pulang-laut", "17:00")],
            ("pulang-laut-from", "pulang-laut", "17:00"),
        ),
        ([PLAN, opened("box-1"), returned("box-1")], ("gudang-polres", None, "18:00")),
    ],
)
def test_the_last_place_is_that_of_the_latest_report_that_names_one(
    facts: list[Fact], place: tuple[str, str | None, str] | None
) -> None:
    found = shown(*facts)["place"]
    assert found == (place and {"place": place[0], "leg": place[1], "as_of": f"2019-11-03T{place[2]}:00Z"})


def test_last_heard_is_the_latest_report_and_no_order() -> None:
    assert shown(PLAN, arrived(), departed(), sealed("box-1", "A", at="12:00"))["last_heard"] == "2019-11-03T06:00:00Z"


@pytest.mark.parametrize(
    "report",
    [
        transshipped("12:00"),
        inspected("box-1", "12:00"),
        opened("box-1", at="12:00"),
        reconciled(at="12:00"),
        returned("box-1", at="12:00"),
    ],
)
def test_every_report_is_heard_of(report: Fact) -> None:
    document = shown(report)
    assert (document["last_heard"], document["flags"]) == ("2019-11-03T12:00:00Z", ["unknown_subject"])


def test_a_report_ahead_of_our_clock_is_flagged() -> None:
    ahead = fact(LegArrived(shipment=S, leg="l1"), "09:00", recorded="06:00")
    assert shown(PLAN, ahead)["flags"] == ["clock_ahead"]
