"""What a district head's check says of a village."""

from itertools import permutations
from typing import Any

import pytest

from schemas.logistics import ReadinessChecked, ReadinessItem
from schemas.types import PackageKind
from services.views.facts import Fact
from services.views.model import listed
from tests.support.facts import fact, shown

VILLAGE = "36.04.13.2009"
Line = tuple[PackageKind, int, int, int]
BOX, BALLOTS, STATIONERY = ("ballot_box", 2, 2, 2), ("ballots", 900, 900, 900), ("stationery", 2, 2, 2)


def checked(*lines: Any, at: str = "05:00") -> Fact:
    items = tuple(ReadinessItem(item=i, required=r, present=p, usable=u) for i, r, p, u in lines)
    return fact(ReadinessChecked(village=VILLAGE, items=items, checker="camat-tirtayasa"), at)


def test_a_village_is_ready_when_all_that_is_required_is_there_and_usable() -> None:
    document = shown(checked(BOX, BALLOTS, STATIONERY))
    assert document["state"] == "ok"
    assert {each["state"] for each in document["items"].values()} == {"ok"}
    assert (document["unchecked"], document["flags"], document["last_heard"]) == ([], [], "2019-11-03T05:00:00Z")
    assert document["items"]["ballots"]["checker"] == "camat-tirtayasa"


@pytest.mark.parametrize(
    ("present", "usable", "short_by"), [(900, 880, 20), (880, 880, 20), (0, 0, 900), (950, 899, 1), (950, 900, 0)]
)
def test_an_item_is_short_by_what_is_not_both_present_and_usable(present: int, usable: int, short_by: int) -> None:
    document = shown(checked(BOX, ("ballots", 900, present, usable), STATIONERY))
    item = document["items"]["ballots"]
    assert (item["short_by"], item["state"]) == (short_by, "short" if short_by else "ok")
    assert document["state"] == item["state"]


def test_more_usable_than_present_is_implausible_and_no_more_than_is_present_counts() -> None:
    document = shown(checked(BOX, ("ballots", 900, 800, 900), STATIONERY))
    assert (document["flags"], document["items"]["ballots"]["short_by"]) == (["implausible"], 100)


def test_until_boxes_ballots_and_stationery_were_checked_nobody_can_say_that_a_village_is_ready() -> None:
    document = shown(checked(BOX, ("ink", 2, 2, 2)))
    assert (document["state"], document["unchecked"]) == ("unknown", ["ballots", "stationery"])
    assert shown(checked(BOX, ("ink", 2, 1, 1)))["state"] == "short"


def test_the_last_check_that_names_an_item_counts_for_it() -> None:
    first = checked(BOX, ("ballots", 900, 900, 880), STATIONERY)
    replaced, older = checked(BALLOTS, at="07:00"), checked(("ballots", 900, 1, 1), at="04:00")
    for order in permutations((first, replaced, older)):
        document = shown(*order)
        assert document["state"] == "ok"
        assert document["items"]["ballots"]["as_of"] == "2019-11-03T07:00:00Z"
        assert document["items"]["ballot_box"]["as_of"] == "2019-11-03T05:00:00Z"
        assert document["last_heard"] == "2019-11-03T07:00:00Z"


def test_an_item_that_stands_twice_in_a_check_counts_as_the_worse_of_the_two() -> None:
    short: Line = ("ballots", 900, 900, 880)
    for lines in permutations((BALLOTS, short)):
        assert shown(checked(BOX, STATIONERY, *lines))["items"]["ballots"]["usable"] == 880


def test_a_check_ahead_of_our_clock_is_flagged() -> None:
    ahead = fact(checked(BOX).data, "09:00", recorded="06:00")
    assert shown(ahead)["flags"] == ["clock_ahead"]


def test_readiness_is_listed_by_village_and_state() -> None:
    found = listed("readiness", shown(checked(BOX)))
    assert (found.villages, found.districts, found.status) == ([VILLAGE], ["36.04.13"], "unknown")
