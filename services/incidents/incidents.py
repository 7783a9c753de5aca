"""The rules of one incident: how far orders may bring it, who may be sent, and who answers for it.

Its life is reported, triaged, responding, contained, resolved, closed. Orders may skip forward; a triage, which can be
repeated until it is resolved, never takes an incident back. Back it goes in two cases only: when it is reopened, and
when units are dispatched to a contained one, because whoever sends more does not hold it for contained. Reopened, it is
triaged if it ever was, else reported: units sent before need not be there any more. It is then itself again and no
duplicate, which is how a wrong link is mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

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
from schemas.types import LEVELS, IncidentId, Level, UnitId

Order = (
    TriageIncident
    | DispatchUnits
    | ContainIncident
    | ResolveIncident
    | CloseIncident
    | ReopenIncident
    | EscalateIncident
    | LinkDuplicate
)
Event = (
    IncidentTriaged
    | UnitsDispatched
    | IncidentContained
    | IncidentResolved
    | IncidentClosed
    | IncidentReopened
    | IncidentEscalated
    | DuplicateLinked
)
Stage = Literal["reported", "triaged", "responding", "contained", "resolved", "closed"]


@dataclass(frozen=True, slots=True)
class Incident:
    """How far orders have brought an incident; the defaults are what holds before the first.

    `judged`: it was triaged, whatever its stage; `complained_unit` is the latest triage's.
    """

    incident: IncidentId
    stage: Stage = "reported"
    judged: bool = False
    complained_unit: UnitId | None = None
    level: Level = "polsek"
    duplicate_of: IncidentId | None = None


def decide(state: Incident | None, order: Order) -> Sequence[Event] | Refused:
    """What an order brings about, or why it is refused."""
    incident = state or Incident(order.incident)
    refused: Refused | None
    event: Event
    match order:
        case TriageIncident():
            refused, event = _over(incident), as_event(order, IncidentTriaged)
        case DispatchUnits():
            refused = _over(incident) or _duplicate(incident) or _complained_of(incident, order)
            event = as_event(order, UnitsDispatched)
        case ContainIncident():
            refused, event = _over(incident), as_event(order, IncidentContained)
        case ResolveIncident():
            refused, event = _over(incident), as_event(order, IncidentResolved)
        case CloseIncident():
            refused, event = _closed(incident) or _not_resolved(incident), as_event(order, IncidentClosed)
        case ReopenIncident():
            refused, event = _open(incident), as_event(order, IncidentReopened)
        case EscalateIncident():
            refused, event = _closed(incident) or _not_higher(incident, order), as_event(order, IncidentEscalated)
        case LinkDuplicate():
            refused, event = _closed(incident) or _not_linkable(incident, order), as_event(order, DuplicateLinked)
        case _:
            assert_never(order)
    return refused or (event,)


def evolve(state: Incident | None, event: Event) -> Incident:
    """The incident after one of its events."""
    before = state or Incident(event.incident)
    match event:
        case IncidentTriaged():
            stage: Stage = "triaged" if before.stage == "reported" else before.stage
            after = replace(before, stage=stage, judged=True, complained_unit=event.complained_unit)
        case UnitsDispatched():
            after = replace(before, stage="responding")
        case IncidentContained():
            after = replace(before, stage="contained")
        case IncidentResolved():
            after = replace(before, stage="resolved")
        case IncidentClosed():
            after = replace(before, stage="closed")
        case IncidentReopened():
            after = replace(before, stage="triaged" if before.judged else "reported", duplicate_of=None)
        case IncidentEscalated():
            after = replace(before, level=event.level)
        case DuplicateLinked():
            after = replace(before, duplicate_of=event.duplicate_of)
        case _:
            assert_never(event)
    return after


def _over(incident: Incident) -> Refused | None:
    if incident.stage == "resolved":
        return Refused(
            reason="incident_resolved",
            detail=f"incident {incident.incident} is resolved: reopen it first, or close it",
            clashes=(incident.incident,),
        )
    return _closed(incident)


def _closed(incident: Incident) -> Refused | None:
    if incident.stage != "closed":
        return None
    return Refused(
        reason="incident_closed",
        detail=f"incident {incident.incident} is closed: reopen it first",
        clashes=(incident.incident,),
    )


def _not_resolved(incident: Incident) -> Refused | None:
    if incident.stage == "resolved":
        return None
    return Refused(
        reason="incident_not_resolved",
        detail=f"incident {incident.incident} is {incident.stage}: resolve it before closing it",
        clashes=(incident.incident,),
    )


def _open(incident: Incident) -> Refused | None:
    if incident.stage in ("resolved", "closed"):
        return None
    return Refused(
        reason="incident_open",
        detail=f"incident {incident.incident} is {incident.stage}: only one that is resolved or closed is reopened",
        clashes=(incident.incident,),
    )


def _duplicate(incident: Incident) -> Refused | None:
    if incident.duplicate_of is None:
        return None
    return Refused(
        reason="incident_duplicate",
        detail=f"incident {incident.incident} is a duplicate of {incident.duplicate_of}: send the units there",
        clashes=(incident.duplicate_of,),
    )


def _complained_of(incident: Incident, order: DispatchUnits) -> Refused | None:
    if incident.complained_unit not in order.units:
        return None
    return Refused(
        reason="unit_complained_of",
        detail=f"unit {incident.complained_unit} is complained of in incident {incident.incident}: send another",
        clashes=(incident.complained_unit,),
    )


def _not_higher(incident: Incident, order: EscalateIncident) -> Refused | None:
    if LEVELS.index(order.level) > LEVELS.index(incident.level):
        return None
    return Refused(
        reason="level_not_higher",
        detail=f"{incident.level} answers for incident {incident.incident}: {order.level} is not higher",
        clashes=(incident.level,),
    )


def _not_linkable(incident: Incident, order: LinkDuplicate) -> Refused | None:
    if order.duplicate_of == incident.incident:
        return Refused(
            reason="duplicate_of_itself",
            detail=f"incident {incident.incident} cannot be a duplicate of itself",
            clashes=(incident.incident,),
        )
    if incident.duplicate_of is not None:
        return Refused(
            reason="already_duplicate",
            detail=f"incident {incident.incident} is a duplicate of {incident.duplicate_of} already",
            clashes=(incident.duplicate_of,),
        )
    return None
