"""An alert: which rule is broken on which subject, since when and by which numbers, and who answers for it.

Orders and policy messages alone, in their order of arrival. An alert is `standing` until it is cleared. Whoever
acknowledged it last answers for it until the instant that was given; whether that is over is for the clock of whoever
asks. Flag: `clock_ahead`.
"""

from dataclasses import replace as with_columns
from datetime import datetime
from typing import Any, Literal, assert_never

from msgspec.structs import replace

from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised
from schemas.places import DISTRICTS, VILLAGES
from schemas.types import AlertId, AlertRule, VillageCode
from services.views.facts import Entity, Fact, Told, heard, plain, told
from services.views.listed import Listed, in_villages

State = Literal["standing", "cleared"]


class Raised(Told, frozen=True, kw_only=True):
    """The rule, and the numbers that broke it; `n` alerts of this rule and subject were cleared before."""

    rule: AlertRule
    subject: str
    n: int
    since: datetime
    numbers: dict[str, float]
    villages: tuple[VillageCode, ...]


class Cleared(Told, frozen=True, kw_only=True):
    """The numbers by which the rule holds again."""

    numbers: dict[str, float]


class Acknowledged(Told, frozen=True, kw_only=True):
    """An operator, the `source`, has seen it and answers for it until an instant."""

    comment: str
    until: datetime


class Alert(Entity, frozen=True, kw_only=True):
    """An alert that was raised."""

    alert: AlertId
    raised: Raised
    acknowledged: Acknowledged | None = None
    cleared: Cleared | None = None


def fold(state: Alert | None, fact: Fact) -> Alert:
    """The alert after one more fact; the decider lets nothing come before it was raised."""
    data: AlertRaised | AlertAcknowledged | AlertCleared = fact.data
    if isinstance(data, AlertRaised):
        return heard(Alert(alert=data.alert, raised=told(Raised, fact)), fact)
    if state is None:
        raise ValueError(f"alert {data.alert} was never raised")
    alert = heard(state, fact)
    match data:
        case AlertAcknowledged():
            return replace(alert, acknowledged=told(Acknowledged, fact))
        case AlertCleared():
            return replace(alert, cleared=told(Cleared, fact))
        case _:
            assert_never(data)


def document(alert: Alert) -> dict[str, Any]:
    """The alert as it is shown; `numbers` are those that broke the rule."""
    raised = alert.raised
    return {
        **plain(alert),
        "state": state(alert),
        "rule": raised.rule,
        "subject": raised.subject,
        "n": raised.n,
        "since": plain(raised.since),
        "numbers": raised.numbers,
        "villages": list(raised.villages),
        "flags": ["clock_ahead"] if alert.clock_ahead else [],
    }


def state(alert: Alert) -> State:
    """Whether it still stands."""
    return "standing" if alert.cleared is None else "cleared"


def listed(document: dict[str, Any]) -> Listed:
    """Alerts are listed by state and by the areas that they name; their subject may be one, too."""
    subject = document["subject"]
    columns = in_villages([*document["villages"], *{subject} & VILLAGES.keys()], status=document["state"])
    return with_columns(columns, districts=sorted({*columns.districts, *{subject} & DISTRICTS.keys()}))
