"""The legs of a shipment out and back: escorts and changes of mode."""

from itertools import permutations
from typing import Any

import pytest

from services.views.facts import Fact
from tests.support.facts import shown
from tests.support.shipment import (
    BOXES,
    S,
    arrived,
    departed,
    leg,
    load,
    package,
    planned,
    return_planned,
    sealed,
    tied,
    transshipped,
)

PLAN = planned()


def leg_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in document["legs"] if each["leg"] == name]
    return found


def flags(name: str, *facts: Fact) -> list[str]:
    return leg_of(shown(*facts), name)["flags"]


# Escorts.


def test_a_leg_shows_the_escort_that_is_tied_to_it_last() -> None:
    document = shown(PLAN, tied("laut", "polairud-1"), tied("laut", "polairud-2", at="03:10"))
    ordered = leg_of(document, "laut")["ordered_escort"]
    assert (ordered["unit"], ordered["order_reference"], ordered["assignment"]) == ("polairud-2", "SPRIN/1", None)
    assert leg_of(document, "darat")["ordered_escort"] is None


def test_departing_without_the_escort_that_is_required_is_unescorted_tied_or_not() -> None:
    assert flags("darat", PLAN, departed("darat")) == []
    changed = [PLAN, transshipped(), departed("laut")]
    assert flags("laut", *changed) == ["unescorted"]
    assert flags("laut", *changed, tied("laut", "polairud-1")) == ["unescorted"]
    assert shown(*changed)["flags"] == ["unescorted"]


def test_departing_with_the_escort_that_is_tied_to_the_leg_is_as_it_should_be() -> None:
    facts = (PLAN, transshipped(), tied("laut", "polairud-1"), departed("laut", escort="polairud-1"))
    assert shown(*facts)["flags"] == []


def test_departing_with_another_unit_than_the_one_tied_to_the_leg_is_flagged_so() -> None:
    facts = (transshipped(), departed("laut", escort="brimob-2"))
    for order in permutations(facts):
        assert flags("laut", PLAN, tied("laut", "polairud-1"), *order) == ["escort_differs"]
    assert shown(PLAN, tied("laut", "polairud-1"), *facts)["flags"] == ["escort_differs"]


def test_any_unit_will_do_for_a_leg_that_none_is_tied_to() -> None:
    assert flags("laut", PLAN, transshipped(), departed("laut", escort="brimob-2")) == []


def test_an_escort_is_held_against_the_unit_that_was_tied_when_it_departed() -> None:
    tied_before, tied_since = tied("laut", "polairud-1", at="03:00"), tied("laut", "polairud-2", at="06:00")
    left = transshipped(), departed("laut", at="05:00", escort="polairud-1")
    assert flags("laut", PLAN, tied_before, tied_since, *left) == []
    assert flags("laut", PLAN, tied_since, *left) == ["escort_differs"]


def test_if_none_was_tied_by_then_the_first_one_tied_since_counts() -> None:
    left = transshipped(), departed("laut", at="05:00", escort="polairud-1")
    late, later = tied("laut", "polairud-1", at="06:00"), tied("laut", "polairud-2", at="07:00")
    assert flags("laut", PLAN, late, later, *left) == []


@pytest.mark.parametrize(
    "report",
    [
        departed("laut", escort="polairud-1"),
        arrived("laut"),
        transshipped(),
        transshipped(to_leg="desa", from_leg="laut"),
    ],
)
def test_an_escort_of_a_leg_that_no_report_has_named_yet_is_unreported_until_one_does(report: Fact) -> None:
    ordered = (PLAN, tied("laut", "polairud-1"))
    assert flags("laut", *ordered) == ["unreported"]
    assert flags("laut", *ordered, departed("darat")) == ["unreported"]
    assert "unreported" not in flags("laut", *ordered, report)
    assert "unreported" not in flags("darat", *ordered)


# Changes of mode.


def test_a_change_of_mode_shows_the_compartment_seal_and_who_signed() -> None:
    document = shown(PLAN, transshipped())
    change = document["transshipments"]["laut"]
    assert (change["compartment_seal"], change["waybill"], change["place"]) == ("KP-1", "SJ-1", "dermaga")
    assert (change["signatories"], change["unchecked"], change["flags"]) == (["pos", "kapal"], [], [])
    assert document["flags"] == []


def test_every_package_of_the_manifest_is_checked_at_a_change_of_mode() -> None:
    document = shown(PLAN, transshipped(packages=load({"box-2": ()})))
    assert document["transshipments"]["laut"]["unchecked"] == ["box-1"]
    assert document["transshipments"]["laut"]["flags"] == document["flags"] == ["unchecked"]


@pytest.mark.parametrize("signatories", [(), ("pos",), ("pos", "pos")])
def test_two_sign_a_change_of_mode(signatories: tuple[str, ...]) -> None:
    document = shown(PLAN, transshipped(signatories=signatories))
    assert document["transshipments"]["laut"]["flags"] == document["flags"] == ["too_few_signatories"]


def test_the_later_word_on_a_change_of_mode_counts() -> None:
    wrong, right = transshipped(signatories=()), transshipped("06:40")
    for order in permutations((PLAN, wrong, right)):
        assert shown(*order)["flags"] == []


def test_a_compartment_seal_is_one_that_serves_nowhere_else_in_the_shipment() -> None:
    on_a_package = shown(PLAN, sealed("box-9", "KP-1"), transshipped())
    assert on_a_package["transshipments"]["laut"]["flags"] == ["seal_reused"]
    twice = shown(PLAN, transshipped(), transshipped("08:00", from_leg="laut", to_leg="desa"))
    assert {onto: each["flags"] for onto, each in twice["transshipments"].items()} == {
        "laut": ["seal_reused"],
        "desa": ["seal_reused"],
    }
    other = transshipped("08:00", from_leg="laut", to_leg="desa", compartment_seal="KP-2")
    assert shown(PLAN, transshipped(), other)["flags"] == []


@pytest.mark.parametrize(
    ("from_leg", "to_leg"), [("darat", "desa"), ("laut", "darat"), ("desa", "pulang-laut"), ("x", "y")]
)
def test_a_change_of_mode_between_legs_that_do_not_follow_each_other_is_unexpected(from_leg: str, to_leg: str) -> None:
    document = shown(PLAN, return_planned(), transshipped(from_leg=from_leg, to_leg=to_leg))
    assert document["transshipments"][to_leg]["flags"] == ["unexpected"]


def test_nothing_is_expected_of_a_change_of_mode_while_no_plan_is_known() -> None:
    assert shown(transshipped(packages=load({"box-1": ()})))["flags"] == ["unknown_subject"]


@pytest.mark.parametrize("report", [departed("laut", escort="u"), arrived("laut")])
def test_a_leg_of_another_mode_that_was_begun_without_a_change_of_mode_is_flagged(report: Fact) -> None:
    assert flags("laut", PLAN, report) == ["not_transshipped"]
    assert shown(PLAN, report)["flags"] == ["not_transshipped"]
    for order in permutations((PLAN, report, transshipped())):
        assert flags("laut", *order) == []


def test_no_change_of_mode_is_needed_before_the_first_leg_of_a_way_or_between_legs_of_one_mode() -> None:
    plan = planned(legs=(leg("l1", "sea"), leg("l2", "sea")))
    assert shown(plan, return_planned(), departed("l1"), departed("l2"), departed("pulang-laut"))["flags"] == []
    assert flags("pulang-darat", plan, return_planned(), departed("pulang-darat")) == ["not_transshipped"]


def test_a_leg_that_has_not_been_begun_needs_no_change_of_mode_yet() -> None:
    assert flags("laut", PLAN, departed("darat"), arrived("darat")) == []


# Departures and arrivals.


def test_a_leg_that_was_begun_again_after_its_end_is_under_way() -> None:
    for order in permutations((PLAN, departed("darat", at="05:00"), arrived("darat"), departed("darat", at="07:00"))):
        assert leg_of(shown(*order), "darat")["state"] == "under_way"


def test_the_latest_arrival_counts_and_not_the_last_to_come_in() -> None:
    for order in permutations((PLAN, arrived("darat", at="06:00"), arrived("darat", at="06:30"))):
        assert leg_of(shown(*order), "darat")["arrived_at"] == "2019-11-03T06:30:00Z"


# The way back.


def test_the_legs_of_the_way_back_follow_those_of_the_way_out() -> None:
    document = shown(PLAN, return_planned())
    assert [(each["leg"], each["way"]) for each in document["legs"]] == [
        ("darat", "out"),
        ("laut", "out"),
        ("desa", "out"),
        ("pulang-laut", "back"),
        ("pulang-darat", "back"),
    ]
    assert shown(PLAN, return_planned(), departed("pulang-laut"))["flags"] == []
    assert shown(PLAN, departed("pulang-laut"))["flags"] == ["unexpected"]


def test_a_later_plan_of_the_way_back_supersedes_the_first_and_erases_nothing() -> None:
    other = return_planned(legs=(leg("pulang-darat", escort_required=True),), storage="gudang-lain", at="01:40")
    document = shown(PLAN, return_planned(), other)
    assert [each["leg"] for each in document["legs"]] == ["darat", "laut", "desa", "pulang-darat"]
    assert [each["storage"] for each in document["returns"]] == ["gudang-polres", "gudang-lain"]
    begun = shown(PLAN, return_planned(), other, departed("pulang-laut"), departed("pulang-darat"))
    assert [each["leg"] for each in begun["legs"]][3:] == ["pulang-darat", "pulang-laut"]
    assert begun["flags"] == ["unescorted"]  # by the plan in force, in which it is the first leg and has an escort


def test_a_package_of_the_manifest_of_another_kind_is_checked_as_well() -> None:
    plan = planned(packages=(*BOXES, package("tinta", "ink")))
    assert shown(plan, transshipped())["transshipments"]["laut"]["unchecked"] == ["tinta"]
    assert shown(plan)["shipment"] == S
