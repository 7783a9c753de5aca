"""Long work in pieces: others go between them, and whoever is quick goes before."""

import asyncio
from time import perf_counter

import pytest

from services.projection.api.turns import PATIENCE_SECONDS, PIECE_SECONDS, Turns

STEPS = 200


def busy(seconds: float) -> None:
    """Use up the process."""
    until = perf_counter() + seconds
    while perf_counter() < until:
        pass


async def long_work(turns: Turns, told: list[str]) -> None:
    pause = turns.in_pieces()
    for _ in range(STEPS):
        busy(PIECE_SECONDS * 1.1)
        told.append("long")
        await pause()


async def test_others_go_between_two_pieces() -> None:
    told: list[str] = []

    async def other() -> None:
        for _ in range(STEPS):
            told.append("other")
            await asyncio.sleep(0)

    await asyncio.gather(long_work(Turns(), told), other())
    assert told == ["long", "other"] * STEPS


async def test_while_somebody_quick_is_at_it_long_work_stands_still_but_not_for_ever() -> None:
    turns, told = Turns(), list[str]()
    async with turns.quick():
        working = asyncio.create_task(long_work(turns, told))
        await asyncio.sleep(PATIENCE_SECONDS / 4)
        assert told == ["long"]
    await working
    assert told == ["long"] * STEPS
    async with turns.quick():
        await asyncio.wait_for(long_work(turns, told), STEPS / 2 * PATIENCE_SECONDS)


async def test_steps_that_are_short_together_are_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.projection.api.turns.PIECE_SECONDS", 60)
    turns, told = Turns(), list[str]()

    async def short() -> None:
        pause = turns.in_pieces()
        for _ in range(3):
            told.append("short")
            await pause()

    async def other() -> None:
        told.append("other")

    async with turns.quick():
        await asyncio.gather(short(), other())
    assert told == ["short"] * 3 + ["other"]
