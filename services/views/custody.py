"""Who answers for each package: the custody chain, worked out from the halves of handovers.

Custody is held per package. It passes at the effective time of the received half, when both halves are known and agree
on giver, taker, packages and seals; the first custodian is the plan's. While a half is missing, or when they differ,
whoever held the package remains answerable. An agreed handover by somebody who is known not to be the custodian passes
custody and breaks the chain. Halves that name different waybills or places are still about one load between the same
two: that disputes nothing, and is shown beside.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schemas.logistics import SealedPackage
from schemas.types import CustodianId, HandoverId, PackageId, PlaceId
from services.views.facts import Order, Told


class Half(Told, frozen=True, kw_only=True, dict=True):
    """What giver or taker said of a handover. `packages` with the seals that were read off them."""

    giver: CustodianId
    taker: CustodianId
    packages: tuple[SealedPackage, ...]
    waybill: str
    signatories: tuple[CustodianId, ...]
    place: PlaceId

    @cached_property
    def load(self) -> Mapping[PackageId, list[str]]:
        """The packages that it names, each with the seals read off it. Kept: it is asked for after every fact."""
        return load(self.packages)


class Handover(Struct, frozen=True, dict=True):
    """The last word of the giver and that of the taker.

    The last by order, and not the first: a half that was written down wrongly can be put right by saying it again, and
    so a dispute can end.
    """

    released: Half | None = None
    received: Half | None = None

    @cached_property
    def differences(self) -> "list[Difference]":
        """On what exactly the halves differ so that the handover is disputed; nothing while one is missing."""
        gave, took = self.released, self.received
        if gave is None or took is None:
            return []
        return _named_differently(self, "giver", "taker") + _load_differences(gave.load, took.load)


class Difference(Struct, frozen=True, kw_only=True):
    """One thing on which the halves differ: what each of them says.

    Of giver, taker, waybill and place, whose `package` is None, what they name; the seal numbers of a package, or None
    from the half that does not name the package.
    """

    field: Literal["giver", "taker", "package", "seals", "waybill", "place"]
    package: PackageId | None
    giver_says: str | Sequence[str] | None
    taker_says: str | Sequence[str] | None


class Holding(Struct, frozen=True, kw_only=True):
    """A link of a package's chain: from `since` on this custodian answers for it.

    `handover` is None for the first custodian. `broken_chain`: who gave it was not the custodian.
    """

    custodian: CustodianId
    since: datetime
    handover: HandoverId | None
    broken_chain: bool


Chain = tuple[Holding, ...]


def load(packages: Iterable[SealedPackage]) -> dict[PackageId, list[str]]:
    """The packages that a report names, each with the seals read off it, sorted."""
    seals: dict[PackageId, set[str]] = {}
    for each in packages:
        seals.setdefault(each.package, set()).update(each.seals)
    return {package: sorted(numbers) for package, numbers in sorted(seals.items())}


def named(handover: Handover) -> set[PackageId]:
    """The packages that either half names."""
    return {package for half in (handover.released, handover.received) if half for package in half.load}


def state_of(handover: Handover) -> Literal["open", "agreed", "disputed"]:
    """`open` while a half is missing, else whether the halves agree."""
    if handover.released is None or handover.received is None:
        return "open"
    return "disputed" if handover.differences else "agreed"


def papers(handover: Handover) -> list[Difference]:
    """What the halves name differently though it disputes nothing: the waybill, the place."""
    return _named_differently(handover, "waybill", "place")


def _named_differently(handover: Handover, *fields: Literal["giver", "taker", "waybill", "place"]) -> list[Difference]:
    gave, took = handover.released, handover.received
    if gave is None or took is None:
        return []
    said = [(field, getattr(gave, field), getattr(took, field)) for field in fields]
    return [
        Difference(field=field, package=None, giver_says=one, taker_says=other)
        for field, one, other in said
        if one != other
    ]


def _load_differences(gave: Mapping[PackageId, list[str]], took: Mapping[PackageId, list[str]]) -> list[Difference]:
    return [
        Difference(
            field="seals" if package in gave and package in took else "package",
            package=package,
            giver_says=gave.get(package),
            taker_says=took.get(package),
        )
        for package in sorted(gave.keys() | took.keys())
        if gave.get(package) != took.get(package)
    ]


def chains(
    first: Holding | None, manifest: Iterable[PackageId], handovers: Mapping[HandoverId, Handover]
) -> dict[PackageId, Chain]:
    """The custody chain of each package that manifest or handovers name.

    `first` is the plan's custodian, with whom the chain of every package on the manifest begins; None and an empty
    manifest while no plan is known. A plan that was typed in after custody had passed dates from before that. The chain
    of a package that nobody planned begins with its first agreed handover.
    """
    found: dict[PackageId, Chain] = dict.fromkeys(manifest, (first,) if first else ())
    for handover in handovers.values():
        for package in named(handover):
            found.setdefault(package, ())
    for id_, received in _passings(handovers):
        for package in received.load:
            chain = found[package]
            if len(chain) == 1 and chain[0].handover is None and received.as_of < chain[0].since:
                chain = (replace(chain[0], since=received.as_of),)
            broken = bool(chain) and chain[-1].custodian != received.giver
            link = Holding(custodian=received.taker, since=received.as_of, handover=id_, broken_chain=broken)
            found[package] = (*chain, link)
    return found


def _passings(handovers: Mapping[HandoverId, Handover]) -> list[tuple[HandoverId, Half]]:
    """The received halves of agreed handovers, in the order in which custody passed."""
    agreed = [
        (id_, handover.received)
        for id_, handover in handovers.items()
        if handover.received is not None and state_of(handover) == "agreed"
    ]

    def order(item: tuple[HandoverId, Half]) -> Order:
        return item[1].order

    return sorted(agreed, key=order)
