"""What the tests of the rules on incidents stand on: tables of facts, reports, and alerts that stand."""

from datetime import datetime
from typing import Any

from schemas.incidents import AlertRaised, IncidentReported
from schemas.types import AlertRule, alert_id
from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.views.facts import Fact
from services.watch.rules import Breach
from services.watch.tables import Tables
from tests.support.facts import clock, fact

DEFAULTS = IncidentsWatchSettings.model_construct()
TUNDA = "36.04.13.2009"
"""A village of the district 36.04.13."""


def tables(*facts: Fact) -> Tables:
    """The tables of the watch after these facts, in this order."""
    found = Tables(INCIDENTS_WATCH.kinds)
    for each in facts:
        found.fold(each)
    return found


def reported(incident: str = "i", at: str = "06:00", *, recorded: str | None = None, **changes: Any) -> Fact:
    """A report on an incident of severity 2, recorded when it happened unless said otherwise."""
    fields: dict[str, Any] = {"type": "crowding", "severity": 2, "village": TUNDA, "summary": "massa"}
    return fact(IncidentReported(incident=incident, **(fields | changes)), at, recorded=recorded or at)


def ordered(data: Any, at: str = "06:00") -> Fact:
    """An order, recorded when it was given."""
    return fact(data, at, recorded=at)


def raised(rule: AlertRule, subject: str) -> Fact:
    """An alert stands."""
    alert = alert_id(rule, subject, 0)
    return fact(AlertRaised(alert=alert, rule=rule, subject=subject, n=0, since=clock("06:00"), numbers={}))


def broken(
    rule: AlertRule, at: str | datetime, *facts: Fact, parameters: IncidentsWatchSettings = DEFAULTS
) -> list[Breach]:
    """What breaks a rule at a time, after these facts."""
    now = at if isinstance(at, datetime) else clock(at)
    return list(INCIDENTS_WATCH.rules[rule](tables(*facts), now, parameters))
