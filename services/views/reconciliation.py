"""Ballots after the count, per polling station: received = used + unused + spoiled, and received as planned.

A difference is a discrepancy with its number: what was found less what should have been, so that a negative number is
of ballots that are gone.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from schemas.logistics import Package
from schemas.types import CustodianId, PostId
from services.views.facts import Told


class Reconciliation(Told, frozen=True, kw_only=True):
    """What the signed record of a polling station says."""

    tps: PostId
    received: int
    used: int
    unused: int
    spoiled: int
    record: str
    signatories: tuple[CustodianId, ...]

    @property
    def accounted(self) -> int:
        """The ballots of which the record says what became of them."""
        return self.used + self.unused + self.spoiled


class BallotDiscrepancy(Struct, frozen=True, kw_only=True):
    """Ballots that do not add up: `counted` after the count, `received` against the manifest.

    It is open until the record is put right by another word on this polling station.
    """

    what: Literal["ballots_counted", "ballots_received"]
    tps: PostId
    as_of: datetime
    expected: int
    found: int
    difference: int
    open: bool = True


def ballots(manifest: Iterable[Package]) -> dict[PostId, int]:
    """The ballots that a manifest holds for each polling station."""
    found: dict[PostId, int] = {}
    for each in manifest:
        if each.kind == "ballots":
            found[each.tps] = found.get(each.tps, 0) + each.count
    return found


def discrepancies(counts: Mapping[PostId, Reconciliation], planned: Mapping[PostId, int]) -> list[BallotDiscrepancy]:
    """Where counts do not add up, by polling station. One for which nothing is planned can differ from no plan."""
    return [
        BallotDiscrepancy(
            what=what, tps=tps, as_of=each.as_of, expected=expected, found=found, difference=found - expected
        )
        for tps, each in sorted(counts.items())
        for what, expected, found in _held_against(each, planned.get(tps))
        if found != expected
    ]


def _held_against(
    count: Reconciliation, planned: int | None
) -> list[tuple[Literal["ballots_counted", "ballots_received"], int, int]]:
    found: list[tuple[Literal["ballots_counted", "ballots_received"], int, int]] = [
        ("ballots_counted", count.received, count.accounted)
    ]
    return found if planned is None else [*found, ("ballots_received", planned, count.received)]


def reconciliation(count: Reconciliation, planned: Mapping[PostId, int] | None) -> dict[str, Any]:
    """One polling station's count as it is shown; `planned` is None while no plan is known."""
    expected = (planned or {}).get(count.tps)
    against_plan = None if expected is None else count.received - expected
    difference = count.accounted - count.received
    flags = ["discrepancy"] if difference or against_plan else []
    if planned is not None and expected is None:
        flags.append("unexpected")
    return {
        **asdict(count),
        "accounted": count.accounted,
        "difference": difference,
        "planned": expected,
        "received_difference": against_plan,
        "flags": flags,
    }
