"""The words of the watched rules: all rules have them, and the code that watches is that of the service they name."""

from typing import Any, get_args

import pytest

from schemas.types import AlertRule
from schemas.watched import WATCHED, deployment, incidents, logistics
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.logistics.watch.watch import LOGISTICS_WATCH
from services.watch.rules import Watch


def test_every_rule_has_words_once() -> None:
    rules = [each.rule for each in (*deployment.RULES, *logistics.RULES, *incidents.RULES)]
    assert sorted(rules) == sorted(get_args(get_args(AlertRule)[0])) == sorted(WATCHED)


@pytest.mark.parametrize("watch", [DEPLOYMENT_WATCH, LOGISTICS_WATCH, INCIDENTS_WATCH], ids=lambda each: each.service)
def test_each_service_watches_the_rules_that_are_said_to_be_its_own(watch: Watch[Any]) -> None:
    assert {*watch.rules} == {rule for rule, words in WATCHED.items() if words.service == watch.service}


@pytest.mark.parametrize("rule", WATCHED)
def test_every_number_is_named_with_its_meaning_and_the_words_are_there_in_both_languages(rule: AlertRule) -> None:
    words = WATCHED[rule]
    assert words.numbers
    assert all([words.says, words.says_id, words.helps, words.helps_id, words.subject, words.holds])
