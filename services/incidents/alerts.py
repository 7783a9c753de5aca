"""The rules of one alert: our own watch raises and clears it, an operator acknowledges it while it stands.

An alert stands once. The next one of the same rule and subject has another id, because `n` counts those cleared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from schemas.incidents import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ClearAlert,
    RaiseAlert,
)
from schemas.outcomes import Refused
from schemas.registry import as_event
from schemas.types import AlertId, alert_id

Order = RaiseAlert | ClearAlert | AcknowledgeAlert
Event = AlertRaised | AlertCleared | AlertAcknowledged


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was raised, and whether it still stands."""

    alert: AlertId
    standing: bool = True


def decide(state: Alert | None, order: Order) -> Sequence[Event] | Refused:
    """What a message of the watch or of an operator brings about, or why it is refused."""
    match order:
        case RaiseAlert():
            return _not_its_id(order) or _known(state) or (as_event(order, AlertRaised),)
        case ClearAlert():
            return _not_standing(state, order.alert) or (as_event(order, AlertCleared),)
        case AcknowledgeAlert():
            return _not_standing(state, order.alert) or (as_event(order, AlertAcknowledged),)
        case _:
            assert_never(order)


def evolve(state: Alert | None, event: Event) -> Alert:
    """The alert after one of its events."""
    match event:
        case AlertRaised():
            return Alert(event.alert)
        case AlertCleared():
            return replace(_raised(state, event.alert), standing=False)
        case AlertAcknowledged():
            return _raised(state, event.alert)
        case _:
            assert_never(event)


def _not_its_id(order: RaiseAlert) -> Refused | None:
    expected = alert_id(order.rule, order.subject, order.n)
    if order.alert == expected:
        return None
    return Refused(
        reason="alert_id_wrong",
        detail=f"alert {order.n} of {order.rule} on {order.subject} has the id {expected}, not {order.alert}",
        clashes=(expected,),
    )


def _known(state: Alert | None) -> Refused | None:
    if state is None:
        return None
    detail = (
        "stands already" if state.standing else "was cleared: the next one of its rule and subject counts on from it"
    )
    return Refused(reason="alert_known", detail=f"alert {state.alert} {detail}", clashes=(state.alert,))


def _not_standing(state: Alert | None, alert: AlertId) -> Refused | None:
    if state is None:
        return Refused(reason="alert_unknown", detail=f"no alert {alert} is known", clashes=(alert,))
    if not state.standing:
        return Refused(reason="alert_cleared", detail=f"alert {alert} is cleared already", clashes=(alert,))
    return None


def _raised(state: Alert | None, alert: AlertId) -> Alert:
    if state is None:
        raise ValueError(f"alert {alert} was never raised")
    return state
