"""When a village's row turns if nothing comes: windows that begin and end, words that grow stale, answers that run out.

Pure. It may name an instant at which, by chance, nothing is seen to turn; it never names one too late.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from schemas.types import village_of
from services.projection.api.briefs import Briefs
from services.projection.api.picture_judge import MOVING, Judge
from services.views.briefs import Alert

TICK = timedelta(microseconds=1)
"""A word is stale when it is older than its limit: this much later."""


def changes_at(code: str, briefs: Briefs, judge: Judge) -> datetime | None:
    """The first instant after the judge's at which the row of one village may turn; None if never."""
    instants = (each for several in (_strength, _words, _answers) for each in several(code, briefs, judge))
    return earliest(each for each in instants if each > judge.now)


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """The first of these; None if there is none."""
    return min((each for each in instants if each is not None), default=None)


def _strength(code: str, briefs: Briefs, judge: Judge) -> Iterator[datetime]:
    for post in briefs.posts:
        for version in post.versions.values():
            yield from (version.start, version.end)
    for each in (unit.serving for unit in briefs.units):
        for duty in each.duties:
            if village_of(duty.target) == code:
                yield from (duty.start, duty.end)
        if each.stood_down is not None:
            yield each.stood_down
        here = each.there(code)
        if here is not None:
            yield from (at + judge.presence + TICK for at in (here.counted_at, here.as_of) if at is not None)


def _words(_: str, briefs: Briefs, judge: Judge) -> Iterator[datetime]:
    for shipment in briefs.shipments:
        if shipment.stage in MOVING and shipment.last_heard is not None:
            yield shipment.last_heard + judge.shipment + TICK
    for incident in briefs.incidents:
        if incident.open and incident.last_heard is not None:
            yield incident.last_heard + judge.incident + TICK
    for each in briefs.readiness:
        for item in each.items.values():
            stale_at = item.as_of + judge.readiness + TICK
            if judge.polls_open is None or stale_at <= judge.polls_open:
                yield stale_at


def _answers(_: str, briefs: Briefs, __: Judge) -> Iterator[datetime]:
    yield from run_outs(briefs.alerts)


def run_outs(alerts: Iterable[Alert]) -> Iterator[datetime]:
    """When the acknowledgements of these alerts run out, or did."""
    return (each.acknowledged.until for each in alerts if each.acknowledged is not None)
