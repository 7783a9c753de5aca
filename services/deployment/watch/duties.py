"""What a unit's duty at a post comes to: whether it came for it, left again, is near it, is under way to an island.

All of it follows from the unit's facts alone, so that it is worked out once for each of its states.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.places import ISLANDS, VILLAGES
from schemas.types import VillageCode, village_of
from services.views.distance import metres_between
from services.views.facts import known
from services.views.unit import Arrival, Assignment, AtPost, Departure, Muster, Position, Unit, Visit, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A unit's last position, so far from the middle of a village."""

    metres: float
    accuracy: float
    as_of: datetime

    def beyond(self, allowed: float, back: float, stands: bool) -> bool:
        """Whether the unit is off: farther than allowed beside the accuracy, or, once it was, until it is back.

        A fix less accurate than what is allowed tells nothing: it neither puts the unit off nor brings it back.
        """
        if stands:
            return self.metres > back or self.accuracy > allowed
        return self.metres - self.accuracy > allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDuty:
    """A standing assignment of a unit to a post. `begins`: when it starts, or was ordered if that was later.

    `came`: a word has the unit there for this duty; `stays`: and none has it gone again. `at_sea`: the last word on it
    and this post is of having set out, by boat or nobody knows how. `fix`: its last position.
    """

    assignment: Assignment
    village: VillageCode
    begins: datetime
    came: bool
    stays: bool
    at_sea: bool
    fix: Fix | None

    @property
    def heads(self) -> int:
        """How many are to be there."""
        return sum(self.assignment.headcount.values())

    @property
    def on_an_island(self) -> bool:
        """Whether it is reached by boat only."""
        return self.village in ISLANDS

    def lasts(self, now: datetime) -> bool:
        """Whether it has begun and is not over."""
        return self.assignment.start <= now < self.assignment.end


def released(unit: Unit, now: datetime) -> bool:
    """Whether the unit is stood down by then."""
    return unit.stood_down is not None and unit.stood_down.at <= now


def fix_from(unit: Unit, village: VillageCode) -> Fix | None:
    """The unit's last position as seen from a village; None while it has none."""
    at: Position | None = unit.position
    if at is None:
        return None
    middle = VILLAGES[village]
    metres = metres_between(at.lat, at.lon, middle.lat, middle.lon)
    return Fix(metres=metres, accuracy=at.accuracy or 0.0, as_of=at.as_of)


def post_duties(unit: Unit) -> tuple[PostDuty, ...]:
    """All duties at posts that the unit was given and that were not taken back."""
    return tuple(_duty(unit, each) for each in standing(unit) if each.target_kind == "post")


def _duty(unit: Unit, assignment: Assignment) -> PostDuty:
    village = village_of(assignment.target)
    here = [word for visit in _visits(unit, village) for word in _words(visit)]
    came = _came(unit, assignment.start, village)
    last = max(here, key=lambda word: word.order, default=None)
    return PostDuty(
        assignment=assignment,
        village=village,
        begins=max(assignment.start, assignment.as_of),
        came=came,
        stays=came and (last is None or _comes(last)),
        at_sea=isinstance(last, Departure) and last.mode in ("sea", None),
        fix=fix_from(unit, village),
    )


def _visits(unit: Unit, village: VillageCode) -> Iterator[Visit]:
    return (visit for post, visit in unit.visits.items() if village_of(post) == village)


def _words(visit: Visit) -> list[AtPost]:
    return [*visit.came, *known(visit.left, visit.relieved)]


def _comes(word: AtPost) -> bool:
    return isinstance(word, Arrival | Muster)


def _came(unit: Unit, start: datetime, village: VillageCode) -> bool:
    """Whether any word has the unit in this village since the duty began; or before, and none elsewhere since then.

    Having left it since the duty began is having been there.
    """
    here = [word for visit in _visits(unit, village) for word in _words(visit) if not isinstance(word, Departure)]
    if any(word.as_of >= start for word in here):
        return True
    last = max(here, key=lambda word: word.order, default=None)
    if last is None or not _comes(last):
        return False
    elsewhere = (word for post, visit in unit.visits.items() if village_of(post) != village for word in visit.came)
    return not any(last.order < word.order and word.as_of < start for word in elsewhere)
