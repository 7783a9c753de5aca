"""The picture's column of readiness: what a district head's checks of a village still prove. Pure."""

from services.projection.api import picture_words as words
from services.projection.api.briefs import Briefs
from services.projection.api.picture_judge import Judge
from services.views.readiness import FIRST
from services.views.strength import State


def readiness(briefs: Briefs, judge: Judge) -> words.Readiness:
    """Whether one village has what it needs. An old check that found enough proves nothing; one that did not, does."""
    found = next(iter(briefs.readiness), None)
    if found is None:
        votes = bool(briefs.voting or briefs.posts or briefs.shipments)
        state: State = "unknown" if votes else "not_due"
        return words.Readiness(state=state, short={}, unchecked=FIRST if votes else (), as_of=None, stale=False)
    stale = not all(judge.checked_lately(each.as_of) for each in found.items.values())
    return words.Readiness(
        state="unknown" if stale and found.state == "ok" else found.state,
        short={kind: each.short_by for kind, each in sorted(found.items.items()) if each.short_by},
        unchecked=found.unchecked,
        as_of=min((each.as_of for each in found.items.values()), default=None),
        stale=stale,
    )
