"""The models of documents as they are served. They name what clients build on; documents may say more than that.

`as_of` is the instant for which a value counts: when it happened by its source's clock, or when we heard of it if that
clock was ahead of ours. `flags` name contradictions and what is missing; the views say
what each means.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from schemas.types import (
    AlertRule,
    Duty,
    Force,
    IncidentType,
    Jurisdiction,
    LegMode,
    Level,
    PackageKind,
    Reliability,
    TargetKind,
    Vulnerability,
)
from services.projection.api.words import Answer

Heads = Mapping[Force, int]


class Shown(Answer):
    """A part of a document; further fields are served too."""

    model_config = ConfigDict(extra="allow")


class Said(Shown):
    """Somebody's word: who said it (`source` and `id` of the message), and when."""

    as_of: datetime
    time: datetime
    recordedtime: datetime
    source: str
    id: str


# Units.


class RegistrationAnswer(Said):
    """Who a unit is; `strength` in heads by force."""

    name: str
    agency: str
    strength: Heads
    callsign: str


class AssignmentAnswer(Said):
    """A duty for the window [start, end); `headcount` in heads by force."""

    assignment: str
    duty: Duty
    target_kind: TargetKind
    target: str
    start: datetime
    end: datetime
    headcount: Heads
    order_reference: str | None


class PositionAnswer(Said):
    """Where a unit was last seen: WGS 84 degrees, accuracy in m, speed in m/s, heading in degrees from north."""

    lat: float
    lon: float
    accuracy: float | None
    speed: float | None
    heading: float | None


class PresenceAnswer(Shown):
    """Where the last word puts a unit; `present` is null when it left or nobody has counted since it came."""

    post: str
    state: Literal["present", "left"]
    present: Heads | None
    counted_at: datetime | None
    as_of: datetime


class UnitAnswer(Shown):
    """A unit: orders to it by assignment, where it is, and where it was by post."""

    unit: str
    registration: RegistrationAnswer | None
    assignments: Mapping[str, AssignmentAnswer]
    position: PositionAnswer | None
    presence: PresenceAnswer | None
    visits: Mapping[str, Any]
    flags: Sequence[str]
    last_heard: datetime | None


# Posts.


class RequirementAnswer(Said):
    """What a post needs in the window [start, end), in heads by force, by one version of the plan."""

    plan_version: int
    plan_source: str
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: int
    required: Heads
    start: datetime
    end: datetime


class PostAnswer(Shown):
    """A guard post: the requirement in force, and all versions by their number."""

    post: str
    village: str
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: int
    requirement: RequirementAnswer
    versions: Mapping[str, RequirementAnswer]


# Shipments.


class LegAnswer(Shown):
    """A leg and how far it has come; for what the plan says of it see `plan.legs`."""

    leg: str
    state: Literal["planned", "under_way", "arrived"]
    escort: str | None
    departed_at: datetime | None
    arrived_at: datetime | None
    flags: Sequence[str]


class HoldingAnswer(Shown):
    """Who answered for a package since when, and by which handover (null: by the plan)."""

    custodian: str
    since: datetime
    handover: str | None
    broken_chain: bool


class PackageAnswer(Shown):
    """A package; `kind`, `tps` and `count` are the manifest's, null when it is not on it. `custody` is its chain."""

    package: str
    kind: PackageKind | None
    tps: str | None
    count: int | None
    seals: Sequence[str]
    custodian: str | None
    custody: Sequence[HoldingAnswer]
    flags: Sequence[str]


class HandoverAnswer(Shown):
    """A handover: its halves, and on what exactly they differ."""

    state: str
    released: Mapping[str, Any] | None
    received: Mapping[str, Any] | None
    differences: Sequence[Mapping[str, Any]]
    flags: Sequence[str]


class PlannedLegAnswer(Shown):
    """What the plan says of a leg."""

    leg: str
    mode: LegMode
    origin: str
    destination: str
    depart_by: datetime
    arrive_by: datetime
    carrier: str
    escort_required: bool


class PlanAnswer(Said):
    """The order that a shipment rests on."""

    village: str
    waybill: str
    custodian: str
    legs: Sequence[PlannedLegAnswer]


class PlaceAnswer(Shown):
    """The last known place; while `leg` is named, the shipment left that place on that leg."""

    place: str
    leg: str | None
    as_of: datetime


class ShipmentAnswer(Shown):
    """A shipment. `custodian` is null unless all its packages share one, `stage` while there is nothing to tell by."""

    shipment: str
    village: str | None
    stage: Literal["planned", "sealed", "under_way", "arrived", "delivered"] | None
    custodian: str | None
    place: PlaceAnswer | None
    plan: PlanAnswer | None
    legs: Sequence[LegAnswer]
    packages: Mapping[str, PackageAnswer]
    handovers: Mapping[str, HandoverAnswer]
    discrepancies: Sequence[Mapping[str, Any]]
    flags: Sequence[str]
    last_heard: datetime | None


# Incidents.

IncidentStatus = Literal["reported", "triaged", "responding", "contained", "resolved", "closed"]
IncidentFlag = Literal["unreported", "duplicate", "complained_unit_dispatched", "clock_ahead"]


class DispatchAnswer(Said):
    """Units were sent."""

    units: Sequence[str]
    order_reference: str | None


class EscalationAnswer(Said):
    """A level was handed the incident."""

    level: Level
    reason: str


class IncidentAnswer(Shown):
    """An incident; `severity` 1 is the gravest. Place and summary are the latest report's, null when only orders are
    known; type and severity are the triage's, or before that the latest report's. `acknowledged_at`: the first order
    that saw to it, escalation aside. Readers of the units in `hidden_from` are not to see it."""

    incident: str
    status: IncidentStatus
    level: Level
    type: IncidentType | None
    severity: int | None
    village: str | None
    summary: str | None
    lat: float | None
    lon: float | None
    units: Sequence[str]
    shipments: Sequence[str]
    incidents: Sequence[str]
    reports: Mapping[str, Any]
    dispatches: Sequence[DispatchAnswer]
    dispatched: Sequence[str]
    escalations: Sequence[EscalationAnswer]
    duplicate_of: str | None
    hidden_from: Sequence[str]
    first_reported_at: datetime | None
    acknowledged_at: datetime | None
    flags: Sequence[IncidentFlag]
    last_heard: datetime | None


# Early warnings and engagements.


class WarningWordAnswer(Said):
    """What one source expects in the window [start, end), graded by the Admiralty code."""

    area: str
    expects: IncidentType
    reliability: Reliability
    credibility: int
    start: datetime
    end: datetime
    summary: str


class WarningAnswer(Shown):
    """An early warning: the latest word, and in `words` the last one of each source."""

    warning: str
    area: str
    expects: IncidentType
    reliability: Reliability
    credibility: int
    start: datetime
    end: datetime
    summary: str
    sources: Sequence[str]
    words: Mapping[str, WarningWordAnswer]
    flags: Sequence[str]
    last_heard: datetime


class EngagementAnswer(Shown):
    """A meeting with a mass organisation: the latest word, and in `words` the last one of each source."""

    engagement: str
    district: str
    ormas: str
    participants: int
    summary: str
    place: str | None
    held_at: datetime
    sources: Sequence[str]
    words: Mapping[str, Any]
    flags: Sequence[str]
    last_heard: datetime


# Alerts.


class AcknowledgedAnswer(Said):
    """Who, the `source`, answers for an alert until an instant."""

    comment: str
    until: datetime


class ClearedAnswer(Said):
    """The numbers by which the rule holds again."""

    numbers: Mapping[str, float]


class AlertAnswer(Shown):
    """An alert: the rule broken on a subject since an instant, by these numbers; each name ends in its unit."""

    alert: str
    state: Literal["standing", "cleared"]
    rule: AlertRule
    subject: str
    n: int
    since: datetime
    numbers: Mapping[str, float]
    villages: Sequence[str]
    acknowledged: AcknowledgedAnswer | None
    cleared: ClearedAnswer | None
    flags: Sequence[str]
