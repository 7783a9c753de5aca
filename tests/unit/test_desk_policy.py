"""What the desk makes of the same identity twice, when the first was our own watch's."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.incidents import ClearAlert, IncidentReported, RaiseAlert
from schemas.types import alert_id
from services.incidents.domain import INCIDENTS
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.record import Stored
from tests.support.ledger import message

WATCH, AGENCY = "/services/incidents-watch", "/agencies/polres-serang"
SUBJECT = "36.04.13.2009"
ALERT = alert_id("cluster", SUBJECT, 0)
RAISE = RaiseAlert(
    alert=ALERT,
    rule="cluster",
    subject=SUBJECT,
    n=0,
    since=datetime(2019, 11, 3, 5, tzinfo=UTC),
    numbers={"incidents_count": 3.0},
)
OTHER_NUMBERS = replace(RAISE, numbers={"incidents_count": 4.0})
REPORT = IncidentReported(incident="ins-1", type="riot", severity=2, village=SUBJECT, summary="massa")


class Inbox:
    """One partition's inbox, answered by a desk message by message."""

    def __init__(self) -> None:
        self._desk = Desk(INCIDENTS, 0, Limits())
        self._next = 0

    def take(self, data: Any, id_: str, source: str = WATCH) -> tuple[str, dict[str, Any]]:
        """Type (in short) and data of what is answered."""
        key, value, headers = message(data, id_, source=source)
        decided = self._desk.decide(Stored(self._next, key, value, headers), at=100 + self._next)
        self._desk.commit()
        self._next += 1
        (answer,) = [msgspec.json.decode(value) for _, value in decided.records]
        return answer["type"].removeprefix("kalimaya."), answer["data"]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.mark.parametrize("again", [RAISE, OTHER_NUMBERS], ids=["same numbers", "other numbers"])
def test_raising_a_known_alert_again_is_repeated_whatever_its_numbers(inbox: Inbox, again: RaiseAlert) -> None:
    assert inbox.take(RAISE, ALERT)[0] == "alert.raised"
    assert inbox.take(again, ALERT) == ("message.repeated", {"first": 0, "at": 100})


def test_clearing_an_alert_again_is_repeated_whatever_its_numbers(inbox: Inbox) -> None:
    inbox.take(RAISE, ALERT)
    clear = ClearAlert(alert=ALERT, numbers={"incidents_count": 2.0})
    assert inbox.take(clear, f"{ALERT}-clear")[0] == "alert.cleared"
    again = replace(clear, numbers={"incidents_count": 1.0})
    assert inbox.take(again, f"{ALERT}-clear") == ("message.repeated", {"first": 1, "at": 101})


def test_raising_a_known_alert_under_another_message_id_is_refused(inbox: Inbox) -> None:
    inbox.take(RAISE, ALERT)
    type_, data = inbox.take(OTHER_NUMBERS, "another")
    assert (type_, data["reason"]) == ("message.refused", "alert_known")


def test_a_report_with_a_known_id_and_other_content_is_conflicting(inbox: Inbox) -> None:
    inbox.take(REPORT, "m1", AGENCY)
    assert inbox.take(REPORT, "m1", AGENCY)[0] == "message.repeated"
    other = replace(REPORT, severity=1)
    assert inbox.take(other, "m1", AGENCY) == ("message.conflicting", {"first": 0, "at": 100})
