"""One reader of the feed: what he wants of what is offered, and how much waits for him."""

from typing import Any

import pytest

from services.projection.api import feed
from services.projection.api.event_rows import Wanted
from services.projection.api.feed import Change, Reader
from services.projection.api.viewer import viewer_of
from tests.support.read_model import POSKO
from tests.support.reports import HERE, THERE

NEIGHBOUR = "36.04.13.2001"


def change(
    frame: bytes = b"x", kind: str = "unit", villages: set[str] | None = None, districts: set[str] | None = None,
    jurisdiction: str | None = None,
) -> Change:  # fmt: skip
    villages = {HERE} if villages is None else villages
    within = {code[:8] for code in villages} if districts is None else districts
    return Change(kind, f"{kind}/x", frozenset(villages), frozenset(within), jurisdiction, frame)


def reader(jurisdiction: str | None = None, **wanted: Any) -> Reader:
    return Reader(viewer_of(POSKO), Wanted(**wanted), {}, jurisdiction)


def taken(one: Reader) -> bytes:
    return b"".join(each.frame for each in one.take())


@pytest.mark.parametrize(
    ("wanted", "offered", "is_told"),
    [
        ({}, {}, True),
        ({}, {"villages": set()}, True),
        ({"kinds": ["unit"]}, {}, True),
        ({"kinds": ["unit"]}, {"kind": "post"}, False),
        ({"village": HERE}, {}, True),
        ({"village": HERE}, {"villages": {HERE, THERE}}, True),
        ({"village": HERE}, {"villages": {NEIGHBOUR}}, False),
        ({"district": HERE[:8]}, {"villages": {NEIGHBOUR}}, True),
        ({"district": HERE[:8]}, {"villages": set(), "districts": {HERE[:8]}}, True),
        ({"district": HERE[:8]}, {"villages": {THERE}}, False),
        ({"district": HERE[:8], "kinds": ["post"]}, {}, False),
        ({"under": frozenset({HERE})}, {"villages": {HERE, THERE}}, True),
        ({"under": frozenset({HERE})}, {"villages": {NEIGHBOUR}}, False),
        ({"under": frozenset({HERE})}, {"villages": set(), "districts": {HERE[:8]}}, True),
        ({"under": frozenset({HERE})}, {"villages": set(), "districts": {THERE[:8]}}, False),
        ({"under": frozenset()}, {"villages": set(), "districts": set()}, False),
    ],
)
def test_a_reader_is_told_what_he_asked_for(wanted: Any, offered: Any, is_told: bool) -> None:
    one = reader(**wanted)
    one.offer([change(**offered)])
    assert taken(one) == (b"x" if is_told else b"")
    assert one.woken.is_set() is is_told


def test_he_takes_in_order_and_not_too_much_at_once() -> None:
    one = reader()
    one.offer([change(bytes([65 + n]) * 20_000) for n in range(3)])
    assert taken(one) == b"A" * 20_000 + b"B" * 20_000
    assert taken(one) == b"C" * 20_000
    assert taken(one) == b""


def test_what_waits_for_him_is_bounded_and_beyond_it_he_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST_WAITING", 3)
    one = reader(village=HERE)
    one.offer([change(), change(), change(), change(villages={THERE})])
    assert (one.ended, len(one.waiting)) == (None, 3)
    one.offer([change()])
    assert (one.ended, len(one.waiting), taken(one)) == ("slow", 0, b"")
    one.offer([change()])
    assert not one.waiting


@pytest.mark.parametrize(
    ("offered", "is_ended"),
    [
        ({"kind": "post", "jurisdiction": "polres-serang"}, False),
        ({"kind": "post", "jurisdiction": "polres-cilegon"}, True),
        ({"kind": "post", "jurisdiction": "polres-cilegon", "villages": {THERE}}, False),
        ({"kind": "post", "jurisdiction": "polres-serang", "villages": {THERE}}, True),
        ({"kind": "incidents-operation"}, True),
        ({}, False),
    ],
)
def test_he_is_ended_behind_what_may_change_the_villages_of_his_jurisdiction(offered: Any, is_ended: bool) -> None:
    one = reader("polres-serang", under=frozenset({HERE}))
    one.offer([change(b"1"), change(b"2", **offered), change(b"3")])
    assert one.ended == ("area_changed" if is_ended else None)
    assert taken(one).endswith(b"3") is not is_ended


def test_whoever_asked_for_no_jurisdiction_does_not_mind() -> None:
    one = reader(village=HERE)
    one.offer([change(kind="incidents-operation")])
    assert one.ended is None
