"""The picture's column of alerts: how many stand, and how many of them nobody answers for. Pure.

An alert stands in the row of each village that it names. A sum counts it once, however many villages it names: a
district's those that name a village of it or the district itself, a jurisdiction's those that name one of its villages,
or no village but a district in which it has one. What names no area is in the operation's sum alone.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from services.projection.api import picture_words as words
from services.views.briefs import Alert


def alerts(found: Sequence[Alert], now: datetime) -> words.Alerts:
    """These standing alerts together; an acknowledgement counts until it has run out."""
    return words.Alerts(
        standing=dict(sorted(Counter(each.rule for each in found).items())),
        unacknowledged=sum(not each.answered_for(now) for each in found),
        oldest_since=min((each.since for each in found), default=None),
        as_of=max((each.as_of for each in found), default=None),
    )


def naming(found: Sequence[Alert], villages: Collection[str], districts: Collection[str]) -> list[Alert]:
    """Those that name one of these villages, or no village and one of these districts."""
    return [
        each
        for each in found
        if not (each.areas.villages or each.areas.districts).isdisjoint(villages if each.areas.villages else districts)
    ]
