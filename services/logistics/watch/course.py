"""Where a shipment is on its way: the leg that it is on, or that comes next."""

from dataclasses import dataclass

from schemas.logistics import Leg
from services.views.legs import Departed, Movement, state_of
from services.views.routes import PlannedLeg, planned_legs
from services.views.shipment_state import Shipment
from services.views.stage import stage

OUT = ("delivered", "opened", "counted", "returning", "returned")
"""Stages at which the way out is over, whatever was heard of its legs."""


@dataclass(frozen=True, slots=True)
class Current:
    """The leg that a shipment is on, since it `departed`, or, None, the one that comes next."""

    leg: Leg
    departed: Departed | None


def current(shipment: Shipment) -> Current | None:
    """The leg on which the shipment is, or that comes next by the plans in force; None when there is none.

    A leg is over when its end was reported, or anything on a later one: a change of mode onto it counts as well. Of all
    legs of the way out it is so when the load stands at its polling stations, and of all when the boxes are back.
    """
    if shipment.plan is None or (shipment.returned and not boxes_out(shipment)):
        return None
    planned = planned_legs(shipment.plan.legs, shipment.returns)
    route = [each for each in planned.values() if not each.superseded]
    if stage(shipment, planned) in OUT:
        route = [each for each in route if each.way == "back"]
    begun = [number for number, each in enumerate(route) if _begun(shipment, each)]
    ahead = route[begun[-1] :] if begun else route
    return next((_current(shipment, each.leg) for each in ahead if not _arrived(shipment, each)), None)


def boxes_out(shipment: Shipment) -> int:
    """How many ballot boxes of the plan are not back where they are kept."""
    manifest = shipment.plan.packages if shipment.plan else ()
    return sum(each.kind == "ballot_box" and each.package not in shipment.returned for each in manifest)


def _begun(shipment: Shipment, planned: PlannedLeg) -> bool:
    return planned.leg.leg in shipment.movements or planned.leg.leg in shipment.transshipments


def _arrived(shipment: Shipment, planned: PlannedLeg) -> bool:
    return state_of(shipment.movements.get(planned.leg.leg, Movement())) == "arrived"


def _current(shipment: Shipment, leg: Leg) -> Current:
    return Current(leg, shipment.movements.get(leg.leg, Movement()).departed)
