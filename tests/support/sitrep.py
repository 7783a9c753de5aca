"""The situation report that facts give, without a database between.

`python -m tests.support.sitrep` writes the golden one of the small scenario anew: read the difference before it is
committed.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from scenarios import serang2019
from scenarios.serang2019.calendar import at
from services.projection.api.briefs import briefs
from services.projection.api.picture import drawn
from services.projection.api.picture_judge import Judge
from services.projection.api.sitrep import KINDS
from services.projection.sitrep.evidence import place
from services.projection.sitrep.known import Happening, Known
from services.projection.sitrep.markdown import markdown
from services.projection.sitrep.report import report
from services.projection.sitrep.words import Cell, SituationReport
from services.projection.store import Position
from services.views.facts import Fact
from tests.support.facts import folded
from tests.support.picture import HOUR
from tests.support.rehearsal import Rehearsal

POSITIONS = {("deployment.events", 0): Position(next_offset=7, head=bytes(range(32)), log="log-1")}


def known(start: datetime, end: datetime, facts: Sequence[Fact]) -> Known:
    """What these facts, folded in this order, tell of the period."""
    documents: defaultdict[str, list[dict[str, Any]]] = defaultdict(list, {kind: [] for kind in KINDS})
    for (kind, _), document in folded(each for each in facts if each.at <= end).documents().items():
        documents[kind].append(document)
    found = briefs(documents, end)
    judge = Judge(end, 6 * HOUR, 6 * HOUR, 2 * HOUR, 36 * HOUR, found.polls_open)
    seen = [each for each in facts if each.type != "kalimaya.unit.sighted"]
    return Known(
        start=start,
        end=end,
        documents=documents,
        briefs=found,
        picture=drawn(found, judge),
        happenings=_happenings(each for each in seen if start <= each.at < end),
        late=_happenings(each for each in seen if each.at < start <= each.knowntime < end),
    )


def _happenings(facts: Any) -> list[Happening]:
    return [
        Happening(
            place=place(each.service, each.partition, each.offset), type=each.type, subject=each.subject, at=each.at
        )
        for each in sorted(facts, key=lambda each: each.order)
    ]


def sitrep(start: datetime, end: datetime, *facts: Fact) -> SituationReport:
    """The report on [start, end)."""
    return report(known(start, end, facts), end, POSITIONS)


def rows(made: SituationReport, code: str) -> list[dict[str, Cell]]:
    """The rows of the one table of this code, in whichever section; `needs.alerts` names the section too."""
    section, _, name = code.rpartition(".")
    (found,) = (t for s in made.sections if section in ("", s.code) for t in s.tables if t.code == name)
    return [dict(row) for row in found.rows]


def texts(made: SituationReport, code: str) -> list[str]:
    """The rows of a table as they are read."""
    return [" | ".join(cell.text for cell in row.values()) for row in rows(made, code)]


GOLDEN = Path(__file__).parents[1] / "golden" / "sitrep-small-2019.md"
GOLDEN_START, GOLDEN_END = at(3, 0), at(3, 13)
"""Polling day until the polls close."""


@cache
def small() -> tuple[Fact, ...]:
    """The facts of the small scenario."""
    facts: list[Fact] = []
    Rehearsal(facts.append).play(serang2019.make("small", 2019).messages)
    return tuple(facts)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(markdown(sitrep(GOLDEN_START, GOLDEN_END, *small())), encoding="utf-8")
