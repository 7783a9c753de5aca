"""not_returned: what breaks it, what does not, what heals it."""

from dataclasses import replace

from tests.support.facts import clock
from tests.support.shipment import (
    TPS2,
    VILLAGE,
    WAY_BACK,
    package,
    planned,
    reconciled,
    return_planned,
    returned,
)
from tests.support.shipments_watched import SHIPMENT, broken, operation

KEPT = package("kotak-1", "ballot_box"), package("kotak-2", "ballot_box", tps=TPS2), package("dpt", "voter_roll")
OUT = planned(packages=KEPT)


def test_boxes_that_are_not_back_an_hour_after_the_last_leg_should_have_ended_are_not_returned() -> None:
    assert broken("not_returned", "09:59", OUT, return_planned()) == {}
    (breach,) = broken("not_returned", "10:00", OUT, return_planned()).values()
    assert breach.subject == SHIPMENT
    assert breach.since == clock("09:00")
    assert breach.numbers == {"boxes_count": 2}
    assert breach.villages == (VILLAGE,)


def test_boxes_that_are_back_heal_it_whatever_else_stayed_behind() -> None:
    assert broken("not_returned", "12:00", OUT, return_planned(), returned("kotak-1"))[SHIPMENT].numbers == {
        "boxes_count": 1
    }
    assert broken("not_returned", "12:00", OUT, return_planned(), returned("kotak-1", "kotak-2")) == {}


def test_a_later_plan_of_the_way_back_gives_them_time() -> None:
    later = tuple(replace(each, arrive_by=clock("15:00")) for each in WAY_BACK)
    facts = OUT, return_planned(), return_planned(later, at="08:00")
    assert broken("not_returned", "15:59", *facts, standing=[SHIPMENT]) == {}
    assert broken("not_returned", "16:00", *facts).keys() == {SHIPMENT}


def test_without_a_plan_of_the_way_back_they_are_waited_for_a_day_after_the_last_count() -> None:
    facts = OUT, reconciled(at="13:00"), reconciled(TPS2, at="14:00")
    assert broken("not_returned", clock("37:59"), *facts) == {}
    assert broken("not_returned", clock("38:00"), *facts)[SHIPMENT].since == clock("38:00")


def test_without_a_count_either_until_the_stage_of_the_return_ends() -> None:
    assert broken("not_returned", "16:59", OUT, operation(VILLAGE)) == {}
    assert broken("not_returned", "17:00", OUT, operation(VILLAGE))[SHIPMENT].since == clock("17:00")


def test_of_what_is_known_the_plan_comes_before_the_count_and_the_count_before_the_stage() -> None:
    counted = reconciled(at="13:00")
    assert broken("not_returned", "10:00", OUT, return_planned(), counted, operation(VILLAGE)).keys() == {SHIPMENT}
    assert broken("not_returned", "17:00", OUT, counted, operation(VILLAGE)) == {}


def test_nothing_is_waited_for_where_no_boxes_are_known_or_no_time_is() -> None:
    assert broken("not_returned", "23:00", planned(), return_planned(), operation(VILLAGE)) == {}
    assert broken("not_returned", "23:00", return_planned(), operation(VILLAGE)) == {}
    assert broken("not_returned", "23:00", OUT) == {}
