"""From the alerts that should stand and those that do, the messages that bring the two in line."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from schemas.incidents import AlertCleared, AlertRaised, ClearAlert, RaiseAlert
from schemas.places import VILLAGES
from schemas.types import AlertRule, alert_id
from services.views.facts import Fact
from services.watch.difference import Message, difference, look
from services.watch.rules import Breach
from services.watch.tables import Tables
from tests.support.facts import clock, fact

RULE: AlertRule = "unit_silent"
SUBJECT = "unit/polres-serang-001"
BREACH = Breach(subject=SUBJECT, since=clock("06:00"), numbers={"minutes": 30.0}, villages=("36.04.13.2009",))
NOW = clock("07:00")


def breaking(*breaches: Breach) -> Any:
    return lambda tables, now, parameters: breaches


def failing(*before: Breach) -> Any:
    """A rule that raises after it has found these."""

    def rule(tables: Tables, now: datetime, parameters: object) -> Iterator[Breach]:
        yield from before
        raise RuntimeError("a planted bug")

    return rule


def raised(n: int = 0, rule: AlertRule = RULE) -> Fact:
    alert = alert_id(rule, SUBJECT, n)
    return fact(AlertRaised(alert=alert, rule=rule, subject=SUBJECT, n=n, since=clock("06:00"), numbers={}))


def cleared(n: int = 0) -> Fact:
    return fact(AlertCleared(alert=alert_id(RULE, SUBJECT, n), numbers={}))


def messages(rules: dict[AlertRule, Any], facts: Iterable[Fact] = (), now: datetime = NOW) -> list[Message]:
    tables = Tables(())
    for each in facts:
        tables.fold(each)
    return list(difference(look(rules, tables, now, None), rules, tables, now))


def test_what_breaks_a_rule_and_does_not_stand_is_raised() -> None:
    alert = alert_id(RULE, SUBJECT, 0)
    data = RaiseAlert(
        alert=alert,
        rule=RULE,
        subject=SUBJECT,
        n=0,
        since=clock("06:00"),
        numbers={"minutes": 30.0},
        villages=("36.04.13.2009",),
    )
    assert messages({RULE: breaking(BREACH)}) == [(f"raise-{alert}", data)]


def test_what_breaks_a_rule_and_stands_is_left() -> None:
    assert messages({RULE: breaking(BREACH)}, [raised()]) == []


def test_what_stands_and_breaks_no_rule_is_cleared_and_says_for_how_long_it_was_broken() -> None:
    alert = alert_id(RULE, SUBJECT, 0)
    data = ClearAlert(alert=alert, numbers={"broken_seconds": 3600.0})
    assert messages({RULE: breaking()}, [raised()]) == [(f"clear-{alert}", data)]


def test_what_neither_breaks_nor_stands_is_nothing() -> None:
    assert messages({RULE: breaking()}) == []
    assert messages({RULE: breaking()}, [raised(), cleared()]) == []


def test_whoever_looks_again_sends_the_same_raising() -> None:
    rules = {RULE: breaking(BREACH)}
    assert messages(rules, now=clock("07:00")) == messages(rules, now=clock("07:10"))


def test_the_next_alert_counts_on_from_those_cleared() -> None:
    ((id_, data),) = messages({RULE: breaking(BREACH)}, [raised(), cleared(), raised(1), cleared(1)])
    assert (id_, data.alert) == (f"raise-{alert_id(RULE, SUBJECT, 2)}", alert_id(RULE, SUBJECT, 2))
    assert isinstance(data, RaiseAlert)
    assert data.n == 2


def test_alerts_of_rules_that_another_watches_are_left() -> None:
    assert messages({RULE: breaking()}, [raised(rule="leg_overdue")]) == []


def test_the_same_subject_may_break_several_rules() -> None:
    found = messages({RULE: breaking(BREACH), "off_post": breaking(BREACH)})
    assert [data.rule for _, data in found if isinstance(data, RaiseAlert)] == [RULE, "off_post"]


@pytest.mark.parametrize("before", [(), (BREACH,)])
def test_a_rule_that_fails_raises_and_clears_nothing_and_takes_no_other_with_it(before: tuple[Breach, ...]) -> None:
    rules: dict[AlertRule, Any] = {RULE: failing(*before), "off_post": breaking(BREACH)}
    assert [id_ for id_, _ in messages(rules)] == [f"raise-{alert_id('off_post', SUBJECT, 0)}"]
    assert len(messages(rules, [raised()])) == 1
    failed = look(rules, Tables(()), NOW, None).failed
    assert {rule: str(error) for rule, error in failed.items()} == {RULE: "a planted bug"}


def test_of_many_villages_an_alert_names_as_many_as_the_contract_takes() -> None:
    villages = tuple(sorted(VILLAGES)) * 2
    assert len(villages) > 400
    breach = Breach(subject="36.04.13", since=clock("06:00"), numbers={}, villages=villages)
    ((_, data),) = messages({RULE: breaking(breach)})
    assert isinstance(data, RaiseAlert)
    assert data.villages == villages[:400]
    TypeAdapter(RaiseAlert).validate_python(data)
