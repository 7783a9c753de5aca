"""The rules that hold for every message, whatever the service: who may speak, which times, and what came before."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from schemas.deployment import AssignUnit
from schemas.envelope import RawEvent, decode_data, decode_event
from schemas.outcomes import outcome_of
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.record import Stored
from tests.support.ledger import NOON, message, register, sighted

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class Inbox:
    """A desk and the messages that are put before it, one after the other."""

    def __init__(self) -> None:
        self.desk = Desk(DEPLOYMENT, 0, Limits())
        self._next = 0

    def put(self, data: Any, id_: str = "m", **how: Any) -> list[RawEvent]:
        """The events of the one outcome of a message."""
        decided = self.desk.decide(Stored(self._next, *message(data, id_, **how)), self._next + 1)
        self.desk.commit()
        self._next += 1
        return [decode_event(value) for _, value in decided.records]

    def outcome(self, data: Any, id_: str = "m", **how: Any) -> tuple[str, str | None]:
        """Kind and reason of the outcome of a message."""
        event = self.put(data, id_, **how)[0]
        kind = outcome_of(event.type)
        told = None if kind == "accepted" else decode_data(event.type, event.dataschema, event.data)
        return kind, getattr(told, "reason", None)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_a_report_is_its_own_event(inbox: Inbox) -> None:
    (event,) = inbox.put(sighted(3))
    assert decode_data(event.type, event.dataschema, event.data) == sighted(3)


def test_a_report_about_a_unit_that_nobody_registered_is_accepted(inbox: Inbox) -> None:
    assert inbox.outcome(sighted()) == ("accepted", None)


def test_what_a_source_may_not_say_is_rejected_be_it_report_or_order(inbox: Inbox) -> None:
    assert inbox.outcome(sighted(), "a", authorised=False) == ("rejected", "not_authorised")
    assert inbox.outcome(register(), "b", authorised=False) == ("rejected", "not_authorised")
    assert inbox.outcome(register(), "c") == ("accepted", None), "the rejected order took no effect"


@pytest.mark.parametrize(
    ("age", "kind"),
    [
        (60 * DAY, "accepted"),
        (60 * DAY + SECOND, "rejected"),
        (-DAY, "accepted"),
        (-DAY - SECOND, "rejected"),
    ],
)
def test_a_time_too_far_from_its_own_recording_is_rejected(inbox: Inbox, age: timedelta, kind: str) -> None:
    reason = "time_out_of_range" if kind == "rejected" else None
    assert inbox.outcome(sighted(), time=NOON - age) == (kind, reason)


def test_age_is_judged_on_the_message_alone_so_that_order_of_arrival_does_not_matter(inbox: Inbox) -> None:
    inbox.put(sighted(), "much later", time=NOON + 90 * DAY, recorded=NOON + 90 * DAY)
    assert inbox.outcome(sighted(1), "early", time=NOON - DAY, recorded=NOON) == ("accepted", None)


def test_the_same_content_again_is_repeated(inbox: Inbox) -> None:
    inbox.put(register(), "a")
    assert inbox.outcome(register(), "a", recorded=NOON + SECOND) == ("repeated", None)


def test_the_same_id_with_other_content_is_conflicting_and_takes_no_effect(inbox: Inbox) -> None:
    inbox.put(register(polri=10), "a")
    assert inbox.outcome(register(polri=99), "a") == ("conflicting", None)
    assert inbox.outcome(assignment(polri=11), "b") == ("refused", "strength_exceeded")


def test_the_same_id_from_another_source_is_another_message(inbox: Inbox) -> None:
    inbox.put(sighted(), "a")
    assert inbox.outcome(sighted(), "a", source="/agencies/brimob-banten") == ("accepted", None)


def test_a_message_that_was_refused_stays_refused_when_it_comes_again(inbox: Inbox) -> None:
    assert inbox.outcome(assignment(), "a") == ("refused", "unit_unknown")
    inbox.put(register(), "b")
    assert inbox.outcome(assignment(), "a") == ("repeated", None)
    assert inbox.outcome(assignment(), "c") == ("accepted", None)


def test_the_known_time_never_goes_back(inbox: Inbox) -> None:
    (late,) = inbox.put(sighted(), "a", recorded=NOON + SECOND)
    (early,) = inbox.put(sighted(), "b", recorded=NOON)
    assert (late.knowntime, early.knowntime) == (NOON + SECOND, NOON + SECOND)
    assert early.recordedtime == NOON


def assignment(polri: int = 2) -> AssignUnit:
    return AssignUnit(
        unit=register().unit,
        assignment="a1",
        duty="guard",
        target_kind="post",
        target="36.04.13.2009",
        start=NOON,
        end=NOON + DAY,
        headcount={"polri": polri},
    )


def days_pass(inbox: Inbox, first: int, last: int) -> None:
    """A message a day."""
    for day in range(first, last + 1):
        inbox.put(sighted(day), f"day {day}", time=NOON + day * DAY, recorded=NOON + day * DAY)


def test_an_identity_is_remembered_until_its_time_is_too_old_to_be_accepted(inbox: Inbox) -> None:
    inbox.put(sighted(), "a")
    days_pass(inbox, 1, 62)
    assert inbox.outcome(sighted(), "a", recorded=NOON + 62 * DAY) == ("repeated", None)
    days_pass(inbox, 63, 63)
    assert inbox.outcome(sighted(), "a", recorded=NOON + 63 * DAY) == ("rejected", "time_out_of_range")
    assert inbox.outcome(sighted(), "a", recorded=NOON + 63 * DAY) == ("repeated", None), "of the rejected one"


def test_a_message_without_a_time_is_a_new_one_once_its_identity_is_forgotten(inbox: Inbox) -> None:
    """The gateway says of it that its time is that of its recording."""
    inbox.put(sighted(), "a")
    days_pass(inbox, 1, 62)
    assert inbox.outcome(sighted(), "a", time=NOON + 62 * DAY, recorded=NOON + 62 * DAY) == ("repeated", None)
    days_pass(inbox, 63, 63)
    assert inbox.outcome(sighted(), "a", time=NOON + 63 * DAY, recorded=NOON + 63 * DAY) == ("accepted", None)


def test_it_makes_no_difference_when_what_is_too_old_is_let_go(inbox: Inbox) -> None:
    inbox.put(sighted(), "a")
    days_pass(inbox, 1, 70)
    before = len(inbox.desk.seen)
    inbox.desk.forget()
    assert len(inbox.desk.seen) == before - 8, "of days 0 to 7"
    assert inbox.outcome(sighted(), "a", recorded=NOON + 70 * DAY) == ("rejected", "time_out_of_range")
    assert inbox.outcome(sighted(8), "day 8", time=NOON + 8 * DAY, recorded=NOON + 70 * DAY) == ("repeated", None)


def test_a_day_is_counted_once_whatever_zone_a_clock_is_set_to(inbox: Inbox) -> None:
    evening, jakarta = NOON.replace(hour=20), timezone(timedelta(hours=7))  # tomorrow there
    for n in range(10):
        at = evening + n * SECOND
        inbox.put(sighted(n), f"m{n}", time=NOON, recorded=at.astimezone(jakarta) if n % 2 else at)
    assert inbox.desk.days == 1


def test_a_clock_that_jumps_ahead_by_a_year_makes_nothing_forgotten(inbox: Inbox) -> None:
    inbox.put(sighted(), "a")
    inbox.put(sighted(1), "b", time=NOON + 365 * DAY, recorded=NOON + 365 * DAY)
    assert inbox.outcome(sighted(), "a") == ("repeated", None)
