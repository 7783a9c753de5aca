"""Messages and events of the incidents service: incidents, early warnings, engagements and alerts."""

from typing import Annotated

from pydantic import Field

from schemas.operation import Operation
from schemas.registry import event, order, policy, report
from schemas.types import (
    AlertId,
    AlertRule,
    AreaCode,
    Credibility,
    DistrictCode,
    EngagementId,
    Headcount,
    IncidentId,
    IncidentType,
    Instant,
    Latitude,
    Level,
    Longitude,
    OrmasId,
    PlaceId,
    Reference,
    Reliability,
    Severity,
    ShipmentId,
    Text,
    UnitId,
    VillageCode,
    WarningId,
    Why,
    WindowEnd,
    WindowStart,
)

Units = Annotated[tuple[UnitId, ...], Field(min_length=1, max_length=20)]
NumberName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Numbers = Annotated[
    dict[NumberName, Number],
    Field(
        max_length=20,
        description="The numbers that broke a rule, or by which it holds again, by name; each name ends in its unit.",
    ),
]
MOST_VILLAGES = 400
Villages = Annotated[tuple[VillageCode, ...], Field(max_length=MOST_VILLAGES)]
Subject = Annotated[Text, Field(description="What it is about: the key of an aggregate, or the code of an area.")]
Since = Annotated[Instant, Field(description="Since when the rule is broken.")]
AlertNumber = Annotated[
    int, Field(ge=0, le=1_000_000, description="How many alerts of the same rule and subject were cleared before.")
]

# Incidents.


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
    incidents: Annotated[tuple[IncidentId, ...], Field(max_length=50)] = ()


@order("kalimaya.incident.triage", service="incidents", key="incident")
class TriageIncident:
    """Judge type and severity; for a neutrality complaint, name the unit complained of. The latest judgement counts."""

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


@order("kalimaya.incident.dispatch", service="incidents", key="incident")
class DispatchUnits:
    """Send units; to a contained incident, too, which then is not contained. Refused for a unit complained of."""

    incident: IncidentId
    units: Units
    order_reference: Reference | None = None


@event("kalimaya.incident.dispatched", service="incidents", key="incident", of=DispatchUnits)
class UnitsDispatched:
    """Units are sent."""

    incident: IncidentId
    units: Units
    order_reference: Reference | None = None


@order("kalimaya.incident.contain", service="incidents", key="incident")
class ContainIncident:
    """Declare an incident contained: it does not grow any more."""

    incident: IncidentId
    measures: Text


@event("kalimaya.incident.contained", service="incidents", key="incident", of=ContainIncident)
class IncidentContained:
    """An incident is contained."""

    incident: IncidentId
    measures: Text


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


@order("kalimaya.incident.reopen", service="incidents", key="incident")
class ReopenIncident:
    """Take a resolved or closed incident up again; if it was linked as a duplicate, it is one no more."""

    incident: IncidentId
    reason: Why


@event("kalimaya.incident.reopened", service="incidents", key="incident", of=ReopenIncident)
class IncidentReopened:
    """An incident is taken up again."""

    incident: IncidentId
    reason: Why


@order("kalimaya.incident.escalate", service="incidents", key="incident")
class EscalateIncident:
    """Hand an incident to a higher level."""

    incident: IncidentId
    level: Level
    reason: Why


@event("kalimaya.incident.escalated", service="incidents", key="incident", of=EscalateIncident)
class IncidentEscalated:
    """A higher level answers for an incident."""

    incident: IncidentId
    level: Level
    reason: Why


@order("kalimaya.incident.link_duplicate", service="incidents", key="incident")
class LinkDuplicate:
    """Say that an incident is another one reported twice; that other one is worked on."""

    incident: IncidentId
    duplicate_of: IncidentId


@event("kalimaya.incident.linked_duplicate", service="incidents", key="incident", of=LinkDuplicate)
class DuplicateLinked:
    """An incident is another one reported twice."""

    incident: IncidentId
    duplicate_of: IncidentId


# Early warnings and engagements.


@report("kalimaya.warning.given", service="incidents", key="warning")
class WarningGiven:
    """An early warning: what may happen in an area in the window [start, end), graded by the Admiralty code."""

    warning: WarningId
    area: AreaCode
    expects: IncidentType
    reliability: Reliability
    credibility: Credibility
    start: WindowStart
    end: WindowEnd
    summary: Text


@report("kalimaya.engagement.held", service="incidents", key="engagement")
class EngagementHeld:
    """A meeting with a mass organisation (ormas) of a district was held."""

    engagement: EngagementId
    district: DistrictCode
    ormas: OrmasId
    participants: Headcount
    summary: Text
    place: PlaceId | None = None


# Alerts: raised and cleared by our own watch workers, acknowledged by an operator.


@policy("kalimaya.alert.raise", service="incidents", key="alert")
class RaiseAlert:
    """A rule is broken: on which subject, since when, by which numbers. `alert` is `alert_id(rule, subject, n)`."""

    alert: AlertId
    rule: AlertRule
    subject: Subject
    n: AlertNumber
    since: Since
    numbers: Numbers
    villages: Villages = ()


@event("kalimaya.alert.raised", service="incidents", key="alert", of=RaiseAlert)
class AlertRaised:
    """An alert stands."""

    alert: AlertId
    rule: AlertRule
    subject: Subject
    n: AlertNumber
    since: Since
    numbers: Numbers
    villages: Villages = ()


@policy("kalimaya.alert.clear", service="incidents", key="alert")
class ClearAlert:
    """A rule holds again, by which numbers."""

    alert: AlertId
    numbers: Numbers


@event("kalimaya.alert.cleared", service="incidents", key="alert", of=ClearAlert)
class AlertCleared:
    """An alert stands no more."""

    alert: AlertId
    numbers: Numbers


@order("kalimaya.alert.acknowledge", service="incidents", key="alert")
class AcknowledgeAlert:
    """An operator has seen an alert and answers for it until an instant."""

    alert: AlertId
    comment: Text
    until: Instant


@event("kalimaya.alert.acknowledged", service="incidents", key="alert", of=AcknowledgeAlert)
class AlertAcknowledged:
    """An alert is acknowledged."""

    alert: AlertId
    comment: Text
    until: Instant


# The operation, as incidents knows it.


@order("kalimaya.incidents.operation.adopt", service="incidents", key="operation", aggregate="incidents-operation")
class AdoptOperation(Operation):
    """Put a version of the operation file in force for incidents."""


@event(
    "kalimaya.incidents.operation.adopted",
    service="incidents",
    key="operation",
    of=AdoptOperation,
    aggregate="incidents-operation",
)
class OperationAdopted(Operation):
    """A version of the operation file is in force for incidents."""


Order = (
    TriageIncident
    | DispatchUnits
    | ContainIncident
    | ResolveIncident
    | CloseIncident
    | ReopenIncident
    | EscalateIncident
    | LinkDuplicate
    | RaiseAlert
    | ClearAlert
    | AcknowledgeAlert
    | AdoptOperation
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
    | AlertRaised
    | AlertCleared
    | AlertAcknowledged
    | OperationAdopted
)
Report = IncidentReported | WarningGiven | EngagementHeld
