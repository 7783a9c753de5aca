"""What a rule of a watch is: a pure function from tables, time and parameters to the breaches that there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from schemas.types import AlertRule, VillageCode
from services.watch.tables import Tables

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule is broken on a subject: an alert that should stand.

    `subject` is what the alert is about, at most one breach for each: the key of an aggregate (`unit/...`), with more
    behind a `#` where one aggregate can break the rule several times, or the code of an area. `since`: the instant from
    which the rule is broken, told by the facts and not by the look. `numbers`: what broke it, each name ending in its
    unit. `villages`: whom it concerns.
    """

    subject: str
    since: datetime
    numbers: Mapping[str, float]
    villages: tuple[VillageCode, ...] = ()


Rule = Callable[[Tables, datetime, P], Iterable[Breach]]
"""Looks at the tables at an instant of the operation's time. Pure, so that every look can be repeated.

A rule that could flutter states its hysteresis: it may ask `Tables.stands` whether its alert stands, and then hold it
to another threshold than the one by which it is raised.
"""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that time brings about (an escalation). `id` follows from what it is about, so that it is given once."""

    id: str
    data: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(Generic[P]):
    """What one service watches: its rules by name, whose event logs they read, the kinds of entity that they ask for.

    `due`: orders that are due at an instant, beside the alerts.
    """

    service: str
    rules: Mapping[AlertRule, Rule[P]]
    reads: tuple[str, ...]
    kinds: frozenset[str]
    due: Callable[[Tables, datetime, P], Iterable[Order]] | None = None
