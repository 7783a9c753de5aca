"""Readiness of a village: what a district head's checks found of each item, required, present and usable.

Of each item the last check that names it counts; one that leaves it out says nothing of it. Flags: `implausible` (more
of an item is said to be usable than is present), `clock_ahead`.
"""

from typing import Any, Literal

from msgspec import field
from msgspec.structs import asdict, replace

from schemas.logistics import ReadinessChecked, ReadinessItem
from schemas.types import CustodianId, PackageKind, VillageCode
from services.views.facts import Entity, Fact, Told, heard, last_heard, later, plain, told, with_entry
from services.views.listed import Listed, in_villages

ItemState = Literal["ok", "short"]
State = Literal["ok", "short", "unknown"]
FIRST: tuple[PackageKind, ...] = ("ballot_box", "ballots", "stationery")
"""What district heads check first of all: until each of these has been, nobody can say that a village is ready."""


class Item(Told, frozen=True, kw_only=True):
    """The last word on one item, in pieces."""

    item: PackageKind
    required: int
    present: int
    usable: int
    checker: CustodianId

    @property
    def short_by(self) -> int:
        """How many are wanting that are there and can be used."""
        return max(0, self.required - min(self.present, self.usable))


class Readiness(Entity, frozen=True, kw_only=True):
    """The last word on each item, by its kind."""

    village: VillageCode
    items: dict[PackageKind, Item] = field(default_factory=dict)


def fold(state: Readiness | None, fact: Fact) -> Readiness:
    """The village's readiness after one more check. An item that stands twice in it counts as the worse of the two."""
    data: ReadinessChecked = fact.data
    readiness = heard(state or Readiness(village=data.village), fact)
    for each in sorted(data.items, key=_margin):
        new = told(Item, fact, item=each.item, required=each.required, present=each.present, usable=each.usable)
        item = later(readiness.items.get(each.item), new)
        readiness = replace(readiness, items=with_entry(readiness.items, each.item, item))
    return readiness


def _margin(item: ReadinessItem) -> int:
    return min(item.present, item.usable) - item.required


def document(readiness: Readiness) -> dict[str, Any]:
    """The readiness as it is shown: each item with its state, and the village's.

    For the village's see `state_of`.
    """
    flags = {"clock_ahead"} if readiness.clock_ahead else set()
    if any(each.usable > each.present for each in readiness.items.values()):
        flags.add("implausible")
    derived = {
        "items": {kind: _item(each) for kind, each in sorted(readiness.items.items())},
        "state": state_of(readiness),
        "unchecked": unchecked(readiness),
        "flags": sorted(flags),
        "last_heard": last_heard(readiness.items.values()),
    }
    facts: dict[str, Any] = plain(readiness)
    return {**facts, **plain(derived)}


def _item(item: Item) -> dict[str, Any]:
    state: ItemState = "short" if item.short_by else "ok"
    return {**asdict(item), "state": state, "short_by": item.short_by}


def state_of(readiness: Readiness) -> State:
    """The village is short when an item is, and ok only when none is and all that is checked first has been checked."""
    if any(each.short_by for each in readiness.items.values()):
        return "short"
    return "unknown" if unchecked(readiness) else "ok"


def unchecked(readiness: Readiness) -> list[PackageKind]:
    """What is checked first of all and has not been yet."""
    return [kind for kind in FIRST if kind not in readiness.items]


def listed(document: dict[str, Any]) -> Listed:
    """Readiness is listed by village and state."""
    return in_villages([document["village"]], status=document["state"])
