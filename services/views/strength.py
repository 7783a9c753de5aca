"""Strength: whether the units of a village are enough for what its posts need. The picture shows it, the watch judges.

What is unknown or stale is never ok: per force, those counted lately are a lower bound, and those plus everybody who
may be there are an upper bound. Enough by the first is `ok`, too few by the second `short`, in between `unknown`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from schemas.types import village_of
from services.views.unit import Presence

State = Literal["ok", "short", "unknown", "not_due"]


class Duty(Protocol):
    """An assignment to a post for [start, end); `headcount` in heads by force."""

    @property
    def target(self) -> str:
        """The post."""

    @property
    def start(self) -> datetime:
        """The first instant of the window."""

    @property
    def end(self) -> datetime:
        """The first instant after it."""

    @property
    def headcount(self) -> Mapping[str, int]:
        """Heads by force."""

    @property
    def as_of(self) -> datetime:
        """When it was ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A unit as its strength at posts is judged.

    `duties` are its standing assignments to posts, `strength` its heads by force (None: nobody registered it),
    `stood_down` the instant from which it is released.
    """

    duties: Sequence[Duty]
    presence: Presence | None
    strength: Mapping[str, int] | None
    stood_down: datetime | None

    def released(self, at: datetime) -> bool:
        """Whether it is stood down by then, and nobody has said since where it is."""
        if self.stood_down is None or at < self.stood_down:
            return False
        return self.presence is None or self.presence.as_of < self.stood_down

    def there(self, village: str) -> Presence | None:
        """Its presence, if that is at a post of this village."""
        here = self.presence
        return here if here and here.state == "present" and village_of(here.post) == village else None


@dataclass(slots=True)
class Heads:
    """Of one force: counted lately, counted at all, and how many more may be there."""

    required: int = 0
    assigned: int = 0
    fresh: int = 0
    counted: int | None = None
    more: int = 0

    def state(self, due: bool) -> State:
        """Whether they are enough; `due`: whether any requirement is in force."""
        if not due or not self.required:
            return "not_due"
        if self.fresh >= self.required:
            return "ok"
        return "short" if self.fresh + self.more < self.required else "unknown"


@dataclass(slots=True)
class Muster:
    """What was found in a village: heads by force, when they were `ordered`, and by words as of when they are `seen`.

    Of a unit that is there `seen` is when it was counted, or, if nobody has, when it came.
    """

    forces: defaultdict[str, Heads] = field(default_factory=lambda: defaultdict(Heads))
    ordered: list[datetime] = field(default_factory=list)
    seen: list[datetime] = field(default_factory=list)


def muster(
    village: str, needs: Iterable[Mapping[str, int]], units: Iterable[Serving], at: datetime, fresh_from: datetime
) -> Muster:
    """Heads required, assigned and present in a village at an instant; a count from before `fresh_from` is stale."""
    found = Muster()
    for need in needs:
        for force, heads in need.items():
            found.forces[force].required += heads
    for each in units:
        if not each.released(at):
            _enter(found, each, village, at, fresh_from)
    return found


def _enter(found: Muster, unit: Serving, village: str, at: datetime, fresh_from: datetime) -> None:
    duties = [each for each in unit.duties if village_of(each.target) == village and each.start <= at < each.end]
    found.ordered += [each.as_of for each in duties]
    assigned: Counter[str] = Counter()
    for duty in duties:
        assigned.update(duty.headcount)
    for force, heads in assigned.items():
        found.forces[force].assigned += heads
    here = unit.there(village)
    if here is not None:
        found.seen.append(_count_in(found, unit, here, assigned, fresh_from))
    elif not _said_to_be_away(unit, duties, village):
        for force, heads in assigned.items():
            found.forces[force].more += heads


def _count_in(
    found: Muster, unit: Serving, here: Presence, assigned: Mapping[str, int], fresh_from: datetime
) -> datetime:
    """Enter a unit that is here, counted or not; the instant of the word that this rests on."""
    forces = found.forces
    if here.present is None or here.counted_at is None:
        strength = assigned if unit.strength is None else unit.strength
        for force in strength.keys() | assigned.keys():
            forces[force].more += max(strength.get(force, 0), assigned.get(force, 0))
        return here.as_of
    stale = here.counted_at < fresh_from
    for force in here.present.keys() | assigned.keys():
        heads = here.present.get(force, 0)
        if force in here.present:
            forces[force].counted = (forces[force].counted or 0) + heads
        if stale:
            forces[force].more += max(heads, assigned.get(force, 0))
        else:
            forces[force].fresh += heads
    return here.counted_at


def _said_to_be_away(unit: Serving, duties: Sequence[Duty], village: str) -> bool:
    """Whether a word since its duty here began puts the unit elsewhere; one on its way here may have come by now."""
    where = unit.presence
    if where is None or (where.state == "under_way" and village_of(where.post) == village):
        return False
    return all(where.as_of >= duty.start for duty in duties)
