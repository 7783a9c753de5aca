"""handover_half_open and discrepancy_open: what breaks them, what does not, what heals them."""

from schemas.logistics import CustodyReceived, CustodyReleased
from tests.support.facts import clock
from tests.support.shipment import (
    TPS,
    VILLAGE,
    departed,
    handed,
    inspected,
    load,
    planned,
    reconciled,
    sealed,
    transshipped,
)
from tests.support.shipments_watched import SHIPMENT, broken

H1, BOX, STATION = f"{SHIPMENT}#handover/h1", f"{SHIPMENT}#package/box-1", f"{SHIPMENT}#tps/{TPS}"
SEALS = {"box-1": ("A",), "box-2": ("B",)}
GIVEN, TAKEN = handed(CustodyReleased, "05:00", SEALS), handed(CustodyReceived, "05:10", SEALS)
SEALED = planned(), sealed("box-1", "A"), sealed("box-2", "B")

# handover_half_open.


def test_a_handover_of_which_one_half_is_known_for_45_minutes_is_half_open() -> None:
    assert broken("handover_half_open", "05:44", planned(), GIVEN) == {}
    (breach,) = broken("handover_half_open", "05:45", planned(), GIVEN).values()
    assert breach.subject == H1
    assert breach.since == clock("05:00")
    assert breach.numbers == {"packages_count": 2}
    assert breach.villages == (VILLAGE,)


def test_either_half_may_be_the_one_that_is_missing_and_no_plan_is_needed() -> None:
    assert broken("handover_half_open", "05:55", planned(), TAKEN).keys() == {H1}
    (breach,) = broken("handover_half_open", "05:55", TAKEN).values()
    assert breach.villages == ()


def test_the_other_half_heals_it_even_one_that_disagrees() -> None:
    other = handed(CustodyReceived, "05:10", {"box-1": ("A",)})
    assert broken("handover_half_open", "08:00", planned(), GIVEN, TAKEN, standing=[H1]) == {}
    assert broken("handover_half_open", "08:00", planned(), GIVEN, other, standing=[H1]) == {}


def test_neither_the_known_half_said_again_nor_the_load_going_on_clears_it() -> None:
    again = handed(CustodyReleased, "06:00", SEALS)
    assert broken("handover_half_open", "06:10", planned(), GIVEN, again) == {}
    assert broken("handover_half_open", "06:10", planned(), GIVEN, again, standing=[H1]).keys() == {H1}
    assert broken("handover_half_open", "06:10", planned(), GIVEN, departed("laut", "06:00")).keys() == {H1}


# discrepancy_open.


def test_a_handover_in_dispute_for_half_an_hour_is_an_open_discrepancy_since_both_halves_are_known() -> None:
    other = handed(CustodyReceived, "05:10", {"box-1": ("A",)})
    assert broken("discrepancy_open", "05:39", *SEALED, GIVEN, other) == {}
    (breach,) = broken("discrepancy_open", "05:40", *SEALED, GIVEN, other).values()
    assert breach.subject == H1
    assert breach.since == clock("05:10")
    assert breach.numbers == {"differences_count": 1}
    assert breach.villages == (VILLAGE,)


def test_it_heals_when_a_half_is_put_right_and_not_when_it_is_said_again_and_wrong() -> None:
    other = handed(CustodyReceived, "05:10", {"box-1": ("A",)})
    again, right = handed(CustodyReceived, "06:00", {"box-1": ("A",)}), handed(CustodyReceived, "06:00", SEALS)
    assert broken("discrepancy_open", "06:05", *SEALED, GIVEN, other, right, standing=[H1]) == {}
    assert broken("discrepancy_open", "06:05", *SEALED, GIVEN, other, again, standing=[H1]).keys() == {H1}


def test_seals_that_an_inspection_finds_wrong_are_one_of_their_package() -> None:
    found = inspected("box-1", "06:00", A="broken")
    assert broken("discrepancy_open", "06:29", *SEALED, found) == {}
    (breach,) = broken("discrepancy_open", "06:30", *SEALED, found).values()
    assert breach.subject == BOX
    assert breach.since == clock("06:00")
    assert breach.numbers == {"packages_count": 1}


def test_a_later_inspection_that_finds_them_right_heals_it_and_a_handover_does_not() -> None:
    found = *SEALED, inspected("box-1", "04:00", A="broken")
    assert broken("discrepancy_open", "07:00", *found, GIVEN, TAKEN).keys() == {BOX}
    assert broken("discrepancy_open", "07:00", *found, inspected("box-1", "06:50", A="intact"), standing=[BOX]) == {}


def test_seals_read_wrongly_at_a_handover_are_one_with_its_dispute() -> None:
    strange = handed(CustodyReceived, "05:10", {"box-1": ("X",), "box-2": ("Y",)})
    (breach,) = broken("discrepancy_open", "06:00", *SEALED, GIVEN, strange).values()
    assert breach.subject == H1
    assert breach.numbers == {"differences_count": 2, "packages_count": 2}
    assert breach.since == clock("05:10")


def test_a_package_counts_where_its_seals_were_first_found_wrong() -> None:
    found = transshipped("06:30", packages=load({"box-1": ("X",), "box-2": ("B",)}))
    later = inspected("box-1", "08:00", X="intact")
    (breach,) = broken("discrepancy_open", "09:00", *SEALED, found, later).values()
    assert breach.subject == f"{SHIPMENT}#leg/laut"
    assert breach.since == clock("06:30")


def test_ballots_that_do_not_add_up_are_one_of_their_station_with_both_differences() -> None:
    facts = planned(), reconciled(at="14:00", received=479, used=400, unused=70, spoiled=2)
    assert broken("discrepancy_open", "14:29", *facts) == {}
    (breach,) = broken("discrepancy_open", "14:30", *facts).values()
    assert breach.subject == STATION
    assert breach.since == clock("14:00")
    assert breach.numbers == {"counted_difference_ballots": -7, "received_difference_ballots": -1}


def test_a_record_that_adds_up_heals_it_and_one_that_is_wrong_again_does_not() -> None:
    facts = planned(), reconciled(at="14:00", unused=71)
    assert broken("discrepancy_open", "15:05", *facts, reconciled(at="15:00"), standing=[STATION]) == {}
    again = reconciled(at="15:00", unused=72)
    assert broken("discrepancy_open", "15:05", *facts, again, standing=[STATION]).keys() == {STATION}


def test_what_agrees_or_is_not_known_yet_is_no_discrepancy() -> None:
    right = inspected("box-1", "06:00", A="intact")
    assert broken("discrepancy_open", "20:00", *SEALED, GIVEN, TAKEN, right, reconciled()) == {}
    assert broken("discrepancy_open", "20:00", *SEALED, GIVEN) == {}
