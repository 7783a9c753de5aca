"""The picture that facts give, without a database between."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from services.projection.api.briefs import Briefs, briefs
from services.projection.api.picture import drawn
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_words import PictureAnswer, VillageRow
from services.projection.api.viewer import Viewer
from services.views.facts import Fact
from tests.support.facts import folded

HOUR = timedelta(hours=1)


def known(now: datetime, *facts: Fact) -> Briefs:
    """What these facts, folded in this order, tell the picture."""
    documents: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for (kind, _), document in folded(facts).documents().items():
        documents[kind].append(document)
    return briefs(documents, now)


def picture(
    now: datetime,
    *facts: Fact,
    district: str | None = None,
    jurisdiction: str | None = None,
    viewer: Viewer | None = None,
) -> PictureAnswer:
    """The picture at `now`; strength and shipments go stale after 6 h, incidents after 2, checks after 36."""
    found = known(now, *facts)
    judge = Judge(now, 6 * HOUR, 6 * HOUR, 2 * HOUR, 36 * HOUR, found.polls_open)
    return drawn(found, judge, district, jurisdiction, viewer)


def row_of(shown: PictureAnswer, village: str) -> VillageRow:
    """A village's row."""
    (found,) = (each for each in shown.villages if each.code == village)
    return found
