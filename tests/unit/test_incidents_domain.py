"""The rule book of incidents, rule by rule."""

from typing import Any

import pytest

from schemas.incidents import (
    CloseIncident,
    IncidentClosed,
    IncidentResolved,
    IncidentTriaged,
    ResolveIncident,
    TriageIncident,
)
from schemas.registry import as_event
from services.incidents.domain import INCIDENTS
from tests.support.given import given, refusal

INCIDENT = "ins-0042"
TRIAGE = TriageIncident(incident=INCIDENT, type="crowding", severity=2)
RESOLVE = ResolveIncident(incident=INCIDENT, resolution="Massa membubarkan diri")
CLOSE = CloseIncident(incident=INCIDENT)
TRIAGED = as_event(TRIAGE, IncidentTriaged)
RESOLVED = as_event(RESOLVE, IncidentResolved)
CLOSED = as_event(CLOSE, IncidentClosed)


def test_an_incident_that_no_report_has_named_can_be_triaged() -> None:
    assert given(INCIDENTS).when(TRIAGE) == (TRIAGED,)


def test_an_incident_can_be_triaged_again() -> None:
    assert given(INCIDENTS, TRIAGED).when(TRIAGE) == (TRIAGED,)


@pytest.mark.parametrize("before", [(), (TRIAGED,)])
def test_an_incident_can_be_resolved_with_or_without_triage(before: tuple[Any, ...]) -> None:
    assert given(INCIDENTS, *before).when(RESOLVE) == (RESOLVED,)


def test_a_resolved_incident_can_be_closed() -> None:
    assert given(INCIDENTS, TRIAGED, RESOLVED).when(CLOSE) == (CLOSED,)


@pytest.mark.parametrize("order", [TRIAGE, RESOLVE])
def test_a_resolved_incident_is_neither_triaged_nor_resolved_again(order: Any) -> None:
    assert refusal(given(INCIDENTS, RESOLVED).when(order)) == ("incident_resolved", (INCIDENT,))


@pytest.mark.parametrize("before", [(), (TRIAGED,)])
def test_an_incident_is_resolved_before_it_is_closed(before: tuple[Any, ...]) -> None:
    assert refusal(given(INCIDENTS, *before).when(CLOSE)) == ("incident_not_resolved", (INCIDENT,))


@pytest.mark.parametrize("order", [TRIAGE, RESOLVE, CLOSE])
def test_nothing_more_is_ordered_about_a_closed_incident(order: Any) -> None:
    assert refusal(given(INCIDENTS, TRIAGED, RESOLVED, CLOSED).when(order)) == ("incident_closed", (INCIDENT,))
