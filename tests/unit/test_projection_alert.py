"""An alert as the API shows it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised
from schemas.types import alert_id
from services.views.model import fold, listed
from tests.support.facts import clock, fact, shown

VILLAGE = "36.04.13.2009"
ALERT = alert_id("under_strength", VILLAGE, 0)
RAISED = AlertRaised(
    alert=ALERT,
    rule="under_strength",
    subject=VILLAGE,
    n=0,
    since=clock("06:00"),
    numbers={"required_heads": 4.0, "present_heads": 1.0},
    villages=(VILLAGE,),
)
ACKNOWLEDGED = AlertAcknowledged(alert=ALERT, comment="bantuan di jalan", until=clock("07:00"))
CLEARED = AlertCleared(alert=ALERT, numbers={"present_heads": 4.0})


def test_a_raised_alert_stands_and_shows_rule_subject_numbers_and_since_when() -> None:
    document = shown(fact(RAISED, "06:10"))
    assert (document["state"], document["rule"], document["subject"]) == ("standing", "under_strength", VILLAGE)
    assert (document["n"], document["since"]) == (0, "2019-11-03T06:00:00Z")
    assert document["numbers"] == {"required_heads": 4.0, "present_heads": 1.0}
    assert (document["villages"], document["acknowledged"], document["cleared"]) == ([VILLAGE], None, None)


def test_whoever_acknowledged_it_last_answers_for_it_and_it_stands_on() -> None:
    again = AlertAcknowledged(alert=ALERT, comment="tiba 08:00", until=clock("07:00") + timedelta(hours=1))
    document = shown(
        fact(RAISED), fact(ACKNOWLEDGED, "06:20", source="/operators/a"), fact(again, "06:15", source="/operators/b")
    )
    assert document["state"] == "standing"
    told = document["acknowledged"]
    assert (told["source"], told["comment"], told["until"]) == ("/operators/b", "tiba 08:00", "2019-11-03T08:00:00Z")


def test_a_cleared_alert_shows_both_sets_of_numbers() -> None:
    document = shown(fact(RAISED), fact(ACKNOWLEDGED), fact(CLEARED))
    assert document["state"] == "cleared"
    assert document["numbers"]["present_heads"] == 1.0
    assert document["cleared"]["numbers"] == {"present_heads": 4.0}
    assert document["acknowledged"]["comment"] == "bantuan di jalan"


def test_a_message_ahead_of_our_clock_is_flagged() -> None:
    assert shown(fact(RAISED, "09:00", recorded="06:00"))["flags"] == ["clock_ahead"]
    assert shown(fact(RAISED), fact(CLEARED, "09:00", recorded="06:00"))["flags"] == ["clock_ahead"]


def test_it_is_listed_by_village_and_state() -> None:
    columns = listed("alert", shown(fact(RAISED), fact(CLEARED)))
    assert (columns.villages, columns.districts, columns.status) == ([VILLAGE], ["36.04.13"], "cleared")


@pytest.mark.parametrize(
    ("subject", "villages", "districts"),
    [
        ("36.04.05", [VILLAGE], ["36.04.05", "36.04.13"]),
        ("36.04.05.2001", ["36.04.05.2001", VILLAGE], ["36.04.05", "36.04.13"]),
    ],
)
def test_an_area_that_is_its_subject_is_listed_beside_the_villages(
    subject: str, villages: list[str], districts: list[str]
) -> None:
    columns = listed("alert", shown(fact(replace(RAISED, subject=subject))))
    assert (columns.villages, columns.districts) == (villages, districts)


@pytest.mark.parametrize("data", [ACKNOWLEDGED, CLEARED])
def test_a_log_in_which_an_alert_was_never_raised_is_no_log_of_ours(data: AlertAcknowledged | AlertCleared) -> None:
    with pytest.raises(ValueError, match="never raised"):
        fold("alert", None, fact(data))
