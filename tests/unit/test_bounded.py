"""Who waits for Kafka with a limit, again and again, can be told to stop at any moment."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.kit.ledger.kafka import bounded
from services.kit.ledger.log import Unavailable
from services.kit.ledger.membership import Membership


async def stops(wait: Callable[[], Awaitable[object]], come: Callable[[], None], turns: int) -> bool:
    """Whether the word to stop is heard, so many turns of the loop after what is waited for came."""

    async def for_ever() -> None:
        while True:
            await wait()

    waiting = asyncio.ensure_future(for_ever())
    await asyncio.sleep(0.01)
    come()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    stopped, late = await asyncio.wait({waiting}, timeout=0.2)
    for each in late:
        each.cancel()
    return bool(stopped)


at_any_turn = pytest.mark.parametrize("turns", range(4))


@at_any_turn
async def test_a_cancellation_is_not_lost_when_an_answer_comes_at_the_same_moment(turns: int) -> None:
    answer = asyncio.Event()

    async def read() -> None:
        await bounded(answer.wait(), 5)
        answer.clear()

    assert await stops(read, answer.set, turns)


@at_any_turn
async def test_a_cancellation_is_not_lost_when_the_group_changes_at_the_same_moment(turns: int) -> None:
    membership = Membership("127.0.0.1:1", "group", "client", ["topic"])
    assert await stops(membership.wait, membership.changed.set, turns)


async def test_what_takes_too_long_is_given_up() -> None:
    answer = asyncio.get_running_loop().create_future()
    with pytest.raises(Unavailable, match="TimeoutError"):
        await bounded(answer, 0.01)
    assert answer.cancelled()
