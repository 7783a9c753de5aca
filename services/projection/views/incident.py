"""An incident: what was reported by whom, and how far orders have brought it.

Its status follows from orders alone, its place, summary and links from reports, its type and severity from triage, or
before that from the latest report. Flags: `unreported` (only orders are known), `clock_ahead`.
"""

from typing import Any, Literal, assert_never

from msgspec import field
from msgspec.structs import replace

from schemas.envelope import message_identity
from schemas.incidents import IncidentClosed, IncidentReported, IncidentResolved, IncidentTriaged
from schemas.types import IncidentId, IncidentType, ShipmentId, UnitId, VillageCode
from services.projection.listed import Listed, in_villages
from services.projection.views.facts import Entity, Fact, Told, heard, known, last_heard, plain, told, with_entry

Data = IncidentReported | IncidentTriaged | IncidentResolved | IncidentClosed
Status = Literal["reported", "triaged", "resolved", "closed"]


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


class Triage(Told, frozen=True, kw_only=True):
    """The judgement on type and severity; `complained_unit` is for eyes outside that unit only."""

    type: IncidentType
    severity: int
    complained_unit: UnitId | None


class Resolution(Told, frozen=True, kw_only=True):
    """How it was resolved."""

    resolution: str


class Incident(Entity, frozen=True, kw_only=True):
    """Every report by the identity of its message, the last order of each kind, and what the last of all said."""

    incident: IncidentId
    reports: dict[str, Report] = field(default_factory=dict)
    triage: Triage | None = None
    resolution: Resolution | None = None
    closed: Told | None = None
    status: Status = "reported"


def fold(state: Incident | None, fact: Fact) -> Incident:
    """The incident after one more fact."""
    data: Data = fact.data
    incident = heard(state or Incident(incident=data.incident), fact)
    match data:
        case IncidentReported():
            identity = message_identity(fact.source, fact.id)
            return replace(incident, reports=with_entry(incident.reports, identity, told(Report, fact)))
        case IncidentTriaged():
            return replace(incident, triage=told(Triage, fact), status="triaged")
        case IncidentResolved():
            return replace(incident, resolution=told(Resolution, fact), status="resolved")
        case IncidentClosed():
            return replace(incident, closed=told(Told, fact), status="closed")
        case _:
            assert_never(data)


def document(incident: Incident) -> dict[str, Any]:
    """The incident as it is shown: the facts, and what follows from them.

    Links are the union of what all reports name; place and summary are the latest report's.
    """
    reports = known(*incident.reports.values())
    latest = reports[-1] if reports else None
    judged = incident.triage or latest
    flags = {"clock_ahead"} if incident.clock_ahead else set()
    if latest is None:
        flags.add("unreported")
    return {
        **plain(incident),
        "type": judged and judged.type,
        "severity": judged and judged.severity,
        "village": latest and latest.village,
        "summary": latest and latest.summary,
        "lat": latest and latest.lat,
        "lon": latest and latest.lon,
        "units": sorted({unit for each in reports for unit in each.units}),
        "shipments": sorted({shipment for each in reports for shipment in each.shipments}),
        "complained_unit": incident.triage and incident.triage.complained_unit,
        "first_reported_at": plain(reports[0].as_of) if reports else None,
        "flags": sorted(flags),
        "last_heard": plain(last_heard(reports)),
    }


def listed(document: dict[str, Any]) -> Listed:
    """Incidents are listed by village and status."""
    return in_villages([document["village"]], status=document["status"])
