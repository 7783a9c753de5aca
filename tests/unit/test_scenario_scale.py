"""Many operations at once: told apart by their ids, each as planned, and the first of them the very same."""

from collections import Counter

import pytest

from scenarios import serang2019
from scenarios.plan import Plan
from scenarios.scale import scaled
from tests.support.rehearsal import Rehearsal

TIMES = 3


@pytest.fixture(scope="module")
def plan() -> Plan:
    return serang2019.make("small", 2019)


@pytest.fixture(scope="module")
def larger(plan: Plan) -> Plan:
    return scaled(plan, TIMES)


def test_once_is_the_plan_itself(plan: Plan) -> None:
    assert scaled(plan, 1) is plan


def test_each_copy_has_all_but_the_posts_and_what_is_no_message(plan: Plan, larger: Plan) -> None:
    left_out = sum(each.key is None or each.key.startswith("post/") for each in plan.messages)
    assert len(larger.messages) == TIMES * len(plan.messages) - (TIMES - 1) * left_out
    assert larger.name == "small-2019-x3"
    assert [each.step for each in larger.messages] == list(range(len(larger.messages)))
    assert [each.send_at for each in larger.messages] == sorted(each.send_at for each in larger.messages)


def test_copies_share_no_id_and_no_aggregate(plan: Plan, larger: Plan) -> None:
    sent = Counter((each.source, each.id) for each in larger.messages)
    assert set(sent.values()) == set(Counter((each.source, each.id) for each in plan.messages).values())
    keys = {each.key for each in larger.messages if each.key and "-x" not in each.key}
    assert keys == {each.key for each in plan.messages if each.key}


def test_everything_becomes_what_is_planned(larger: Plan) -> None:
    answers = Rehearsal().play(larger.messages)
    assert [each for each in larger.messages if answers[each.step].what != each.expect] == []
    assert [each for each in larger.messages if each.reason and answers[each.step].reason != each.reason] == []


def test_batches_stay_those_of_one_copy(plan: Plan, larger: Plan) -> None:
    sizes = Counter(each.batch for each in plan.messages if each.batch)
    copies = Counter(each.batch for each in larger.messages if each.batch)
    assert sorted(copies.values()) == sorted([*sizes.values()] * TIMES)
