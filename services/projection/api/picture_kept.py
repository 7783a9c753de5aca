"""Rows of the picture that were drawn, each kept until it may turn: from one picture to the next few villages change.

A row follows from the briefs of its village and from the instant it is judged at. The same briefs are the same objects
as long as they are kept (`views.briefs.from_json`), and until its `changes_at` the row is the same.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.projection.api.briefs import Briefs
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_rows import row
from services.projection.api.picture_words import VillageRow

MOST = 2_000
"""Rows kept: those of the present, and of about ten other times, viewers or operations."""
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


def _all(briefs: Briefs) -> Iterator[object]:
    for several in (briefs.units, briefs.posts, briefs.shipments, briefs.incidents, briefs.voting, briefs.readiness):
        yield from several
        yield None
    yield from briefs.alerts
