"""not_ready: what breaks it, what does not, what heals it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from schemas.logistics import ReadinessChecked, ReadinessItem
from schemas.types import PackageKind
from services.views.facts import Fact
from tests.support.facts import fact
from tests.support.shipments_watched import broken, operation

VILLAGE, OTHER = "36.04.13.2009", "36.04.13.2010"
POLLING = datetime(2019, 11, 2, 17, tzinfo=UTC)
"""Midnight in Asia/Jakarta, with which the day of the vote begins."""
DUE, OVER = POLLING - timedelta(days=1), POLLING + timedelta(days=1)
MINUTE = timedelta(minutes=1)


def checked(present: int = 100, *kinds: PackageKind, at: datetime = DUE) -> Fact:
    items = tuple(
        ReadinessItem(item=kind, required=100, present=present, usable=present)
        for kind in kinds or ("ballot_box", "ballots", "stationery")
    )
    data = ReadinessChecked(village=VILLAGE, items=items, checker="camat")
    return replace(fact(data), time=at)


def test_a_village_that_was_not_checked_a_day_before_the_vote_is_not_ready() -> None:
    assert broken("not_ready", DUE - MINUTE, operation(VILLAGE)) == {}
    (breach,) = broken("not_ready", DUE, operation(VILLAGE)).values()
    assert breach.subject == VILLAGE
    assert breach.since == DUE
    assert breach.numbers == {"unchecked_count": 3, "short_count": 0, "wanting_pieces": 0}
    assert breach.villages == (VILLAGE,)


def test_one_that_is_short_is_not_ready_since_then_or_since_the_check_that_found_it_later() -> None:
    (breach,) = broken("not_ready", POLLING, operation(VILLAGE), checked(93, at=DUE - MINUTE)).values()
    assert breach.numbers == {"unchecked_count": 0, "short_count": 3, "wanting_pieces": 21}
    assert breach.since == DUE
    (breach,) = broken("not_ready", POLLING, operation(VILLAGE), checked(93, at=DUE + MINUTE)).values()
    assert breach.since == DUE + MINUTE


def test_one_where_all_is_there_is_ready_and_one_where_not_all_was_checked_is_not() -> None:
    assert broken("not_ready", POLLING, operation(VILLAGE), checked()) == {}
    (breach,) = broken("not_ready", POLLING, operation(VILLAGE), checked(100, "ballots")).values()
    assert breach.numbers == {"unchecked_count": 2, "short_count": 0, "wanting_pieces": 0}


def test_a_later_check_that_finds_all_heals_it_and_one_that_finds_less_breaks_it() -> None:
    short, full = checked(93, at=DUE + MINUTE), checked(at=DUE + 2 * MINUTE)
    assert broken("not_ready", POLLING, operation(VILLAGE), short, full, standing=[VILLAGE]) == {}
    worse = checked(93, "ballots", at=DUE + 3 * MINUTE)
    assert broken("not_ready", POLLING, operation(VILLAGE), short, full, worse).keys() == {VILLAGE}


def test_only_villages_that_vote_by_the_file_in_force_are_asked_of() -> None:
    facts = operation(VILLAGE), operation(OTHER, version=2)
    assert broken("not_ready", POLLING, *facts, checked(93)).keys() == {OTHER}


def test_without_an_operation_nothing_is_due() -> None:
    assert broken("not_ready", POLLING, checked(93)) == {}


def test_it_ends_with_the_day_of_the_vote() -> None:
    assert broken("not_ready", OVER - MINUTE, operation(VILLAGE)).keys() == {VILLAGE}
    assert broken("not_ready", OVER, operation(VILLAGE), standing=[VILLAGE]) == {}


def test_the_day_of_the_vote_is_that_of_the_file_in_force() -> None:
    put_off = operation(VILLAGE, version=2, day=date(2019, 11, 10))
    assert broken("not_ready", POLLING, operation(VILLAGE), put_off) == {}
    assert broken("not_ready", POLLING + timedelta(days=6), operation(VILLAGE), put_off).keys() == {VILLAGE}
