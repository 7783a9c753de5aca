"""The rule book of deployment: which units may be given which duties, and which plan posts and contingents follow.

Decided on orders alone. Where a unit is and how many of its heads are present is told by reports, which never come
here; how state looks to an operator is the projection's business. The rules about units are in `units`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from schemas.deployment import (
    AdoptOperation,
    AssignmentCancelled,
    AssignUnit,
    CancelAssignment,
    ContingentPlanned,
    Event,
    OperationAdopted,
    Order,
    PlanContingent,
    PostRequired,
    RegisterUnit,
    RequirePost,
    StandDownUnit,
    UnitAssigned,
    UnitRegistered,
    UnitStoodDown,
)
from schemas.operation import not_adoptable
from schemas.outcomes import Refused, not_newer, window_empty
from schemas.registry import as_event
from services.deployment import units
from services.deployment.units import Unit
from services.kit.decider import Decider


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan that a post, a contingent or the operation follows: the version that a next one must exceed."""

    version: int


State = Unit | Plan


def decide(state: State | None, order: Order) -> Sequence[Event] | Refused:
    """What an order brings about, or why it is refused."""
    match order:
        case RegisterUnit() | AssignUnit() | CancelAssignment() | StandDownUnit():
            return units.decide(_unit(state), order)
        case RequirePost():
            return _require(_version(state), order)
        case PlanContingent():
            return _plan(_version(state), order)
        case AdoptOperation():
            return not_adoptable(order, _version(state)) or (as_event(order, OperationAdopted),)
        case _:
            assert_never(order)


def evolve(state: State | None, event: Event) -> State:
    """The aggregate after one of its events."""
    match event:
        case UnitRegistered() | UnitAssigned() | AssignmentCancelled() | UnitStoodDown():
            return units.evolve(_unit(state), event)
        case PostRequired() | ContingentPlanned():
            return Plan(event.plan_version)
        case OperationAdopted():
            return Plan(event.version)
        case _:
            assert_never(event)


def _require(in_force: int | None, order: RequirePost) -> Sequence[PostRequired] | Refused:
    refused = window_empty("the window", order.start, order.end) or not_newer(
        f"post {order.post}", order.plan_version, in_force
    )
    return refused or (as_event(order, PostRequired),)


def _plan(in_force: int | None, order: PlanContingent) -> Sequence[ContingentPlanned] | Refused:
    refused = window_empty("the window", order.start, order.end) or not_newer(
        f"contingent {order.contingent}", order.plan_version, in_force
    )
    return refused or (as_event(order, ContingentPlanned),)


def _unit(state: State | None) -> Unit | None:
    if isinstance(state, Plan):
        raise TypeError(f"a plan of version {state.version} stands where a unit is expected")
    return state


def _version(state: State | None) -> int | None:
    if isinstance(state, Unit):
        raise TypeError(f"unit {state.unit} stands where a plan is expected")
    return None if state is None else state.version


DEPLOYMENT: Decider[State] = Decider(service="deployment", decide=decide, evolve=evolve, states=(Unit, Plan))
