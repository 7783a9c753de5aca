"""The rule book of logistics: what a shipment consists of, and which seals its packages carry.

Decided on orders alone. Custody, departures and deliveries are told by reports, which never come here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import assert_never

from schemas.logistics import (
    Event,
    Leg,
    Order,
    PackageSealed,
    PlanShipment,
    SealPackage,
    ShipmentPlanned,
)
from schemas.outcomes import Refused, first_few
from schemas.registry import as_event
from schemas.types import PackageId, SealNumber, ShipmentId, village_of
from services.kit.decider import Decider


@dataclass(frozen=True, slots=True)
class Shipment:
    """A planned shipment: its packages, and on which of them each seal number is."""

    shipment: ShipmentId
    packages: frozenset[PackageId]
    sealed: Mapping[SealNumber, PackageId]


State = Shipment


def decide(state: State | None, order: Order) -> Sequence[Event] | Refused:
    """What an order brings about, or why it is refused."""
    match order:
        case PlanShipment():
            return _plan(state, order)
        case SealPackage():
            return _seal(state, order)
        case _:
            assert_never(order)


def evolve(state: State | None, event: Event) -> State:
    """The shipment after one of its events."""
    match event:
        case ShipmentPlanned():
            return Shipment(event.shipment, frozenset(p.package for p in event.packages), {})
        case PackageSealed():
            if state is None:
                raise ValueError(f"a package of {event.shipment} was sealed before the shipment was planned")
            return replace(state, sealed={**state.sealed, **dict.fromkeys(event.seals, event.package)})
        case _:
            assert_never(event)


def _plan(shipment: Shipment | None, order: PlanShipment) -> Sequence[Event] | Refused:
    if shipment is not None:
        return Refused(
            reason="shipment_exists",
            detail=f"a shipment {order.shipment} is planned already",
            clashes=(order.shipment,),
        )
    refused = _manifest_wrong(order) or _route_wrong(order)
    return refused or (as_event(order, ShipmentPlanned),)


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


def _route_wrong(order: PlanShipment) -> Refused | None:
    twice = _repeated(leg.leg for leg in order.legs)
    if twice:
        return Refused(
            reason="duplicate_leg", detail=f"the route lists more than once: {first_few(twice)}", clashes=twice
        )
    return next(filter(None, map(_leg_wrong, order.legs)), None)


def _leg_wrong(leg: Leg) -> Refused | None:
    if leg.arrive_by <= leg.depart_by:
        return Refused(
            reason="leg_window_empty",
            detail=f"leg {leg.leg} must arrive by {_at(leg.arrive_by)}, "
            f"not after it must depart, by {_at(leg.depart_by)}",
            clashes=(leg.leg,),
        )
    if (leg.tide_from is None) != (leg.tide_to is None):
        return Refused(
            reason="tide_window_incomplete",
            detail=f"leg {leg.leg} names one end of its tide window: give both or neither",
            clashes=(leg.leg,),
        )
    if leg.tide_from is not None and leg.tide_to is not None and leg.tide_to <= leg.tide_from:
        return Refused(
            reason="tide_window_empty",
            detail=f"the tide window of leg {leg.leg} ends at {_at(leg.tide_to)}, "
            f"not after its start at {_at(leg.tide_from)}",
            clashes=(leg.leg,),
        )
    return None


def _seal(shipment: Shipment | None, order: SealPackage) -> Sequence[Event] | Refused:
    if shipment is None:
        return Refused(
            reason="shipment_unknown",
            detail=f"no shipment {order.shipment} is planned: plan it first",
            clashes=(order.shipment,),
        )
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


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _repeated(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name, times in Counter(names).items() if times > 1)


LOGISTICS: Decider[State] = Decider(service="logistics", decide=decide, evolve=evolve)
