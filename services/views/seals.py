"""The seals of a shipment's packages: which a package carries, and where those read off it are others.

Orders say which seals are put on; handovers, changes of mode and inspections say which were read. A package carries the
seals of its last sealing until it is opened. A discrepancy stays on record, and is `open` until a later inspection of
the package finds its seals as they should be.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from schemas.logistics import SealReading
from schemas.types import CustodianId, HandoverId, LegId, PackageId, PlaceId, PostId, SealNumber
from services.views.custody import Half, Handover, load
from services.views.facts import Order, Told
from services.views.transshipments import Transshipment

SealState = Literal["unsealed", "sealed", "opened"]
Seen = Literal["released", "received", "transshipped", "inspected"]


class Sealing(Told, frozen=True, kw_only=True):
    """The seals that a package carries since; a later sealing replaces them."""

    package: PackageId
    seals: tuple[SealNumber, ...]


class Inspection(Told, frozen=True, kw_only=True):
    """The seals of a package as they were found."""

    package: PackageId
    seals: tuple[SealReading, ...]
    place: PlaceId
    signatories: tuple[CustodianId, ...]


class Opening(Told, frozen=True, kw_only=True):
    """Packages were opened at a polling station, before these witnesses."""

    tps: PostId
    packages: tuple[PackageId, ...]
    witnesses: tuple[CustodianId, ...]
    signatories: tuple[CustodianId, ...]


class Reading(Struct, frozen=True, kw_only=True):
    """What one report says of the seals on one package. `missing`: those that it says are gone.

    `handover` names the one whose half this is, `leg` the one onto which the load went.
    """

    order: Order
    package: PackageId
    seen: Seen
    place: PlaceId
    handover: HandoverId | None = None
    leg: LegId | None = None
    read: frozenset[SealNumber]
    broken: frozenset[SealNumber] = frozenset()
    missing: frozenset[SealNumber] = frozenset()


class SealDiscrepancy(Struct, frozen=True, kw_only=True):
    """The seals on a package are not those put on it: which are `missing`, which are `strange`, which `broken`."""

    what: Literal["seals"] = "seals"
    package: PackageId
    seen: Seen
    handover: HandoverId | None
    leg: LegId | None
    place: PlaceId
    as_of: datetime
    put_on: Sequence[SealNumber]
    read: Sequence[SealNumber]
    missing: Sequence[SealNumber]
    strange: Sequence[SealNumber]
    broken: Sequence[SealNumber]
    open: bool


def readings(
    handovers: Mapping[HandoverId, Handover],
    transshipments: Iterable[Transshipment],
    inspections: Iterable[Inspection],
) -> list[Reading]:
    """All that was read off packages, in the order in which it was."""
    found = [
        Reading(order=half.order, package=package, seen=seen, place=half.place, handover=id_, read=frozenset(numbers))
        for id_, handover in handovers.items()
        for seen, half in _halves(handover)
        for package, numbers in half.load.items()
    ]
    found += [
        Reading(
            order=each.order,
            package=package,
            seen="transshipped",
            place=each.place,
            leg=each.to_leg,
            read=frozenset(numbers),
        )
        for each in transshipments
        for package, numbers in load(each.packages).items()
    ]
    found += [_inspected(each) for each in inspections]
    return sorted(found, key=lambda each: (each.order, each.package))


def _halves(handover: Handover) -> list[tuple[Seen, Half]]:
    sides: list[tuple[Seen, Half | None]] = [("released", handover.released), ("received", handover.received)]
    return [(seen, half) for seen, half in sides if half is not None]


def _inspected(found: Inspection) -> Reading:
    def numbers(*conditions: str) -> frozenset[SealNumber]:
        return frozenset(each.number for each in found.seals if each.condition in conditions)

    return Reading(
        order=found.order,
        package=found.package,
        seen="inspected",
        place=found.place,
        read=numbers("intact", "broken"),
        broken=numbers("broken"),
        missing=numbers("missing"),
    )


def by_package(sealings: Iterable[Sealing]) -> dict[PackageId, list[Sealing]]:
    """The sealings of each package, in order of arrival."""
    found: dict[PackageId, list[Sealing]] = {}
    for each in sealings:
        found.setdefault(each.package, []).append(each)
    return found


def opened(openings: Iterable[Opening]) -> dict[PackageId, list[Opening]]:
    """The openings of each package, in the order in which they happened."""
    found: dict[PackageId, list[Opening]] = {}
    for each in sorted(openings, key=lambda each: each.order):
        for package in each.packages:
            found.setdefault(package, []).append(each)
    return found


def carried(sealings: Sequence[Sealing], openings: Sequence[Opening], at: datetime | None = None) -> list[SealNumber]:
    """The seals that a package carried at an instant (None: now), by the orders known now.

    Opening it ends its sealing; what is read at the very instant of the opening was read before.
    """
    put_on = [each for each in sealings if at is None or each.as_of <= at]
    if not put_on or any(put_on[-1].as_of < each.as_of and (at is None or each.as_of < at) for each in openings):
        return []
    return sorted(put_on[-1].seals)


def seal_state(sealings: Sequence[Sealing], openings: Sequence[Opening]) -> SealState:
    """Whether a package has been sealed, or opened since."""
    if carried(sealings, openings):
        return "sealed"
    return "opened" if openings else "unsealed"


def discrepancies(
    sealings: Mapping[PackageId, Sequence[Sealing]],
    openings: Mapping[PackageId, Sequence[Opening]],
    read: Sequence[Reading],
) -> list[SealDiscrepancy]:
    """Where seals read differ from those put on, are broken or missing; a package never sealed has no strange ones."""
    found: list[SealDiscrepancy] = []
    cleared: set[PackageId] = set()
    for each in reversed(read):
        wrong = _compare(each, sealings.get(each.package), openings.get(each.package, ()), each.package in cleared)
        if wrong is not None:
            found.append(wrong)
        elif each.seen == "inspected":
            cleared.add(each.package)
    return found[::-1]


def _compare(
    read: Reading, sealings: Sequence[Sealing] | None, openings: Sequence[Opening], cleared: bool
) -> SealDiscrepancy | None:
    at = read.order[0]
    put_on = frozenset(carried(sealings or (), openings, at))
    missing = (put_on - read.read) | read.missing
    strange = read.read - put_on if sealings else frozenset[SealNumber]()
    if not (missing or strange or read.broken):
        return None
    return SealDiscrepancy(
        package=read.package,
        seen=read.seen,
        handover=read.handover,
        leg=read.leg,
        place=read.place,
        as_of=at,
        put_on=sorted(put_on),
        read=sorted(read.read),
        missing=sorted(missing),
        strange=sorted(strange),
        broken=sorted(read.broken),
        open=not cleared,
    )
