"""Which villages and districts a state concerns, as lists filter on them, without working out the whole document.

An event concerns what its entity concerned before it and what it concerns after: whoever loses sight of a unit by a
cancelled assignment is to hear of the cancellation.
"""

from dataclasses import dataclass
from typing import Any

from schemas.types import village_of
from services.views.incident import Incident, account
from services.views.listed import Listed, in_villages
from services.views.model import kind_of, listed, to_document
from services.views.shipment_state import Shipment
from services.views.unit import Unit


@dataclass(frozen=True, slots=True)
class Area:
    """Codes of villages and of districts."""

    villages: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()

    def __or__(self, other: "Area") -> "Area":
        return self if self == other else Area(self.villages | other.villages, self.districts | other.districts)


NOWHERE = Area()


def area(state: Any | None) -> Area:
    """The area of an entity, the same as in the columns of its document; nowhere before there is any."""
    match state:
        case None:
            return NOWHERE
        case Unit():
            found = in_villages(_of_unit(state))
        case Shipment():
            found = in_villages([state.plan.village if state.plan else None])
        case Incident():
            latest = account(state).latest
            found = in_villages([latest.village if latest else None])
        case _:
            found = _by_document(state)
    return Area(frozenset(found.villages), frozenset(found.districts))


def _of_unit(unit: Unit) -> set[str]:
    posts = {
        each.target
        for id_, each in unit.assignments.items()
        if each.target_kind == "post" and id_ not in unit.cancellations
    }
    return {*map(village_of, posts | unit.visits.keys()), *unit.patrols}


def _by_document(state: Any) -> Listed:
    return listed(kind_of(type(state)), to_document(state))
