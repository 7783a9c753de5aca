"""From the alerts that should stand and those that do, the messages that bring the two in line. Pure.

The ids of messages follow from what they say, so that whoever sends one twice, or beside a twin, changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.incidents import MOST_VILLAGES, ClearAlert, RaiseAlert
from schemas.types import AlertRule, alert_id
from services.watch.rules import Breach, P, Rule
from services.watch.tables import Subject, Tables


@dataclass(frozen=True, slots=True)
class Look:
    """What a tick found: the breaches by rule and subject, and the rules that raised an error and so say nothing."""

    breaches: Mapping[Subject, Breach]
    failed: Mapping[AlertRule, Exception]


def look(rules: Mapping[AlertRule, Rule[P]], tables: Tables, now: datetime, parameters: P) -> Look:
    """Look at every rule once. One that raises is told in `failed`; it takes none of the others with it."""
    breaches: dict[Subject, Breach] = {}
    failed: dict[AlertRule, Exception] = {}
    for name, rule in rules.items():
        try:
            found = {(name, breach.subject): breach for breach in rule(tables, now, parameters)}
        except Exception as error:  # the worker counts it, logs it and shows it in /readyz
            failed[name] = error
        else:
            breaches |= found
    return Look(breaches, failed)


Message = tuple[str, RaiseAlert | ClearAlert]
"""The id of a message, and what it says."""


def difference(found: Look, rules: Iterable[AlertRule], tables: Tables, now: datetime) -> Iterator[Message]:
    """What is to be raised and cleared at an instant so that of these rules just the breaches stand.

    Alerts of a rule that failed are left as they are: it does not say that they are over. A clearing tells for how long
    the rule was broken.
    """
    for subject, breach in found.breaches.items():
        if subject not in tables.standing:
            yield _raise(subject, breach, tables.cleared(subject))
    ours = set(rules) - found.failed.keys()
    for subject, alert in tables.standing.items():
        if subject[0] in ours and subject not in found.breaches:
            broken = (now - alert.raised.since).total_seconds()
            yield f"clear-{alert.alert}", ClearAlert(alert=alert.alert, numbers={"broken_seconds": broken})


def _raise(subject: Subject, breach: Breach, n: int) -> Message:
    rule, what = subject
    alert = alert_id(rule, what, n)
    data = RaiseAlert(
        alert=alert,
        rule=rule,
        subject=what,
        n=n,
        since=breach.since,
        numbers=dict(breach.numbers),
        villages=breach.villages[:MOST_VILLAGES],
    )
    return f"raise-{alert}", data
