"""How the gateway recognises an outcome in a log that it follows from somewhere."""

import asyncio

import pytest

from services.gateway import outcomes as module
from services.gateway.inbox import Place
from services.gateway.outcomes import Outcomes
from services.kit.ledger.record import NO_HASH, Stored, pack_mark

PLACE = Place("deployment", 0, 7)
VALUE = b'{"type": "kalimaya.unit.sighted"}'


def part(i: int, n: int, offset: int, at: int | None = None) -> Stored:
    mark = pack_mark(offset if at is None else at, PLACE.offset, i, n, NO_HASH, bytes(32))
    return Stored(offset, b"unit/u", VALUE, mark)


async def told(*records: Stored) -> int | None:
    """How many events the outcome is told to have; None if it is not known."""
    outcomes = Outcomes("nowhere", ["deployment"])
    for record in records:
        outcomes._take("deployment", 0, record)
    outcome = (await outcomes.wait([PLACE], 0.01))[0]
    return None if outcome is None else len(outcome["events"])


async def test_an_outcome_is_told_whole() -> None:
    assert await told(part(0, 2, 10)) is None
    assert await told(part(0, 2, 10), part(1, 2, 11)) == 2


async def test_a_record_that_landed_elsewhere_than_it_says_does_not_count() -> None:
    assert await told(part(0, 1, 10, at=9)) is None
    assert await told(part(0, 2, 10), part(0, 2, 11, at=10), part(1, 2, 11)) == 2


async def test_an_outcome_whose_beginning_was_not_seen_is_not_told() -> None:
    assert await told(part(1, 2, 11), part(1, 2, 12)) is None


async def test_an_outcome_that_begins_again_is_told_once() -> None:
    assert await told(part(0, 2, 10), part(0, 2, 12), part(1, 2, 13)) == 2


async def test_who_would_wait_for_more_outcomes_than_are_kept_waiting_for_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITED_FOR", 3)
    outcomes = Outcomes("nowhere", ["deployment"])
    one = asyncio.create_task(outcomes.wait([PLACE, PLACE._replace(offset=8)], 20))
    await asyncio.sleep(0)
    several = [PLACE._replace(offset=offset) for offset in (20, 21)]
    assert await asyncio.wait_for(outcomes.wait(several, 20), 1) == [None, None]
    outcomes._take("deployment", 0, part(0, 1, 10))
    outcomes._take("deployment", 0, Stored(11, b"unit/u", VALUE, pack_mark(11, 8, 0, 1, NO_HASH, bytes(32))))
    assert None not in await asyncio.wait_for(one, 1)
    monkeypatch.setattr(module, "MOST_WAITED_FOR", 1)
    known, *unknown = await asyncio.wait_for(outcomes.wait([PLACE, *several], 20), 1)
    assert (known is None, unknown) == (False, [None, None])
