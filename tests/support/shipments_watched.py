"""What the rules of logistics say of facts at an instant."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from schemas.incidents import AlertRaised
from schemas.logistics import OperationAdopted
from schemas.operation import Stage, Voting
from schemas.types import AlertRule, alert_id
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.watch import LOGISTICS_WATCH
from services.views.facts import Fact
from services.watch.rules import Breach
from services.watch.tables import Tables
from tests.support.facts import DAY, clock, fact
from tests.support.shipment import S

SHIPMENT = f"shipment/{S}"


def broken(
    rule: AlertRule, at: str | datetime, *facts: Fact, standing: Collection[str] = (), **parameters: Any
) -> dict[str, Breach]:
    """The breaches of a rule by subject, while its alerts on the subjects `standing` stand already."""
    tables = Tables(LOGISTICS_WATCH.kinds)
    for each in (*facts, *(_raised(rule, subject) for subject in standing)):
        tables.fold(each)
    settings = LogisticsWatchSettings.model_construct(**parameters)
    now = clock(at) if isinstance(at, str) else at
    found = list(LOGISTICS_WATCH.rules[rule](tables, now, settings))
    assert len(found) == len({each.subject for each in found})
    return {each.subject: each for each in found}


def _raised(rule: AlertRule, subject: str) -> Fact:
    alert = alert_id(rule, subject, 0)
    return fact(AlertRaised(alert=alert, rule=rule, subject=subject, n=0, since=DAY, numbers={}))


def operation(*villages: str, version: int = 1, day: date = date(2019, 11, 3)) -> Fact:
    """The operation's file, with these villages that vote, and a return stage from 11:00 to 17:00."""
    file = OperationAdopted(
        operation="uji",
        version=version,
        name="Uji",
        polling_day=day,
        stages=(Stage(stage="return", start=clock("11:00"), end=clock("17:00")),),
        villages=tuple(Voting(village=each, jurisdiction="polres-serang", stations=1) for each in villages),
        agencies=(),
        source="uji",
        dated=date(2019, 10, 30),
    )
    return fact(file, "00:00")
