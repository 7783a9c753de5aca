"""The rule book of incidents: what may still be ordered, given what was ordered before.

Decided on orders alone: an order about an incident that no report has named yet is accepted, and the projection
flags it. What was reported, by whom and when never comes here; early warnings and engagements are reports and nothing
else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.incidents import (
    AcknowledgeAlert,
    AdoptOperation,
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ClearAlert,
    Event,
    OperationAdopted,
    Order,
    RaiseAlert,
)
from schemas.operation import not_adoptable
from schemas.outcomes import Refused
from schemas.registry import as_event
from schemas.types import OperationId
from services.incidents import alerts, incidents
from services.incidents.alerts import Alert
from services.incidents.incidents import Incident
from services.kit.decider import Decider


@dataclass(frozen=True, slots=True)
class Adopted:
    """The version of an operation that is in force."""

    operation: OperationId
    version: int


State = Incident | Alert | Adopted


def decide(state: State | None, order: Order) -> Sequence[Event] | Refused:
    """What an order or a message of the watch brings about, or why it is refused."""
    match order:
        case AdoptOperation():
            in_force = _adopted(state)
            refused = not_adoptable(order, in_force.version if in_force else None)
            return refused or (as_event(order, OperationAdopted),)
        case RaiseAlert() | ClearAlert() | AcknowledgeAlert():
            return alerts.decide(_alert(state), order)
        case _:
            return incidents.decide(_incident(state), order)


def evolve(state: State | None, event: Event) -> State:
    """The aggregate after one of its events."""
    match event:
        case OperationAdopted():
            return Adopted(event.operation, event.version)
        case AlertRaised() | AlertCleared() | AlertAcknowledged():
            return alerts.evolve(_alert(state), event)
        case _:
            return incidents.evolve(_incident(state), event)


def _incident(state: State | None) -> Incident | None:
    if state is not None and not isinstance(state, Incident):
        raise TypeError(f"{state} stands where an incident is expected")
    return state


def _alert(state: State | None) -> Alert | None:
    if state is not None and not isinstance(state, Alert):
        raise TypeError(f"{state} stands where an alert is expected")
    return state


def _adopted(state: State | None) -> Adopted | None:
    if state is not None and not isinstance(state, Adopted):
        raise TypeError(f"{state} stands where an operation is expected")
    return state


def over(state: State) -> bool:
    """Whether nothing more will be ordered: of a cleared alert, for the next of its rule and subject has another id."""
    return isinstance(state, Alert) and not state.standing


INCIDENTS: Decider[State] = Decider(
    service="incidents", decide=decide, evolve=evolve, states=(Incident, Alert, Adopted), over=over
)
