"""Messages and events of the deployment service: units, assignments and guard posts."""

from schemas.registry import event, order, report
from schemas.types import (
    AssignmentId,
    Counts,
    Degrees,
    Duty,
    Headcount,
    Id,
    Instant,
    Jurisdiction,
    Latitude,
    Longitude,
    Metres,
    MetresPerSecond,
    PlanVersion,
    PostId,
    Reference,
    Target,
    TargetKind,
    Text,
    UnitId,
    Vulnerability,
)


@order("kalimaya.unit.register", service="deployment", key="unit")
class RegisterUnit:
    """Enter a unit with its strength into the operation."""

    unit: UnitId
    name: Text
    agency: Id
    strength: Counts
    callsign: Text


@event("kalimaya.unit.registered", service="deployment", key="unit", of=RegisterUnit)
class UnitRegistered:
    """A unit belongs to the operation."""

    unit: UnitId
    name: Text
    agency: Id
    strength: Counts
    callsign: Text


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
    start: Instant
    end: Instant
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
    start: Instant
    end: Instant
    headcount: Counts
    order_reference: Reference | None = None


@order("kalimaya.post.require", service="deployment", key="post")
class RequirePost:
    """State what a guard post needs in the window [start, end), as one version of the plan.

    A later version supersedes without erasing. `stations` is the number of polling stations it covers.
    """

    post: PostId
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: Headcount
    required: Counts
    start: Instant
    end: Instant
    plan_version: PlanVersion
    plan_source: Text


@event("kalimaya.post.required", service="deployment", key="post", of=RequirePost)
class PostRequired:
    """A version of the plan for one guard post is in force."""

    post: PostId
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: Headcount
    required: Counts
    start: Instant
    end: Instant
    plan_version: PlanVersion
    plan_source: Text


@report("kalimaya.unit.sighted", service="deployment", key="unit")
class UnitSighted:
    """A unit's position (WGS 84 degrees; accuracy in m, speed in m/s, heading in degrees from north)."""

    unit: UnitId
    lat: Latitude
    lon: Longitude
    accuracy: Metres | None = None
    speed: MetresPerSecond | None = None
    heading: Degrees | None = None


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
    reason: Text
    consent: Reference | None = None


Order = RegisterUnit | AssignUnit | RequirePost
Event = UnitRegistered | UnitAssigned | PostRequired
Report = UnitSighted | UnitArrived | UnitMustered | UnitLeftPost
