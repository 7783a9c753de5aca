"""The picture's column of readiness: what was never checked, or too long ago, is never ok."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas import logistics
from schemas.incidents import IncidentReported
from schemas.logistics import ReadinessChecked, ReadinessItem
from services.projection.api.picture_words import Readiness
from services.views.facts import Fact
from tests.support.facts import clock, fact
from tests.support.given import ADOPTED, OPERATION
from tests.support.picture import picture, row_of

VILLAGE, OTHER, ELSEWHERE = "36.04.13.2009", "36.04.05.2001", "36.04.13.2001"
POLLS_OPEN = clock("00:00")
VOTES = fact(ADOPTED[1], "-48:00")


def checked(at: str = "-8:00", village: str = VILLAGE, short: int = 0, **items: int) -> Fact:
    """A check that found so many pieces of each item, of the ballots `short` fewer than are required."""
    found = items or {"ballot_box": 2, "ballots": 900, "stationery": 2}
    lines: Any = (
        ReadinessItem(item=kind, required=n, present=n - short * (kind == "ballots"), usable=n)  # type: ignore[arg-type]
        for kind, n in found.items()
    )
    return fact(ReadinessChecked(village=village, items=tuple(lines), checker="camat-tirtayasa"), at)


def readiness(*facts: Fact, now: datetime = POLLS_OPEN, village: str = VILLAGE) -> Readiness:
    return row_of(picture(now, *facts), village).readiness


def test_a_village_of_which_enough_was_found_lately_is_ok() -> None:
    told = readiness(VOTES, checked())
    assert (told.state, told.stale, told.as_of) == ("ok", False, clock("-8:00"))
    assert (told.short, told.unchecked) == ({}, ())


def test_a_voting_village_that_was_never_checked_is_unknown() -> None:
    told = readiness(VOTES)
    assert (told.state, told.as_of, told.unchecked) == ("unknown", None, ("ballot_box", "ballots", "stationery"))


def test_a_village_that_does_not_vote_is_not_due() -> None:
    seen = IncidentReported(incident="i", type="other", severity=4, village=ELSEWHERE, summary="x")
    told = readiness(VOTES, fact(seen), village=ELSEWHERE)
    assert (told.state, told.unchecked) == ("not_due", ())


def test_what_is_checked_first_and_was_not_makes_it_unknown() -> None:
    told = readiness(VOTES, checked(ballot_box=2, ballots=900))
    assert (told.state, told.unchecked) == ("unknown", ("stationery",))


def test_what_is_wanting_is_told_by_item() -> None:
    told = readiness(VOTES, checked(short=25))
    assert (told.state, told.short) == ("short", {"ballots": 25})


@pytest.mark.parametrize(("beyond", "state"), [(0, "ok"), (1, "unknown")])
def test_enough_found_too_long_ago_is_unknown(beyond: int, state: str) -> None:
    now = clock("-44:00") + timedelta(hours=36, microseconds=beyond)
    told = readiness(VOTES, checked("-44:00"), now=now)
    assert (told.state, told.stale) == (state, state == "unknown")


def test_one_item_that_was_last_checked_too_long_ago_is_enough_for_that() -> None:
    told = readiness(VOTES, checked("-44:00", ink=2), checked())
    assert (told.state, told.stale, told.as_of) == ("unknown", True, clock("-44:00"))


def test_what_was_short_stays_short_until_somebody_says_otherwise() -> None:
    told = readiness(VOTES, checked("-44:00", short=25))
    assert (told.state, told.stale) == ("short", True)


def test_the_last_checks_before_the_vote_grow_no_older_after_the_polls_open() -> None:
    assert readiness(VOTES, checked("-8:00"), now=POLLS_OPEN + timedelta(days=2)).state == "ok"
    assert readiness(VOTES, checked("-37:00"), now=POLLS_OPEN + timedelta(days=2)).state == "unknown"


def test_while_nobody_has_said_when_the_polls_open_checks_grow_older() -> None:
    file = replace(ADOPTED[1], stages=OPERATION["stages"][:1])
    assert isinstance(file, logistics.OperationAdopted)
    assert readiness(fact(file, "-48:00"), checked("-8:00"), now=POLLS_OPEN + timedelta(days=2)).state == "unknown"


def test_sums_show_the_worst_and_how_many_are_in_which_state() -> None:
    shown = picture(POLLS_OPEN, VOTES, checked(), checked(village=OTHER, short=1))
    assert (shown.operation.readiness.state, shown.operation.readiness.states) == ("short", {"ok": 1, "short": 1})
    assert shown.districts["36.04.13"].readiness.states == {"ok": 1}
    assert shown.jurisdictions["polres-cilegon"].readiness.state == "short"


def test_a_village_that_was_never_checked_keeps_the_sum_from_being_ok() -> None:
    shown = picture(POLLS_OPEN, VOTES, checked())
    assert (shown.operation.readiness.state, shown.operation.readiness.states) == ("unknown", {"ok": 1, "unknown": 1})


def test_a_sum_is_stale_when_a_check_in_it_is() -> None:
    assert picture(POLLS_OPEN, VOTES, checked("-44:00")).operation.stale is True
    assert picture(POLLS_OPEN, VOTES, checked("-8:00")).operation.stale is False
