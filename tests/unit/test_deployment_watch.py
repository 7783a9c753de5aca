"""What deployment watches, rule by rule: when each is broken, when not, and when it heals."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.deployment import (
    AssignmentCancelled,
    Need,
    PostRequired,
    UnitArrived,
    UnitAssigned,
    UnitDeparted,
    UnitLeftPost,
    UnitMustered,
    UnitRegistered,
    UnitRelieved,
    UnitSighted,
    UnitStoodDown,
    UnitVisited,
)
from schemas.places import ISLANDS, VILLAGES
from schemas.types import AlertRule
from schemas.watched import WATCHED
from services.deployment.watch.settings import DeploymentWatchSettings
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from services.views.distance import metres_between
from services.views.facts import Fact
from services.watch.rules import Breach
from tests.support.facts import clock, fact
from tests.support.tables import tables

U, OTHER = "polres-serang-007", "polres-serang-008"
POST, STATION, ELSEWHERE = "36.04.13.2001", "36.04.13.2001-tps01", "36.04.13.2002"
DISTRICT, ISLAND = "36.04.13", "36.04.13.2009"
METRE = 1 / 111_195
"""In degrees of latitude."""
DEFAULTS = DeploymentWatchSettings.model_construct()
HEADS = {"polri": 4}
DUTY = f"unit/{U}#assignment/a1"


def broken(
    rule: AlertRule,
    at: str,
    *facts: Fact,
    standing: str | None = None,
    **parameters: Any,
) -> list[Breach]:
    """The breaches of a rule at a time of the day; `standing`: the subject on which its alert stands."""
    given = DEFAULTS.model_copy(update=parameters)
    found = tables(DEPLOYMENT_WATCH.kinds, *facts, standing=None if standing is None else (rule, standing))
    return list(DEPLOYMENT_WATCH.rules[rule](found, clock(at), given))


def registered(unit: str = U, heads: int = 10) -> Fact:
    data = UnitRegistered(unit=unit, name="Regu", agency="polres-serang", strength={"polri": heads}, callsign="E")
    return fact(data, "00:01")


def assigned(target: str = POST, start: str = "08:00", end: str = "18:00", at: str = "00:02", **changes: Any) -> Fact:
    fields: dict[str, Any] = {"unit": U, "assignment": "a1", "duty": "guard", "target_kind": "post"}
    fields |= {"headcount": HEADS, "target": target, "start": clock(start), "end": clock(end)}
    return fact(UnitAssigned(**(fields | changes)), at)


def cancelled(at: str = "09:00", assignment: str = "a1") -> Fact:
    return fact(AssignmentCancelled(unit=U, assignment=assignment, reason="dialihkan"), at)


def stood_down(at: str) -> Fact:
    return fact(UnitStoodDown(unit=U, at=clock(at), reason="selesai"), "00:03")


def arrived(at: str, post: str = POST, unit: str = U) -> Fact:
    return fact(UnitArrived(unit=unit, post=post), at)


def departed(at: str, post: str = POST, mode: Any = "road") -> Fact:
    return fact(UnitDeparted(unit=U, post=post, mode=mode), at)


def mustered(at: str, heads: int = 4, post: str = POST, force: Any = "polri", unit: str = U) -> Fact:
    return fact(UnitMustered(unit=unit, post=post, present={force: heads}), at)


def left(at: str, consent: str | None = None, post: str = POST) -> Fact:
    return fact(UnitLeftPost(unit=U, post=post, reason="pergi", consent=consent), at)


def relieved(at: str, post: str = POST) -> Fact:
    return fact(UnitRelieved(unit=U, post=post, by=OTHER), at)


def sighted(at: str, metres: float = 0.0, village: str = POST, accuracy: float | None = 10.0) -> Fact:
    middle = VILLAGES[village]
    return fact(UnitSighted(unit=U, lat=middle.lat + metres * METRE, lon=middle.lon, accuracy=accuracy), at)


def visited(at: str, village: str = POST, unit: str = U) -> Fact:
    return fact(UnitVisited(unit=unit, village=village), at)


def needed(start: str = "08:00", end: str = "18:00", at: str = "00:00", **changes: Any) -> Fact:
    needs = changes.pop("needs", HEADS)
    fields: dict[str, Any] = {
        "post": POST,
        "jurisdiction": "polres-serang",
        "vulnerability": "rawan",
        "stations": 1,
        "needs": tuple(Need(force=force, heads=heads, per="post") for force, heads in needs.items()),
        "start": clock(start),
        "end": clock(end),
        "plan_version": 1,
        "plan_source": "rencana",
    }
    return fact(PostRequired(**(fields | changes)), at)


PLAN = (needed(), registered(), assigned())


# All of them.


def test_each_rule_has_its_words_and_one_breach_a_subject() -> None:
    assert [WATCHED[rule].service for rule in DEPLOYMENT_WATCH.rules] == ["deployment"] * 7


def test_the_numbers_of_each_rule_are_those_that_its_words_explain() -> None:
    cases: dict[AlertRule, list[Breach]] = {
        "under_strength": broken("under_strength", "09:00", *PLAN, mustered("08:30", 3)),
        "arrival_overdue": broken("arrival_overdue", "09:00", *PLAN),
        "unit_silent": broken("unit_silent", "12:00", *PLAN, arrived("08:00")),
        "left_post": broken("left_post", "09:00", *PLAN, left("08:30")),
        "off_post": broken("off_post", "09:00", *PLAN, arrived("08:00"), sighted("08:30", 5000)),
        "spot_unpatrolled": broken("spot_unpatrolled", "15:00", needed(), patrol()),
        "crossing_not_begun": broken("crossing_not_begun", "06:00", assigned(ISLAND)),
    }
    for rule, breaches in cases.items():
        assert [set(each.numbers) for each in breaches] == [set(WATCHED[rule].numbers)], rule


@pytest.mark.parametrize("rule", DEPLOYMENT_WATCH.rules)
def test_nothing_known_is_no_alert(rule: AlertRule) -> None:
    reports = arrived("08:00"), sighted("09:00", 9000), left("10:00"), visited("11:00"), mustered("11:30", 1)
    assert broken(rule, "12:00") == []
    assert broken(rule, "12:00", *reports) == []


def test_distance_is_over_ground() -> None:
    assert metres_between(-6.0, 106.0, -6.0, 106.0) == 0
    assert metres_between(0.0, 106.0, 1.0, 106.0) == pytest.approx(111_195, abs=1)
    assert metres_between(-60.0, 106.0, -60.0, 107.0) == pytest.approx(55_597, abs=5)


def test_the_island_is_the_one_of_which_the_meeting_told() -> None:
    assert ISLANDS == {ISLAND: "Pulau Tunda"}
    assert ISLANDS.keys() <= VILLAGES.keys()


# under_strength


def short(at: str, *facts: Fact, **more: Any) -> list[str]:
    return [each.subject for each in broken("under_strength", at, *facts, **more)]


def test_a_post_that_is_counted_one_head_short_is_under_strength() -> None:
    (found,) = broken("under_strength", "09:00", *PLAN, mustered("08:30", 3))
    assert found.subject == f"{POST}#polri"
    assert found.since == clock("08:30")
    assert found.numbers == {"required_heads": 4, "present_heads": 3, "missing_heads": 1}
    assert found.villages == (POST,)


def test_a_post_with_enough_heads_is_not() -> None:
    assert short("09:00", *PLAN, mustered("08:30", 4)) == []


def test_whoever_has_not_been_heard_of_may_be_there() -> None:
    assert short("09:00", *PLAN) == []
    assert short("09:00", *PLAN, departed("07:00")) == []
    assert short("09:00", *PLAN, arrived("08:10")) == []


def test_a_post_to_which_nobody_is_sent_is_short() -> None:
    (found,) = broken("under_strength", "08:00", needed())
    assert (found.since, found.numbers["missing_heads"]) == (clock("07:00"), 4)


def test_a_unit_that_is_elsewhere_does_not_count() -> None:
    assert short("09:00", *PLAN, arrived("08:30", ELSEWHERE)) == [f"{POST}#polri"]


def test_strength_is_judged_from_an_hour_before_the_window() -> None:
    counted = mustered("06:00", 3)
    assert short("06:59", *PLAN, counted) == []
    (found,) = broken("under_strength", "07:00", *PLAN, counted)
    assert found.since == clock("07:00")
    assert short("06:30", *PLAN, counted, under_strength_lead=timedelta(hours=2)) == [f"{POST}#polri"]


def test_before_the_window_those_count_who_are_to_be_there_when_it_begins() -> None:
    assert short("07:30", *PLAN) == []
    assert short("07:30", needed(), registered(), assigned(start="09:00")) == [f"{POST}#polri"]


def test_strength_is_judged_until_the_window_ends() -> None:
    counted = mustered("17:00", 3)
    assert short("17:59", *PLAN, counted) == [f"{POST}#polri"]
    assert short("18:00", *PLAN, counted) == []
    assert short("18:00", *PLAN, counted, standing=f"{POST}#polri") == []


def test_a_count_that_falls_makes_it_short_and_a_better_one_heals_it() -> None:
    counts = mustered("08:00", 4), mustered("10:00", 2), mustered("11:00", 4)
    assert short("09:00", *PLAN, counts[0]) == []
    (found,) = broken("under_strength", "10:30", *PLAN, *counts[:2])
    assert found.since == clock("10:00")
    assert short("11:00", *PLAN, *counts, standing=f"{POST}#polri") == []


def test_a_count_that_grows_stale_is_no_reason_to_clear_nor_to_raise() -> None:
    facts = *PLAN, mustered("08:30", 3)
    assert short("14:30", *facts) == [f"{POST}#polri"]
    assert short("14:31", *facts) == []
    assert short("14:31", *facts, standing=f"{POST}#polri") == [f"{POST}#polri"]


def test_the_requirement_in_force_counts_and_a_later_version_heals() -> None:
    newer = needed(at="09:00", plan_version=2, needs={"polri": 3})
    assert short("09:30", *PLAN, newer, mustered("08:30", 3), standing=f"{POST}#polri") == []
    more = needed(at="09:00", plan_version=2, needs={"polri": 5})
    (found,) = broken("under_strength", "09:30", *PLAN, more, mustered("08:30", 4))
    assert found.since == clock("09:00")


def test_each_force_is_judged_by_itself() -> None:
    plan = needed(needs={"polri": 4, "linmas": 2}), registered(), assigned()
    assert short("09:00", *plan, mustered("08:30", 4)) == [f"{POST}#linmas"]


def test_all_units_and_posts_of_a_village_are_counted_together() -> None:
    second = needed(post=STATION, needs={"polri": 2})
    more = assigned(unit=OTHER, headcount={"polri": 2})
    units = registered(), registered(OTHER), assigned(), more
    counts = mustered("08:30", 4), mustered("08:30", 2, STATION, unit=OTHER)
    assert short("09:00", needed(), second, *units, *counts) == []
    assert short("09:00", needed(), second, *units, counts[0], mustered("08:30", 1, STATION, unit=OTHER)) == [
        f"{POST}#polri"
    ]


def test_taking_a_duty_back_or_releasing_the_unit_makes_the_post_short_from_then_on() -> None:
    (found,) = broken("under_strength", "10:00", *PLAN, cancelled("09:30"))
    assert found.since == clock("09:30")
    (found,) = broken("under_strength", "10:00", *PLAN, stood_down("09:45"))
    assert found.since == clock("09:45")
    (found,) = broken("under_strength", "10:00", needed(), registered(), assigned(end="09:15"))
    assert found.since == clock("09:15")


# arrival_overdue


def overdue(at: str, *facts: Fact, **more: Any) -> list[str]:
    return [each.subject for each in broken("arrival_overdue", at, *facts, **more)]


def test_a_unit_that_has_not_come_half_an_hour_after_its_duty_began_is_overdue() -> None:
    assert overdue("08:29", assigned()) == []
    (found,) = broken("arrival_overdue", "08:30", assigned())
    assert (found.subject, found.since, found.villages) == (DUTY, clock("08:30"), (POST,))
    assert found.numbers == {"grace_minutes": 30, "expected_heads": 4}
    assert overdue("08:30", assigned(), arrival_overdue_after=timedelta(hours=1)) == []


@pytest.mark.parametrize(
    "word",
    [
        arrived("10:00"),
        mustered("10:00"),
        left("10:00"),
        relieved("10:00"),
        sighted("10:00", 1400),
        arrived("10:00", STATION),
        arrived("07:00"),
        mustered("07:00"),
    ],
)
def test_any_word_or_near_fix_of_it_there_heals(word: Fact) -> None:
    assert overdue("10:30", assigned(), word, standing=DUTY) == []


@pytest.mark.parametrize(
    "word",
    [
        departed("07:30"),
        arrived("10:00", ELSEWHERE),
        sighted("10:00", 3000),
        sighted("07:29", 100),
        sighted("10:00", 100, accuracy=9000),
        left("07:00"),
    ],
)
def test_a_word_that_does_not_have_it_there_for_this_duty_does_not(word: Fact) -> None:
    assert overdue("10:30", assigned(), word) == [DUTY]


def test_having_come_before_and_gone_elsewhere_before_the_duty_is_not_having_come() -> None:
    assert overdue("10:30", assigned(), arrived("06:00"), arrived("07:00", ELSEWHERE)) == [DUTY]
    assert overdue("10:30", assigned(), arrived("06:00"), arrived("09:00", ELSEWHERE)) == []
    assert overdue("10:30", assigned(), arrived("06:00"), left("07:00")) == [DUTY]
    assert overdue("10:30", assigned(), arrived("07:30"), arrived("07:00", ELSEWHERE)) == []


def test_near_is_nearer_once_it_is_overdue_so_that_a_fix_at_the_edge_does_not_flutter() -> None:
    edge = sighted("10:00", 1800)
    assert overdue("10:30", assigned(), edge) == []
    assert overdue("10:30", assigned(), edge, standing=DUTY) == [DUTY]


def test_a_duty_that_is_ordered_late_begins_with_the_order() -> None:
    late = assigned(at="09:00")
    assert overdue("09:29", late) == []
    assert [each.since for each in broken("arrival_overdue", "09:30", late)] == [clock("09:30")]


@pytest.mark.parametrize("end", [cancelled(), stood_down("09:00")])
def test_nobody_is_awaited_whose_duty_was_taken_back_or_who_is_released(end: Fact) -> None:
    assert overdue("10:00", assigned(), end, standing=DUTY) == []


def test_a_unit_is_awaited_until_the_duty_ends() -> None:
    assert overdue("17:59", assigned()) == [DUTY]
    assert overdue("18:00", assigned(), standing=DUTY) == []


def test_only_a_duty_at_a_post_awaits_an_arrival() -> None:
    assert overdue("10:00", assigned(DISTRICT, target_kind="area", duty="reserve")) == []


def test_a_unit_that_is_not_at_sea_to_its_island_is_told_of_once() -> None:
    assert overdue("10:00", assigned(ISLAND)) == []
    assert overdue("10:00", assigned(ISLAND), departed("06:30", ISLAND, "sea")) == [DUTY]
    assert overdue("10:00", assigned(ISLAND), departed("06:30", ISLAND, "sea"), arrived("09:00", ISLAND)) == []


# crossing_not_begun


def ashore(at: str, *facts: Fact, **more: Any) -> list[str]:
    return [each.subject for each in broken("crossing_not_begun", at, assigned(ISLAND), *facts, **more)]


def test_a_unit_that_is_not_at_sea_two_hours_before_its_duty_on_an_island_is_late() -> None:
    assert ashore("05:59") == []
    (found,) = broken("crossing_not_begun", "06:00", assigned(ISLAND))
    assert (found.subject, found.since, found.villages) == (DUTY, clock("06:00"), (ISLAND,))
    assert found.numbers == {"lead_minutes": 120, "expected_heads": 4}
    assert ashore("06:00", crossing_lead=timedelta(hours=1)) == []


@pytest.mark.parametrize(
    "word",
    [
        departed("06:30", ISLAND, "sea"),
        departed("06:30", ISLAND, None),
        arrived("07:30", ISLAND),
        mustered("07:30", post=ISLAND),
        sighted("07:30", village=ISLAND),
    ],
)
def test_being_at_sea_or_there_heals(word: Fact) -> None:
    assert ashore("09:00", word, standing=DUTY) == []


@pytest.mark.parametrize("word", [departed("05:00", ISLAND, "road"), departed("05:00", POST, "sea")])
def test_being_on_the_road_to_the_boat_or_at_sea_to_elsewhere_is_not_crossing(word: Fact) -> None:
    assert ashore("07:00", word) == [DUTY]


def test_a_crossing_of_an_earlier_stay_does_not_count() -> None:
    before = departed("01:00", ISLAND, "sea"), arrived("03:00", ISLAND), left("04:00", "S/1", ISLAND)
    assert ashore("07:00", *before) == [DUTY]
    assert ashore("07:00", *before[:2]) == []


@pytest.mark.parametrize("end", [cancelled("05:00"), stood_down("05:00")])
def test_nobody_crosses_for_a_duty_that_is_over(end: Fact) -> None:
    assert ashore("07:00", end, standing=DUTY) == []
    assert ashore("18:00", standing=DUTY) == []


def test_a_post_on_the_mainland_needs_no_crossing() -> None:
    assert broken("crossing_not_begun", "09:00", assigned()) == []


# unit_silent


def silent(at: str, *facts: Fact, **more: Any) -> list[Breach]:
    return broken("unit_silent", at, *facts, **more)


def test_a_unit_at_its_post_that_says_nothing_for_long_is_silent() -> None:
    facts = assigned(), arrived("08:10")
    assert silent("09:39", *facts) == []
    (found,) = silent("09:40", *facts)
    assert (found.subject, found.since, found.villages) == (f"unit/{U}", clock("09:40"), (POST,))
    assert found.numbers == {"allowed_minutes": 90, "heads": 4}
    assert silent("09:40", *facts, unit_silent_after=timedelta(hours=2)) == []


@pytest.mark.parametrize("word", [sighted("12:00"), mustered("12:00"), visited("12:00"), departed("12:00", ELSEWHERE)])
def test_any_report_heals(word: Fact) -> None:
    assert silent("13:00", assigned(), arrived("08:10"), word, standing=f"unit/{U}") == []


def test_a_report_that_comes_late_counts_as_of_its_own_time() -> None:
    assert silent("13:00", assigned(), arrived("08:10"), sighted("09:00"), standing=f"unit/{U}") != []


def test_the_time_runs_from_the_begin_of_the_duty_if_that_was_later() -> None:
    facts = assigned(), arrived("06:00")
    assert silent("09:29", *facts) == []
    assert [each.since for each in silent("09:30", *facts)] == [clock("09:30")]


def test_another_duty_s_begin_does_not_clear_a_silence_that_stands() -> None:
    facts = assigned(end="10:00"), arrived("08:10"), assigned(start="10:00", assignment="a2")
    assert silent("10:30", *facts) == []
    assert [each.since for each in silent("10:30", *facts, standing=f"unit/{U}")] == [clock("09:40")]


def test_a_unit_is_to_be_heard_while_its_duty_lasts() -> None:
    facts = assigned(), arrived("08:10")
    assert silent("17:59", *facts) != []
    assert silent("18:00", *facts, standing=f"unit/{U}") == []


@pytest.mark.parametrize(
    "end", [cancelled(), stood_down("09:00"), relieved("09:00"), left("09:00"), left("09:00", "S")]
)
def test_nothing_is_to_be_heard_of_a_unit_that_is_off_duty_or_gone(end: Fact) -> None:
    assert silent("12:00", assigned(), arrived("08:10"), end, standing=f"unit/{U}") == []


def test_a_unit_that_has_not_come_is_overdue_and_not_silent() -> None:
    assert silent("12:00", assigned()) == []
    assert silent("12:00", assigned(), departed("07:00")) == []


def test_patrols_the_reserve_and_close_protection_are_to_be_heard_from_the_begin_on() -> None:
    for changes in (
        {"target": DISTRICT, "target_kind": "area", "duty": "patrol"},
        {"target": DISTRICT, "target_kind": "area", "duty": "reserve"},
        {"target": f"{POST}-c01", "target_kind": "protectee", "duty": "close_protection"},
    ):
        assert silent("09:29", assigned(**changes)) == []
        assert [each.since for each in silent("09:30", assigned(**changes))] == [clock("09:30")]


def test_an_escort_is_watched_with_its_shipment() -> None:
    assert silent("12:00", assigned("kirim-1", target_kind="shipment", duty="escort")) == []


# left_post

LEFT = f"unit/{U}#post/{POST}"
AT_POST = assigned(), arrived("08:10")


def gone(at: str, *facts: Fact, **more: Any) -> list[str]:
    return [each.subject for each in broken("left_post", at, *AT_POST, *facts, **more)]


def test_a_unit_that_leaves_its_post_without_consent_during_its_duty_has_left_it() -> None:
    assert gone("12:04", left("12:00")) == []
    (found,) = broken("left_post", "12:05", *AT_POST, left("12:00"))
    assert (found.subject, found.since, found.villages) == (LEFT, clock("12:00"), (POST,))
    assert found.numbers == {"missing_heads": 4, "remaining_minutes": 360}
    assert gone("12:05", left("12:00"), left_post_after=timedelta(minutes=10)) == []


@pytest.mark.parametrize(
    "word", [left("12:01", "S/1"), left("12:30", "S/1"), arrived("12:30"), mustered("12:30"), relieved("12:02")]
)
def test_consent_coming_back_or_relief_heals(word: Fact) -> None:
    assert gone("13:00", left("12:00"), word, standing=LEFT) == []


def test_relief_before_it_left_is_leave_but_not_that_of_an_earlier_stay() -> None:
    assert gone("13:00", relieved("11:59"), left("12:00")) == []
    assert gone("13:00", relieved("10:00"), arrived("11:00"), left("12:00")) == [LEFT]


@pytest.mark.parametrize("word", [departed("12:30"), sighted("12:30"), arrived("12:30", ELSEWHERE)])
def test_setting_out_for_it_or_being_elsewhere_is_not_being_back(word: Fact) -> None:
    assert gone("13:00", left("12:00"), word) == [LEFT]


def test_it_lasts_until_the_duty_ends() -> None:
    assert gone("17:59", left("12:00")) == [LEFT]
    assert gone("18:00", left("12:00"), standing=LEFT) == []


@pytest.mark.parametrize("end", [cancelled("12:30"), stood_down("12:30")])
def test_a_duty_that_is_taken_back_or_a_release_heals(end: Fact) -> None:
    assert gone("13:00", left("12:00"), end, standing=LEFT) == []


def test_leaving_before_or_after_the_duty_is_no_breach() -> None:
    assert broken("left_post", "12:00", assigned(), arrived("07:30"), left("07:59")) == []
    assert gone("19:00", left("18:00")) == []


def test_a_duty_at_the_village_s_post_covers_its_stations() -> None:
    assert gone("13:00", left("12:00", post=STATION)) == [f"unit/{U}#post/{STATION}"]
    assert gone("13:00", left("12:00", post=ELSEWHERE)) == []


# off_post


def off(at: str, *facts: Fact, **more: Any) -> list[Breach]:
    return broken("off_post", at, *facts, **more)


def test_a_unit_whose_last_fix_is_farther_than_allowed_beside_its_accuracy_is_off_its_post() -> None:
    (found,) = off("12:00", *AT_POST, sighted("11:00", 2100, accuracy=50.0))
    assert (found.subject, found.since, found.villages) == (f"unit/{U}", clock("11:00"), (POST,))
    assert found.numbers == {"distance_metres": 2100, "accuracy_metres": 50, "allowed_metres": 2000}
    assert off("12:00", *AT_POST, sighted("11:00", 2049, accuracy=50.0)) == []
    assert len(off("12:00", *AT_POST, sighted("11:00", 2049, accuracy=None))) == 1
    assert off("12:00", *AT_POST, sighted("11:00", 2100), off_post_metres=2500.0) == []


def test_it_is_back_when_a_fix_is_nearer_than_the_smaller_distance() -> None:
    standing = f"unit/{U}"
    assert len(off("12:00", *AT_POST, sighted("11:00", 1600), standing=standing)) == 1
    assert off("12:00", *AT_POST, sighted("11:00", 1600)) == []
    assert off("12:00", *AT_POST, sighted("11:00", 1400), standing=standing) == []
    assert len(off("12:00", *AT_POST, sighted("11:00", 1400), standing=standing, off_post_back_metres=1000.0)) == 1


def test_a_fix_too_coarse_to_tell_neither_raises_nor_clears() -> None:
    coarse = sighted("11:00", 1000, accuracy=5000.0)
    assert off("12:00", *AT_POST, coarse) == []
    assert off("12:00", *AT_POST, sighted("11:00", 4000, accuracy=5000.0)) == []
    assert len(off("12:00", *AT_POST, coarse, standing=f"unit/{U}")) == 1


def test_a_fix_from_before_the_last_word_of_its_presence_says_nothing() -> None:
    assert off("12:00", assigned(), sighted("08:05", 5000), arrived("08:10")) == []
    assert off("12:00", *AT_POST, sighted("11:00", 5000), mustered("11:10"), standing=f"unit/{U}") == []


@pytest.mark.parametrize("word", [left("10:30"), left("10:30", "S/1"), relieved("10:30"), departed("10:30", ELSEWHERE)])
def test_a_unit_that_is_not_said_to_be_there_is_not_off_it(word: Fact) -> None:
    assert off("12:00", *AT_POST, sighted("11:00", 5000), word, standing=f"unit/{U}") == []


@pytest.mark.parametrize("end", [cancelled(), stood_down("11:30")])
def test_without_a_duty_there_it_may_be_anywhere(end: Fact) -> None:
    facts = *AT_POST, sighted("11:00", 5000)
    assert len(off("17:59", *facts)) == 1
    assert off("18:00", *facts, standing=f"unit/{U}") == []
    assert off("12:00", *facts, end, standing=f"unit/{U}") == []


def test_of_a_unit_with_duties_in_several_places_nobody_knows_whose_fix_it_is() -> None:
    facts = *AT_POST, sighted("11:00", 5000)
    elsewhere = assigned(DISTRICT, end="12:30", assignment="a2", target_kind="area", duty="reserve")
    assert off("12:00", *facts, elsewhere) == []
    assert len(off("12:30", *facts, elsewhere)) == 1
    assert len(off("12:00", *facts, assigned(STATION, assignment="a2"))) == 1


# spot_unpatrolled


def patrol(start: str = "08:00", end: str = "16:00", **changes: Any) -> Fact:
    fields: dict[str, Any] = {"duty": "patrol", "target_kind": "area"}
    return assigned(changes.pop("target", DISTRICT), start, end, **(fields | changes))


def unseen(at: str, *facts: Fact, **more: Any) -> list[Breach]:
    return broken("spot_unpatrolled", at, *facts, **more)


def test_a_vulnerable_village_that_no_patrol_visits_in_seven_hours_is_unpatrolled() -> None:
    assert unseen("14:59", needed(), patrol()) == []
    (found,) = unseen("15:00", needed(), patrol())
    assert (found.subject, found.since, found.villages) == (POST, clock("15:00"), (POST,))
    assert found.numbers == {"allowed_minutes": 420, "patrols_count": 1}
    assert unseen("15:00", needed(), patrol(), spot_unpatrolled_after=timedelta(hours=8)) == []


def test_a_visit_by_anybody_heals_and_the_time_runs_from_it() -> None:
    facts = needed(), patrol()
    assert unseen("15:00", *facts, visited("08:30", unit=OTHER), standing=POST) == []
    assert [each.since for each in unseen("15:31", *facts, visited("08:30"))] == [clock("15:30")]
    assert unseen("15:30", *facts, visited("08:30", ELSEWHERE)) != []
    assert unseen("15:29", *facts, visited("08:30"), visited("08:10", unit=OTHER)) == []


@pytest.mark.parametrize(("grade", "count"), [("kurang_rawan", 0), ("rawan", 1), ("sangat_rawan", 1)])
def test_a_village_is_vulnerable_by_the_newest_plan(grade: str, count: int) -> None:
    newer = needed(plan_version=10, vulnerability=grade)
    older = needed(plan_version=9, vulnerability="rawan" if grade == "kurang_rawan" else "kurang_rawan")
    assert len(unseen("15:00", older, newer, patrol())) == count


@pytest.mark.parametrize(
    "other",
    [
        patrol(target="36.04.05"),
        patrol(duty="reserve"),
        patrol(start="09:00"),
        patrol(end="15:00"),
    ],
)
def test_it_is_unpatrolled_only_while_patrols_are_due_in_its_district(other: Fact) -> None:
    assert unseen("15:00", needed(), other) == []


@pytest.mark.parametrize("end", [cancelled(), stood_down("14:00")])
def test_a_patrol_that_is_taken_back_or_released_is_not_due(end: Fact) -> None:
    assert unseen("15:00", needed(), patrol(), end, standing=POST) == []


def test_the_time_runs_from_the_begin_of_the_earliest_patrol_that_is_due() -> None:
    second = patrol(start="10:00", unit=OTHER, assignment="a2")
    (found,) = unseen("15:00", needed(), patrol(), second)
    assert found.numbers["patrols_count"] == 2


def test_the_next_patrol_s_begin_does_not_clear_an_alert_that_stands() -> None:
    facts = needed(), visited("07:00"), patrol("06:00", "15:00"), patrol("15:00", "22:00", assignment="a2")
    assert unseen("15:30", *facts) == []
    assert len(unseen("15:30", *facts, standing=POST)) == 1


def test_an_island_is_no_patrol_s_spot() -> None:
    assert unseen("15:30", needed(post=ISLAND), patrol()) == []
