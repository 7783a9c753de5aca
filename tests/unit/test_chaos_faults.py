"""The schedule of the chaos runs: drawn from its seed alone, and every kind as often as any other."""

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos.faults import kinds, schedule


def site(brokers: int, disks: bool) -> Any:
    nodes = [SimpleNamespace(name=f"kafka-{number}") for number in range(1, brokers + 1)]
    return cast(Any, SimpleNamespace(nodes=nodes, disks=disks))


def test_a_seed_gives_the_same_schedule_again_and_another_seed_another() -> None:
    of = kinds(site(3, disks=True))
    first, again, other = (list(schedule(of, seed, 600, 4)) for seed in (1, 1, 2))
    assert first == again != other
    assert all(each.at < 600 for each in first)


@pytest.mark.parametrize(("brokers", "disks", "count"), [(1, False, 14), (1, True, 16), (3, True, 17)])
def test_every_kind_comes_as_often_as_any_other(brokers: int, disks: bool, count: int) -> None:
    of = kinds(site(brokers, disks))
    assert len(of) == count
    often = Counter(each.kind for each in schedule(of, 5, 3600, 4))
    assert often.keys() == of.keys()
    assert max(often.values()) - min(often.values()) <= 1
