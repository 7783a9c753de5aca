"""Messages and events of the logistics service: shipments, seals and custody."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from schemas.registry import event, order, report
from schemas.types import (
    CustodianId,
    HandoverId,
    Headcount,
    Instant,
    LegId,
    LegMode,
    PackageId,
    PackageKind,
    PlaceId,
    PostId,
    Reference,
    SealNumber,
    ShipmentId,
    UnitId,
    VillageCode,
)

Signatories = Annotated[tuple[CustodianId, ...], Field(min_length=1, max_length=8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package of a manifest: what it holds, for which polling station, how many pieces inside."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    package: PackageId
    kind: PackageKind
    tps: PostId
    count: Headcount


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
    escort_required: bool
    tide_from: Instant | None = None
    tide_to: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPackage:
    """A package as it changes hands, with the seal numbers read off it."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    package: PackageId
    seals: tuple[SealNumber, ...]


Manifest = Annotated[tuple[Package, ...], Field(min_length=1, max_length=500)]
Route = Annotated[tuple[Leg, ...], Field(min_length=1, max_length=20)]
Load = Annotated[tuple[SealedPackage, ...], Field(min_length=1, max_length=500)]
Seals = Annotated[tuple[SealNumber, ...], Field(min_length=1, max_length=20)]


@order("kalimaya.shipment.plan", service="logistics", key="shipment")
class PlanShipment:
    """Plan a shipment to one village: its packages, its legs, and who answers for it first."""

    shipment: ShipmentId
    village: VillageCode
    waybill: Reference
    custodian: CustodianId
    packages: Manifest
    legs: Route


@event("kalimaya.shipment.planned", service="logistics", key="shipment", of=PlanShipment)
class ShipmentPlanned:
    """A shipment is planned."""

    shipment: ShipmentId
    village: VillageCode
    waybill: Reference
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


@report("kalimaya.custody.released", service="logistics", key="shipment")
class CustodyReleased:
    """The giver's half of a handover."""

    shipment: ShipmentId
    handover: HandoverId
    giver: CustodianId
    taker: CustodianId
    packages: Load
    waybill: Reference
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
    waybill: Reference
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


Order = PlanShipment | SealPackage
Event = ShipmentPlanned | PackageSealed
Report = CustodyReleased | CustodyReceived | LegDeparted | LegArrived | ShipmentDelivered
