"""The rule book of deployment: which units may be given which duties, and which plan a guard post follows.

Decided on orders alone. Where a unit is and how many of its heads are present is told by reports, which never come
here; how state looks to an operator is the projection's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import assert_never

from schemas.deployment import (
    AssignUnit,
    Event,
    Order,
    PostRequired,
    RegisterUnit,
    RequirePost,
    UnitAssigned,
    UnitRegistered,
)
from schemas.outcomes import Refused, first_few
from schemas.registry import as_event
from schemas.types import AssignmentId, Force, PostId, TargetKind, UnitId, fits_kind, village_of
from services.kit.decider import Decider


@dataclass(frozen=True, slots=True)
class Assignment:
    """The part of an assignment that later orders can clash with: heads bound over [start, end)."""

    assignment: AssignmentId
    target_kind: TargetKind
    target: str
    start: datetime
    end: datetime
    headcount: Mapping[Force, int]


@dataclass(frozen=True, slots=True)
class Unit:
    """A registered unit and what it has been ordered to do."""

    unit: UnitId
    strength: Mapping[Force, int]
    assignments: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A guard post, as far as the next version of its plan is concerned."""

    post: PostId
    plan_version: int


State = Unit | Post


def decide(state: State | None, order: Order) -> Sequence[Event] | Refused:
    """What an order brings about, or why it is refused."""
    match order:
        case RegisterUnit():
            return _register(_unit(state), order)
        case AssignUnit():
            return _assign(_unit(state), order)
        case RequirePost():
            return _require(_post(state), order)
        case _:
            assert_never(order)


def evolve(state: State | None, event: Event) -> State:
    """The aggregate after one of its events."""
    match event:
        case UnitRegistered():
            return Unit(event.unit, event.strength)
        case UnitAssigned():
            unit = _unit(state)
            if unit is None:
                raise ValueError(f"{event.unit} was assigned before it was registered")
            return replace(unit, assignments=(*unit.assignments, _binding(event)))
        case PostRequired():
            return Post(event.post, event.plan_version)
        case _:
            assert_never(event)


def _register(unit: Unit | None, order: RegisterUnit) -> Sequence[Event] | Refused:
    if unit is not None:
        return Refused(
            reason="already_registered", detail=f"unit {order.unit} is registered already", clashes=(order.unit,)
        )
    return (as_event(order, UnitRegistered),)


def _assign(unit: Unit | None, order: AssignUnit) -> Sequence[Event] | Refused:
    if unit is None:
        return Refused(
            reason="unit_unknown",
            detail=f"no unit {order.unit} is registered: register it first",
            clashes=(order.unit,),
        )
    refused = _ill_formed(order) or _same_id(unit, order)
    if refused:
        return refused
    overlapping = [a for a in unit.assignments if a.start < order.end and order.start < a.end]
    refused = _not_neutral(overlapping, order) or _too_many(unit, overlapping, order)
    return refused or (as_event(order, UnitAssigned),)


def _ill_formed(order: AssignUnit) -> Refused | None:
    if not fits_kind(order.target, order.target_kind):
        return Refused(
            reason="target_malformed", detail=f"{order.target!r} is not a {order.target_kind} that can be assigned"
        )
    if order.end <= order.start:
        return _window_empty(order.start, order.end)
    if not any(order.headcount.values()):
        return Refused(
            reason="headcount_empty", detail="the assignment binds nobody: give at least one head of one force"
        )
    if order.duty == "close_protection" and order.order_reference is None:
        return Refused(
            reason="order_reference_missing",
            detail="close protection needs the reference of the written order that it rests on",
        )
    return None


def _same_id(unit: Unit, order: AssignUnit) -> Refused | None:
    if any(a.assignment == order.assignment for a in unit.assignments):
        return Refused(
            reason="assignment_exists",
            detail=f"unit {unit.unit} has an assignment {order.assignment} already",
            clashes=(order.assignment,),
        )
    return None


def _not_neutral(overlapping: Sequence[Assignment], order: AssignUnit) -> Refused | None:
    opposite: dict[TargetKind, TargetKind] = {"post": "protectee", "protectee": "post"}
    if order.target_kind not in opposite:
        return None
    village = village_of(order.target)
    clashing = [
        a for a in overlapping if a.target_kind == opposite[order.target_kind] and village_of(a.target) == village
    ]
    if not clashing:
        return None
    return Refused(
        reason="neutrality",
        detail=f"unit {order.unit} would guard the polling post of village {village} and protect a candidate of that "
        f"village at the same time: {_list(clashing)}",
        clashes=tuple(a.assignment for a in clashing),
    )


def _too_many(unit: Unit, overlapping: Sequence[Assignment], order: AssignUnit) -> Refused | None:
    """Refuse when at any instant of the order's window a force is bound beyond its strength.

    One sweep over the starts and ends of what overlaps, an end before a start at the same instant (windows are
    half-open). Looking after each start is enough, because an end only frees heads; and what is bound before the
    window begins is bound still when it does, because all that overlaps ends later.
    """
    free = {force: unit.strength.get(force, 0) - heads for force, heads in order.headcount.items()}
    bound = dict.fromkeys(free, 0)
    most_bound = {force: 0 for force, heads in free.items() if heads < 0}
    unnamed: dict[Force, set[int]] = {force: set() for force in free}
    clashing: set[int] = set()
    starts = [(a.start, True, n) for n, a in enumerate(overlapping)]
    ends = [(a.end, False, n) for n, a in enumerate(overlapping)]
    for _, begins, n in sorted(starts + ends):
        for force, heads in overlapping[n].headcount.items():
            if force not in free or not heads:
                continue
            if not begins:
                bound[force] -= heads
                unnamed[force].discard(n)
                continue
            bound[force] += heads
            unnamed[force].add(n)
            if bound[force] > free[force]:
                most_bound[force] = max(most_bound.get(force, 0), bound[force])
                clashing |= unnamed[force]
                unnamed[force].clear()
    if not most_bound:
        return None
    return _strength_exceeded(unit, order, most_bound, [overlapping[n] for n in sorted(clashing)])


def _strength_exceeded(
    unit: Unit, order: AssignUnit, most_bound: Mapping[Force, int], clashing: Sequence[Assignment]
) -> Refused:
    sums = "; ".join(
        f"{force}: {order.headcount[force]} ordered and {heads} bound already at one time, "
        f"strength {unit.strength.get(force, 0)}"
        for force, heads in sorted(most_bound.items())
    )
    by = f" (by {_list(clashing)})" if clashing else ""
    return Refused(
        reason="strength_exceeded",
        detail=f"unit {unit.unit} has too few heads between {_at(order.start)} and {_at(order.end)}: {sums}{by}",
        clashes=tuple(a.assignment for a in clashing),
    )


def _require(post: Post | None, order: RequirePost) -> Sequence[Event] | Refused:
    if order.end <= order.start:
        return _window_empty(order.start, order.end)
    if post is not None and order.plan_version <= post.plan_version:
        return Refused(
            reason="plan_version_not_newer",
            detail=f"post {order.post} follows plan version {post.plan_version}; version {order.plan_version} "
            "is not newer",
            clashes=(str(post.plan_version),),
        )
    return (as_event(order, PostRequired),)


def _window_empty(start: datetime, end: datetime) -> Refused:
    return Refused(
        reason="window_empty",
        detail=f"the window ends at {_at(end)}, not after its start at {_at(start)}",
    )


def _binding(event: UnitAssigned) -> Assignment:
    return Assignment(event.assignment, event.target_kind, event.target, event.start, event.end, event.headcount)


def _list(assignments: Sequence[Assignment]) -> str:
    return first_few([f"{a.assignment} on {a.target} from {_at(a.start)} to {_at(a.end)}" for a in assignments])


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _unit(state: State | None) -> Unit | None:
    if isinstance(state, Post):
        raise TypeError(f"post {state.post} stands where a unit is expected")
    return state


def _post(state: State | None) -> Post | None:
    if isinstance(state, Unit):
        raise TypeError(f"unit {state.unit} stands where a post is expected")
    return state


DEPLOYMENT: Decider[State] = Decider(service="deployment", decide=decide, evolve=evolve)
