"""An engagement: a meeting with a mass organisation (ormas) of a district.

Reports alone; the latest word is shown, with the last word of each source beside it. Flag: `clock_ahead`.
"""

from typing import Any

from msgspec import field
from msgspec.structs import replace

from schemas.incidents import EngagementHeld
from schemas.types import DistrictCode, EngagementId, OrmasId, PlaceId
from services.views.facts import Entity, Fact, Told, heard, known, last_heard, later, plain, told, with_entry
from services.views.listed import Listed


class Word(Told, frozen=True, kw_only=True):
    """One source's account of the meeting; `participants` in heads."""

    district: DistrictCode
    ormas: OrmasId
    participants: int
    summary: str
    place: PlaceId | None


class Engagement(Entity, frozen=True, kw_only=True):
    """The last word of each source."""

    engagement: EngagementId
    words: dict[str, Word] = field(default_factory=dict)


def fold(state: Engagement | None, fact: Fact) -> Engagement:
    """The engagement after one more fact."""
    data: EngagementHeld = fact.data
    engagement = heard(state or Engagement(engagement=data.engagement), fact)
    word = later(engagement.words.get(fact.source), told(Word, fact))
    return replace(engagement, words=with_entry(engagement.words, fact.source, word))


def latest_word(engagement: Engagement) -> Word:
    """The account that speaks for all; the meeting was held at its effective time."""
    return known(*engagement.words.values())[-1]


def document(engagement: Engagement) -> dict[str, Any]:
    """The engagement as it is shown; it was `held_at` the effective time of the latest word."""
    latest = latest_word(engagement)
    return {
        **plain(engagement),
        "district": latest.district,
        "ormas": latest.ormas,
        "participants": latest.participants,
        "summary": latest.summary,
        "place": latest.place,
        "held_at": plain(latest.as_of),
        "sources": sorted(engagement.words),
        "flags": ["clock_ahead"] if engagement.clock_ahead else [],
        "last_heard": plain(last_heard([latest])),
    }


def listed(document: dict[str, Any]) -> Listed:
    """Engagements are listed by district."""
    return Listed(villages=[], districts=[document["district"]])
