"""An incident: what was reported by whom, how far orders have brought it, who was sent, and who answers for it.

Its status, level and whether it is a duplicate follow from orders alone, its place, summary and links from reports, its
type and severity from triage, or before that from the latest report. Of each source the newest reports are kept, and
what all come to: somebody may report one incident for ever. Status goes back only when it is reopened (to triaged, or
to reported if nobody ever judged it) and when units are dispatched to a contained one.

Flags: `unreported` (only orders are known), `duplicate` (of `duplicate_of`), `complained_unit_dispatched` (a unit that
the latest triage complains of was sent, before that triage or after an earlier one), `clock_ahead`.

The members of a unit complained of must not see the incident. `hidden_from` names the units whose readers are not to be
shown it; whoever serves documents to readers has to keep to it (ADR 0011).
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, assert_never

from msgspec import field
from msgspec.structs import replace

from schemas.incidents import (
    DuplicateLinked,
    IncidentClosed,
    IncidentContained,
    IncidentEscalated,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    IncidentTriaged,
    UnitsDispatched,
)
from schemas.types import IncidentId, IncidentType, Level, ShipmentId, UnitId, VillageCode
from services.views.facts import Entity, Fact, Told, heard, last_heard, plain, raised, told, with_newest
from services.views.listed import Listed, in_villages

Order = (
    IncidentTriaged
    | UnitsDispatched
    | IncidentContained
    | IncidentResolved
    | IncidentClosed
    | IncidentReopened
    | IncidentEscalated
    | DuplicateLinked
)
Status = Literal["reported", "triaged", "responding", "contained", "resolved", "closed"]
OPEN: Set[str] = frozenset({"reported", "triaged", "responding", "contained"})
"""Somebody still has to see to it."""


class Report(Told, frozen=True, kw_only=True):
    """One source's word on the incident; severity 1 is the gravest."""

    type: IncidentType
    severity: int
    village: VillageCode
    summary: str
    lat: float | None
    lon: float | None
    units: tuple[UnitId, ...]
    shipments: tuple[ShipmentId, ...]
    incidents: tuple[IncidentId, ...]


class Triage(Told, frozen=True, kw_only=True):
    """The judgement on type and severity; `complained_unit` is for eyes outside that unit only."""

    type: IncidentType
    severity: int
    complained_unit: UnitId | None


class Dispatch(Told, frozen=True, kw_only=True):
    """Units were sent."""

    units: tuple[UnitId, ...]
    order_reference: str | None


class Containment(Told, frozen=True, kw_only=True):
    """By what it was contained."""

    measures: str


class Resolution(Told, frozen=True, kw_only=True):
    """How it was resolved."""

    resolution: str


class Reopening(Told, frozen=True, kw_only=True):
    """Why it was taken up again."""

    reason: str


class Escalation(Told, frozen=True, kw_only=True):
    """To which level it was handed, and why."""

    level: Level
    reason: str


class Link(Told, frozen=True, kw_only=True):
    """Which incident it really is."""

    duplicate_of: IncidentId


class Incident(Entity, frozen=True, kw_only=True):
    """Each source's newest reports by the identity of their message, what all reports come to, and the orders: of some
    kinds all, of others the last.

    As far as its `report_count` reports tell, it happened at `first_reported_at`, and we can have known of it since
    `recordedtime`: a report may come hours late. `units`, `shipments` and `incidents` are all that any of them named,
    sorted: a unit that one report complains of is still not to see it when another does not name it. `acknowledged` is
    the first order that saw to it. Handing it up is none: the next level has not seen to it yet.
    """

    incident: IncidentId
    reports: dict[str, Report] = field(default_factory=dict)
    report_count: int = 0
    first_reported_at: datetime | None = None
    recordedtime: datetime | None = None
    units: tuple[UnitId, ...] = ()
    shipments: tuple[ShipmentId, ...] = ()
    incidents: tuple[IncidentId, ...] = ()
    acknowledged: Told | None = None
    triage: Triage | None = None
    dispatches: tuple[Dispatch, ...] = ()
    containment: Containment | None = None
    resolution: Resolution | None = None
    closed: Told | None = None
    reopenings: tuple[Reopening, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    link: Link | None = None
    status: Status = "reported"
    level: Level = "polsek"


def fold(state: Incident | None, fact: Fact) -> Incident:
    """The incident after one more fact."""
    data: IncidentReported | Order = fact.data
    incident = heard(state or Incident(incident=data.incident), fact)
    if isinstance(data, IncidentReported):
        return _reported(incident, data, fact)
    if incident.acknowledged is None and not isinstance(data, IncidentEscalated):
        incident = replace(incident, acknowledged=told(Told, fact))
    return _ordered(incident, data, fact)


def _reported(before: Incident, data: IncidentReported, fact: Fact) -> Incident:
    return replace(
        before,
        reports=with_newest(before.reports, told(Report, fact)),
        report_count=before.report_count + 1,
        first_reported_at=min(filter(None, (before.first_reported_at, fact.at))),
        recordedtime=min(filter(None, (before.recordedtime, fact.recordedtime))),
        units=_union(before.units, data.units),
        shipments=_union(before.shipments, data.shipments),
        incidents=_union(before.incidents, data.incidents),
    )


def _union(before: tuple[str, ...], named: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*before, *named}))


def _ordered(before: Incident, data: Order, fact: Fact) -> Incident:
    match data:
        case IncidentTriaged():
            status: Status = "triaged" if before.status == "reported" else before.status
            after = replace(before, triage=told(Triage, fact), status=status)
        case UnitsDispatched():
            after = replace(before, dispatches=(*before.dispatches, told(Dispatch, fact)), status="responding")
        case IncidentContained():
            after = replace(before, containment=told(Containment, fact), status="contained")
        case IncidentResolved():
            after = replace(before, resolution=told(Resolution, fact), status="resolved")
        case IncidentClosed():
            after = replace(before, closed=told(Told, fact), status="closed")
        case IncidentReopened():
            reopenings = (*before.reopenings, told(Reopening, fact))
            after = replace(before, reopenings=reopenings, status="triaged" if before.triage else "reported", link=None)
        case IncidentEscalated():
            after = replace(before, escalations=(*before.escalations, told(Escalation, fact)), level=data.level)
        case DuplicateLinked():
            after = replace(before, link=told(Link, fact))
        case _:
            assert_never(data)
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What reports and triage come to; None while there is neither. `latest` is the report that speaks for all."""

    type: IncidentType | None
    severity: int | None
    latest: Report | None


def account(incident: Incident) -> Account:
    """What is known of an incident, by its latest report and its triage."""
    latest = max(incident.reports.values(), key=lambda each: each.order, default=None)
    judged = incident.triage or latest
    return Account(
        type=judged.type if judged else None,
        severity=judged.severity if judged else None,
        latest=latest,
    )


def worked_on(links: Mapping[IncidentId, IncidentId], still_open: Collection[IncidentId]) -> set[IncidentId]:
    """Of duplicates that are linked in a ring, the one of each ring that is worked on all the same.

    Each incident is decided by itself: "a is b" and "b is a" can both stand, and then nobody would see to either. The
    one that counts is the smallest id of those still open, or of all when none is.
    """
    rings = filter(None, (_ring(incident, links) for incident in links))
    return {min(ring & set(still_open) or ring) for ring in rings}


def _ring(incident: IncidentId, links: Mapping[IncidentId, IncidentId]) -> set[IncidentId]:
    """The incidents that lead from this one back to it; none if it only leads into a ring or out of all."""
    ring, after = {incident}, links.get(incident)
    while after is not None and after not in ring:
        ring.add(after)
        after = links.get(after)
    return ring if after == incident else set()


def document(incident: Incident) -> dict[str, Any]:
    """The incident as it is shown: the facts, and what follows from them.

    Place and summary are the latest report's.
    """
    seen = account(incident)
    latest = seen.latest
    return {
        **plain(incident),
        "type": seen.type,
        "severity": seen.severity,
        "village": latest and latest.village,
        "summary": latest and latest.summary,
        "lat": latest and latest.lat,
        "lon": latest and latest.lon,
        "dispatched": _dispatched(incident),
        "complained_unit": complained_unit(incident),
        "hidden_from": hidden_from(incident),
        "duplicate_of": incident.link and incident.link.duplicate_of,
        "acknowledged_at": plain(incident.acknowledged.as_of) if incident.acknowledged else None,
        "flags": flags(incident),
        "last_heard": plain(last_heard([latest])),
    }


def complained_unit(incident: Incident) -> UnitId | None:
    """The unit that the latest triage complains of."""
    return None if incident.triage is None else incident.triage.complained_unit


def hidden_from(incident: Incident) -> list[UnitId]:
    """The units whose readers are not to be shown the incident."""
    unit = complained_unit(incident)
    return [] if unit is None else [unit]


def _dispatched(incident: Incident) -> list[UnitId]:
    return sorted({unit for each in incident.dispatches for unit in each.units})


def flags(incident: Incident) -> list[str]:
    """What is wrong with the incident, sorted."""
    conditions = {
        "clock_ahead": incident.clock_ahead,
        "unreported": not incident.reports,
        "duplicate": incident.link is not None,
        "complained_unit_dispatched": complained_unit(incident) in _dispatched(incident),
    }
    return raised(conditions)


def listed(document: dict[str, Any]) -> Listed:
    """Incidents are listed by village and status."""
    return in_villages([document["village"]], status=document["status"])
