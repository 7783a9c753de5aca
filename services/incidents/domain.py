"""The rule book of incidents: what the posko may still order about one, given what it has ordered before.

Decided on orders alone: an order about an incident that no report has named yet is accepted, and the projection
flags it. What was reported, by whom and when never comes here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from schemas.incidents import (
    CloseIncident,
    Event,
    IncidentClosed,
    IncidentResolved,
    IncidentTriaged,
    Order,
    ResolveIncident,
    TriageIncident,
)
from schemas.outcomes import Refused
from schemas.registry import as_event
from schemas.types import IncidentId
from services.kit.decider import Decider

Stage = Literal["triaged", "resolved", "closed"]


@dataclass(frozen=True, slots=True)
class Incident:
    """How far orders have brought an incident."""

    incident: IncidentId
    stage: Stage


State = Incident


def decide(state: State | None, order: Order) -> Sequence[Event] | Refused:
    """What an order brings about, or why it is refused."""
    stage = state.stage if state else None
    match order:
        case TriageIncident():
            return _settled(stage, order.incident) or (as_event(order, IncidentTriaged),)
        case ResolveIncident():
            return _settled(stage, order.incident) or (as_event(order, IncidentResolved),)
        case CloseIncident():
            return _not_closable(stage, order.incident) or (as_event(order, IncidentClosed),)
        case _:
            assert_never(order)


def evolve(state: State | None, event: Event) -> State:
    """The incident after one of its events."""
    match event:
        case IncidentTriaged():
            return Incident(event.incident, "triaged")
        case IncidentResolved():
            return Incident(event.incident, "resolved")
        case IncidentClosed():
            return Incident(event.incident, "closed")
        case _:
            assert_never(event)


def _settled(stage: Stage | None, incident: IncidentId) -> Refused | None:
    if stage == "closed":
        return _closed(incident)
    if stage == "resolved":
        return Refused(
            reason="incident_resolved",
            detail=f"incident {incident} is resolved: it can be closed, not judged again",
            clashes=(incident,),
        )
    return None


def _not_closable(stage: Stage | None, incident: IncidentId) -> Refused | None:
    if stage == "closed":
        return _closed(incident)
    if stage != "resolved":
        return Refused(
            reason="incident_not_resolved",
            detail=f"incident {incident} is not resolved: resolve it before closing it",
            clashes=(incident,),
        )
    return None


def _closed(incident: IncidentId) -> Refused:
    return Refused(reason="incident_closed", detail=f"incident {incident} is closed already", clashes=(incident,))


INCIDENTS: Decider[State] = Decider(service="incidents", decide=decide, evolve=evolve)
