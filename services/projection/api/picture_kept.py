"""Rows of the picture that were drawn, each kept until it may turn: from one picture to the next few villages change.

A row follows from the briefs of its village and from the instant it is judged at. The same briefs are the same objects
as long as they are kept (`views.briefs.from_json`), and between two instants at which something in them begins, ends or
grows stale, the row is the same.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.projection.api.briefs import Briefs
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_rows import row
from services.projection.api.picture_words import VillageRow
from services.views.versions import Windowed

MOST = 2_000
"""Rows kept: those of the present, and of about ten other times, viewers or operations."""
TICK = timedelta(microseconds=1)

Key = tuple[str, Judge, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A row, good for [since, until). `briefs` are held, so that no other object can have their identity."""

    row: VillageRow
    briefs: Briefs
    since: datetime
    until: datetime


class Rows:
    """Draws rows, and keeps them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    def draw(self, code: str, briefs: Briefs, judge: Judge) -> VillageRow:
        """As `picture_rows.row`."""
        key = (code, replace(judge, now=datetime.min), tuple(map(id, _all(briefs))))
        kept = self._kept.get(key)
        if kept is None or not kept.since <= judge.now < kept.until:
            kept = Kept(row(code, briefs, judge), briefs, judge.now, turns_at(briefs, judge))
            self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept.row


def turns_at(briefs: Briefs, judge: Judge) -> datetime:
    """The first instant after now at which a row of these briefs may be another, though nothing comes."""
    turns = (turn for each in _instants(briefs, judge) for turn in (each, each + TICK))
    return min((turn for turn in turns if turn > judge.now), default=datetime.max.replace(tzinfo=judge.now.tzinfo))


def _instants(briefs: Briefs, judge: Judge) -> Iterator[datetime]:
    """When something begins or ends, and the last instants at which something is not stale."""
    windows: list[Windowed] = [each for post in briefs.posts for each in post.versions.values()]
    windows += [duty for unit in briefs.units for duty in unit.duties]
    for window in windows:
        yield from (window.start, window.end)
    yield from (unit.stood_down.at for unit in briefs.units if unit.stood_down)
    yield from (alert.acknowledged.until for alert in briefs.alerts if alert.acknowledged)
    present = [unit.presence for unit in briefs.units if unit.presence]
    yield from ((each.counted_at or each.as_of) + judge.presence for each in present)
    yield from (each.last_heard + judge.shipment for each in briefs.shipments if each.last_heard)
    yield from (each.last_heard + judge.incident for each in briefs.incidents if each.last_heard)
    yield from (item.as_of + judge.readiness for each in briefs.readiness for item in each.items.values())


def _all(briefs: Briefs) -> Iterator[object]:
    for several in (briefs.units, briefs.posts, briefs.shipments, briefs.incidents, briefs.voting, briefs.readiness):
        yield from several
        yield None
    yield from briefs.alerts
