"""The models of documents as they are served. They name what clients build on; documents may say more than that.

Those of logistics are in logistics_documents.py.

`as_of` is the instant for which a value counts: when it happened by its source's clock, or when we heard of it if that
clock was ahead of ours. `flags` name contradictions and what is missing; the views say
what each means.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import ConfigDict

from schemas.types import (
    AlertRule,
    Basis,
    Duty,
    Force,
    IncidentType,
    Jurisdiction,
    Level,
    Reliability,
    StageName,
    TargetKind,
    Vulnerability,
)
from schemas.watched.rule import Watched
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
    force: Force | None


class StandDownAnswer(Said):
    """The order by which a unit is released, from `at` on."""

    at: datetime
    reason: str


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


class CancellationAnswer(Said):
    """The order that took an assignment back."""

    reason: str


class PositionAnswer(Said):
    """Where a unit was last seen: WGS 84 degrees, accuracy in m, speed in m/s, heading in degrees from north."""

    lat: float
    lon: float
    accuracy: float | None
    speed: float | None
    heading: float | None


class PresenceAnswer(Shown):
    """Where the last word puts a unit; `present` is null when it is not there or nobody has counted since it came."""

    post: str
    state: Literal["under_way", "present", "left"]
    present: Heads | None
    counted_at: datetime | None
    as_of: datetime


class PatrolAnswer(Said):
    """The last visit to a village's vulnerable spots, and what was found there, if anything."""

    village: str
    finding: str | None


class UnitAnswer(Shown):
    """A unit: orders to it by assignment, where it is, and where it was by post (`visits`) and village (`patrols`).

    `stood_down` is null unless it is released and not registered again; assignments named in `cancellations` are void.
    """

    unit: str
    registration: RegistrationAnswer | None
    stood_down: StandDownAnswer | None
    assignments: Mapping[str, AssignmentAnswer]
    cancellations: Mapping[str, CancellationAnswer]
    position: PositionAnswer | None
    presence: PresenceAnswer | None
    visits: Mapping[str, Any]
    patrols: Mapping[str, PatrolAnswer]
    unauthorised: Sequence[str]
    flags: Sequence[str]
    last_heard: datetime | None


# Posts.


class NeedAnswer(Shown):
    """Heads of one force: for the whole post, or for every `every` of its stations."""

    force: Force
    heads: int
    per: Basis
    every: int


class RequirementAnswer(Said):
    """What a post needs in the window [start, end), by one version of the plan; `required` is in heads by force."""

    plan_version: int
    plan_source: str
    plan_dated: date | None
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: int
    needs: Sequence[NeedAnswer]
    required: Heads
    start: datetime
    end: datetime


class PostAnswer(Shown):
    """A guard post: the requirement in force at `at` (null: none), and all versions by their number.

    `jurisdiction`, `vulnerability` and `stations` are the newest version's. Flag `unreported`: no report has named it.
    """

    post: str
    village: str
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: int
    at: datetime
    requirement: RequirementAnswer | None
    versions: Mapping[str, RequirementAnswer]
    flags: Sequence[str]


# Contingents.


class PersonnelAnswer(Said):
    """Heads by force that an agency gives in the window [start, end), by one version of the plan."""

    plan_version: int
    plan_source: str
    plan_dated: date
    agency: str
    personnel: Heads
    start: datetime
    end: datetime


class ContingentAnswer(Shown):
    """A contingent: the plan in force at `at` (null: none), its heads together, and all versions by their number."""

    contingent: str
    agency: str
    at: datetime
    plan: PersonnelAnswer | None
    total: int
    versions: Mapping[str, PersonnelAnswer]
    flags: Sequence[str]


# The operation.


class StageAnswer(Shown):
    """A stage, for the window [start, end)."""

    stage: StageName
    start: datetime
    end: datetime


class VotingAnswer(Shown):
    """A village that votes."""

    village: str
    jurisdiction: Jurisdiction
    stations: int


class ParticipantAnswer(Shown):
    """An agency that takes part."""

    agency: str
    name: str


class FileAnswer(Shown):
    """A version of the operation file; `source` and `dated` say which document it follows."""

    operation: str
    version: int
    name: str
    polling_day: date
    stages: Sequence[StageAnswer]
    villages: Sequence[VotingAnswer]
    agencies: Sequence[ParticipantAnswer]
    source: str
    dated: date


class AdoptedAnswer(Said):
    """A version of the operation file, and by which order it came into one log."""

    file: FileAnswer


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
    known; type and severity are the triage's, or before that the latest report's. `reports` holds the newest 20 of
    each source; `/v1/events` tells all `report_count`. `recordedtime`: when the first of all was taken in.
    `acknowledged_at`: the first order that saw to it, escalation aside. Readers of the units in `hidden_from` are not
    to see it."""

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
    report_count: int
    dispatches: Sequence[DispatchAnswer]
    dispatched: Sequence[str]
    escalations: Sequence[EscalationAnswer]
    duplicate_of: str | None
    hidden_from: Sequence[str]
    first_reported_at: datetime | None
    recordedtime: datetime | None
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


class RaisedAnswer(Said):
    """When a watch, the `source`, raised an alert; what it said stands beside this."""


class AcknowledgedAnswer(Said):
    """Who, the `source`, answers for an alert until an instant; `run_out` from that instant on."""

    comment: str
    until: datetime
    run_out: bool


class ClearedAnswer(Said):
    """The numbers by which the rule holds again."""

    numbers: Mapping[str, float]


class AlertAnswer(Shown):
    """An alert: the rule broken on a subject since an instant, by these numbers; each name ends in its unit.

    `words` say what that means and what usually helps; null for a rule that has none. `age`: for how many seconds the
    rule has been broken, or was until the alert was cleared. Its life: `raised`, `acknowledged` (the last time),
    `cleared`. `changes_at`: when the acknowledgement runs out; null if none will.
    """

    alert: str
    state: Literal["standing", "cleared"]
    rule: AlertRule
    words: Watched | None
    subject: str
    n: int
    since: datetime
    age: float
    numbers: Mapping[str, float]
    villages: Sequence[str]
    raised: RaisedAnswer
    acknowledged: AcknowledgedAnswer | None
    cleared: ClearedAnswer | None
    changes_at: datetime | None
    flags: Sequence[str]
