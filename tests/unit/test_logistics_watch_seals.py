"""seal_reused: what breaks it, what does not, what heals it."""

from schemas.logistics import PackageSealed, ShipmentPlanned
from services.views.facts import Fact
from tests.support.facts import clock, fact
from tests.support.shipment import VILLAGE, opened, package, sealed, transshipped
from tests.support.shipments_watched import broken


def put_on(shipment: str, package: str, *seals: str, at: str) -> Fact:
    return fact(PackageSealed(shipment=shipment, package=package, seals=seals), at)


PLAN = ShipmentPlanned(
    shipment="dua", village=VILLAGE, waybill="SJ-2", custodian="gudang", packages=(package("kotak"),), legs=()
)
FIRST = put_on("satu", "kotak", "S-1", "S-2", at="02:00")
SECOND = put_on("dua", "kotak", "S-2", "S-3", at="03:00")
THIRD = put_on("tiga", "kotak", "S-2", at="04:00")
ON_SECOND, ON_THIRD = "shipment/dua#seal/S-2", "shipment/tiga#seal/S-2"


def test_a_number_on_packages_of_two_shipments_is_told_of_the_later_after_five_minutes() -> None:
    facts = SECOND, FIRST, fact(PLAN, "01:00")
    assert broken("seal_reused", "03:04", *facts) == {}
    (breach,) = broken("seal_reused", "03:05", *facts).values()
    assert breach.subject == ON_SECOND
    assert breach.since == clock("03:00")
    assert breach.numbers == {"shipments_count": 2}
    assert breach.villages == (VILLAGE,)


def test_it_is_told_of_every_shipment_but_the_first() -> None:
    found = broken("seal_reused", "05:00", FIRST, SECOND, THIRD)
    assert found.keys() == {ON_SECOND, ON_THIRD}
    assert found[ON_THIRD].numbers == {"shipments_count": 3}


def test_numbers_that_differ_are_not_reused() -> None:
    assert broken("seal_reused", "05:00", FIRST, put_on("dua", "kotak", "S-3", at="03:00")) == {}


def test_within_one_shipment_it_is_not_for_this_rule() -> None:
    assert broken("seal_reused", "05:00", sealed("box-1", "S-1"), sealed("box-2", "S-1", at="03:00")) == {}


def test_sealing_either_package_anew_heals_it() -> None:
    for package_of in ("satu", "dua"):
        anew = put_on(package_of, "kotak", "S-9", at="03:30")
        assert broken("seal_reused", "05:00", FIRST, SECOND, anew, standing=[ON_SECOND]) == {}


def test_sealing_it_anew_with_the_same_number_does_not() -> None:
    anew = put_on("dua", "kotak", "S-2", at="04:59")
    assert broken("seal_reused", "05:00", FIRST, SECOND, anew, standing=[ON_SECOND]).keys() == {ON_SECOND}


def test_opening_does_not_for_a_number_that_was_cut_is_used_up() -> None:
    cut = sealed("box-1", "S-2", at="01:00"), opened("box-1", at="02:30")
    assert broken("seal_reused", "05:00", *cut, SECOND).keys() == {ON_SECOND}


def test_a_compartment_seal_may_be_that_of_several_shipments() -> None:
    assert broken("seal_reused", "08:00", transshipped(compartment_seal="S-2"), SECOND) == {}


def test_of_two_that_were_sealed_at_one_instant_the_same_one_is_always_told() -> None:
    one, two = (put_on(name, "kotak", "S-1", at="02:00") for name in ("satu", "dua"))
    first, second = (broken("seal_reused", "05:00", *facts).keys() for facts in ((one, two), (two, one)))
    assert len(first) == 1
    assert first == second
