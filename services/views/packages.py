"""The packages of a shipment: what the manifest says of each, its seals, its custody chain, and where it stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.types import CustodianId, HandoverId, PackageId
from services.views import seals
from services.views.custody import Handover, Holding, chains, named, state_of
from services.views.facts import raised
from services.views.seals import Opening, Sealing
from services.views.shipment_state import Shipment


def packages(shipment: Shipment, misread: set[PackageId]) -> dict[PackageId, dict[str, Any]]:
    """Every package of the manifest or of any report, by id; `misread` are those with an open discrepancy of seals."""
    plan = shipment.plan
    manifest = {each.package: each for each in plan.packages} if plan else {}
    first = Holding(custodian=plan.custodian, since=plan.as_of, handover=None, broken_chain=False) if plan else None
    custody = chains(first, manifest, shipment.handovers)
    sealings, openings = seals.by_package(shipment.sealings), seals.opened(shipment.openings.values())
    disputed = _disputed(shipment.handovers)
    storage = shipment.returns[-1].storage if shipment.returns else None
    found: dict[PackageId, dict[str, Any]] = {}
    for package in sorted({*custody, *sealings, *_named(shipment)}):
        planned, chain = manifest.get(package), custody.get(package, ())
        sealed: Sequence[Sealing] = sealings.get(package, ())
        opened: Sequence[Opening] = openings.get(package, ())
        back = shipment.returned.get(package)
        flags = {
            "unexpected": plan is not None and planned is None,
            "broken_chain": any(each.broken_chain for each in chain),
            "disputed": package in disputed,
            "discrepancy": package in misread,
            "unwitnessed": bool(opened) and not opened[-1].witnesses,
            "returned_elsewhere": back is not None and storage is not None and back.place != storage,
        }
        found[package] = {
            "package": package,
            "kind": planned and planned.kind,
            "tps": planned and planned.tps,
            "count": None if planned is None else planned.count,
            "seals": seals.carried(sealed, opened),
            "seal_state": seals.seal_state(sealed, opened),
            "custodian": chain[-1].custodian if chain else None,
            "custody": chain,
            "delivered": shipment.deliveries.get(package),
            "opened": _opened(opened[-1]) if opened else None,
            "returned": back,
            "flags": raised(flags),
        }
    return found


def _opened(opening: Opening) -> dict[str, Any]:
    return {"tps": opening.tps, "witnesses": opening.witnesses, "as_of": opening.as_of}


def _named(shipment: Shipment) -> set[PackageId]:
    """The packages that any report but a handover names."""
    changes, openings = shipment.transshipments.values(), shipment.openings.values()
    return {
        *shipment.deliveries,
        *shipment.returned,
        *(each.package for each in shipment.inspections.values()),
        *(each.package for change in changes for each in change.packages),
        *(package for opening in openings for package in opening.packages),
    }


def _disputed(handovers: Mapping[HandoverId, Handover]) -> set[PackageId]:
    return {package for each in handovers.values() if state_of(each) == "disputed" for package in named(each)}


def shared_custodian(packages: Mapping[PackageId, Mapping[str, Any]]) -> CustodianId | None:
    """The custodian of the whole shipment, if its packages share one; strangers to the manifest are not its own."""
    holders = {each["custodian"] for each in packages.values() if "unexpected" not in each["flags"]}
    return holders.pop() if len(holders) == 1 else None
