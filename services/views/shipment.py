"""A shipment: its plan, seals, legs, custody, deliveries, counts and return, and where they contradict each other.

Kept are the orders as they came, the last report of each kind, and every inspection and opening, up to `MOST_ALIKE` of
the same packages by one source; all else follows from them when it is shown. Flags, on the part that they concern and
on the shipment:

- `unknown_subject`: it was reported on, and nobody planned it.
- `unexpected`: a package, leg, change of mode or polling station with ballots is not in the plan.
- `disputed`: the halves of a handover differ on giver, taker, packages or seals.
- `broken_chain`: an agreed handover was by somebody who was not the custodian.
- `waybill_differs`, `place_differs`: the halves of a handover name different ones.
- `discrepancy`: seals read off a package are not those put on it, and no later inspection found them right; or ballots
  do not add up.
- `unescorted`: a leg that requires an escort was begun without one.
- `escort_differs`: a leg was begun with another unit than the one tied to it.
- `unreported`: a leg was given an escort, and no report has named it yet.
- `not_transshipped`: a leg of another mode than the one before it was begun, and no change of mode was reported.
- `unchecked`: at a change of mode some packages of the manifest were not checked.
- `too_few_signatories`: a change of mode was signed by fewer than two.
- `seal_reused`: the number of a compartment seal serves on a package or at another change of mode as well.
- `unwitnessed`: a package was opened before no witness.
- `returned_elsewhere`: a package was brought back to another place than the one planned for keeping it.
- `clock_ahead`: some report was ahead of our clock.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import asdict, replace

from schemas.logistics import (
    BallotsReconciled,
    CustodyReceived,
    CustodyReleased,
    EscortAssigned,
    LegArrived,
    LegDeparted,
    PackageInspected,
    PackageSealed,
    PackagesOpened,
    ReturnPlanned,
    ShipmentDelivered,
    ShipmentPlanned,
    ShipmentReturned,
    ShipmentTransshipped,
)
from schemas.types import CustodianId, LegId, PackageId, PlaceId, VillageCode
from services.views import reconciliation, seals
from services.views.custody import Half, Handover, papers, state_of
from services.views.facts import Fact, Told, heard, known, last_heard, later, plain, told, with_entry, with_newest
from services.views.legs import Departed, Escort, Movement, legs
from services.views.listed import Listed, in_villages
from services.views.packages import packages, shared_custodian
from services.views.reconciliation import BallotDiscrepancy, Reconciliation
from services.views.routes import PlannedLeg, ReturnPlan, planned_legs
from services.views.seals import Inspection, Opening, SealDiscrepancy, Sealing
from services.views.shipment_state import Delivery, Plan, Shipment
from services.views.stage import Stage, stage
from services.views.transshipments import Transshipment, transshipment

Data = (
    ShipmentPlanned
    | PackageSealed
    | EscortAssigned
    | ReturnPlanned
    | CustodyReleased
    | CustodyReceived
    | LegDeparted
    | LegArrived
    | ShipmentDelivered
    | PackageInspected
    | ShipmentTransshipped
    | PackagesOpened
    | BallotsReconciled
    | ShipmentReturned
)


def fold(state: Shipment | None, fact: Fact) -> Shipment:
    """The shipment after one more fact."""
    data: Data = fact.data
    shipment = heard(state or Shipment(shipment=data.shipment), fact)
    match data:
        case ShipmentPlanned() | PackageSealed() | EscortAssigned() | ReturnPlanned():
            shipment = _ordered(shipment, data, fact)
        case CustodyReleased() | CustodyReceived():
            handover = _handed(shipment.handovers.get(data.handover, Handover()), data, fact)
            shipment = replace(shipment, handovers=with_entry(shipment.handovers, data.handover, handover))
        case LegDeparted() | LegArrived():
            movement = _moved(shipment.movements.get(data.leg, Movement()), data, fact)
            shipment = replace(shipment, movements=with_entry(shipment.movements, data.leg, movement))
        case ShipmentTransshipped():
            change = later(shipment.transshipments.get(data.to_leg), told(Transshipment, fact))
            shipment = replace(shipment, transshipments=with_entry(shipment.transshipments, data.to_leg, change))
        case ShipmentDelivered():
            shipment = replace(shipment, deliveries=_stands(shipment.deliveries, data, fact))
        case ShipmentReturned():
            shipment = replace(shipment, returned=_stands(shipment.returned, data, fact))
        case PackageInspected():
            inspections = with_newest(shipment.inspections, told(Inspection, fact), "package")
            shipment = replace(shipment, inspections=inspections)
        case PackagesOpened():
            openings = with_newest(shipment.openings, told(Opening, fact), "packages")
            shipment = replace(shipment, openings=openings)
        case BallotsReconciled():
            count = later(shipment.reconciliations.get(data.tps), told(Reconciliation, fact))
            shipment = replace(shipment, reconciliations=with_entry(shipment.reconciliations, data.tps, count))
        case _:
            assert_never(data)
    return shipment


def _ordered(
    shipment: Shipment, data: ShipmentPlanned | PackageSealed | EscortAssigned | ReturnPlanned, fact: Fact
) -> Shipment:
    match data:
        case ShipmentPlanned():
            return replace(shipment, plan=told(Plan, fact))
        case PackageSealed():
            return replace(shipment, sealings=(*shipment.sealings, told(Sealing, fact)))
        case EscortAssigned():
            return replace(shipment, escorts=(*shipment.escorts, told(Escort, fact)))
        case ReturnPlanned():
            return replace(shipment, returns=(*shipment.returns, told(ReturnPlan, fact)))
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


def _stands(
    before: Mapping[PackageId, Delivery], data: ShipmentDelivered | ShipmentReturned, fact: Fact
) -> dict[PackageId, Delivery]:
    new = told(Delivery, fact)
    return {**before, **{package: later(before.get(package), new) for package in data.packages}}


# What follows from the facts.


class Whereabouts(Struct, frozen=True, kw_only=True):
    """The last known place; while `leg` is named, the shipment left that place on it."""

    place: PlaceId
    leg: LegId | None
    as_of: datetime


class Derived(Struct, frozen=True, kw_only=True):
    """What follows from the facts on a shipment, beside what is shown of its parts.

    `custodian` is None unless all packages of the shipment share one; for `stage` see stage.py, for `place` below.
    """

    village: VillageCode | None
    discrepancies: Sequence[SealDiscrepancy | BallotDiscrepancy]
    custodian: CustodianId | None
    stage: Stage | None
    place: Whereabouts | None
    flags: list[str]
    last_heard: datetime | None


def document(shipment: Shipment) -> dict[str, Any]:
    """The shipment as it is shown: the facts, and what follows from them.

    `packages` are by id, each with its custody chain; `legs` are those of the plans in their order, then others.
    """
    parts, derived = follow(shipment)
    facts: dict[str, Any] = plain(shipment)
    return {**facts, **plain(parts), **plain(derived)}


def follow(shipment: Shipment) -> tuple[dict[str, Any], Derived]:
    """What follows from the facts: of each of the shipment's parts as it is shown, and of the whole."""
    reports = _reports(shipment)
    planned = planned_legs(shipment.plan.legs, shipment.returns) if shipment.plan else None
    seals_read = seal_discrepancies(shipment)
    shown = packages(shipment, {each.package for each in seals_read if each.open})
    ballots = reconciliation.ballots(shipment.plan.packages) if shipment.plan else None
    parts: dict[str, Any] = {
        "packages": shown,
        "legs": legs(planned, shipment.movements, shipment.escorts, _changes(shipment)),
        "handovers": {id_: _handover(each) for id_, each in shipment.handovers.items()},
        "transshipments": _transshipments(shipment, planned),
        "reconciliations": {
            tps: reconciliation.reconciliation(each, ballots) for tps, each in shipment.reconciliations.items()
        },
    }
    derived = Derived(
        village=None if shipment.plan is None else shipment.plan.village,
        discrepancies=[*seals_read, *ballot_discrepancies(shipment)],
        custodian=shared_custodian(shown),
        stage=stage(shipment, planned or {}),
        place=place(shipment, planned or {}),
        flags=_flags(shipment, parts, bool(reports)),
        last_heard=last_heard(reports),
    )
    return parts, derived


def _flags(shipment: Shipment, parts: Mapping[str, Any], reported: bool) -> list[str]:
    found = {
        flag
        for part in parts.values()
        for each in (part.values() if isinstance(part, Mapping) else part)
        for flag in each["flags"]
    }
    if shipment.clock_ahead:
        found.add("clock_ahead")
    if shipment.plan is None and reported:
        found.add("unknown_subject")
    return sorted(found)


def _reports(shipment: Shipment) -> list[Told]:
    return known(
        *(half for each in shipment.handovers.values() for half in (each.released, each.received)),
        *(word for each in shipment.movements.values() for word in (each.departed, each.arrived)),
        *shipment.transshipments.values(),
        *shipment.deliveries.values(),
        *shipment.inspections.values(),
        *shipment.openings.values(),
        *shipment.reconciliations.values(),
        *shipment.returned.values(),
    )


def _handover(handover: Handover) -> dict[str, Any]:
    state, beside = state_of(handover), papers(handover)
    flags = [f"{each.field}_differs" for each in beside] + (["disputed"] if state == "disputed" else [])
    return {
        **asdict(handover),
        "state": state,
        "differences": handover.differences,
        "papers": beside,
        "flags": sorted(flags),
    }


def _changes(shipment: Shipment) -> dict[LegId, LegId]:
    return {onto: each.from_leg for onto, each in shipment.transshipments.items()}


def _transshipments(shipment: Shipment, planned: Mapping[LegId, PlannedLeg] | None) -> dict[LegId, Any]:
    manifest = [each.package for each in shipment.plan.packages] if shipment.plan else []
    on_packages = {number for each in shipment.sealings for number in each.seals}
    compartments = Counter(each.compartment_seal for each in shipment.transshipments.values())
    used = on_packages | {number for number, times in compartments.items() if times > 1}
    return {
        onto: transshipment(each, manifest, planned, used) for onto, each in sorted(shipment.transshipments.items())
    }


def seal_discrepancies(shipment: Shipment) -> list[SealDiscrepancy]:
    """Where seals read off packages are not those put on them, in the order in which they were read."""
    read = seals.readings(shipment.handovers, shipment.transshipments.values(), shipment.inspections.values())
    return seals.discrepancies(seals.by_package(shipment.sealings), seals.opened(shipment.openings.values()), read)


def ballot_discrepancies(shipment: Shipment) -> list[BallotDiscrepancy]:
    """Where ballots do not add up, by polling station."""
    planned = reconciliation.ballots(shipment.plan.packages) if shipment.plan else {}
    return reconciliation.discrepancies(shipment.reconciliations, planned)


def place(shipment: Shipment, planned: Mapping[LegId, PlannedLeg]) -> Whereabouts | None:
    """Where the last report that names a place puts the shipment; None while there is no such report."""
    placed: list[Half | Transshipment | Inspection | Delivery] = [
        *(half for each in shipment.handovers.values() for half in (each.released, each.received) if half),
        *shipment.transshipments.values(),
        *shipment.inspections.values(),
        *shipment.deliveries.values(),
        *shipment.returned.values(),
    ]
    words: list[tuple[Told, PlaceId, LegId | None]] = [(each, each.place, None) for each in placed]
    words += [(each, each.tps, None) for each in shipment.openings.values()]
    for id_, leg in planned.items():
        movement = shipment.movements.get(id_, Movement())
        if movement.departed is not None:
            words.append((movement.departed, leg.leg.origin, id_))
        if movement.arrived is not None:
            words.append((movement.arrived, leg.leg.destination, None))
    if not words:
        return None
    word, there, on = max(words, key=lambda each: each[0].order)
    return Whereabouts(place=there, leg=on, as_of=word.as_of)


def listed(document: dict[str, Any]) -> Listed:
    """Shipments are listed by village and stage."""
    return in_villages([document["village"]], status=document["stage"])
