"""An early warning: what may happen in an area, in which window, and how far its sources can be believed.

Reports alone. What is shown is the latest word; the last word of each source stands beside it, because two sources that
differ in grade or content are for an analyst to weigh, not for us. Flags: `window_empty` (the window ends before it
begins), `clock_ahead`.
"""

from datetime import datetime
from typing import Any

from msgspec import field
from msgspec.structs import replace

from schemas.incidents import WarningGiven
from schemas.places import VILLAGES
from schemas.types import AreaCode, IncidentType, Reliability, WarningId
from services.views.facts import Entity, Fact, Told, heard, known, last_heard, later, plain, told, with_entry
from services.views.listed import Listed, in_villages


class Word(Told, frozen=True, kw_only=True):
    """What one source expects in the window [start, end), graded by the Admiralty code (A-F, 1-6)."""

    area: AreaCode
    expects: IncidentType
    reliability: Reliability
    credibility: int
    start: datetime
    end: datetime
    summary: str


class EarlyWarning(Entity, frozen=True, kw_only=True):
    """The last word of each source."""

    warning: WarningId
    words: dict[str, Word] = field(default_factory=dict)


def fold(state: EarlyWarning | None, fact: Fact) -> EarlyWarning:
    """The warning after one more fact."""
    data: WarningGiven = fact.data
    warning = heard(state or EarlyWarning(warning=data.warning), fact)
    word = later(warning.words.get(fact.source), told(Word, fact))
    return replace(warning, words=with_entry(warning.words, fact.source, word))


def document(warning: EarlyWarning) -> dict[str, Any]:
    """The warning as it is shown: the latest word, and what each source said last."""
    latest = known(*warning.words.values())[-1]
    flags = {"clock_ahead"} if warning.clock_ahead else set()
    if latest.end <= latest.start:
        flags.add("window_empty")
    return {
        **plain(warning),
        "area": latest.area,
        "expects": latest.expects,
        "reliability": latest.reliability,
        "credibility": latest.credibility,
        "start": plain(latest.start),
        "end": plain(latest.end),
        "summary": latest.summary,
        "sources": sorted(warning.words),
        "flags": sorted(flags),
        "last_heard": plain(last_heard([latest])),
    }


def listed(document: dict[str, Any]) -> Listed:
    """Warnings are listed by village; one for a district concerns each of its villages."""
    return in_villages(code for code in VILLAGES if code.startswith(document["area"]))
