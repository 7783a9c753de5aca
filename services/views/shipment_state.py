"""What is kept of a shipment: the facts that count."""

from msgspec import field

from schemas.logistics import Leg, Package
from schemas.types import CustodianId, HandoverId, LegId, PackageId, PlaceId, PostId, ShipmentId, VillageCode
from services.views.custody import Handover
from services.views.facts import Entity, Told
from services.views.legs import Escort, Movement
from services.views.reconciliation import Reconciliation
from services.views.routes import ReturnPlan
from services.views.seals import Inspection, Opening, Sealing
from services.views.transshipments import Transshipment


class Plan(Told, frozen=True, kw_only=True):
    """The order that the shipment rests on."""

    village: VillageCode
    waybill: str
    custodian: CustodianId
    packages: tuple[Package, ...]
    legs: tuple[Leg, ...]


class Delivery(Told, frozen=True, kw_only=True):
    """A package stands where it is meant to, or is back where it is kept."""

    receiver: CustodianId
    place: PlaceId


class Shipment(Entity, frozen=True, kw_only=True):
    """The facts on a shipment that count. `returns`, `sealings` and `escorts` are in order of arrival.

    Inspections and openings are by the identity of their message, changes of mode by the leg onto which the load went.
    """

    shipment: ShipmentId
    plan: Plan | None = None
    returns: tuple[ReturnPlan, ...] = ()
    sealings: tuple[Sealing, ...] = ()
    escorts: tuple[Escort, ...] = ()
    handovers: dict[HandoverId, Handover] = field(default_factory=dict)
    movements: dict[LegId, Movement] = field(default_factory=dict)
    transshipments: dict[LegId, Transshipment] = field(default_factory=dict)
    deliveries: dict[PackageId, Delivery] = field(default_factory=dict)
    inspections: dict[str, Inspection] = field(default_factory=dict)
    openings: dict[str, Opening] = field(default_factory=dict)
    reconciliations: dict[PostId, Reconciliation] = field(default_factory=dict)
    returned: dict[PackageId, Delivery] = field(default_factory=dict)
