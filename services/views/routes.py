"""The planned legs of a shipment: the way out, and the way back by its last plan."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from schemas.logistics import Leg
from schemas.types import LegId, PlaceId
from services.views.facts import Told

Way = Literal["out", "back"]


class ReturnPlan(Told, frozen=True, kw_only=True):
    """The order for the way back; a later one supersedes it and erases nothing."""

    legs: tuple[Leg, ...]
    storage: PlaceId


class PlannedLeg(Struct, frozen=True):
    """A leg, with the one `before` it on the same way; `superseded` when only a former plan has it."""

    leg: Leg
    way: Way
    before: Leg | None
    superseded: bool = False


def planned_legs(outward: Sequence[Leg], returns: Sequence[ReturnPlan]) -> dict[LegId, PlannedLeg]:
    """Every leg of which any plan speaks: the way out, the way back in force, then those superseded, the last first."""
    found = {each.leg.leg: each for each in _way(outward, "out")}
    for age, plan in enumerate(reversed(returns)):
        for each in _way(plan.legs, "back", superseded=age > 0):
            found.setdefault(each.leg.leg, each)
    return found


def _way(legs: Sequence[Leg], way: Way, *, superseded: bool = False) -> Iterable[PlannedLeg]:
    for before, leg in pairwise((None, *legs)):
        if leg is not None:
            yield PlannedLeg(leg, way, before, superseded)
