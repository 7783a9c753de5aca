"""The rule book of one incident, rule by rule."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.incidents import (
    CloseIncident,
    ContainIncident,
    DispatchUnits,
    DuplicateLinked,
    EscalateIncident,
    IncidentClosed,
    IncidentContained,
    IncidentEscalated,
    IncidentReopened,
    IncidentResolved,
    IncidentTriaged,
    LinkDuplicate,
    ReopenIncident,
    ResolveIncident,
    TriageIncident,
    UnitsDispatched,
)
from schemas.outcomes import Refused
from schemas.registry import as_event
from services.incidents.domain import INCIDENTS
from tests.support.given import given, refusal

INCIDENT, OTHER = "ins-0042", "ins-0007"
COMPLAINED, INNOCENT = "polres-serang-007", "polres-serang-011"

TRIAGE = TriageIncident(incident=INCIDENT, type="crowding", severity=2)
COMPLAINT = TriageIncident(incident=INCIDENT, type="officer_neutrality", severity=1, complained_unit=COMPLAINED)
DISPATCH = DispatchUnits(incident=INCIDENT, units=(INNOCENT,))
CONTAIN = ContainIncident(incident=INCIDENT, measures="Jalan ditutup")
RESOLVE = ResolveIncident(incident=INCIDENT, resolution="Massa membubarkan diri")
CLOSE = CloseIncident(incident=INCIDENT)
REOPEN = ReopenIncident(incident=INCIDENT, reason="Massa kembali")
LINK = LinkDuplicate(incident=INCIDENT, duplicate_of=OTHER)

TRIAGED = as_event(TRIAGE, IncidentTriaged)
COMPLAINT_JUDGED = as_event(COMPLAINT, IncidentTriaged)
DISPATCHED = as_event(DISPATCH, UnitsDispatched)
CONTAINED = as_event(CONTAIN, IncidentContained)
RESOLVED = as_event(RESOLVE, IncidentResolved)
CLOSED = as_event(CLOSE, IncidentClosed)
REOPENED = as_event(REOPEN, IncidentReopened)
LINKED = as_event(LINK, DuplicateLinked)


def escalate(level: Any) -> EscalateIncident:
    return EscalateIncident(incident=INCIDENT, level=level, reason="Perlu bantuan")


POLRES = escalate("polres")
ESCALATED = as_event(POLRES, IncidentEscalated)

OPEN: dict[str, Sequence[Any]] = {
    "reported": (),
    "triaged": (TRIAGED,),
    "responding": (TRIAGED, DISPATCHED),
    "contained": (TRIAGED, DISPATCHED, CONTAINED),
    "reopened": (TRIAGED, RESOLVED, REOPENED),
}
"""Events that bring an incident to each stage in which it is open."""
in_any_open_stage = pytest.mark.parametrize("before", OPEN.values(), ids=OPEN)


def stage(*events: Any) -> str:
    return str(given(INCIDENTS, *events).state.stage)


# The life.


@in_any_open_stage
@pytest.mark.parametrize(
    ("order", "event"),
    [(TRIAGE, TRIAGED), (DISPATCH, DISPATCHED), (CONTAIN, CONTAINED), (RESOLVE, RESOLVED)],
    ids=["triage", "dispatch", "contain", "resolve"],
)
def test_an_open_incident_can_be_triaged_responded_to_contained_and_resolved(
    before: Sequence[Any], order: Any, event: Any
) -> None:
    assert given(INCIDENTS, *before).when(order) == (event,)


def test_orders_bring_it_from_stage_to_stage() -> None:
    events = (TRIAGED, DISPATCHED, CONTAINED, RESOLVED, CLOSED)
    reached = [stage(*events[:n]) for n in range(1, 6)]
    assert reached == ["triaged", "responding", "contained", "resolved", "closed"]


@pytest.mark.parametrize(("event", "reached"), [(DISPATCHED, "responding"), (CONTAINED, "contained")])
def test_stages_may_be_skipped(event: Any, reached: str) -> None:
    assert stage(event) == reached


@pytest.mark.parametrize("name", ["responding", "contained"])
def test_a_triage_never_takes_an_incident_back(name: str) -> None:
    assert stage(*OPEN[name], TRIAGED) == name


def test_a_dispatch_to_a_contained_incident_makes_it_responding_again() -> None:
    assert stage(CONTAINED, DISPATCHED) == "responding"


def test_an_escalation_and_a_link_leave_it_at_its_stage() -> None:
    assert stage(CONTAINED, ESCALATED, LINKED) == "contained"
    assert stage(ESCALATED) == "reported"


@pytest.mark.parametrize("order", [TRIAGE, DISPATCH, CONTAIN, RESOLVE])
def test_a_resolved_incident_is_not_worked_on(order: Any) -> None:
    assert refusal(given(INCIDENTS, RESOLVED).when(order)) == ("incident_resolved", (INCIDENT,))


@pytest.mark.parametrize("order", [TRIAGE, DISPATCH, CONTAIN, RESOLVE, CLOSE, POLRES, LINK])
def test_nothing_but_reopening_is_ordered_about_a_closed_incident(order: Any) -> None:
    assert refusal(given(INCIDENTS, RESOLVED, CLOSED).when(order)) == ("incident_closed", (INCIDENT,))


def test_a_resolved_incident_can_be_closed() -> None:
    assert given(INCIDENTS, TRIAGED, RESOLVED).when(CLOSE) == (CLOSED,)


@in_any_open_stage
def test_an_incident_is_resolved_before_it_is_closed(before: Sequence[Any]) -> None:
    assert refusal(given(INCIDENTS, *before).when(CLOSE)) == ("incident_not_resolved", (INCIDENT,))


@pytest.mark.parametrize("before", [(RESOLVED,), (RESOLVED, CLOSED)], ids=["resolved", "closed"])
def test_a_resolved_or_closed_incident_can_be_reopened(before: Sequence[Any]) -> None:
    assert given(INCIDENTS, *before).when(REOPEN) == (REOPENED,)


@in_any_open_stage
def test_an_open_incident_is_not_reopened(before: Sequence[Any]) -> None:
    assert refusal(given(INCIDENTS, *before).when(REOPEN)) == ("incident_open", (INCIDENT,))


def test_a_reopened_incident_is_triaged_if_it_ever_was_and_else_reported() -> None:
    assert stage(TRIAGED, DISPATCHED, RESOLVED, CLOSED, REOPENED) == "triaged"
    assert stage(DISPATCHED, RESOLVED, REOPENED) == "reported"


# Units complained of.


@in_any_open_stage
def test_a_unit_complained_of_is_not_dispatched(before: Sequence[Any]) -> None:
    order = DispatchUnits(incident=INCIDENT, units=(INNOCENT, COMPLAINED))
    outcome = given(INCIDENTS, *before, COMPLAINT_JUDGED).when(order)
    assert refusal(outcome) == ("unit_complained_of", (COMPLAINED,))
    assert isinstance(outcome, Refused)
    assert COMPLAINED in outcome.detail


def test_another_unit_is_dispatched_to_a_neutrality_complaint() -> None:
    assert given(INCIDENTS, COMPLAINT_JUDGED).when(DISPATCH) == (DISPATCHED,)


def test_the_latest_triage_says_who_is_complained_of() -> None:
    order = DispatchUnits(incident=INCIDENT, units=(COMPLAINED,))
    assert given(INCIDENTS, COMPLAINT_JUDGED, TRIAGED).when(order) == (as_event(order, UnitsDispatched),)
    again = given(INCIDENTS, TRIAGED, COMPLAINT_JUDGED, RESOLVED, REOPENED)
    assert refusal(again.when(order)) == ("unit_complained_of", (COMPLAINED,))


# Levels.


@pytest.mark.parametrize(
    ("before", "order"),
    [((), POLRES), ((), escalate("polda")), ((ESCALATED,), escalate("polda")), ((RESOLVED,), POLRES)],
    ids=["polres", "polda", "step by step", "while resolved"],
)
def test_an_incident_goes_up_to_any_higher_level(before: Sequence[Any], order: Any) -> None:
    assert given(INCIDENTS, *before).when(order) == (as_event(order, IncidentEscalated),)


@pytest.mark.parametrize(
    ("before", "order", "level"),
    [
        ((), escalate("polsek"), "polsek"),
        ((ESCALATED,), POLRES, "polres"),
        ((ESCALATED,), escalate("polsek"), "polres"),
    ],
    ids=["polsek answers at first", "the same", "down"],
)
def test_an_incident_never_goes_down_nor_to_the_level_it_has(before: Sequence[Any], order: Any, level: str) -> None:
    assert refusal(given(INCIDENTS, *before).when(order)) == ("level_not_higher", (level,))


# Duplicates.


@pytest.mark.parametrize("before", [*OPEN.values(), (RESOLVED,)], ids=[*OPEN, "resolved"])
def test_an_incident_that_is_not_closed_can_be_linked_as_a_duplicate(before: Sequence[Any]) -> None:
    assert given(INCIDENTS, *before).when(LINK) == (LINKED,)


def test_an_incident_is_no_duplicate_of_itself() -> None:
    order = LinkDuplicate(incident=INCIDENT, duplicate_of=INCIDENT)
    assert refusal(given(INCIDENTS).when(order)) == ("duplicate_of_itself", (INCIDENT,))


def test_a_duplicate_is_not_linked_again() -> None:
    order = LinkDuplicate(incident=INCIDENT, duplicate_of="ins-0099")
    assert refusal(given(INCIDENTS, LINKED).when(order)) == ("already_duplicate", (OTHER,))


def test_no_units_are_dispatched_to_a_duplicate() -> None:
    assert refusal(given(INCIDENTS, LINKED).when(DISPATCH)) == ("incident_duplicate", (OTHER,))


@pytest.mark.parametrize("order", [TRIAGE, CONTAIN, RESOLVE, POLRES])
def test_anything_else_can_be_ordered_about_a_duplicate(order: Any) -> None:
    assert not isinstance(given(INCIDENTS, LINKED).when(order), Refused)


def test_reopening_lifts_a_link() -> None:
    before = (LINKED, RESOLVED, REOPENED)
    assert given(INCIDENTS, *before).when(DISPATCH) == (DISPATCHED,)
    assert given(INCIDENTS, *before).when(LINK) == (LINKED,)
