"""Ballots after the count, and the return to the place where the boxes are kept."""

from itertools import permutations
from typing import Any

import pytest

from services.views.facts import Fact
from tests.support.facts import shown
from tests.support.shipment import (
    TPS,
    TPS2,
    VILLAGE,
    package,
    planned,
    reconciled,
    return_planned,
    returned,
)

PLAN = planned()


def count(*facts: Fact, tps: str = TPS) -> dict[str, Any]:
    return shown(*facts)["reconciliations"][tps]


def test_a_count_that_adds_up_and_agrees_with_the_manifest_is_as_it_should_be() -> None:
    document = shown(PLAN, reconciled())
    found = document["reconciliations"][TPS]
    assert (found["accounted"], found["difference"]) == (480, 0)
    assert (found["planned"], found["received_difference"]) == (480, 0)
    assert (found["record"], found["flags"]) == ("BA-1", [])
    assert (document["discrepancies"], document["flags"]) == ([], [])


@pytest.mark.parametrize(("change", "difference"), [({"used": 397}, -3), ({"unused": 80}, 2), ({"spoiled": 1}, -1)])
def test_received_is_used_and_unused_and_spoiled_and_a_difference_is_a_discrepancy_with_its_number(
    change: dict[str, int], difference: int
) -> None:
    document = shown(PLAN, reconciled(**change))
    assert document["reconciliations"][TPS]["difference"] == difference
    assert document["discrepancies"] == [
        {
            "what": "ballots_counted",
            "tps": TPS,
            "as_of": "2019-11-03T14:00:00Z",
            "expected": 480,
            "found": 480 + difference,
            "difference": difference,
            "open": True,
        }
    ]
    assert document["reconciliations"][TPS]["flags"] == document["flags"] == ["discrepancy"]


def test_ballots_received_are_those_of_the_manifest_for_that_station() -> None:
    document = shown(PLAN, reconciled(received=475, used=395))
    assert document["reconciliations"][TPS]["received_difference"] == -5
    (found,) = document["discrepancies"]
    assert (found["what"], found["expected"], found["found"], found["difference"]) == ("ballots_received", 480, 475, -5)
    assert document["flags"] == ["discrepancy"]


def test_only_ballots_for_that_very_station_are_held_against_it_all_of_them() -> None:
    plan = planned(
        packages=(
            package("a", count=300),
            package("b", count=180),
            package("c", "ballot_box", count=7),
            package("d", tps=TPS2, count=50),
            package("e", tps=VILLAGE, count=9),
        )
    )
    assert count(plan, reconciled())["planned"] == 480
    assert shown(plan, reconciled())["flags"] == []


def test_a_station_for_which_the_manifest_holds_no_ballots_is_unexpected_and_differs_from_no_plan() -> None:
    other = f"{VILLAGE}-tps09"
    found = count(PLAN, reconciled(other), tps=other)
    assert (found["planned"], found["received_difference"], found["flags"]) == (None, None, ["unexpected"])
    assert count(reconciled(other), tps=other)["flags"] == []


def test_a_count_is_put_right_by_a_later_word_on_the_same_station() -> None:
    wrong, right = reconciled(used=397), reconciled(at="15:00")
    for order in permutations((PLAN, wrong, right)):
        assert shown(*order)["flags"] == []
    assert shown(PLAN, wrong, reconciled(TPS2, at="15:00"))["flags"] == ["discrepancy"]


# The return.


def test_packages_are_back_at_the_place_that_was_planned_for_keeping_them() -> None:
    document = shown(PLAN, return_planned(), returned("box-1"))
    back = document["packages"]["box-1"]["returned"]
    assert (back["place"], back["receiver"]) == ("gudang-polres", "polres")
    assert document["packages"]["box-2"]["returned"] is None
    assert document["flags"] == []


def test_packages_that_were_brought_back_elsewhere_are_flagged() -> None:
    document = shown(PLAN, return_planned(), returned("box-1", place="rumah-kades"))
    assert document["packages"]["box-1"]["flags"] == document["flags"] == ["returned_elsewhere"]
    moved = returned("box-1", at="20:00")
    assert shown(PLAN, return_planned(), moved, returned("box-1", place="rumah-kades"))["flags"] == []


def test_the_place_for_keeping_is_that_of_the_plan_in_force() -> None:
    other = return_planned(storage="gudang-lain", at="19:00")
    assert shown(PLAN, return_planned(), other, returned("box-1"))["flags"] == ["returned_elsewhere"]
    assert shown(PLAN, return_planned(), other, returned("box-1", place="gudang-lain"))["flags"] == []


def test_a_return_that_nobody_planned_is_to_no_wrong_place() -> None:
    assert shown(PLAN, returned("box-1", place="anywhere"))["flags"] == []
