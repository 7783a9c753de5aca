"""Incidents that nobody acknowledges, that climb for it, and grave ones that stay open."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.incidents import (
    DuplicateLinked,
    EscalateIncident,
    IncidentClosed,
    IncidentContained,
    IncidentEscalated,
    IncidentReopened,
    IncidentResolved,
    IncidentTriaged,
    UnitsDispatched,
)
from schemas.types import LEVELS
from services.incidents.domain import INCIDENTS
from services.incidents.watch.escalation import escalations
from services.incidents.watch.settings import IncidentsWatchSettings
from services.views.facts import Fact
from services.watch.rules import Order
from services.watch.sending import entry
from tests.support.facts import clock
from tests.support.given import given, refusal
from tests.support.incidents_watch import DEFAULTS, broken, ordered, raised, reported, tables

SUBJECT = "incident/i"
TRIAGED = IncidentTriaged(incident="i", type="riot", severity=2)
GRAVE = IncidentTriaged(incident="i", type="riot", severity=1)
RESOLVED = IncidentResolved(incident="i", resolution="dibubarkan")
REOPENED = IncidentReopened(incident="i", reason="massa kembali")


def escalated(level: Any) -> IncidentEscalated:
    return IncidentEscalated(incident="i", level=level, reason="perlu bantuan")


# Unacknowledged.


@pytest.mark.parametrize(("severity", "minutes"), [(1, 15), (2, 45), (3, 60), (4, 120)])
def test_an_incident_waits_for_the_time_of_its_severity_and_not_an_instant_longer(severity: int, minutes: int) -> None:
    report, limit = reported(severity=severity), clock("06:00") + timedelta(minutes=minutes)
    assert not broken("unacknowledged", limit - timedelta(microseconds=1), report)
    (breach,) = broken("unacknowledged", limit, report)
    assert (breach.subject, breach.since, breach.villages) == (SUBJECT, limit, ("36.04.13.2009",))
    assert breach.numbers == {"severity_grade": severity, "allowed_minutes": minutes}


@pytest.mark.parametrize(
    "order",
    [
        TRIAGED,
        UnitsDispatched(incident="i", units=("polres-serang-001",)),
        IncidentContained(incident="i", measures="jalan ditutup"),
        RESOLVED,
        DuplicateLinked(incident="i", duplicate_of="j"),
    ],
)
def test_the_first_order_that_sees_to_it_acknowledges_it(order: Any) -> None:
    assert not broken("unacknowledged", "12:00", reported(), ordered(order, "06:50"), raised("unacknowledged", SUBJECT))


def test_handing_it_up_does_not_acknowledge_it() -> None:
    assert broken("unacknowledged", "06:45", reported(), ordered(escalated("polres"), "06:10"))


def test_a_report_that_comes_late_is_waited_on_from_when_it_came() -> None:
    late = reported(at="06:00", recorded="12:00")
    assert not broken("unacknowledged", "12:44", late)
    assert broken("unacknowledged", "12:45", late)[0].since == clock("12:45")


def test_the_first_report_that_came_tells_since_when_it_waits_whatever_came_after() -> None:
    reports = reported(at="06:00", recorded="06:00"), reported(at="05:30", recorded="06:30")
    assert broken("unacknowledged", "06:45", *reports)
    assert broken("unacknowledged", "06:45", *reversed(reports))


def test_a_graver_report_makes_the_time_shorter() -> None:
    assert broken("unacknowledged", "06:20", reported(severity=4), reported(at="06:20", severity=1))
    assert not broken("unacknowledged", "06:20", reported(severity=4))


def test_once_the_alert_stands_a_less_grave_report_does_not_clear_it() -> None:
    reports = reported(severity=1), reported(at="06:20", severity=4)
    assert not broken("unacknowledged", "06:20", *reports)
    assert broken("unacknowledged", "06:20", *reports, raised("unacknowledged", SUBJECT))


def test_one_that_only_orders_name_waits_for_nobody() -> None:
    assert not broken("unacknowledged", "23:00", ordered(escalated("polres")))


def test_one_that_was_acknowledged_and_is_reopened_does_not_wait_again() -> None:
    assert not broken("unacknowledged", "23:00", reported(), ordered(RESOLVED), ordered(REOPENED))


# Escalation.


def due(at: str, *facts: Fact, parameters: IncidentsWatchSettings = DEFAULTS) -> list[Order]:
    return list(escalations(tables(*facts), clock(at), parameters))


def levels(orders: list[Order]) -> list[Any]:
    return [each.data.level for each in orders]


def test_it_climbs_when_its_time_is_over_and_says_why() -> None:
    assert not due("06:44", reported())
    (order,) = due("06:45", reported())
    assert order.id == "escalate-i-polres"
    assert order.data.incident == "i"
    assert order.data.level == "polres"
    assert "not acknowledged in time at polsek" in order.data.reason


def test_each_further_level_has_its_time_from_the_last_escalation() -> None:
    facts = reported(), ordered(escalated("polres"), "07:00")
    assert not due("07:44", *facts)
    assert levels(due("07:45", *facts)) == ["polda"]


def test_an_operators_escalation_over_a_level_counts_like_ours_and_above_the_polda_there_is_nobody() -> None:
    assert not due("23:00", reported(), ordered(escalated("polda"), "06:10"))


def test_one_that_came_late_has_its_time_from_when_it_came() -> None:
    assert not due("12:44", reported(recorded="12:00"))
    assert due("12:45", reported(recorded="12:00"))


def test_one_that_is_acknowledged_at_a_level_climbs_no_further() -> None:
    assert not due("23:00", reported(), ordered(escalated("polres"), "06:45"), ordered(TRIAGED, "06:50"))


def test_whoever_looks_again_sends_the_very_same_message_whatever_was_reported_since() -> None:
    (first,), (again,) = due("06:45", reported()), due("06:50", reported(), reported(at="06:49", severity=1))
    stamps = [entry("/w", each.id, each.data, clock(at))[2] for each, at in ((first, "06:45"), (again, "06:50"))]
    assert stamps[0] == stamps[1]


def test_the_decider_takes_each_escalation_once_and_after_it_none_to_that_level_is_due() -> None:
    facts, taken = [reported()], []
    for at in ("06:45", "06:46", "07:30", "07:31", "09:00"):
        for order in due(at, *facts):
            (event,) = given(INCIDENTS, *taken).when(order.data)
            taken.append(event)
            facts.append(ordered(event, at))
    assert [each.level for each in taken] == ["polres", "polda"]
    assert refusal(given(INCIDENTS, *taken).when(EscalateIncident(incident="i", level="polda", reason="perlu"))) == (
        "level_not_higher",
        (LEVELS[-1],),
    )


def test_it_can_be_off() -> None:
    assert not due("23:00", reported(), parameters=IncidentsWatchSettings.model_construct(escalate=False))


# Grave and open.


def test_an_incident_of_severity_1_may_be_open_for_three_hours_and_not_an_instant_longer() -> None:
    assert not broken("grave_open", clock("09:00") - timedelta(microseconds=1), reported(severity=1))
    (breach,) = broken("grave_open", "09:00", reported(severity=1))
    assert (breach.subject, breach.since, breach.villages) == (SUBJECT, clock("09:00"), ("36.04.13.2009",))
    assert breach.numbers == {"allowed_minutes": 180}


def test_it_lasts_since_it_happened_though_it_was_told_of_late() -> None:
    assert broken("grave_open", "12:00", reported(severity=1, recorded="12:00"))[0].since == clock("09:00")


def test_one_that_is_less_grave_may_last() -> None:
    assert not broken("grave_open", "23:00", reported(severity=2))
    assert not broken("grave_open", "23:00", reported(severity=1), ordered(TRIAGED))


def test_a_triage_makes_it_grave() -> None:
    assert broken("grave_open", "09:00", reported(severity=4), ordered(GRAVE, "08:00"))[0].since == clock("09:00")


@pytest.mark.parametrize("order", [GRAVE, IncidentContained(incident="i", measures="jalan ditutup")])
def test_neither_triage_nor_containment_ends_it(order: Any) -> None:
    assert broken("grave_open", "09:00", reported(severity=1), ordered(order))


def test_a_resolution_ends_it_and_a_reopening_begins_anew() -> None:
    facts = reported(severity=1), ordered(RESOLVED, "10:00")
    assert not broken("grave_open", "12:00", *facts, raised("grave_open", SUBJECT))
    assert not broken("grave_open", "12:00", *facts, ordered(IncidentClosed(incident="i"), "11:00"))
    again = *facts, ordered(REOPENED, "11:00")
    assert not broken("grave_open", "13:59", *again)
    assert broken("grave_open", "14:00", *again)[0].since == clock("14:00")


def test_once_the_alert_stands_only_a_triage_makes_it_less_grave() -> None:
    facts = reported(severity=1), reported(at="09:10", severity=3)
    assert not broken("grave_open", "09:20", *facts)
    standing = *facts, raised("grave_open", SUBJECT)
    assert broken("grave_open", "09:20", *standing)
    assert not broken("grave_open", "09:20", *standing, ordered(TRIAGED))


def test_a_duplicate_is_not_open_but_one_of_two_that_are_each_others_is() -> None:
    one, other = reported(severity=1), reported("j", severity=1)
    linked = ordered(DuplicateLinked(incident="i", duplicate_of="j"))
    assert [each.subject for each in broken("grave_open", "09:00", one, other, linked)] == ["incident/j"]
    back = ordered(DuplicateLinked(incident="j", duplicate_of="i"))
    assert [each.subject for each in broken("grave_open", "09:00", one, other, linked, back)] == [SUBJECT]


def test_one_that_only_orders_name_is_not_said_to_last() -> None:
    assert not broken("grave_open", "23:00", ordered(GRAVE))
