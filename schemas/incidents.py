"""Messages and events of the incidents service."""

from typing import Annotated

from pydantic import Field

from schemas.registry import event, order, report
from schemas.types import (
    IncidentId,
    IncidentType,
    Latitude,
    Longitude,
    Severity,
    ShipmentId,
    Text,
    UnitId,
    VillageCode,
)


@report("kalimaya.incident.reported", service="incidents", key="incident")
class IncidentReported:
    """Something happened. Several sources may report one incident; no names of persons in the summary."""

    incident: IncidentId
    type: IncidentType
    severity: Severity
    village: VillageCode
    summary: Text
    lat: Latitude | None = None
    lon: Longitude | None = None
    units: Annotated[tuple[UnitId, ...], Field(max_length=50)] = ()
    shipments: Annotated[tuple[ShipmentId, ...], Field(max_length=50)] = ()


@order("kalimaya.incident.triage", service="incidents", key="incident")
class TriageIncident:
    """Judge type and severity; for a neutrality complaint, name the unit complained of."""

    incident: IncidentId
    type: IncidentType
    severity: Severity
    complained_unit: UnitId | None = None


@event("kalimaya.incident.triaged", service="incidents", key="incident", of=TriageIncident)
class IncidentTriaged:
    """Type and severity are judged."""

    incident: IncidentId
    type: IncidentType
    severity: Severity
    complained_unit: UnitId | None = None


@order("kalimaya.incident.resolve", service="incidents", key="incident")
class ResolveIncident:
    """Declare an incident resolved."""

    incident: IncidentId
    resolution: Text


@event("kalimaya.incident.resolved", service="incidents", key="incident", of=ResolveIncident)
class IncidentResolved:
    """An incident is resolved."""

    incident: IncidentId
    resolution: Text


@order("kalimaya.incident.close", service="incidents", key="incident")
class CloseIncident:
    """Close a resolved incident."""

    incident: IncidentId


@event("kalimaya.incident.closed", service="incidents", key="incident", of=CloseIncident)
class IncidentClosed:
    """An incident is closed."""

    incident: IncidentId


Order = TriageIncident | ResolveIncident | CloseIncident
Event = IncidentTriaged | IncidentResolved | IncidentClosed
Report = IncidentReported
