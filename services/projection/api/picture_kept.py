"""Rows of the picture that were drawn, each kept until it may turn: from one picture to the next few villages change.

A row follows from the briefs of its village and from the instant it is judged at. The same briefs are the same objects
as long as they are kept (`views.briefs.from_json`), and until its `changes_at` the row is the same. So is, but for its
alerts, the sum of the same rows.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.projection.api.briefs import Briefs
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_rows import row, total
from services.projection.api.picture_words import Alerts, Sum, VillageRow

MOST = 2_000
"""Rows kept: those of the present, and of about ten other times, viewers or operations."""
MOST_SUMS = 500
NEVER = datetime.max.replace(tzinfo=UTC)

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
        self._sums: OrderedDict[tuple[int, ...], tuple[Sequence[VillageRow], Sum]] = OrderedDict()

    def draw(self, code: str, briefs: Briefs, judge: Judge) -> VillageRow:
        """As `picture_rows.row`."""
        key = (code, replace(judge, now=datetime.min), tuple(map(id, _all(briefs))))
        kept = self._kept.get(key)
        if kept is None or not kept.since <= judge.now < kept.until:
            drawn = row(code, briefs, judge)
            kept = Kept(drawn, briefs, judge.now, drawn.changes_at or NEVER)
            self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept.row

    def total(self, rows: Sequence[VillageRow], alerts: Alerts, elsewhere: Briefs | None = None) -> Sum:
        """As `picture_rows.total`."""
        if elsewhere is not None:
            return total(rows, alerts, elsewhere)
        key = tuple(map(id, rows))
        if key not in self._sums:
            self._sums[key] = (rows, total(rows, alerts))  # the rows are held: no other can have their identity
        self._sums.move_to_end(key)
        _, found = self._sums[key]
        if len(self._sums) > MOST_SUMS:
            self._sums.popitem(last=False)
        return found.model_copy(update={"alerts": alerts})


def _all(briefs: Briefs) -> Iterator[object]:
    for several in (briefs.units, briefs.posts, briefs.shipments, briefs.incidents, briefs.voting, briefs.readiness):
        yield from several
        yield None
    yield from briefs.alerts
