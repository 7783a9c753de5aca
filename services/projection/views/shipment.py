"""A shipment: its plan, seals, legs, custody and deliveries, and where they contradict each other.

Kept are the orders as they came and the last report of each kind; all else follows from them when it is shown.
Flags: `unknown_subject` (reports on a shipment that nobody planned), `disputed` and `broken_chain` (see custody.py),
`discrepancy` (the seals read off a package are not those put on it), `unescorted` (a leg that requires an escort was
begun without), `unexpected` (a package or leg that is not in the plan), `clock_ahead`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.logistics import (
    CustodyReceived,
    CustodyReleased,
    Leg,
    LegArrived,
    LegDeparted,
    Package,
    PackageSealed,
    ShipmentDelivered,
    ShipmentPlanned,
)
from schemas.types import CustodianId, HandoverId, LegId, PackageId, PlaceId, ShipmentId, UnitId, VillageCode
from services.projection.listed import Listed, in_villages
from services.projection.views.custody import Half, Handover, Holding, chains, differences, load, named, state_of
from services.projection.views.facts import Entity, Fact, Told, heard, known, last_heard, later, plain, told, with_entry

Data = (
    ShipmentPlanned | PackageSealed | CustodyReleased | CustodyReceived | LegDeparted | LegArrived | ShipmentDelivered
)
Stage = Literal["planned", "sealed", "under_way", "arrived", "delivered"]


class Plan(Told, frozen=True, kw_only=True):
    """The order that the shipment rests on."""

    village: VillageCode
    waybill: str
    custodian: CustodianId
    packages: tuple[Package, ...]
    legs: tuple[Leg, ...]


class Sealing(Told, frozen=True, kw_only=True):
    """The seals that a package carries since; a later sealing replaces them."""

    package: PackageId
    seals: tuple[str, ...]


class Departed(Told, frozen=True, kw_only=True):
    """The shipment set out on a leg, with the unit that escorts it."""

    escort: UnitId | None


class Movement(Struct, frozen=True):
    """The last departure and the last arrival on one leg."""

    departed: Departed | None = None
    arrived: Told | None = None


class Delivery(Told, frozen=True, kw_only=True):
    """A package stands where it is meant to."""

    receiver: CustodianId
    place: PlaceId


class Shipment(Entity, frozen=True, kw_only=True):
    """The facts on a shipment that count. `sealings` are in order of arrival."""

    shipment: ShipmentId
    plan: Plan | None = None
    sealings: tuple[Sealing, ...] = ()
    handovers: dict[HandoverId, Handover] = field(default_factory=dict)
    movements: dict[LegId, Movement] = field(default_factory=dict)
    deliveries: dict[PackageId, Delivery] = field(default_factory=dict)


def fold(state: Shipment | None, fact: Fact) -> Shipment:
    """The shipment after one more fact."""
    data: Data = fact.data
    shipment = heard(state or Shipment(shipment=data.shipment), fact)
    match data:
        case ShipmentPlanned():
            return replace(shipment, plan=told(Plan, fact))
        case PackageSealed():
            return replace(shipment, sealings=(*shipment.sealings, told(Sealing, fact)))
        case CustodyReleased() | CustodyReceived():
            handover = _handed(shipment.handovers.get(data.handover, Handover()), data, fact)
            return replace(shipment, handovers=with_entry(shipment.handovers, data.handover, handover))
        case LegDeparted() | LegArrived():
            movement = _moved(shipment.movements.get(data.leg, Movement()), data, fact)
            return replace(shipment, movements=with_entry(shipment.movements, data.leg, movement))
        case ShipmentDelivered():
            delivery = told(Delivery, fact)
            fresh = {package: later(shipment.deliveries.get(package), delivery) for package in data.packages}
            return replace(shipment, deliveries={**shipment.deliveries, **fresh})
        case _:
            assert_never(data)


def _handed(handover: Handover, data: CustodyReleased | CustodyReceived, fact: Fact) -> Handover:
    match data:
        case CustodyReleased():
            return replace(handover, released=later(handover.released, told(Half, fact)))
        case CustodyReceived():
            return replace(handover, received=later(handover.received, told(Half, fact)))
        case _:
            assert_never(data)


def _moved(movement: Movement, data: LegDeparted | LegArrived, fact: Fact) -> Movement:
    match data:
        case LegDeparted():
            return replace(movement, departed=later(movement.departed, told(Departed, fact)))
        case LegArrived():
            return replace(movement, arrived=later(movement.arrived, told(Told, fact)))
        case _:
            assert_never(data)


# What follows from the facts.


def document(shipment: Shipment) -> dict[str, Any]:
    """The shipment as it is shown: the facts, and what follows from them.

    `packages` are by id, each with its custody chain; `legs` are those of the plan in its order, then others;
    `custodian` is None unless all packages of the shipment share one; for `stage` and `place` see below.
    """
    reports = _reports(shipment)
    discrepancies = _discrepancies(shipment)
    packages = _packages(shipment, {each["package"] for each in discrepancies})
    legs = _legs(shipment)
    handovers = {id_: _handover(each) for id_, each in shipment.handovers.items()}
    parts = [*packages.values(), *legs, *handovers.values()]
    flags = set[str]().union(*(each["flags"] for each in parts))
    if shipment.clock_ahead:
        flags.add("clock_ahead")
    if shipment.plan is None and reports:
        flags.add("unknown_subject")
    derived = {
        "village": shipment.plan and shipment.plan.village,
        "packages": packages,
        "legs": legs,
        "handovers": handovers,
        "discrepancies": discrepancies,
        "custodian": _shared_custodian(packages),
        "stage": _stage(shipment),
        "place": _place(shipment),
        "flags": sorted(flags),
        "last_heard": last_heard(reports),
    }
    facts: dict[str, Any] = plain(shipment)
    return {**facts, **plain(derived)}


def _reports(shipment: Shipment) -> list[Told]:
    return known(
        *(half for each in shipment.handovers.values() for half in (each.released, each.received)),
        *_moves(shipment),
        *shipment.deliveries.values(),
    )


def _moves(shipment: Shipment) -> list[Told]:
    return known(*(word for each in shipment.movements.values() for word in (each.departed, each.arrived)))


def _handover(handover: Handover) -> dict[str, Any]:
    state = state_of(handover)
    return {
        "released": handover.released,
        "received": handover.received,
        "state": state,
        "differences": differences(handover),
        "flags": ["disputed"] if state == "disputed" else [],
    }


# Seals.


def _sealings(shipment: Shipment) -> dict[PackageId, list[Sealing]]:
    """The sealings of each package, in order of arrival."""
    found: dict[PackageId, list[Sealing]] = {}
    for each in shipment.sealings:
        found.setdefault(each.package, []).append(each)
    return found


def _carried(sealings: Sequence[Sealing], at: datetime) -> list[str]:
    """The seals that a package carried at an instant, by the orders known now."""
    put_on = [each for each in sealings if each.as_of <= at]
    return sorted(put_on[-1].seals) if put_on else []


def _discrepancies(shipment: Shipment) -> list[dict[str, Any]]:
    """Where the seals read at a handover differ from those put on; a package never sealed can differ from nothing."""
    sealings = _sealings(shipment)
    return [
        each
        for id_, handover in sorted(shipment.handovers.items())
        for side, half in (("released", handover.released), ("received", handover.received))
        if half is not None
        for each in _misread(sealings, half, {"handover": id_, "half": side})
    ]


def _misread(
    sealings: Mapping[PackageId, Sequence[Sealing]], half: Half, where: dict[str, str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for package, read in load(half).items():
        put_on = _carried(sealings.get(package, ()), half.as_of)
        if package in sealings and put_on != read:
            missing, strange = sorted({*put_on} - {*read}), sorted({*read} - {*put_on})
            found.append(
                {"package": package, **where, "put_on": put_on, "read": read, "missing": missing, "strange": strange}
            )
    return found


# Packages.


def _packages(shipment: Shipment, misread: set[PackageId]) -> dict[PackageId, dict[str, Any]]:
    plan = shipment.plan
    manifest = {each.package: each for each in plan.packages} if plan else {}
    first = Holding(custodian=plan.custodian, since=plan.as_of, handover=None, broken_chain=False) if plan else None
    custody = chains(first, manifest, shipment.handovers)
    seals = {package: sorted(each[-1].seals) for package, each in _sealings(shipment).items()}
    disputed = _disputed(shipment.handovers)
    found: dict[PackageId, dict[str, Any]] = {}
    for package in sorted({*custody, *seals, *shipment.deliveries}):
        planned, chain = manifest.get(package), custody.get(package, ())
        found[package] = {
            "package": package,
            "kind": planned and planned.kind,
            "tps": planned and planned.tps,
            "count": None if planned is None else planned.count,
            "seals": seals.get(package, []),
            "custodian": chain[-1].custodian if chain else None,
            "custody": chain,
            "delivered": shipment.deliveries.get(package),
            "flags": sorted(
                name
                for name, is_so in {
                    "unexpected": plan is not None and planned is None,
                    "broken_chain": any(each.broken_chain for each in chain),
                    "disputed": package in disputed,
                    "discrepancy": package in misread,
                }.items()
                if is_so
            ),
        }
    return found


def _disputed(handovers: Mapping[HandoverId, Handover]) -> set[PackageId]:
    return {package for each in handovers.values() if state_of(each) == "disputed" for package in named(each)}


def _shared_custodian(packages: Mapping[PackageId, Mapping[str, Any]]) -> CustodianId | None:
    """The custodian of the whole shipment, if its packages share one; strangers to the manifest are not its own."""
    holders = {each["custodian"] for each in packages.values() if "unexpected" not in each["flags"]}
    return holders.pop() if len(holders) == 1 else None


# Legs, stage and place.


def _legs(shipment: Shipment) -> list[dict[str, Any]]:
    planned = {leg.leg: leg for leg in shipment.plan.legs} if shipment.plan else {}
    others = sorted(shipment.movements.keys() - planned.keys())
    return [_leg(shipment, id_, planned.get(id_)) for id_ in (*planned, *others)]


def _leg(shipment: Shipment, id_: LegId, planned: Leg | None) -> dict[str, Any]:
    movement = shipment.movements.get(id_, Movement())
    departed, arrived = movement.departed, movement.arrived
    flags = []
    if planned is None and shipment.plan is not None:
        flags.append("unexpected")
    if planned is not None and planned.escort_required and departed is not None and departed.escort is None:
        flags.append("unescorted")
    last = known(departed, arrived)[-1:]
    state = "planned" if not last else "arrived" if last[0] is arrived else "under_way"
    return {
        "leg": id_,
        "state": state,
        "escort": departed and departed.escort,
        "departed_at": departed and departed.as_of,
        "arrived_at": arrived and arrived.as_of,
        "flags": flags,
    }


def _stage(shipment: Shipment) -> Stage | None:
    """How far the shipment has come; None while there is neither plan nor movement nor delivery to tell by.

    delivered: every package of the plan (or, unplanned, whatever was handed over) has been delivered, even if nobody
    reported the legs. under_way, arrived: by the last report on a leg it is on that leg, or at its end, be that the
    last leg or not. sealed: it has not moved, and every package of the plan carries a seal. planned: it has not moved.
    """
    plan = shipment.plan
    handed = {package for each in shipment.handovers.values() for package in named(each)}
    expected = {each.package for each in plan.packages} if plan else handed
    if shipment.deliveries and expected <= shipment.deliveries.keys():
        return "delivered"
    moves = _moves(shipment)
    if moves:
        return "under_way" if isinstance(moves[-1], Departed) else "arrived"
    if plan is None:
        return None
    return "sealed" if expected <= {each.package for each in shipment.sealings} else "planned"


def _place(shipment: Shipment) -> dict[str, Any] | None:
    """Where the last report that names a place puts the shipment; while `leg` is named, it left that place on it."""
    words: list[tuple[Told, PlaceId, LegId | None]] = [
        (half, half.place, None) for each in shipment.handovers.values() for half in known(each.released, each.received)
    ]
    words += [(each, each.place, None) for each in shipment.deliveries.values()]
    for leg in shipment.plan.legs if shipment.plan else ():
        movement = shipment.movements.get(leg.leg, Movement())
        if movement.departed is not None:
            words.append((movement.departed, leg.origin, leg.leg))
        if movement.arrived is not None:
            words.append((movement.arrived, leg.destination, None))
    if not words:
        return None
    word, place, on = max(words, key=lambda each: each[0].order)
    return {"place": place, "leg": on, "as_of": word.as_of}


def listed(document: dict[str, Any]) -> Listed:
    """Shipments are listed by village and stage."""
    return in_villages([document["village"]], status=document["stage"])
