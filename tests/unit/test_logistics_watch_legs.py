"""leg_overdue and unescorted: what breaks them, what does not, what heals them."""

from dataclasses import replace
from datetime import timedelta

from tests.support.facts import clock
from tests.support.shipment import (
    BOXES,
    VILLAGE,
    WAY_BACK,
    arrived,
    delivered,
    departed,
    leg,
    opened,
    package,
    planned,
    return_planned,
    returned,
    tied,
    transshipped,
)
from tests.support.shipments_watched import SHIPMENT, broken

DARAT, LAUT, DESA = (f"{SHIPMENT}#leg/{name}" for name in ("darat", "laut", "desa"))
BACK_BY_SEA = f"{SHIPMENT}#leg/pulang-laut"

# leg_overdue. Each leg is to depart by 05:00 and to arrive by 09:00; the grace is half an hour.


def test_a_leg_that_has_not_begun_in_time_is_overdue_when_the_grace_is_over() -> None:
    assert broken("leg_overdue", "05:29", planned()) == {}
    (breach,) = broken("leg_overdue", "05:30", planned()).values()
    assert breach.subject == DARAT
    assert breach.since == clock("05:00")
    assert breach.numbers == {"late_minutes": 30.0}
    assert breach.villages == (VILLAGE,)


def test_once_it_has_begun_it_is_not_overdue_until_it_should_have_ended() -> None:
    facts = planned(), departed("darat", "05:40")
    assert broken("leg_overdue", "09:29", *facts) == {}
    assert broken("leg_overdue", "09:30", *facts)[DARAT].since == clock("09:00")
    assert broken("leg_overdue", "09:30", *facts, arrived("darat", "09:25")).keys() == {LAUT}


def test_a_leg_that_has_neither_begun_nor_ended_is_overdue_since_it_should_have_begun() -> None:
    assert broken("leg_overdue", "10:00", planned())[DARAT].since == clock("05:00")


def test_a_boat_that_misses_its_tide_is_overdue_without_grace() -> None:
    boat = replace(leg("laut", "sea"), tide_from=clock("04:00"), tide_to=clock("05:10"))
    facts = planned(legs=(boat,))
    assert broken("leg_overdue", clock("05:09"), facts) == {}
    assert broken("leg_overdue", "05:10", facts)[LAUT].since == clock("05:00")
    assert broken("leg_overdue", "06:00", facts, departed("laut", "05:05")) == {}


def test_a_tide_that_ends_before_the_boat_is_planned_to_leave_is_its_deadline() -> None:
    boat = replace(leg("laut", "sea"), tide_from=clock("03:00"), tide_to=clock("04:50"))
    assert broken("leg_overdue", "04:49", planned(legs=(boat,))) == {}
    assert broken("leg_overdue", "04:50", planned(legs=(boat,)))[LAUT].since == clock("04:50")


def test_a_long_tide_gives_a_boat_no_more_than_the_grace() -> None:
    boat = replace(leg("laut", "sea"), tide_from=clock("03:00"), tide_to=clock("08:00"))
    assert broken("leg_overdue", "05:29", planned(legs=(boat,))) == {}
    assert broken("leg_overdue", "05:30", planned(legs=(boat,))).keys() == {LAUT}


def test_only_the_leg_that_is_due_is_judged() -> None:
    assert broken("leg_overdue", "12:00", planned()).keys() == {DARAT}
    assert broken("leg_overdue", "12:00", planned(), arrived("darat")).keys() == {LAUT}


def test_a_word_on_a_later_leg_tells_that_the_former_is_over() -> None:
    assert broken("leg_overdue", "12:00", planned(), departed("darat"), departed("laut", "10:00")).keys() == {LAUT}
    assert broken("leg_overdue", "12:00", planned(), departed("darat"), transshipped("08:00")).keys() == {LAUT}


def test_a_leg_that_was_begun_again_after_its_end_is_under_way() -> None:
    facts = planned(), departed("darat", "05:00"), arrived("darat", "06:00"), departed("darat", "06:10")
    assert broken("leg_overdue", "12:00", *facts)[DARAT].since == clock("09:00")


def test_the_way_out_is_over_when_all_stands_at_its_polling_stations() -> None:
    assert broken("leg_overdue", "12:00", planned(), delivered("box-1")).keys() == {DARAT}
    assert broken("leg_overdue", "12:00", planned(), delivered("box-1", "box-2")) == {}
    assert broken("leg_overdue", "12:00", planned(), opened("box-1"), opened("box-2", tps=BOXES[1].tps)) == {}


def test_then_the_way_back_is_judged() -> None:
    facts = planned(), delivered("box-1", "box-2"), return_planned()
    assert broken("leg_overdue", "05:29", *facts) == {}
    assert broken("leg_overdue", "05:30", *facts).keys() == {BACK_BY_SEA}


def test_the_way_back_is_over_when_the_boxes_are_back() -> None:
    boxes = package("kotak-1", "ballot_box"), package("kotak-2", "ballot_box"), package("dpt", "voter_roll")
    facts = planned(packages=boxes), departed("pulang-laut"), return_planned()
    assert broken("leg_overdue", "12:00", *facts, returned("kotak-1")).keys() == {BACK_BY_SEA}
    assert broken("leg_overdue", "12:00", *facts, returned("kotak-1", "kotak-2")) == {}


def test_legs_of_a_way_back_that_was_planned_anew_are_not_waited_for() -> None:
    tomorrow = {"depart_by": clock("29:00"), "arrive_by": clock("33:00")}
    later = tuple(replace(each, leg=f"{each.leg}-2", **tomorrow) for each in WAY_BACK)
    facts = planned(), delivered("box-1", "box-2"), return_planned(), return_planned(later, at="04:00")
    assert broken("leg_overdue", "14:00", *facts) == {}
    assert broken("leg_overdue", "14:00", *facts, arrived("pulang-laut-2"), arrived("pulang-darat-2")) == {}


def test_nothing_is_overdue_of_a_shipment_that_nobody_planned_or_that_is_at_its_end() -> None:
    assert broken("leg_overdue", "23:00", departed("darat")) == {}
    assert broken("leg_overdue", "23:00", planned(), arrived("desa")) == {}


def test_the_grace_of_a_leg_is_a_parameter() -> None:
    assert broken("leg_overdue", "05:00", planned(), leg_grace=timedelta(0)).keys() == {DARAT}


# unescorted. The leg by sea requires an escort.


def test_a_leg_that_requires_an_escort_and_is_begun_without_is_unescorted_after_five_minutes() -> None:
    facts = planned(), departed("laut", "05:00")
    assert broken("unescorted", "05:04", *facts) == {}
    (breach,) = broken("unescorted", "05:05", *facts).values()
    assert breach.subject == LAUT
    assert breach.since == clock("05:00")
    assert breach.numbers == {"packages_count": 2}
    assert breach.villages == (VILLAGE,)


def test_with_an_escort_or_where_none_is_required_it_is_not() -> None:
    assert broken("unescorted", "06:00", planned(), departed("laut", escort="polairud-1")) == {}
    assert broken("unescorted", "06:00", planned(), departed("darat")) == {}


def test_a_later_word_on_the_departure_that_names_the_escort_heals_it_and_an_order_does_not() -> None:
    facts = planned(), departed("laut", "05:00")
    assert broken("unescorted", "06:00", *facts, departed("laut", "05:01", escort="polairud-1")) == {}
    assert broken("unescorted", "06:00", *facts, tied("laut", "polairud-1", at="05:30")).keys() == {LAUT}


def test_a_departure_that_is_told_again_without_an_escort_clears_nothing() -> None:
    facts = planned(), departed("laut", "05:00"), departed("laut", "05:58")
    assert broken("unescorted", "06:00", *facts) == {}
    assert broken("unescorted", "06:00", *facts, standing=[LAUT]).keys() == {LAUT}


def test_it_heals_when_the_leg_is_over_be_it_by_a_later_step() -> None:
    facts = planned(), departed("laut", "05:00")
    for over in (arrived("laut", "05:30"), departed("desa", "05:40"), delivered("box-1", "box-2", at="05:50")):
        assert broken("unescorted", "06:00", *facts, over) == {}


def test_nobody_knows_whether_an_unplanned_leg_requires_an_escort() -> None:
    assert broken("unescorted", "06:00", departed("laut", "05:00")) == {}
    assert broken("unescorted", "06:00", planned(), departed("jalan-lain", "05:00")) == {}
