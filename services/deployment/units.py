"""The rules about units: entering and releasing them, giving them duties and taking these back.

A unit that was stood down and registered again has its new strength from the instant of the stand-down on, and before
that the old one: what was ordered for the time before rests on the heads that it had then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import assert_never

from schemas.deployment import (
    AssignmentCancelled,
    AssignUnit,
    CancelAssignment,
    RegisterUnit,
    StandDownUnit,
    UnitAssigned,
    UnitRegistered,
    UnitStoodDown,
)
from schemas.outcomes import Refused, first_few, to_the_minute, window_empty
from schemas.registry import as_event
from schemas.types import AssignmentId, Duty, Force, TargetKind, UnitId, fits_kind, village_of

Order = RegisterUnit | AssignUnit | CancelAssignment | StandDownUnit
Event = UnitRegistered | UnitAssigned | AssignmentCancelled | UnitStoodDown

ALWAYS = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)

TARGET_KINDS: Mapping[Duty, tuple[TargetKind, ...]] = {
    "guard": ("post",),
    "patrol": ("area", "post"),
    "escort": ("shipment", "protectee"),
    "close_protection": ("protectee",),
    "reserve": ("area", "post"),
}
"""What each duty can be for."""


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
class Strength:
    """Heads by force that a unit has from an instant on."""

    since: datetime
    heads: Mapping[Force, int]


@dataclass(frozen=True, slots=True)
class Unit:
    """A registered unit and what it has been ordered to do.

    `strengths` in the order of their instants, each in effect until the next. `assignments` are those that stand;
    `cancelled` are ids that are used up. `stood_down` is from when on the unit is released.
    """

    unit: UnitId
    strengths: tuple[Strength, ...]
    assignments: tuple[Assignment, ...] = ()
    cancelled: frozenset[AssignmentId] = frozenset()
    stood_down: datetime | None = None


def decide(unit: Unit | None, order: Order) -> Sequence[Event] | Refused:
    """What an order to a unit brings about, or why it is refused."""
    match order:
        case RegisterUnit():
            return _register(unit, order)
        case AssignUnit():
            return _assign(unit, order)
        case CancelAssignment():
            return _cancel(unit, order)
        case StandDownUnit():
            return _stand_down(unit, order)
        case _:
            assert_never(order)


def evolve(unit: Unit | None, event: Event) -> Unit:
    """The unit after one of its events."""
    if isinstance(event, UnitRegistered):
        return _registered(unit, event)
    if unit is None:
        raise ValueError(f"{type(event).__name__} of {event.unit} came before it was registered")
    match event:
        case UnitAssigned():
            return replace(unit, assignments=(*unit.assignments, _binding(event)))
        case AssignmentCancelled():
            standing = tuple(a for a in unit.assignments if a.assignment != event.assignment)
            return replace(unit, assignments=standing, cancelled=unit.cancelled | {event.assignment})
        case UnitStoodDown():
            return replace(unit, stood_down=event.at)
        case _:
            assert_never(event)


def _registered(unit: Unit | None, event: UnitRegistered) -> Unit:
    if unit is None or unit.stood_down is None:
        return Unit(event.unit, (Strength(ALWAYS, event.strength),))
    before = (each for each in unit.strengths if each.since < unit.stood_down)
    return replace(unit, strengths=(*before, Strength(unit.stood_down, event.strength)), stood_down=None)


def _binding(event: UnitAssigned) -> Assignment:
    return Assignment(event.assignment, event.target_kind, event.target, event.start, event.end, event.headcount)


def _register(unit: Unit | None, order: RegisterUnit) -> Sequence[UnitRegistered] | Refused:
    if unit is not None and unit.stood_down is None:
        return Refused(
            reason="already_registered", detail=f"unit {order.unit} is registered already", clashes=(order.unit,)
        )
    if order.force is not None and not order.strength.get(order.force):
        return Refused(
            reason="force_without_heads",
            detail=f"unit {order.unit} is said to be of {order.force}, and its strength has no head of that force",
        )
    return (as_event(order, UnitRegistered),)


def _assign(unit: Unit | None, order: AssignUnit) -> Sequence[UnitAssigned] | Refused:
    if unit is None:
        return _unknown(order.unit)
    refused = _ill_formed(order) or _same_id(unit, order) or _released(unit, order)
    if refused:
        return refused
    overlapping = [a for a in unit.assignments if a.start < order.end and order.start < a.end]
    refused = _not_neutral(overlapping, order) or _too_many(unit, overlapping, order)
    return refused or (as_event(order, UnitAssigned),)


def _cancel(unit: Unit | None, order: CancelAssignment) -> Sequence[AssignmentCancelled] | Refused:
    if unit is None:
        return _unknown(order.unit)
    if order.assignment in unit.cancelled:
        return Refused(
            reason="already_cancelled",
            detail=f"assignment {order.assignment} of unit {unit.unit} is cancelled already",
            clashes=(order.assignment,),
        )
    if all(a.assignment != order.assignment for a in unit.assignments):
        return Refused(
            reason="assignment_unknown",
            detail=f"unit {unit.unit} has no assignment {order.assignment}",
            clashes=(order.assignment,),
        )
    return (as_event(order, AssignmentCancelled),)


def _stand_down(unit: Unit | None, order: StandDownUnit) -> Sequence[UnitStoodDown] | Refused:
    if unit is None:
        return _unknown(order.unit)
    if unit.stood_down is not None:
        return Refused(
            reason="already_stood_down",
            detail=f"unit {unit.unit} is stood down already, from {to_the_minute(unit.stood_down)} on",
            clashes=(unit.unit,),
        )
    beyond = [a for a in unit.assignments if a.end > order.at]
    if beyond:
        return Refused(
            reason="still_assigned",
            detail=f"unit {unit.unit} has duties beyond {to_the_minute(order.at)}: {_list(beyond)}",
            clashes=tuple(a.assignment for a in beyond),
        )
    return (as_event(order, UnitStoodDown),)


# Why an assignment is refused.


def _unknown(unit: UnitId) -> Refused:
    return Refused(reason="unit_unknown", detail=f"no unit {unit} is registered: register it first", clashes=(unit,))


def _ill_formed(order: AssignUnit) -> Refused | None:
    if not fits_kind(order.target, order.target_kind):
        return Refused(
            reason="target_malformed", detail=f"{order.target!r} is not a {order.target_kind} that can be assigned"
        )
    if order.target_kind not in TARGET_KINDS[order.duty]:
        return Refused(
            reason="duty_unfit",
            detail=f"the duty {order.duty} is for {' or '.join(TARGET_KINDS[order.duty])}, not for {order.target_kind}",
        )
    refused = window_empty("the window", order.start, order.end)
    if refused:
        return refused
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
    if order.assignment in unit.cancelled or any(a.assignment == order.assignment for a in unit.assignments):
        return Refused(
            reason="assignment_exists",
            detail=f"unit {unit.unit} has an assignment {order.assignment} already, or had it before it was cancelled",
            clashes=(order.assignment,),
        )
    return None


def _released(unit: Unit, order: AssignUnit) -> Refused | None:
    if unit.stood_down is None or order.end <= unit.stood_down:
        return None
    return Refused(
        reason="unit_stood_down",
        detail=f"unit {unit.unit} is stood down from {to_the_minute(unit.stood_down)} on, "
        f"and the duty lasts until {to_the_minute(order.end)}",
        clashes=(unit.unit,),
    )


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
    """Refuse when at any instant of the order's window a force is bound beyond the strength that the unit has then."""
    sums: list[str] = []
    clashing: set[AssignmentId] = set()
    for strength, since, until in _strengths(unit, order):
        there = [a for a in overlapping if a.start < until and since < a.end]
        most_bound, named = _exceeded(strength, there, order)
        clashing |= named
        sums += [
            f"{force}: {order.headcount[force]} ordered and {heads} bound already at one time, "
            f"strength {strength.get(force, 0)}"
            for force, heads in sorted(most_bound.items())
        ]
    if not sums:
        return None
    named_all = [a for a in overlapping if a.assignment in clashing]
    by = f" (by {_list(named_all)})" if named_all else ""
    return Refused(
        reason="strength_exceeded",
        detail=f"unit {unit.unit} has too few heads between {to_the_minute(order.start)} and "
        f"{to_the_minute(order.end)}: {'; '.join(sums)}{by}",
        clashes=tuple(a.assignment for a in named_all),
    )


def _strengths(unit: Unit, order: AssignUnit) -> Iterator[tuple[Mapping[Force, int], datetime, datetime]]:
    """The strengths in effect within the order's window, each with its part [since, until) of it."""
    nexts = [each.since for each in unit.strengths[1:]] + [FOREVER]
    for strength, next_ in zip(unit.strengths, nexts, strict=True):
        since, until = max(order.start, strength.since), min(order.end, next_)
        if since < until:
            yield strength.heads, since, until


def _exceeded(
    strength: Mapping[Force, int], there: Sequence[Assignment], order: AssignUnit
) -> tuple[dict[Force, int], set[AssignmentId]]:
    """By force, the most heads that are bound when with the order's it is too many; and the assignments that bind them.

    One sweep over the starts and ends of what overlaps, an end before a start at the same instant (windows are
    half-open). Looking after each start is enough, because an end only frees heads; and what is bound before the
    window begins is bound still when it does, because all that overlaps ends later.
    """
    free = {force: strength.get(force, 0) - heads for force, heads in order.headcount.items()}
    bound = dict.fromkeys(free, 0)
    most_bound = {force: 0 for force, heads in free.items() if heads < 0}
    unnamed: dict[Force, set[int]] = {force: set() for force in free}
    clashing: set[int] = set()
    starts = [(a.start, True, n) for n, a in enumerate(there)]
    ends = [(a.end, False, n) for n, a in enumerate(there)]
    for _, begins, n in sorted(starts + ends):
        for force, heads in there[n].headcount.items():
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
    return most_bound, {there[n].assignment for n in clashing}


def _list(assignments: Sequence[Assignment]) -> str:
    return first_few(
        [f"{a.assignment} on {a.target} from {to_the_minute(a.start)} to {to_the_minute(a.end)}" for a in assignments]
    )
