"""A unit: who it is, what it is ordered to do, where it was seen, at which post it stands and with how many heads.

Kept are the orders as they came and the last report of each kind; all else follows from them when it is shown.
Flags: `unknown_subject` (reports on a unit that nobody registered), `unauthorised` (left a post without consent),
`unexpected` (stands at a post to which no assignment sends it at that time), `clock_ahead`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.deployment import UnitArrived, UnitAssigned, UnitLeftPost, UnitMustered, UnitRegistered, UnitSighted
from schemas.types import AssignmentId, Duty, PostId, TargetKind, UnitId, village_of
from services.projection.listed import Listed, in_villages
from services.projection.views.facts import Entity, Fact, Told, heard, known, last_heard, later, plain, told, with_entry

Data = UnitRegistered | UnitAssigned | UnitSighted | UnitArrived | UnitMustered | UnitLeftPost


class Registration(Told, frozen=True, kw_only=True):
    """Who the unit is; `strength` in heads by force."""

    name: str
    agency: str
    strength: dict[str, int]
    callsign: str


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


class Position(Told, frozen=True, kw_only=True):
    """Where the unit was seen: WGS 84 degrees, accuracy in m, speed in m/s, heading in degrees from north."""

    lat: float
    lon: float
    accuracy: float | None
    speed: float | None
    heading: float | None


class Arrival(Told, frozen=True, kw_only=True):
    """The unit came to a post."""

    post: PostId


class Muster(Told, frozen=True, kw_only=True):
    """Heads counted at a post, by force."""

    post: PostId
    present: dict[str, int]


class Departure(Told, frozen=True, kw_only=True):
    """The unit left a post, with whose consent, if any."""

    post: PostId
    reason: str
    consent: str | None


class Visit(Struct, frozen=True):
    """The last report of each kind about the unit at one post."""

    arrived: Arrival | None = None
    mustered: Muster | None = None
    left: Departure | None = None


class Unit(Entity, frozen=True, kw_only=True):
    """The facts on a unit that count."""

    unit: UnitId
    registration: Registration | None = None
    assignments: dict[AssignmentId, Assignment] = field(default_factory=dict)
    position: Position | None = None
    visits: dict[PostId, Visit] = field(default_factory=dict)


def fold(state: Unit | None, fact: Fact) -> Unit:
    """The unit after one more fact."""
    data: Data = fact.data
    unit = heard(state or Unit(unit=data.unit), fact)
    match data:
        case UnitRegistered():
            return replace(unit, registration=told(Registration, fact))
        case UnitAssigned():
            assignment = told(Assignment, fact)
            return replace(unit, assignments=with_entry(unit.assignments, data.assignment, assignment))
        case UnitSighted():
            return replace(unit, position=later(unit.position, told(Position, fact)))
        case UnitArrived() | UnitMustered() | UnitLeftPost():
            visit = _visited(unit.visits.get(data.post, Visit()), data, fact)
            return replace(unit, visits=with_entry(unit.visits, data.post, visit))
        case _:
            assert_never(data)


def _visited(visit: Visit, data: UnitArrived | UnitMustered | UnitLeftPost, fact: Fact) -> Visit:
    match data:
        case UnitArrived():
            return replace(visit, arrived=later(visit.arrived, told(Arrival, fact)))
        case UnitMustered():
            return replace(visit, mustered=later(visit.mustered, told(Muster, fact)))
        case UnitLeftPost():
            return replace(visit, left=later(visit.left, told(Departure, fact)))
        case _:
            assert_never(data)


# What follows from the facts.


def document(unit: Unit) -> dict[str, Any]:
    """The unit as it is shown: the facts, and with them `presence`, `unauthorised`, `flags` and `last_heard`.

    `presence` is where the last word puts the unit; its `present` is None when it left, or has not been counted since
    it came. `unauthorised` lists the posts that it left, by the last word on each, without anybody's consent.
    """
    presence = _presence(unit)
    unauthorised = sorted(post for post, v in unit.visits.items() if v.left is not None and v.left.consent is None)
    return {
        **plain(unit),
        "presence": plain(presence),
        "unauthorised": unauthorised,
        "flags": sorted(_flags(unit, presence, unauthorised)),
        "last_heard": plain(last_heard(_reports(unit))),
    }


def _reports(unit: Unit) -> list[Told]:
    visits = unit.visits.values()
    return known(unit.position, *(word for v in visits for word in (v.arrived, v.mustered, v.left)))


def _presence(unit: Unit) -> dict[str, Any] | None:
    """Where the unit stands: at the post to which the last arrival or count puts it, unless it has left that one since.

    Leaving another post says nothing about this one: the word of it may come from those who stayed behind.
    """
    came = known(*(word for v in unit.visits.values() for word in (v.arrived, v.mustered)))
    went = known(*(v.left for v in unit.visits.values()))
    if not came:
        return _away(went[-1]) if went else None
    last = came[-1]
    assert isinstance(last, Arrival | Muster)
    visit = unit.visits[last.post]
    if visit.left is not None and visit.left.order > last.order:
        return _away(visit.left)
    counted = _counted(came, visit)
    return {
        "post": last.post,
        "state": "present",
        "present": counted and counted.present,
        "counted_at": counted and counted.as_of,
        "as_of": last.as_of,
    }


def _away(left: Told) -> dict[str, Any]:
    assert isinstance(left, Departure)
    return {"post": left.post, "state": "left", "present": None, "counted_at": None, "as_of": left.as_of}


def _counted(came: list[Told], visit: Visit) -> Muster | None:
    """The headcount that still stands: nothing but being here has been said since.

    Being said again to have arrived does not undo a count; coming to another post, or leaving this one, does.
    """
    here = visit.mustered
    undoing = known(visit.left, *(word for word in came if word not in (visit.arrived, visit.mustered)))
    return here if here is not None and (not undoing or here.order > undoing[-1].order) else None


def _flags(unit: Unit, presence: Mapping[str, Any] | None, unauthorised: list[PostId]) -> set[str]:
    reports = _reports(unit)
    flags = {"clock_ahead"} if unit.clock_ahead else set()
    if unit.registration is None and reports:
        flags.add("unknown_subject")
    if unauthorised:
        flags.add("unauthorised")
    if presence and presence["state"] == "present" and not _sent(unit, presence["post"], presence["as_of"]):
        flags.add("unexpected")
    return flags


def _sent(unit: Unit, post: PostId, at: datetime) -> bool:
    """Whether an assignment sends the unit to this post at this time; one to a village's post covers its stations."""
    return any(
        each.target_kind == "post" and each.target in (post, village_of(post)) and each.start <= at < each.end
        for each in unit.assignments.values()
    )


def listed(document: dict[str, Any]) -> Listed:
    """Units are listed by agency, and by the villages to whose posts they are sent or at which they were."""
    registration = document["registration"]
    posts = {a["target"] for a in document["assignments"].values() if a["target_kind"] == "post"}
    posts |= {document["presence"]["post"]} if document["presence"] else set()
    return in_villages(map(village_of, posts), agency=registration and registration["agency"])
