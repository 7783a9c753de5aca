"""The models of shipments and of readiness as they are served; see documents.py."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from schemas.types import LegMode, PackageKind
from services.projection.api.documents import Said, Shown
from services.projection.api.words import Answer
from services.views.readiness import ItemState
from services.views.readiness import State as ReadinessState
from services.views.routes import Way
from services.views.seals import SealState, Seen
from services.views.stage import Stage

# Shipments.


class OrderedEscortAnswer(Said):
    """The unit that is tied to a leg, and the written order and the assignment that this rests on."""

    unit: str
    order_reference: str
    assignment: str | None


class LegAnswer(Shown):
    """A leg and how far it has come; for what the plans say of it see `plan.legs` and `returns`.

    `way` is null for a leg that is in no plan; `escort` is the unit that went with it, by the report of its departure.
    """

    leg: str
    way: Way | None
    state: Literal["planned", "under_way", "arrived"]
    escort: str | None
    ordered_escort: OrderedEscortAnswer | None
    departed_at: datetime | None
    arrived_at: datetime | None
    flags: Sequence[str]


class HoldingAnswer(Shown):
    """Who answered for a package since when, and by which handover (null: by the plan)."""

    custodian: str
    since: datetime
    handover: str | None
    broken_chain: bool


class DeliveryAnswer(Said):
    """Where a package was brought to, and who took it."""

    receiver: str
    place: str


class OpenedAnswer(Shown):
    """Where a package was opened last, and before whom."""

    tps: str
    witnesses: Sequence[str]
    as_of: datetime


class PackageAnswer(Shown):
    """A package; `kind`, `tps` and `count` are the manifest's, null when it is not on it. `custody` is its chain.

    `seals` are those that it carries now by the orders: none before it is sealed, and none after it was opened.
    """

    package: str
    kind: PackageKind | None
    tps: str | None
    count: int | None
    seals: Sequence[str]
    seal_state: SealState
    custodian: str | None
    custody: Sequence[HoldingAnswer]
    delivered: DeliveryAnswer | None
    opened: OpenedAnswer | None
    returned: DeliveryAnswer | None
    flags: Sequence[str]


class DifferenceAnswer(Shown):
    """One thing on which the halves of a handover differ: what each says of it."""

    field: str
    package: str | None
    giver_says: str | Sequence[str] | None
    taker_says: str | Sequence[str] | None


class HandoverAnswer(Shown):
    """A handover: its halves, and on what exactly they differ; `papers` differ without disputing it."""

    state: Literal["open", "agreed", "disputed"]
    released: Mapping[str, Any] | None
    received: Mapping[str, Any] | None
    differences: Sequence[DifferenceAnswer]
    papers: Sequence[DifferenceAnswer]
    flags: Sequence[str]


class TransshipmentAnswer(Said):
    """A change of mode: the seal put on the compartment, who signed, and which packages of the manifest were left
    `unchecked`."""

    from_leg: str
    to_leg: str
    compartment_seal: str
    waybill: str
    signatories: Sequence[str]
    place: str
    unchecked: Sequence[str]
    flags: Sequence[str]


class ReconciliationAnswer(Said):
    """The ballots of one polling station after the count, by its signed record.

    `accounted` = used + unused + spoiled; `difference` = accounted - received; `received_difference` = received -
    planned, null when the manifest holds none for it. Negative: ballots are gone.
    """

    tps: str
    received: int
    used: int
    unused: int
    spoiled: int
    accounted: int
    difference: int
    planned: int | None
    received_difference: int | None
    record: str
    flags: Sequence[str]


class SealDiscrepancyAnswer(Shown):
    """Seals read off a package that are not those put on it. `open` until a later inspection finds them right."""

    what: Literal["seals"]
    package: str
    seen: Seen
    handover: str | None
    leg: str | None
    place: str
    as_of: datetime
    put_on: Sequence[str]
    read: Sequence[str]
    missing: Sequence[str]
    strange: Sequence[str]
    broken: Sequence[str]
    open: bool


class BallotDiscrepancyAnswer(Shown):
    """Ballots of a polling station that do not add up, with the number: `difference` = found - expected."""

    what: Literal["ballots_counted", "ballots_received"]
    tps: str
    as_of: datetime
    expected: int
    found: int
    difference: int
    open: bool


class PlannedLegAnswer(Shown):
    """What the plan says of a leg."""

    leg: str
    mode: LegMode
    origin: str
    destination: str
    depart_by: datetime
    arrive_by: datetime
    carrier: str
    escort_required: bool


class PlanAnswer(Said):
    """The order that a shipment rests on."""

    village: str
    waybill: str
    custodian: str
    legs: Sequence[PlannedLegAnswer]


class ReturnPlanAnswer(Said):
    """An order for the way back, to the place where the boxes are kept."""

    legs: Sequence[PlannedLegAnswer]
    storage: str


class PlaceAnswer(Shown):
    """The last known place; while `leg` is named, the shipment left that place on that leg."""

    place: str
    leg: str | None
    as_of: datetime


class ShipmentAnswer(Shown):
    """A shipment. `custodian` is null unless all its packages share one, `stage` while there is nothing to tell by.

    `returns` are all plans of the way back; the last is in force.
    """

    shipment: str
    village: str | None
    stage: Stage | None
    custodian: str | None
    place: PlaceAnswer | None
    plan: PlanAnswer | None
    returns: Sequence[ReturnPlanAnswer]
    legs: Sequence[LegAnswer]
    packages: Mapping[str, PackageAnswer]
    handovers: Mapping[str, HandoverAnswer]
    transshipments: Mapping[str, TransshipmentAnswer]
    reconciliations: Mapping[str, ReconciliationAnswer]
    discrepancies: Sequence[SealDiscrepancyAnswer | BallotDiscrepancyAnswer]
    flags: Sequence[str]
    last_heard: datetime | None


class PackageCustodyAnswer(Answer):
    """Who answers for a package, and who did before: its chain, oldest first."""

    custodian: str | None
    custody: Sequence[HoldingAnswer]
    flags: Sequence[str]


class CustodyAnswer(Answer):
    """The custody of a shipment, package by package, and the handovers that it rests on or that are in doubt."""

    shipment: str
    custodian: str | None
    packages: Mapping[str, PackageCustodyAnswer]
    handovers: Mapping[str, HandoverAnswer]


# Readiness.


class ReadinessItemAnswer(Said):
    """One item by the last check that names it, in pieces; `short_by` are wanting."""

    item: PackageKind
    required: int
    present: int
    usable: int
    checker: str
    state: ItemState
    short_by: int


class ReadinessAnswer(Shown):
    """What a village has by its district head's checks; `unknown` while what is checked first is still `unchecked`."""

    village: str
    state: ReadinessState
    items: Mapping[str, ReadinessItemAnswer]
    unchecked: Sequence[PackageKind]
    flags: Sequence[str]
    last_heard: datetime | None
