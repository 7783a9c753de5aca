"""Changes of mode (truck to boat, boat to truck): every package is checked, a compartment seal put on, two sign."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec.structs import asdict

from schemas.logistics import SealedPackage
from schemas.types import CustodianId, LegId, PackageId, PlaceId, SealNumber
from services.views.facts import Told, raised
from services.views.routes import PlannedLeg

SIGNATORIES = 2


class Transshipment(Told, frozen=True, kw_only=True):
    """The load went from one leg onto the next; `packages` are those checked, with the seals read off them."""

    from_leg: LegId
    to_leg: LegId
    packages: tuple[SealedPackage, ...]
    compartment_seal: SealNumber
    waybill: str
    signatories: tuple[CustodianId, ...]
    place: PlaceId


def transshipment(
    change: Transshipment,
    manifest: Iterable[PackageId],
    planned: Mapping[LegId, PlannedLeg] | None,
    used: Collection[SealNumber],
) -> dict[str, Any]:
    """A change of mode as it is shown, with the packages of the manifest that were not checked.

    `planned` is None while no plan is known; `used` are the seal numbers that serve elsewhere in this shipment.
    """
    unchecked = sorted({*manifest} - {each.package for each in change.packages})
    flags = {
        "unchecked": bool(unchecked),
        "too_few_signatories": len({*change.signatories}) < SIGNATORIES,
        "seal_reused": change.compartment_seal in used,
        "unexpected": planned is not None and not _follows(change, planned),
    }
    return {**asdict(change), "unchecked": unchecked, "flags": raised(flags)}


def _follows(change: Transshipment, planned: Mapping[LegId, PlannedLeg]) -> bool:
    onto = planned.get(change.to_leg)
    return onto is not None and onto.before is not None and onto.before.leg == change.from_leg
