"""The rule book of logistics: what a shipment consists of, its seals, its escorts and its way back.

Decided on orders alone. Custody, departures, deliveries and counts are told by reports, which never come here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from schemas.logistics import (
    AdoptOperation,
    AssignEscort,
    EscortAssigned,
    Event,
    Leg,
    OperationAdopted,
    Order,
    PackageSealed,
    PlanReturn,
    PlanShipment,
    ReturnPlanned,
    SealPackage,
    ShipmentPlanned,
)
from schemas.operation import not_adoptable
from schemas.outcomes import Refused, first_few, to_the_minute
from schemas.registry import as_event
from schemas.types import LegId, OperationId, PackageId, PlanVersion, SealNumber, ShipmentId, village_of
from services.kit.decider import Decider


@dataclass(frozen=True, slots=True)
class Shipment:
    """A planned shipment: its packages, the legs out and back, and on which package each seal number is."""

    shipment: ShipmentId
    packages: frozenset[PackageId]
    outward: frozenset[LegId]
    back: frozenset[LegId]
    sealed: Mapping[SealNumber, PackageId]


@dataclass(frozen=True, slots=True)
class Operation:
    """The operation, as far as the next version of its file is concerned."""

    operation: OperationId
    version: PlanVersion


State = Shipment | Operation


def decide(state: State | None, order: Order) -> Sequence[Event] | Refused:
    """What an order brings about, or why it is refused."""
    match order:
        case PlanShipment():
            return _plan(_shipment(state), order)
        case SealPackage():
            return _seal(_shipment(state), order)
        case AssignEscort():
            return _assign_escort(_shipment(state), order)
        case PlanReturn():
            return _plan_return(_shipment(state), order)
        case AdoptOperation():
            return not_adoptable(order, _version(state)) or (as_event(order, OperationAdopted),)
        case _:
            assert_never(order)


def evolve(state: State | None, event: Event) -> State:
    """The aggregate after one of its events."""
    match event:
        case ShipmentPlanned():
            packages, legs = (p.package for p in event.packages), (leg.leg for leg in event.legs)
            return Shipment(event.shipment, frozenset(packages), frozenset(legs), frozenset(), {})
        case PackageSealed():
            shipment = _planned(state, event.shipment)
            return replace(shipment, sealed={**shipment.sealed, **dict.fromkeys(event.seals, event.package)})
        case EscortAssigned():
            # An escort binds nobody here: a later one replaces it.
            return _planned(state, event.shipment)
        case ReturnPlanned():
            return replace(_planned(state, event.shipment), back=frozenset(leg.leg for leg in event.legs))
        case OperationAdopted():
            return Operation(event.operation, event.version)
        case _:
            assert_never(event)


# Plans.


def _plan(shipment: Shipment | None, order: PlanShipment) -> Sequence[Event] | Refused:
    if shipment is not None:
        return Refused(
            reason="shipment_exists",
            detail=f"a shipment {order.shipment} is planned already",
            clashes=(order.shipment,),
        )
    refused = _manifest_wrong(order) or _route_wrong(order.legs)
    return refused or (as_event(order, ShipmentPlanned),)


def _plan_return(shipment: Shipment | None, order: PlanReturn) -> Sequence[Event] | Refused:
    """A second plan of the way back supersedes the first: where the boxes are kept may have to change on the night."""
    if shipment is None:
        return _unknown(order.shipment)
    outward = tuple(leg.leg for leg in order.legs if leg.leg in shipment.outward)
    if outward:
        return Refused(
            reason="duplicate_leg",
            detail=f"on the way out of shipment {order.shipment} there are already legs {first_few(outward)}",
            clashes=outward,
        )
    return _route_wrong(order.legs) or (as_event(order, ReturnPlanned),)


def _manifest_wrong(order: PlanShipment) -> Refused | None:
    twice = _repeated(p.package for p in order.packages)
    if twice:
        return Refused(
            reason="duplicate_package",
            detail=f"the manifest lists more than once: {first_few(twice)}",
            clashes=twice,
        )
    outside = [p for p in order.packages if village_of(p.tps) != order.village]
    if outside:
        where = first_few([f"{p.package} for {p.tps}" for p in outside])
        return Refused(
            reason="tps_outside_village",
            detail=f"the shipment goes to village {order.village}, but it holds {where}",
            clashes=tuple(p.package for p in outside),
        )
    return None


def _route_wrong(legs: Sequence[Leg]) -> Refused | None:
    twice = _repeated(leg.leg for leg in legs)
    if twice:
        return Refused(
            reason="duplicate_leg", detail=f"the route lists more than once: {first_few(twice)}", clashes=twice
        )
    return next(filter(None, map(_leg_wrong, legs)), None)


def _leg_wrong(leg: Leg) -> Refused | None:
    if leg.arrive_by <= leg.depart_by:
        return Refused(
            reason="leg_window_empty",
            detail=f"leg {leg.leg} must arrive by {to_the_minute(leg.arrive_by)}, "
            f"not after it must depart, by {to_the_minute(leg.depart_by)}",
            clashes=(leg.leg,),
        )
    return _tide_wrong(leg)


def _tide_wrong(leg: Leg) -> Refused | None:
    if leg.tide_from is None and leg.tide_to is None:
        return None
    if leg.mode != "sea":
        return Refused(
            reason="tide_not_at_sea",
            detail=f"leg {leg.leg} goes by {leg.mode} and names a tide window: only a leg by sea has one",
            clashes=(leg.leg,),
        )
    if leg.tide_from is None or leg.tide_to is None:
        return Refused(
            reason="tide_window_incomplete",
            detail=f"leg {leg.leg} names one end of its tide window: give both or neither",
            clashes=(leg.leg,),
        )
    if leg.tide_to <= leg.tide_from:
        return Refused(
            reason="tide_window_empty",
            detail=f"the tide window of leg {leg.leg} ends at {to_the_minute(leg.tide_to)}, "
            f"not after its start at {to_the_minute(leg.tide_from)}",
            clashes=(leg.leg,),
        )
    if leg.tide_from > leg.depart_by:
        return Refused(
            reason="tide_too_late",
            detail=f"leg {leg.leg} must depart by {to_the_minute(leg.depart_by)}, "
            f"but the tide lets the boat leave only from {to_the_minute(leg.tide_from)}",
            clashes=(leg.leg,),
        )
    return None


# Escorts.


def _assign_escort(shipment: Shipment | None, order: AssignEscort) -> Sequence[Event] | Refused:
    if shipment is None:
        return _unknown(order.shipment)
    if order.leg not in shipment.outward | shipment.back:
        return Refused(
            reason="leg_unknown",
            detail=f"leg {order.leg} is neither on the way out of shipment {order.shipment} nor on the one back",
            clashes=(order.leg,),
        )
    return (as_event(order, EscortAssigned),)


# Seals.


def _seal(shipment: Shipment | None, order: SealPackage) -> Sequence[Event] | Refused:
    if shipment is None:
        return _unknown(order.shipment)
    if order.package not in shipment.packages:
        return Refused(
            reason="package_unknown",
            detail=f"package {order.package} is not on the manifest of shipment {order.shipment}",
            clashes=(order.package,),
        )
    return _seal_reused(shipment, order) or (as_event(order, PackageSealed),)


def _seal_reused(shipment: Shipment, order: SealPackage) -> Refused | None:
    """A seal number stands for one closing of one package: a second use would hide that it was opened."""
    used = {seal: shipment.sealed[seal] for seal in order.seals if seal in shipment.sealed}
    reused = used | dict.fromkeys(_repeated(order.seals), order.package)
    if not reused:
        return None
    where = first_few(
        [
            f"{seal} is on {used[seal]} already" if seal in used else f"{seal} is given twice in this order"
            for seal in reused
        ]
    )
    return Refused(
        reason="seal_reused",
        detail=f"a seal number serves once in shipment {order.shipment}: {where}",
        clashes=(*reused, *dict.fromkeys(reused.values())),
    )


# What several rules share.


def _unknown(shipment: ShipmentId) -> Refused:
    return Refused(
        reason="shipment_unknown",
        detail=f"no shipment {shipment} is planned: plan it first",
        clashes=(shipment,),
    )


def _planned(state: State | None, shipment: ShipmentId) -> Shipment:
    planned = _shipment(state)
    if planned is None:
        raise ValueError(f"something was ordered of {shipment} before it was planned")
    return planned


def _shipment(state: State | None) -> Shipment | None:
    if isinstance(state, Operation):
        raise TypeError(f"operation {state.operation} stands where a shipment is expected")
    return state


def _version(state: State | None) -> PlanVersion | None:
    if isinstance(state, Shipment):
        raise TypeError(f"shipment {state.shipment} stands where an operation is expected")
    return None if state is None else state.version


def _repeated(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name, times in Counter(names).items() if times > 1)


LOGISTICS: Decider[State] = Decider(service="logistics", decide=decide, evolve=evolve, states=(Shipment, Operation))
