"""A unit: who it is, what it is ordered to do, where it was seen, at which post it stands and with how many heads.

Kept are the orders as they came and the last report of each kind; all else follows from them when it is shown.
Flags: `unknown_subject` (reports on a unit that nobody registered), `unauthorised` (left a post without consent),
`unexpected` (stands at a post to which no standing assignment sends it at that time), `after_stand_down` (reports on a
unit that was released by then and is not registered again), `clock_ahead`.
"""

from datetime import datetime
from typing import Any, Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.deployment import (
    AssignmentCancelled,
    UnitArrived,
    UnitAssigned,
    UnitDeparted,
    UnitLeftPost,
    UnitMustered,
    UnitRegistered,
    UnitRelieved,
    UnitSighted,
    UnitStoodDown,
    UnitVisited,
)
from schemas.types import AssignmentId, Duty, Force, LegMode, PostId, TargetKind, UnitId, VillageCode, village_of
from services.views.facts import Entity, Fact, Told, heard, known, last_heard, later, plain, told, with_entry
from services.views.listed import Listed, in_villages

PostReport = UnitDeparted | UnitArrived | UnitMustered | UnitLeftPost | UnitRelieved
Data = UnitRegistered | UnitStoodDown | UnitAssigned | AssignmentCancelled | UnitSighted | UnitVisited | PostReport


class Registration(Told, frozen=True, kw_only=True):
    """Who the unit is; `strength` in heads by force."""

    name: str
    agency: str
    strength: dict[str, int]
    callsign: str
    force: Force | None


class StandDown(Told, frozen=True, kw_only=True):
    """The unit is released from `at` on."""

    at: datetime
    reason: str


class Assignment(Told, frozen=True, kw_only=True):
    """A duty for the window [start, end); `headcount` in heads by force."""

    assignment: AssignmentId
    duty: Duty
    target_kind: TargetKind
    target: str
    start: datetime
    end: datetime
    headcount: dict[str, int]
    order_reference: str | None


class Cancellation(Told, frozen=True, kw_only=True):
    """A duty was taken back."""

    reason: str


class Position(Told, frozen=True, kw_only=True):
    """Where the unit was seen: WGS 84 degrees, accuracy in m, speed in m/s, heading in degrees from north."""

    lat: float
    lon: float
    accuracy: float | None
    speed: float | None
    heading: float | None


class AtPost(Told, frozen=True, kw_only=True):
    """A word on the unit and one post."""

    post: PostId


class Departure(AtPost, frozen=True, kw_only=True):
    """The unit set out for a post; `mode` is how it goes on."""

    mode: LegMode | None


class Arrival(AtPost, frozen=True, kw_only=True):
    """The unit came to a post."""


class Muster(AtPost, frozen=True, kw_only=True):
    """Heads counted at a post, by force."""

    present: dict[str, int]


class Leaving(AtPost, frozen=True, kw_only=True):
    """The unit left a post, with whose consent, if any."""

    reason: str
    consent: str | None


class Relief(AtPost, frozen=True, kw_only=True):
    """The unit left a post because another took its place there."""

    by: UnitId


class Patrol(Told, frozen=True, kw_only=True):
    """The unit was at a vulnerable spot of a village, and what it found there, if anything."""

    village: VillageCode
    finding: str | None


class Visit(Struct, frozen=True):
    """The last report of each kind about the unit at one post."""

    departed: Departure | None = None
    arrived: Arrival | None = None
    mustered: Muster | None = None
    left: Leaving | None = None
    relieved: Relief | None = None

    @property
    def came(self) -> list[AtPost]:
        """What puts the unit here, or on its way here, in its order."""
        return known(self.departed, self.arrived, self.mustered)

    @property
    def went(self) -> AtPost | None:
        """The last word of its having left."""
        return next(reversed(known(self.left, self.relieved)), None)


class Presence(Struct, frozen=True, kw_only=True):
    """Where the last word puts a unit: `present` is None unless it is there, and has been counted since it came."""

    post: PostId
    state: Literal["under_way", "present", "left"]
    present: dict[str, int] | None
    counted_at: datetime | None
    as_of: datetime


class Unit(Entity, frozen=True, kw_only=True):
    """The facts on a unit that count: `visits` to guard posts, `patrols` of villages."""

    unit: UnitId
    registration: Registration | None = None
    stood_down: StandDown | None = None
    assignments: dict[AssignmentId, Assignment] = field(default_factory=dict)
    cancellations: dict[AssignmentId, Cancellation] = field(default_factory=dict)
    position: Position | None = None
    visits: dict[PostId, Visit] = field(default_factory=dict)
    patrols: dict[VillageCode, Patrol] = field(default_factory=dict)


def fold(state: Unit | None, fact: Fact) -> Unit:
    """The unit after one more fact."""
    data: Data = fact.data
    unit = heard(state or Unit(unit=data.unit), fact)
    match data:
        case UnitRegistered():
            return replace(unit, registration=told(Registration, fact), stood_down=None)
        case UnitStoodDown():
            return replace(unit, stood_down=told(StandDown, fact))
        case UnitAssigned():
            assignment = told(Assignment, fact)
            return replace(unit, assignments=with_entry(unit.assignments, data.assignment, assignment))
        case AssignmentCancelled():
            cancellation = told(Cancellation, fact)
            return replace(unit, cancellations=with_entry(unit.cancellations, data.assignment, cancellation))
        case _:
            return _reported(unit, data, fact)


def _reported(unit: Unit, data: UnitSighted | UnitVisited | PostReport, fact: Fact) -> Unit:
    match data:
        case UnitSighted():
            return replace(unit, position=later(unit.position, told(Position, fact)))
        case UnitVisited():
            patrol = later(unit.patrols.get(data.village), told(Patrol, fact))
            return replace(unit, patrols=with_entry(unit.patrols, data.village, patrol))
        case _:
            visit = _visited(unit.visits.get(data.post, Visit()), data, fact)
            return replace(unit, visits=with_entry(unit.visits, data.post, visit))


def _visited(visit: Visit, data: PostReport, fact: Fact) -> Visit:
    match data:
        case UnitDeparted():
            return replace(visit, departed=later(visit.departed, told(Departure, fact)))
        case UnitArrived():
            return replace(visit, arrived=later(visit.arrived, told(Arrival, fact)))
        case UnitMustered():
            return replace(visit, mustered=later(visit.mustered, told(Muster, fact)))
        case UnitLeftPost():
            return replace(visit, left=later(visit.left, told(Leaving, fact)))
        case UnitRelieved():
            return replace(visit, relieved=later(visit.relieved, told(Relief, fact)))
        case _:
            assert_never(data)


# What follows from the facts.


def document(unit: Unit) -> dict[str, Any]:
    """The unit as it is shown: the facts, and with them `presence`, `unauthorised`, `flags` and `last_heard`.

    `presence` is where the last word puts the unit; its `present` is None unless it is there, and has been counted
    since it came. `unauthorised` lists the posts that it left, by the last word on each, neither relieved nor with
    anybody's consent.
    """
    where = presence(unit)
    unauthorised = sorted(post for post, visit in unit.visits.items() if _without_leave(visit.went))
    return {
        **plain(unit),
        "presence": plain(where),
        "unauthorised": unauthorised,
        "flags": sorted(_flags(unit, where, unauthorised)),
        "last_heard": plain(heard_at(unit)),
    }


def standing(unit: Unit) -> list[Assignment]:
    """The unit's assignments that were not cancelled; what was cancelled sends nobody, whatever was so before."""
    return [each for id_, each in unit.assignments.items() if id_ not in unit.cancellations]


def heard_at(unit: Unit) -> datetime | None:
    """Effective time of the last report on the unit."""
    return last_heard(_reports(unit))


def _without_leave(went: AtPost | None) -> bool:
    return isinstance(went, Leaving) and went.consent is None


def _reports(unit: Unit) -> list[Told]:
    at_posts = (word for v in unit.visits.values() for word in (*v.came, v.left, v.relieved))
    return known(unit.position, *unit.patrols.values(), *at_posts)


def presence(unit: Unit) -> Presence | None:
    """Where the unit is: at, or on its way to, the post that was last named so, unless it has left that one since.

    Leaving another post says nothing about this one: the word of it may come from those who stayed behind.
    """
    came = known(*(word for visit in unit.visits.values() for word in visit.came))
    if not came:
        went = known(*(visit.went for visit in unit.visits.values()))
        return _at(went[-1], "left") if went else None
    last = came[-1]
    visit = unit.visits[last.post]
    if visit.went is not None and visit.went.order > last.order:
        return _at(visit.went, "left")
    if isinstance(last, Departure):
        return _at(last, "under_way")
    return _at(last, "present", _counted(came, visit))


def _at(word: AtPost, state: Literal["under_way", "present", "left"], counted: Muster | None = None) -> Presence:
    return Presence(
        post=word.post,
        state=state,
        present=None if counted is None else counted.present,
        counted_at=None if counted is None else counted.as_of,
        as_of=word.as_of,
    )


def _counted(came: list[AtPost], visit: Visit) -> Muster | None:
    """The headcount that still stands: nothing but being here has been said since.

    Being said again to have arrived does not undo a count; coming to another post, setting out, or leaving this one,
    does.
    """
    here = visit.mustered
    undoing = known(visit.went, *(word for word in came if word not in (visit.arrived, visit.mustered)))
    return here if here is not None and (not undoing or here.order > undoing[-1].order) else None


def _flags(unit: Unit, where: Presence | None, unauthorised: list[PostId]) -> set[str]:
    heard = heard_at(unit)
    flags = {"clock_ahead"} if unit.clock_ahead else set()
    if unit.registration is None and heard is not None:
        flags.add("unknown_subject")
    if unauthorised:
        flags.add("unauthorised")
    if where and where.state == "present" and not _sent(unit, where.post, where.as_of):
        flags.add("unexpected")
    if unit.stood_down is not None and heard is not None and heard >= unit.stood_down.at:
        flags.add("after_stand_down")
    return flags


def _sent(unit: Unit, post: PostId, at: datetime) -> bool:
    """Whether an assignment sends the unit to this post at this time; one to a village's post covers its stations."""
    return any(
        each.target_kind == "post" and each.target in (post, village_of(post)) and each.start <= at < each.end
        for each in standing(unit)
    )


def listed(document: dict[str, Any]) -> Listed:
    """Units are listed by agency, and by the villages to whose posts they are sent or where they were."""
    registration = document["registration"]
    posts = {
        each["target"]
        for id_, each in document["assignments"].items()
        if each["target_kind"] == "post" and id_ not in document["cancellations"]
    }
    villages = {*map(village_of, posts | document["visits"].keys()), *document["patrols"]}
    return in_villages(villages, agency=registration and registration["agency"])
