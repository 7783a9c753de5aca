"""How far a shipment has come, out and back. Later steps tell more than earlier ones, whatever was heard of between."""

from collections.abc import Mapping
from typing import Literal

from schemas.types import LegId, PackageId, PostId
from services.views.custody import named
from services.views.facts import Told, known
from services.views.legs import Departed
from services.views.reconciliation import ballots
from services.views.routes import PlannedLeg
from services.views.shipment_state import Shipment

Stage = Literal["planned", "sealed", "under_way", "arrived", "delivered", "opened", "counted", "returning", "returned"]


def stage(shipment: Shipment, planned: Mapping[LegId, PlannedLeg]) -> Stage | None:
    """The last step that was done by all whom it concerns; None while there is nothing to tell by.

    returned: every package is where it is kept. returning: a leg of the way back was begun, or some package is back.
    counted, opened: at every polling station. delivered: every package, even if nobody reported the legs. under_way,
    arrived: by the last report on a leg out it is on that leg, or at its end, be that the last leg or not. sealed: it
    has not moved, and every package carries a seal. planned: it has not moved.
    """
    packages, stations = _packages(shipment), _stations(shipment)
    back = {id_ for id_, each in planned.items() if each.way == "back"} & shipment.movements.keys()
    last = _last_move_out(shipment, back)
    opened, counted = {each.tps for each in shipment.openings.values()}, shipment.reconciliations.keys()
    is_planned = shipment.plan is not None
    steps: dict[Stage, bool] = {
        "returned": bool(shipment.returned) and packages <= shipment.returned.keys(),
        "returning": bool(shipment.returned) or bool(back),
        "counted": bool(counted) and stations <= counted,
        "opened": bool(opened) and stations <= opened,
        "delivered": bool(shipment.deliveries) and packages <= shipment.deliveries.keys(),
        "under_way": isinstance(last, Departed),
        "arrived": last is not None,
        "sealed": is_planned and packages <= {each.package for each in shipment.sealings},
        "planned": is_planned,
    }
    return next((step for step, done in steps.items() if done), None)


def _packages(shipment: Shipment) -> set[PackageId]:
    """Those of the plan, or, unplanned, whatever was handed over."""
    if shipment.plan is not None:
        return {each.package for each in shipment.plan.packages}
    return {package for each in shipment.handovers.values() for package in named(each)}


def _stations(shipment: Shipment) -> set[PostId]:
    """The polling stations whose ballots it brings; if it brings none, all that it is for."""
    manifest = shipment.plan.packages if shipment.plan else ()
    return {*ballots(manifest)} or {each.tps for each in manifest}


def _last_move_out(shipment: Shipment, back: set[LegId]) -> Told | None:
    out = [each for id_, each in shipment.movements.items() if id_ not in back]
    moves = known(*(word for each in out for word in (each.departed, each.arrived)))
    return moves[-1] if moves else None
