"""How far each leg of a shipment has come, and whether its escort and its change of mode are as they should be."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from schemas.logistics import Leg
from schemas.types import AssignmentId, LegId, UnitId
from services.views.facts import Told, known, raised
from services.views.routes import PlannedLeg

LegState = Literal["planned", "under_way", "arrived"]


class Escort(Told, frozen=True, kw_only=True):
    """The order that ties a leg to the unit that escorts it; a later one replaces it."""

    leg: LegId
    unit: UnitId
    order_reference: str
    assignment: AssignmentId | None


class Departed(Told, frozen=True, kw_only=True):
    """The shipment set out on a leg, with the unit that escorts it."""

    escort: UnitId | None


class Movement(Struct, frozen=True):
    """The last departure and the last arrival on one leg."""

    departed: Departed | None = None
    arrived: Told | None = None


def legs(
    planned: Mapping[LegId, PlannedLeg] | None,
    movements: Mapping[LegId, Movement],
    escorts: Sequence[Escort],
    changes: Mapping[LegId, LegId],
) -> list[dict[str, Any]]:
    """The legs in the order of their plans, then others that were reported; superseded ones only if they were.

    `planned` is None while no plan is known; `escorts` are in order of arrival; `changes` are the changes of mode that
    were reported: onto which leg, and from which.
    """
    plans = planned or {}
    named = {*movements, *changes, *changes.values()}
    shown = [id_ for id_, each in plans.items() if not each.superseded or id_ in movements]
    found = []
    for id_ in (*shown, *sorted(movements.keys() - plans.keys())):
        plan, movement = plans.get(id_), movements.get(id_, Movement())
        orders = [each for each in escorts if each.leg == id_]
        flags = {
            "unexpected": planned is not None and plan is None,
            "unescorted": plan is not None and unescorted(plan.leg, movement.departed),
            "escort_differs": _escort_differs(orders, movement.departed),
            "not_transshipped": _changes_mode(plan) and id_ in movements and id_ not in changes,
            "unreported": bool(orders) and id_ not in named,
        }
        found.append(
            {
                "leg": id_,
                "way": plan and plan.way,
                "state": state_of(movement),
                "escort": movement.departed and movement.departed.escort,
                "ordered_escort": orders[-1] if orders else None,
                "departed_at": movement.departed and movement.departed.as_of,
                "arrived_at": movement.arrived and movement.arrived.as_of,
                "flags": raised(flags),
            }
        )
    return found


def state_of(movement: Movement) -> LegState:
    """By the last word on a leg whether the shipment is on it, or at its end."""
    last = known(movement.departed, movement.arrived)[-1:]
    return "planned" if not last else "arrived" if last[0] is movement.arrived else "under_way"


def unescorted(leg: Leg, departed: Departed | None) -> bool:
    """Whether a leg that requires an escort was begun without one."""
    return leg.escort_required and departed is not None and departed.escort is None


def _escort_differs(orders: Sequence[Escort], departed: Departed | None) -> bool:
    """Whether another unit went than was tied to the leg by then, or, if none was, than the first tied to it since."""
    if departed is None or departed.escort is None or not orders:
        return False
    before = [each for each in orders if each.as_of <= departed.as_of]
    return (before[-1] if before else orders[0]).unit != departed.escort


def _changes_mode(plan: PlannedLeg | None) -> bool:
    return plan is not None and plan.before is not None and plan.before.mode != plan.leg.mode
