"""Messages and events of the logistics service: shipments, seals and custody."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from schemas.operation import Operation
from schemas.registry import event, order, report
from schemas.types import (
    AssignmentId,
    Ballots,
    CustodianId,
    HandoverId,
    Instant,
    LegId,
    LegMode,
    PackageId,
    PackageKind,
    Pieces,
    PlaceId,
    PostId,
    Reference,
    SealCondition,
    SealNumber,
    ShipmentId,
    UnitId,
    VillageCode,
    Waybill,
)

Signatories = Annotated[tuple[CustodianId, ...], Field(min_length=1, max_length=8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package of a manifest: what it holds, for which polling station, how many pieces inside."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    package: PackageId
    kind: PackageKind
    tps: PostId
    count: Pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One leg of a route. A sea leg may name the tide window in which the boat can leave."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    leg: LegId
    mode: LegMode
    origin: PlaceId
    destination: PlaceId
    depart_by: Instant
    arrive_by: Instant
    carrier: CustodianId
    escort_required: Annotated[bool, Field(description="Whether an escort must go with it.")]
    tide_from: Instant | None = None
    tide_to: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPackage:
    """A package as it changes hands, with the seal numbers read off it."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    package: PackageId
    seals: tuple[SealNumber, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReading:
    """A seal as it was found on a package; `missing`: it should be there and is not."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    number: SealNumber
    condition: SealCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessItem:
    """What a village needs of one kind, what is there, and what of that can be used (pieces)."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    item: PackageKind
    required: Pieces
    present: Pieces
    usable: Pieces


Manifest = Annotated[tuple[Package, ...], Field(min_length=1, max_length=500)]
Route = Annotated[tuple[Leg, ...], Field(min_length=1, max_length=20)]
Load = Annotated[tuple[SealedPackage, ...], Field(min_length=1, max_length=500)]
Seals = Annotated[tuple[SealNumber, ...], Field(min_length=1, max_length=20)]


@order("kalimaya.shipment.plan", service="logistics", key="shipment")
class PlanShipment:
    """Plan a shipment to one village: its packages, its legs, and who answers for it first."""

    shipment: ShipmentId
    village: VillageCode
    waybill: Waybill
    custodian: CustodianId
    packages: Manifest
    legs: Route


@event("kalimaya.shipment.planned", service="logistics", key="shipment", of=PlanShipment)
class ShipmentPlanned:
    """A shipment is planned."""

    shipment: ShipmentId
    village: VillageCode
    waybill: Waybill
    custodian: CustodianId
    packages: Manifest
    legs: Route


@order("kalimaya.package.seal", service="logistics", key="shipment")
class SealPackage:
    """Put seals on a package. A seal number twice in one shipment is refused."""

    shipment: ShipmentId
    package: PackageId
    seals: Seals


@event("kalimaya.package.sealed", service="logistics", key="shipment", of=SealPackage)
class PackageSealed:
    """A package carries these seals."""

    shipment: ShipmentId
    package: PackageId
    seals: Seals


@order("kalimaya.leg.assign_escort", service="logistics", key="shipment")
class AssignEscort:
    """Tie a leg to the unit that escorts it, with the order that this rests on. A later one replaces it."""

    shipment: ShipmentId
    leg: LegId
    unit: UnitId
    order_reference: Reference
    assignment: AssignmentId | None = None


@event("kalimaya.leg.escort_assigned", service="logistics", key="shipment", of=AssignEscort)
class EscortAssigned:
    """A leg has its escort."""

    shipment: ShipmentId
    leg: LegId
    unit: UnitId
    order_reference: Reference
    assignment: AssignmentId | None = None


@order("kalimaya.shipment.plan_return", service="logistics", key="shipment")
class PlanReturn:
    """Plan the way of a shipment back after the count, to the place where the boxes are kept."""

    shipment: ShipmentId
    legs: Route
    storage: PlaceId


@event("kalimaya.shipment.return_planned", service="logistics", key="shipment", of=PlanReturn)
class ReturnPlanned:
    """The way back is planned."""

    shipment: ShipmentId
    legs: Route
    storage: PlaceId


@report("kalimaya.custody.released", service="logistics", key="shipment")
class CustodyReleased:
    """The giver's half of a handover."""

    shipment: ShipmentId
    handover: HandoverId
    giver: CustodianId
    taker: CustodianId
    packages: Load
    waybill: Waybill
    signatories: Signatories
    place: PlaceId


@report("kalimaya.custody.received", service="logistics", key="shipment")
class CustodyReceived:
    """The taker's half of a handover. Custody passes at its time, when both halves agree."""

    shipment: ShipmentId
    handover: HandoverId
    giver: CustodianId
    taker: CustodianId
    packages: Load
    waybill: Waybill
    signatories: Signatories
    place: PlaceId


@report("kalimaya.leg.departed", service="logistics", key="shipment")
class LegDeparted:
    """A shipment is on its way on a leg; `escort` is the unit that goes with it."""

    shipment: ShipmentId
    leg: LegId
    escort: UnitId | None = None


@report("kalimaya.leg.arrived", service="logistics", key="shipment")
class LegArrived:
    """A shipment has come to the end of a leg."""

    shipment: ShipmentId
    leg: LegId


@report("kalimaya.shipment.delivered", service="logistics", key="shipment")
class ShipmentDelivered:
    """Packages stand at the polling station or village office for which they are meant."""

    shipment: ShipmentId
    packages: Annotated[tuple[PackageId, ...], Field(min_length=1, max_length=500)]
    receiver: CustodianId
    place: PlaceId


@report("kalimaya.package.inspected", service="logistics", key="shipment")
class PackageInspected:
    """The seals of a package were looked at: all that are on it or should be, each with its condition."""

    shipment: ShipmentId
    package: PackageId
    seals: Annotated[tuple[SealReading, ...], Field(max_length=20)]
    place: PlaceId
    signatories: Signatories


@report("kalimaya.shipment.transshipped", service="logistics", key="shipment")
class ShipmentTransshipped:
    """A change of mode (truck to boat, boat to truck): every package checked, a compartment seal put on.

    `packages` are those checked, with the seals read off them; the seal's number goes on the waybill. Two sign.
    """

    shipment: ShipmentId
    from_leg: LegId
    to_leg: LegId
    packages: Load
    compartment_seal: SealNumber
    waybill: Waybill
    signatories: Annotated[tuple[CustodianId, ...], Field(max_length=8)]
    place: PlaceId


@report("kalimaya.packages.opened", service="logistics", key="shipment")
class PackagesOpened:
    """Packages were opened at a polling station, before witnesses."""

    shipment: ShipmentId
    tps: PostId
    packages: Annotated[tuple[PackageId, ...], Field(min_length=1, max_length=500)]
    witnesses: Annotated[tuple[CustodianId, ...], Field(max_length=20)]
    signatories: Signatories


@report("kalimaya.ballots.reconciled", service="logistics", key="shipment")
class BallotsReconciled:
    """The ballots of one polling station after the count, by its signed record: received = used + unused + spoiled."""

    shipment: ShipmentId
    tps: PostId
    received: Ballots
    used: Ballots
    unused: Ballots
    spoiled: Ballots
    record: Reference
    signatories: Signatories


@report("kalimaya.shipment.returned", service="logistics", key="shipment")
class ShipmentReturned:
    """Packages are back at the place where the boxes are kept."""

    shipment: ShipmentId
    packages: Annotated[tuple[PackageId, ...], Field(min_length=1, max_length=500)]
    receiver: CustodianId
    place: PlaceId


@report("kalimaya.readiness.checked", service="logistics", key="village", aggregate="readiness")
class ReadinessChecked:
    """A district head's check of what a village has: each item required, present, usable."""

    village: VillageCode
    items: Annotated[tuple[ReadinessItem, ...], Field(min_length=1, max_length=20)]
    checker: CustodianId


@order("kalimaya.logistics.operation.adopt", service="logistics", key="operation", aggregate="logistics-operation")
class AdoptOperation(Operation):
    """Put a version of the operation file in force for logistics."""


@event(
    "kalimaya.logistics.operation.adopted",
    service="logistics",
    key="operation",
    of=AdoptOperation,
    aggregate="logistics-operation",
)
class OperationAdopted(Operation):
    """A version of the operation file is in force for logistics."""


Order = PlanShipment | SealPackage | AssignEscort | PlanReturn | AdoptOperation
Event = ShipmentPlanned | PackageSealed | EscortAssigned | ReturnPlanned | OperationAdopted
Report = (
    CustodyReleased
    | CustodyReceived
    | LegDeparted
    | LegArrived
    | ShipmentDelivered
    | PackageInspected
    | ShipmentTransshipped
    | PackagesOpened
    | BallotsReconciled
    | ShipmentReturned
    | ReadinessChecked
)
