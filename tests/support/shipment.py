"""One shipment's facts, with all that a test does not care about filled in."""

from typing import Any

from schemas.logistics import (
    BallotsReconciled,
    CustodyReceived,
    CustodyReleased,
    EscortAssigned,
    Leg,
    LegArrived,
    LegDeparted,
    Package,
    PackageInspected,
    PackageSealed,
    PackagesOpened,
    ReturnPlanned,
    SealedPackage,
    SealReading,
    ShipmentDelivered,
    ShipmentPlanned,
    ShipmentReturned,
    ShipmentTransshipped,
)
from schemas.types import LegMode, PackageKind, SealCondition
from services.views.facts import Fact
from tests.support.facts import clock, fact

S, VILLAGE = "kbm-0001", "36.04.13.2009"
TPS, TPS2 = f"{VILLAGE}-tps01", f"{VILLAGE}-tps02"
STORE = "gudang-kab"


def leg(name: str, mode: LegMode = "road", *, escort_required: bool = False) -> Leg:
    """A leg from `<name>-from` to `<name>-to`."""
    return Leg(
        leg=name,
        mode=mode,
        origin=f"{name}-from",
        destination=f"{name}-to",
        depart_by=clock("05:00"),
        arrive_by=clock("09:00"),
        carrier="pos",
        escort_required=escort_required,
    )


def package(name: str, kind: PackageKind = "ballots", tps: str = TPS, count: int = 480) -> Package:
    return Package(package=name, kind=kind, tps=tps, count=count)


BOXES = (package("box-1"), package("box-2", tps=TPS2))
WAY_OUT = (leg("darat"), leg("laut", "sea", escort_required=True), leg("desa", "road"))
WAY_BACK = (leg("pulang-laut", "sea"), leg("pulang-darat", "road"))


def planned(packages: tuple[Package, ...] = BOXES, legs: tuple[Leg, ...] = WAY_OUT, at: str = "01:00") -> Fact:
    data = ShipmentPlanned(shipment=S, village=VILLAGE, waybill="SJ-1", custodian=STORE, packages=packages, legs=legs)
    return fact(data, at)


def return_planned(legs: tuple[Leg, ...] = WAY_BACK, storage: str = "gudang-polres", at: str = "01:30") -> Fact:
    return fact(ReturnPlanned(shipment=S, legs=legs, storage=storage), at)


def sealed(package: str, *seals: str, at: str = "02:00") -> Fact:
    return fact(PackageSealed(shipment=S, package=package, seals=seals), at)


def tied(name: str, unit: str, at: str = "03:00") -> Fact:
    return fact(EscortAssigned(shipment=S, leg=name, unit=unit, order_reference="SPRIN/1"), at)


def departed(name: str, at: str = "05:00", escort: str | None = None) -> Fact:
    return fact(LegDeparted(shipment=S, leg=name, escort=escort), at)


def arrived(name: str, at: str = "06:00") -> Fact:
    return fact(LegArrived(shipment=S, leg=name), at)


def load(seals: dict[str, tuple[str, ...]]) -> tuple[SealedPackage, ...]:
    return tuple(SealedPackage(package=name, seals=numbers) for name, numbers in seals.items())


def handed(side: type[CustodyReleased] | type[CustodyReceived], at: str, seals: dict[str, tuple[str, ...]]) -> Fact:
    """One half of the handover `h1`."""
    data = side(
        shipment=S,
        handover="h1",
        giver=STORE,
        taker="pos",
        packages=load(seals),
        waybill="SJ-1",
        signatories=(STORE,),
        place="halaman",
    )
    return fact(data, at)


def transshipped(at: str = "06:30", **changes: Any) -> Fact:
    """From `darat` onto `laut`, with nothing amiss."""
    said: dict[str, Any] = {
        "from_leg": "darat",
        "to_leg": "laut",
        "packages": load({"box-1": (), "box-2": ()}),
        "compartment_seal": "KP-1",
        "waybill": "SJ-1",
        "signatories": ("pos", "kapal"),
        "place": "dermaga",
    }
    return fact(ShipmentTransshipped(shipment=S, **said | changes), at)


def inspected(package: str, at: str, place: str = "dermaga", **found: SealCondition) -> Fact:
    """Seals by number, e.g. `A="broken"`."""
    data = PackageInspected(
        shipment=S,
        package=package,
        seals=tuple(SealReading(number=number, condition=condition) for number, condition in found.items()),
        place=place,
        signatories=("pos",),
    )
    return fact(data, at)


def delivered(*packages: str, at: str = "10:00", place: str = "tps-01") -> Fact:
    return fact(ShipmentDelivered(shipment=S, packages=packages, receiver="kpps-01", place=place), at)


def opened(*packages: str, tps: str = TPS, at: str = "11:00", witnesses: tuple[str, ...] = ("saksi-a",)) -> Fact:
    data = PackagesOpened(shipment=S, tps=tps, packages=packages, witnesses=witnesses, signatories=("ketua",))
    return fact(data, at)


def reconciled(
    tps: str = TPS, at: str = "14:00", *, received: int = 480, used: int = 400, unused: int = 78, spoiled: int = 2
) -> Fact:
    data = BallotsReconciled(
        shipment=S,
        tps=tps,
        received=received,
        used=used,
        unused=unused,
        spoiled=spoiled,
        record="BA-1",
        signatories=("ketua",),
    )
    return fact(data, at)


def returned(*packages: str, at: str = "18:00", place: str = "gudang-polres") -> Fact:
    return fact(ShipmentReturned(shipment=S, packages=packages, receiver="polres", place=place), at)
