"""Reports in any order of arrival give the same present state, and the same digest.

Each report keeps its `recordedtime`, orders keep their relative order; copies come as well, contradicting ones do not.
"""

from collections.abc import Sequence
from random import Random
from typing import Any
from zlib import crc32

import pytest

from scenarios import serang2019
from scenarios.plan import Planned
from schemas.catalogue import definition
from services.projection.digest import EXCLUDED
from tests.support.rehearsal import Judged, Rehearsal, judge_each
from tests.support.size import sized

SHARES = 20
SHUFFLES = 5
DOUBLED = 50
"""One report in so many comes once more, besides those that the scenario doubles."""


@pytest.fixture(scope="module")
def messages() -> list[Planned]:
    """What concerns a twentieth of all units, shipments, incidents ...; at full length, of all."""
    full = serang2019.make("full", 2019).messages
    share = [each for each in full if each.key and crc32(each.key.encode()) % SHARES < sized(SHARES)]
    return [each for each in share if each.expect != "conflicting"]


@pytest.fixture(scope="module")
def judged(messages: list[Planned]) -> Judged:
    return judge_each(messages)


@pytest.fixture(scope="module")
def in_order(messages: list[Planned], judged: Judged) -> Rehearsal:
    rehearsal = Rehearsal()
    rehearsal.play(messages, judged=judged)
    return rehearsal


def test_the_share_is_large_and_of_every_kind_of_thing(messages: list[Planned]) -> None:
    kinds = {str(each.key).partition("/")[0] for each in messages}
    assert len(messages) > 4_000 * sized(SHARES)
    assert kinds >= {"unit", "post", "shipment", "readiness", "incident", "warning", "engagement"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(SHUFFLES))
def test_any_order_of_arrival_gives_the_same_documents_and_the_same_digest(
    messages: list[Planned], judged: Judged, in_order: Rehearsal, seed: int
) -> None:
    shuffled = Rehearsal()
    shuffled.play(any_order(messages, Random(seed)), judged=judged)
    expected, found = in_order.model.documents(), shuffled.model.documents()
    assert found.keys() == expected.keys()
    assert [key for key in expected if present(found[key]) != present(expected[key])] == []
    assert shuffled.digest() == in_order.digest()


def any_order(messages: Sequence[Planned], random: Random) -> list[Planned]:
    """All reports and some of them twice, anywhere; orders, and their copies, in their order."""
    orders = iter([each for each in messages if is_order(each)])
    again = random.sample([each for each in messages if not is_order(each)], len(messages) // DOUBLED)
    arriving = [*messages, *again]
    random.shuffle(arriving)
    return [next(orders) if is_order(each) else each for each in arriving]


def is_order(planned: Planned) -> bool:
    return _kind(planned) == "order"


def _kind(planned: Planned) -> str:
    text = planned.body.partition(b'"type":"')[2]
    type_, schema = text.partition(b'"')[0], text.partition(b'"dataschema":"')[2].partition(b'"')[0]
    found = definition(type_.decode(), schema.decode())
    assert found is not None
    return found.kind


def present(document: Any) -> Any:
    """What is so, without how it came to be known."""
    match document:
        case dict():
            return {k: present(v) for k, v in document.items() if k not in EXCLUDED or isinstance(v, dict)}
        case list():
            return [present(each) for each in document]
        case _:
            return document
