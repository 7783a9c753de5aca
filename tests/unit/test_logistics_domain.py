"""The rule book of logistics, rule by rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.logistics import (
    AdoptOperation,
    AssignEscort,
    EscortAssigned,
    Leg,
    OperationAdopted,
    Package,
    PackageSealed,
    PlanReturn,
    PlanShipment,
    ReturnPlanned,
    SealPackage,
    ShipmentPlanned,
)
from schemas.operation import Participant, Stage, Voting
from schemas.outcomes import Refused
from schemas.registry import as_event
from services.logistics.domain import LOGISTICS
from tests.support.given import given, refusal

WARGASARA = "36.04.13.2009"
DAWN = datetime(2019, 11, 1, 23, tzinfo=UTC)


def leg(name: str, mode: str = "road") -> Leg:
    return Leg(
        leg=name,
        mode="sea" if mode == "sea" else "road",
        origin="karangantu",
        destination="wargasara",
        depart_by=DAWN,
        arrive_by=DAWN + timedelta(hours=3),
        carrier="polairud-1",
        escort_required=True,
    )


BOX = Package(package="box-1", kind="ballot_box", tps=f"{WARGASARA}-tps01", count=1)
BALLOTS = Package(package="ballots-1", kind="ballots", tps=f"{WARGASARA}-tps01", count=310)
ROLL = Package(package="roll", kind="voter_roll", tps=WARGASARA, count=1)
PLAN = PlanShipment(
    shipment="wargasara-out",
    village=WARGASARA,
    waybill="SJ/001/X/2019",
    custodian="dpmd-store",
    packages=(BOX, BALLOTS, ROLL),
    legs=(leg("by-road"), leg("by-sea", "sea")),
)
PLANNED = as_event(PLAN, ShipmentPlanned)


RETURN = PlanReturn(shipment=PLAN.shipment, legs=(leg("back-by-sea", "sea"), leg("back-by-road")), storage="dpmd-store")
RETURN_PLANNED = as_event(RETURN, ReturnPlanned)


def escort(leg_: str, unit: str = "polairud-1") -> AssignEscort:
    return AssignEscort(shipment=PLAN.shipment, leg=leg_, unit=unit, order_reference="SPRIN/7/X/2019")


def seal(package: str, *seals: str) -> SealPackage:
    return SealPackage(shipment=PLAN.shipment, package=package, seals=seals)


def sealed(package: str, *seals: str) -> PackageSealed:
    return as_event(seal(package, *seals), PackageSealed)


def test_a_shipment_can_be_planned() -> None:
    assert given(LOGISTICS).when(PLAN) == (PLANNED,)


def test_a_shipment_is_planned_once() -> None:
    assert refusal(given(LOGISTICS, PLANNED).when(PLAN)) == ("shipment_exists", (PLAN.shipment,))


def test_a_manifest_lists_each_package_once() -> None:
    order = replace(PLAN, packages=(BOX, BALLOTS, replace(BALLOTS, package="box-1")))
    assert refusal(given(LOGISTICS).when(order)) == ("duplicate_package", ("box-1",))


def test_a_route_lists_each_leg_once() -> None:
    order = replace(PLAN, legs=(leg("by-road"), leg("by-road", "sea")))
    assert refusal(given(LOGISTICS).when(order)) == ("duplicate_leg", ("by-road",))


def test_packages_are_for_stations_of_the_shipment_s_village() -> None:
    order = replace(PLAN, packages=(BOX, replace(BALLOTS, tps="36.04.05.2001-tps01")))
    assert refusal(given(LOGISTICS).when(order)) == ("tps_outside_village", ("ballots-1",))


@pytest.mark.parametrize("hours", [0, -1])
def test_a_leg_must_arrive_after_it_departs(hours: int) -> None:
    late = replace(leg("by-sea"), arrive_by=DAWN + timedelta(hours=hours))
    order = replace(PLAN, legs=(leg("by-road"), late))
    assert refusal(given(LOGISTICS).when(order)) == ("leg_window_empty", ("by-sea",))


def test_a_tide_window_can_be_given() -> None:
    tide = replace(leg("by-sea", "sea"), tide_from=DAWN, tide_to=DAWN + timedelta(hours=2))
    order = replace(PLAN, legs=(tide,))
    assert given(LOGISTICS).when(order) == (as_event(order, ShipmentPlanned),)


@pytest.mark.parametrize("end", ["tide_from", "tide_to"])
def test_a_tide_window_has_both_ends(end: str) -> None:
    sea = leg("by-sea", "sea")
    half = replace(sea, tide_from=DAWN) if end == "tide_from" else replace(sea, tide_to=DAWN)
    assert refusal(given(LOGISTICS).when(replace(PLAN, legs=(half,)))) == ("tide_window_incomplete", ("by-sea",))


@pytest.mark.parametrize("hours", [0, -1])
def test_a_tide_window_must_end_after_it_starts(hours: int) -> None:
    tide = replace(leg("by-sea", "sea"), tide_from=DAWN, tide_to=DAWN + timedelta(hours=hours))
    assert refusal(given(LOGISTICS).when(replace(PLAN, legs=(tide,)))) == ("tide_window_empty", ("by-sea",))


def test_only_a_leg_by_sea_has_a_tide_window() -> None:
    tide = replace(leg("by-road"), tide_from=DAWN, tide_to=DAWN + timedelta(hours=2))
    assert refusal(given(LOGISTICS).when(replace(PLAN, legs=(tide,)))) == ("tide_not_at_sea", ("by-road",))


@pytest.mark.parametrize(("minutes", "reason"), [(0, None), (1, "tide_too_late")])
def test_a_boat_need_not_leave_before_the_tide_lets_it(minutes: int, reason: str | None) -> None:
    opens = DAWN + timedelta(minutes=minutes)
    order = replace(PLAN, legs=(replace(leg("by-sea", "sea"), tide_from=opens, tide_to=opens + timedelta(hours=2)),))
    outcome = given(LOGISTICS).when(order)
    expected = as_event(order, ShipmentPlanned)
    assert (outcome == (expected,)) if reason is None else (refusal(outcome) == (reason, ("by-sea",)))


def test_a_package_can_be_sealed() -> None:
    assert given(LOGISTICS, PLANNED).when(seal("box-1", "A-001", "A-002")) == (sealed("box-1", "A-001", "A-002"),)


def test_a_package_can_be_sealed_anew() -> None:
    before = (PLANNED, sealed("box-1", "A-001"))
    assert given(LOGISTICS, *before).when(seal("box-1", "A-002")) == (sealed("box-1", "A-002"),)


def test_a_package_of_an_unknown_shipment_cannot_be_sealed() -> None:
    assert refusal(given(LOGISTICS).when(seal("box-1", "A-001"))) == ("shipment_unknown", (PLAN.shipment,))


def test_a_package_that_is_not_on_the_manifest_cannot_be_sealed() -> None:
    assert refusal(given(LOGISTICS, PLANNED).when(seal("box-9", "A-001"))) == ("package_unknown", ("box-9",))


def test_a_seal_number_serves_one_package_of_a_shipment() -> None:
    before = (PLANNED, sealed("box-1", "A-001", "A-002"))
    outcome = given(LOGISTICS, *before).when(seal("ballots-1", "A-003", "A-002"))
    assert refusal(outcome) == ("seal_reused", ("A-002", "box-1"))


def test_a_seal_number_is_not_put_on_the_same_package_again() -> None:
    before = (PLANNED, sealed("box-1", "A-001"), sealed("ballots-1", "B-001"))
    assert refusal(given(LOGISTICS, *before).when(seal("box-1", "A-001"))) == ("seal_reused", ("A-001", "box-1"))


def test_a_seal_number_stands_once_in_an_order() -> None:
    outcome = given(LOGISTICS, PLANNED).when(seal("box-1", "A-001", "A-001"))
    assert refusal(outcome) == ("seal_reused", ("A-001", "box-1"))


def test_a_refusal_for_a_seal_says_where_the_seal_is() -> None:
    outcome = given(LOGISTICS, PLANNED, sealed("box-1", "A-001")).when(seal("ballots-1", "A-001", "A-001"))
    assert isinstance(outcome, Refused)
    assert "A-001 is on box-1 already" in outcome.detail


def test_a_leg_can_have_an_escort_and_later_another() -> None:
    first, second = as_event(escort("by-sea"), EscortAssigned), as_event(escort("by-sea", "brimob-2"), EscortAssigned)
    assert given(LOGISTICS, PLANNED).when(escort("by-sea")) == (first,)
    assert given(LOGISTICS, PLANNED, first).when(escort("by-sea", "brimob-2")) == (second,)


def test_a_leg_that_requires_no_escort_can_have_one() -> None:
    planned = replace(PLANNED, legs=(replace(leg("by-road"), escort_required=False),))
    assert given(LOGISTICS, planned).when(escort("by-road")) == (as_event(escort("by-road"), EscortAssigned),)


def test_a_leg_of_the_way_back_can_have_an_escort() -> None:
    outcome = given(LOGISTICS, PLANNED, RETURN_PLANNED).when(escort("back-by-sea"))
    assert outcome == (as_event(escort("back-by-sea"), EscortAssigned),)


def test_a_leg_of_an_unknown_shipment_has_no_escort() -> None:
    assert refusal(given(LOGISTICS).when(escort("by-sea"))) == ("shipment_unknown", (PLAN.shipment,))


def test_a_leg_that_is_in_no_plan_has_no_escort() -> None:
    assert refusal(given(LOGISTICS, PLANNED).when(escort("back-by-sea"))) == ("leg_unknown", ("back-by-sea",))


def test_a_leg_of_a_superseded_way_back_has_no_escort() -> None:
    other = as_event(replace(RETURN, legs=(leg("back-on-foot"),)), ReturnPlanned)
    outcome = given(LOGISTICS, PLANNED, RETURN_PLANNED, other).when(escort("back-by-sea"))
    assert refusal(outcome) == ("leg_unknown", ("back-by-sea",))


def test_a_way_back_can_be_planned() -> None:
    assert given(LOGISTICS, PLANNED).when(RETURN) == (RETURN_PLANNED,)


def test_a_way_back_can_be_planned_anew_with_the_same_legs() -> None:
    order = replace(RETURN, storage="polres-store")
    assert given(LOGISTICS, PLANNED, RETURN_PLANNED).when(order) == (as_event(order, ReturnPlanned),)


def test_an_unknown_shipment_has_no_way_back() -> None:
    assert refusal(given(LOGISTICS).when(RETURN)) == ("shipment_unknown", (PLAN.shipment,))


def test_a_way_back_lists_each_leg_once() -> None:
    order = replace(RETURN, legs=(leg("back-by-road"), leg("back-by-road")))
    assert refusal(given(LOGISTICS, PLANNED).when(order)) == ("duplicate_leg", ("back-by-road",))


def test_a_way_back_has_no_leg_of_the_way_out() -> None:
    order = replace(RETURN, legs=(leg("by-sea", "sea"), leg("back-by-road")))
    assert refusal(given(LOGISTICS, PLANNED).when(order)) == ("duplicate_leg", ("by-sea",))


def test_a_leg_of_a_way_back_must_arrive_after_it_departs() -> None:
    order = replace(RETURN, legs=(replace(leg("back-by-road"), arrive_by=DAWN),))
    assert refusal(given(LOGISTICS, PLANNED).when(order)) == ("leg_window_empty", ("back-by-road",))


def adopt(version: int) -> AdoptOperation:
    return AdoptOperation(
        operation="aman-pilkades-2019",
        version=version,
        name="Aman Pilkades Kalimaya 2019",
        polling_day=date(2019, 11, 3),
        stages=(Stage(stage="voting", start=DAWN, end=DAWN + timedelta(hours=6)),),
        villages=(Voting(village=WARGASARA, jurisdiction="polres-serang", stations=3),),
        agencies=(Participant(agency="dpmd", name="DPMD Kabupaten Serang"),),
        source="Renpam",
        dated=date(2019, 10, 30),
    )


def adopted(version: int) -> OperationAdopted:
    return as_event(adopt(version), OperationAdopted)


def test_a_version_of_the_operation_can_be_adopted_and_a_newer_one_after_it() -> None:
    assert given(LOGISTICS).when(adopt(1)) == (adopted(1),)
    assert given(LOGISTICS, adopted(1)).when(adopt(3)) == (adopted(3),)


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_of_the_operation_that_is_not_newer_is_not_adopted(version: int) -> None:
    assert refusal(given(LOGISTICS, adopted(2)).when(adopt(version))) == ("version_not_newer", ("2",))


def test_an_operation_file_that_lists_a_village_twice_is_not_adopted() -> None:
    order = replace(adopt(1), villages=adopt(1).villages * 2)
    assert refusal(given(LOGISTICS).when(order)) == ("listed_twice", (WARGASARA,))


def test_evolving_leaves_the_former_state_as_it_was() -> None:
    before = given(LOGISTICS, PLANNED).state
    LOGISTICS.evolve(before, sealed("box-1", "A-001"))
    assert before == given(LOGISTICS, PLANNED).state
