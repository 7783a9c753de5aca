"""Messages and events of the deployment service: units, assignments, guard posts and contingents."""

from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from schemas.operation import Operation
from schemas.registry import event, order, report, upcaster
from schemas.types import (
    AgencyId,
    AssignmentId,
    Basis,
    Callsign,
    ContingentId,
    Counts,
    Degrees,
    Duty,
    Force,
    Headcount,
    Instant,
    Jurisdiction,
    Latitude,
    LegMode,
    Longitude,
    Metres,
    MetresPerSecond,
    Name,
    PlanDay,
    PlanSource,
    PlanVersion,
    PostId,
    Reference,
    StationCount,
    Target,
    TargetKind,
    Text,
    UnitId,
    VillageCode,
    Vulnerability,
    Why,
    WindowEnd,
    WindowStart,
)

# Units and their assignments.


@order("kalimaya.unit.register", service="deployment", key="unit")
class RegisterUnit:
    """Enter a unit with its strength into the operation; after a stand-down, back into it.

    `force` is the one that the unit belongs to, where it is of one; its strength may hold heads of others too.
    """

    unit: UnitId
    name: Name
    agency: AgencyId
    strength: Counts
    callsign: Callsign
    force: Force | None = None


@event("kalimaya.unit.registered", service="deployment", key="unit", of=RegisterUnit)
class UnitRegistered:
    """A unit belongs to the operation."""

    unit: UnitId
    name: Name
    agency: AgencyId
    strength: Counts
    callsign: Callsign
    force: Force | None = None


@order("kalimaya.unit.assign", service="deployment", key="unit")
class AssignUnit:
    """Give a unit, or a part of it, a duty for the window [start, end).

    `target` is a post, an area (district code), a shipment or a protectee, as `target_kind` says.
    """

    unit: UnitId
    assignment: AssignmentId
    duty: Duty
    target_kind: TargetKind
    target: Target
    start: WindowStart
    end: WindowEnd
    headcount: Counts
    order_reference: Reference | None = None


@event("kalimaya.unit.assigned", service="deployment", key="unit", of=AssignUnit)
class UnitAssigned:
    """A unit, or a part of it, has a duty for the window [start, end)."""

    unit: UnitId
    assignment: AssignmentId
    duty: Duty
    target_kind: TargetKind
    target: Target
    start: WindowStart
    end: WindowEnd
    headcount: Counts
    order_reference: Reference | None = None


@order("kalimaya.unit.cancel_assignment", service="deployment", key="unit")
class CancelAssignment:
    """Take a duty back; its heads are free from then on. The assignment's id stays used."""

    unit: UnitId
    assignment: AssignmentId
    reason: Why


@event("kalimaya.unit.assignment_cancelled", service="deployment", key="unit", of=CancelAssignment)
class AssignmentCancelled:
    """A duty was taken back."""

    unit: UnitId
    assignment: AssignmentId
    reason: Why


@order("kalimaya.unit.stand_down", service="deployment", key="unit")
class StandDownUnit:
    """Release a unit from the operation from `at` on. Duties that reach beyond must be cancelled before."""

    unit: UnitId
    at: Instant
    reason: Why


@event("kalimaya.unit.stood_down", service="deployment", key="unit", of=StandDownUnit)
class UnitStoodDown:
    """A unit is released from the operation from `at` on."""

    unit: UnitId
    at: Instant
    reason: Why


# What units report.


@report("kalimaya.unit.sighted", service="deployment", key="unit")
class UnitSighted:
    """A unit's position (WGS 84 degrees; accuracy in m, speed in m/s, heading in degrees from north)."""

    unit: UnitId
    lat: Latitude
    lon: Longitude
    accuracy: Metres | None = None
    speed: MetresPerSecond | None = None
    heading: Degrees | None = None


@report("kalimaya.unit.departed", service="deployment", key="unit")
class UnitDeparted:
    """A unit is under way to a post; `mode` is how it goes on from where it is (sea: it is on the boat)."""

    unit: UnitId
    post: PostId
    mode: LegMode | None = None


@report("kalimaya.unit.arrived", service="deployment", key="unit")
class UnitArrived:
    """A unit is at a post."""

    unit: UnitId
    post: PostId


@report("kalimaya.unit.mustered", service="deployment", key="unit")
class UnitMustered:
    """The heads that a unit has present at a post, counted there."""

    unit: UnitId
    post: PostId
    present: Counts


@report("kalimaya.unit.left_post", service="deployment", key="unit")
class UnitLeftPost:
    """A unit left a post. Without a consent reference this is flagged `unauthorised`."""

    unit: UnitId
    post: PostId
    reason: Why
    consent: Reference | None = None


@report("kalimaya.unit.relieved", service="deployment", key="unit")
class UnitRelieved:
    """A unit was relieved at a post by another and has left it; that is authorised by the relief."""

    unit: UnitId
    post: PostId
    by: Annotated[UnitId, Field(description="The unit that took the post over.")]


@report("kalimaya.unit.visited", service="deployment", key="unit")
class UnitVisited:
    """A patrol was at a vulnerable spot of a village. `finding` is what it found, if anything."""

    unit: UnitId
    village: VillageCode
    finding: Text | None = None


# Guard posts: what the plan requires of them.


@order("kalimaya.post.require", service="deployment", key="post")
class RequirePostV1:
    """State what a guard post needs, as one version of the plan; version 1 counted by the whole post only."""

    post: PostId
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: StationCount
    required: Counts
    start: WindowStart
    end: WindowEnd
    plan_version: PlanVersion
    plan_source: PlanSource


@event("kalimaya.post.required", service="deployment", key="post", of=RequirePostV1)
class PostRequiredV1:
    """A version of the plan for one guard post is in force."""

    post: PostId
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: StationCount
    required: Counts
    start: WindowStart
    end: WindowEnd
    plan_version: PlanVersion
    plan_source: PlanSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Heads of one force: for the whole post, or for every `every` of its stations (begun ones count whole)."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    force: Force
    heads: Headcount
    per: Basis
    every: Annotated[int, Field(ge=1, le=100, description="Of how many stations; of no meaning for the post.")] = 1


Needs = Annotated[tuple[Need, ...], Field(min_length=1, max_length=30)]


@order("kalimaya.post.require", service="deployment", key="post", version=2)
class RequirePost:
    """State what a guard post needs in the window [start, end), as one version of the plan.

    A later version supersedes without erasing. `stations` is the number of polling stations that the post covers,
    `plan_dated` the day of the document named in `plan_source`.
    """

    post: PostId
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: StationCount
    needs: Needs
    start: WindowStart
    end: WindowEnd
    plan_version: PlanVersion
    plan_source: PlanSource
    plan_dated: PlanDay | None = None


@event("kalimaya.post.required", service="deployment", key="post", of=RequirePost, version=2)
class PostRequired:
    """A version of the plan for one guard post is in force."""

    post: PostId
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: StationCount
    needs: Needs
    start: WindowStart
    end: WindowEnd
    plan_version: PlanVersion
    plan_source: PlanSource
    plan_dated: PlanDay | None = None


def _counted_by_post(data: RequirePostV1 | PostRequiredV1) -> dict[str, Any]:
    needs = tuple(Need(force=force, heads=heads, per="post") for force, heads in data.required.items())
    kept = {field.name: getattr(data, field.name) for field in fields(data) if field.name != "required"}
    return {**kept, "needs": needs}


@upcaster(RequirePostV1)
def _(data: RequirePostV1) -> RequirePost:
    return RequirePost(**_counted_by_post(data))


@upcaster(PostRequiredV1)
def _(data: PostRequiredV1) -> PostRequired:
    return PostRequired(**_counted_by_post(data))


# Contingents: the personnel that an agency gives to the operation.


@order("kalimaya.contingent.plan", service="deployment", key="contingent")
class PlanContingent:
    """State the personnel that an agency gives in the window [start, end), as one version of the plan."""

    contingent: ContingentId
    agency: AgencyId
    personnel: Counts
    start: WindowStart
    end: WindowEnd
    plan_version: PlanVersion
    plan_source: PlanSource
    plan_dated: PlanDay


@event("kalimaya.contingent.planned", service="deployment", key="contingent", of=PlanContingent)
class ContingentPlanned:
    """A version of the plan for one contingent is in force."""

    contingent: ContingentId
    agency: AgencyId
    personnel: Counts
    start: WindowStart
    end: WindowEnd
    plan_version: PlanVersion
    plan_source: PlanSource
    plan_dated: PlanDay


# The operation, as deployment knows it.


@order("kalimaya.deployment.operation.adopt", service="deployment", key="operation", aggregate="deployment-operation")
class AdoptOperation(Operation):
    """Put a version of the operation file in force for deployment."""


@event(
    "kalimaya.deployment.operation.adopted",
    service="deployment",
    key="operation",
    of=AdoptOperation,
    aggregate="deployment-operation",
)
class OperationAdopted(Operation):
    """A version of the operation file is in force for deployment."""


Order = RegisterUnit | AssignUnit | CancelAssignment | StandDownUnit | RequirePost | PlanContingent | AdoptOperation
Event = (
    UnitRegistered
    | UnitAssigned
    | AssignmentCancelled
    | UnitStoodDown
    | PostRequired
    | ContingentPlanned
    | OperationAdopted
)
Report = UnitSighted | UnitDeparted | UnitArrived | UnitMustered | UnitLeftPost | UnitRelieved | UnitVisited
