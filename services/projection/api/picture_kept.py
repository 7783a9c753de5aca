"""What was drawn of the picture, kept until it may turn: from one picture to the next little changes, often nothing.

A row follows from the briefs of its village and from the instant it is judged at, a picture from all briefs. The same
briefs are the same objects as long as they are kept (`views.briefs.from_json`), and until its `changes_at` what was
drawn from them is the same. So is, but for its alerts, the sum of the same rows.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from services.projection.api.briefs import Briefs
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_rows import row, total
from services.projection.api.picture_words import Alerts, PictureAnswer, Sum, VillageRow

MOST_PICTURES = 20
MOST_ROWS = 2_000
"""Those of the present, and of about ten other times, viewers or operations."""
MOST_SUMS = 500
NEVER = datetime.max.replace(tzinfo=UTC)

D = TypeVar("D", VillageRow, PictureAnswer)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kept(Generic[D]):
    """What was drawn, good for [since, until). `briefs` are held, so that no other object can have their identity."""

    drawn: D
    briefs: Briefs
    since: datetime
    until: datetime


class Drawings:
    """Draws, and keeps what was drawn."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[Hashable, Kept[PictureAnswer]] = OrderedDict()
        self._rows: OrderedDict[Hashable, Kept[VillageRow]] = OrderedDict()
        self._sums: OrderedDict[Hashable, tuple[Sequence[VillageRow], Sum]] = OrderedDict()

    def picture(self, part: Hashable, briefs: Briefs, judge: Judge, draw: Callable[[], PictureAnswer]) -> PictureAnswer:
        """What `draw` draws of these briefs; `part` tells which part of the picture that is."""
        drawn = _drawn(self._pictures, MOST_PICTURES, part, briefs, judge, draw)
        return drawn.model_copy(update={"now": judge.now})

    def row(self, code: str, briefs: Briefs, judge: Judge) -> VillageRow:
        """As `picture_rows.row`."""
        return _drawn(self._rows, MOST_ROWS, code, briefs, judge, lambda: row(code, briefs, judge))

    def total(self, rows: Sequence[VillageRow], alerts: Alerts, elsewhere: Briefs | None = None) -> Sum:
        """As `picture_rows.total`."""
        if elsewhere is not None:
            return total(rows, alerts, elsewhere)
        key = tuple(map(id, rows))
        if key not in self._sums:
            _keep(self._sums, MOST_SUMS, key, (rows, total(rows, alerts)))
        _, found = self._sums[key]
        return found.model_copy(update={"alerts": alerts})


def _drawn(
    kept: OrderedDict[Hashable, Kept[D]], most: int, what: Hashable, briefs: Briefs, judge: Judge, draw: Callable[[], D]
) -> D:
    key = (what, replace(judge, now=datetime.min), tuple(map(id, _all(briefs))))
    found = kept.get(key)
    if found is None or not found.since <= judge.now < found.until:
        drawn = draw()
        found = Kept(drawn, briefs, judge.now, drawn.changes_at or NEVER)
    _keep(kept, most, key, found)
    return found.drawn


def _keep(kept: OrderedDict[Hashable, V], most: int, key: Hashable, value: V) -> None:
    """As the one used last; without the one not used for longest, if there are too many."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)


def _all(briefs: Briefs) -> Iterator[object]:
    for several in (briefs.units, briefs.posts, briefs.shipments, briefs.incidents, briefs.voting, briefs.readiness):
        yield from several
        yield None
    yield from briefs.alerts
