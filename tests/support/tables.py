"""Tables of a watch as facts make them, for tests of its rules."""

from collections.abc import Iterable

from schemas.incidents import AlertRaised
from schemas.types import AlertRule, alert_id
from services.views.facts import Fact
from services.watch.tables import Tables
from tests.support.facts import DAY, fact


def tables(kinds: Iterable[str], *facts: Fact, standing: tuple[AlertRule, str] | None = None) -> Tables:
    """The tables after these facts; `standing`: a rule and subject whose alert was raised."""
    found = Tables(kinds)
    for each in facts:
        found.fold(each)
    if standing is not None:
        found.fold(raised(*standing))
    return found


def raised(rule: AlertRule, subject: str) -> Fact:
    """An alert that was raised on a subject."""
    alert = alert_id(rule, subject, 0)
    return fact(AlertRaised(alert=alert, rule=rule, subject=subject, n=0, since=DAY, numbers={}))
