"""Seals as they were put on and as they were found: inspections, changes of mode, openings."""

from itertools import permutations
from typing import Any

import pytest

from schemas.logistics import CustodyReceived, CustodyReleased
from services.views.facts import Fact
from tests.support.facts import shown
from tests.support.shipment import (
    delivered,
    handed,
    inspected,
    load,
    opened,
    planned,
    returned,
    sealed,
    transshipped,
)

PLAN = planned()
SEALED = sealed("box-1", "A", "B")


def seals(*facts: Fact) -> dict[str, Any]:
    found = shown(PLAN, *facts)["discrepancies"]
    assert [each["what"] for each in found] == ["seals"]
    return found[0]


def flags(*facts: Fact) -> list[str]:
    document = shown(PLAN, *facts)
    assert document["flags"] == document["packages"]["box-1"]["flags"]
    return document["flags"]


def test_an_inspection_that_finds_the_seals_as_they_were_put_on_is_no_discrepancy() -> None:
    assert flags(SEALED, inspected("box-1", "05:00", A="intact", B="intact")) == []


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({"A": "intact", "B": "broken"}, {"broken": ["B"]}),
        ({"A": "intact", "B": "missing"}, {"missing": ["B"]}),
        ({"A": "intact"}, {"missing": ["B"]}),
        ({}, {"missing": ["A", "B"]}),
        ({"A": "intact", "B": "intact", "X": "intact"}, {"strange": ["X"]}),
        ({"A": "intact", "B": "intact", "X": "missing"}, {"missing": ["X"]}),
        ({"A": "intact", "X": "broken"}, {"missing": ["B"], "strange": ["X"], "broken": ["X"]}),
    ],
)
def test_an_inspection_tells_which_seals_are_broken_missing_or_strange(
    found: dict[str, Any], wrong: dict[str, list[str]]
) -> None:
    inspection = inspected("box-1", "05:00", **found)
    for order in permutations((SEALED, inspection)):
        seen = seals(*order)
        assert {name: seen[name] for name in ("broken", "missing", "strange")} == {
            "broken": [], "missing": [], "strange": [], **wrong
        }  # fmt: skip
        assert (seen["package"], seen["seen"], seen["place"], seen["put_on"]) == (
            "box-1", "inspected", "dermaga", ["A", "B"]
        )  # fmt: skip
        assert flags(*order) == ["discrepancy"]


def test_a_package_that_was_never_sealed_has_no_strange_seal_but_can_have_a_broken_one() -> None:
    assert flags(inspected("box-1", "05:00", A="intact")) == []
    assert seals(inspected("box-1", "05:00", A="broken"))["broken"] == ["A"]


def test_seals_read_at_a_change_of_mode_are_held_against_those_put_on() -> None:
    seen = seals(SEALED, transshipped(packages=load({"box-1": ("A", "X"), "box-2": ()})))
    assert (seen["seen"], seen["leg"], seen["missing"], seen["strange"]) == ("transshipped", "laut", ["B"], ["X"])


def test_each_reading_of_a_seal_that_differs_is_a_discrepancy_of_its_own_oldest_first() -> None:
    document = shown(
        PLAN,
        SEALED,
        inspected("box-1", "07:00", A="intact"),
        handed(CustodyReceived, "06:00", {"box-1": ("A",)}),
        handed(CustodyReleased, "05:00", {"box-1": ("A",)}),
        inspected("box-1", "04:00", A="intact"),
    )
    assert [(each["seen"], each["handover"]) for each in document["discrepancies"]] == [
        ("inspected", None),
        ("released", "h1"),
        ("received", "h1"),
        ("inspected", None),
    ]


def test_a_discrepancy_stays_on_record_and_is_closed_by_a_later_inspection_that_finds_all_right() -> None:
    wrong, right = (
        inspected("box-1", "05:00", A="intact", B="broken"),
        inspected("box-1", "06:00", A="intact", B="intact"),
    )
    for order in permutations((SEALED, wrong, right)):
        assert seals(*order)["open"] is False
        assert flags(*order) == []
    before = inspected("box-1", "04:00", A="intact", B="intact")
    assert seals(SEALED, wrong, before)["open"] is True
    assert flags(SEALED, wrong, before) == ["discrepancy"]


def test_a_handover_closes_no_discrepancy_and_neither_does_a_look_at_another_package() -> None:
    wrong = inspected("box-1", "05:00", A="intact", B="broken")
    assert seals(SEALED, wrong, handed(CustodyReleased, "06:00", {"box-1": ("A", "B")}))["open"] is True
    assert seals(SEALED, wrong, inspected("box-2", "06:00"))["open"] is True


def test_a_new_sealing_lets_an_inspection_find_all_right_again() -> None:
    wrong, again = inspected("box-1", "05:00", A="intact", B="broken"), sealed("box-1", "C", at="05:30")
    assert flags(SEALED, wrong, again) == ["discrepancy"]
    assert flags(SEALED, wrong, again, inspected("box-1", "06:00", C="intact")) == []


# Openings.


def state(*facts: Fact) -> tuple[str, list[str]]:
    package = shown(PLAN, *facts)["packages"]["box-1"]
    return package["seal_state"], package["seals"]


def test_a_package_is_unsealed_then_sealed_then_opened_and_can_be_sealed_again() -> None:
    again = sealed("box-1", "C", at="12:00")
    assert state() == ("unsealed", [])
    assert state(SEALED) == ("sealed", ["A", "B"])
    assert state(SEALED, opened("box-1")) == ("opened", [])
    assert state(SEALED, opened("box-1"), again) == ("sealed", ["C"])
    assert state(SEALED, again, opened("box-1")) == ("sealed", ["C"])
    assert state(SEALED, again, opened("box-1"), opened("box-1", at="13:00")) == ("opened", [])


def test_an_opened_package_shows_where_and_before_whom() -> None:
    document = shown(PLAN, SEALED, opened("box-1", witnesses=("saksi-a", "saksi-b")))
    assert document["packages"]["box-1"]["opened"] == {
        "tps": "36.04.13.2009-tps01",
        "witnesses": ["saksi-a", "saksi-b"],
        "as_of": "2019-11-03T11:00:00Z",
    }
    assert document["packages"]["box-2"]["opened"] is None


def test_packages_opened_before_no_witness_are_flagged_until_a_later_word_names_one() -> None:
    alone = opened("box-1", witnesses=())
    assert flags(SEALED, alone) == ["unwitnessed"]
    for order in permutations((alone, opened("box-1", at="11:10"))):
        assert flags(SEALED, *order) == []


def test_a_package_without_seals_is_no_discrepancy_once_it_was_opened() -> None:
    bare = inspected("box-1", "12:00")
    assert flags(SEALED, bare) == ["discrepancy"]
    assert flags(SEALED, bare, opened("box-1")) == []


def test_a_seal_that_is_still_read_after_the_opening_is_strange() -> None:
    assert seals(SEALED, opened("box-1"), inspected("box-1", "12:00", A="intact"))["strange"] == ["A"]


def test_what_is_read_at_the_instant_of_the_opening_was_read_before() -> None:
    assert flags(SEALED, opened("box-1"), inspected("box-1", "11:00", A="intact", B="intact")) == []


def test_a_package_that_only_an_inspection_or_an_opening_names_is_unexpected() -> None:
    document = shown(PLAN, inspected("box-8", "05:00"), opened("box-9"))
    assert document["packages"]["box-8"]["flags"] == document["packages"]["box-9"]["flags"] == ["unexpected"]


@pytest.mark.parametrize(
    "report",
    [
        transshipped(packages=load({"box-1": (), "box-2": (), "box-9": ()})),
        delivered("box-9"),
        returned("box-9"),
    ],
)
def test_a_package_that_only_a_change_of_mode_a_delivery_or_a_return_names_is_unexpected(report: Fact) -> None:
    assert shown(PLAN, report)["packages"]["box-9"]["flags"] == ["unexpected"]
