"""The disk is full: nothing more is taken in, nothing is lost, and when there is room again all goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from tests.support.disk import Disk, may_mount
from tests.support.flood import AGENCY, Flood
from tests.support.system import System

pytestmark = pytest.mark.timeout(500)

FULL_SECONDS = 20.0
"""Long enough for whatever dies of it to have been started again, in vain."""
IN_VAIN = 3
"""So many rounds in a row take nothing in at last. In those before, what was a page of room at first may be used up."""


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Disk]:
    if not may_mount():
        pytest.skip("this account may not mount file systems")
    made = Disk(tmp_path / "data")
    made.mount()
    yield made
    made.unmount()


@pytest.fixture
async def system(tmp_path: Path, disk: Disk) -> AsyncIterator[System]:
    """All data of which are on that disk: logs, read model, outputs and what the supervisor notes."""
    made = System(tmp_path)
    assert made.data == disk.folder
    yield made
    made.down()


async def test_a_full_disk_takes_nothing_in_and_loses_nothing(system: System, disk: Disk, tmp_path: Path) -> None:
    system.up("--scenario", "none")
    await system.ready()
    receipts = tmp_path / "receipts.jsonl"
    sending = Flood("full", f"http://127.0.0.1:{system.ports['GATEWAY']}", system.tokens()[AGENCY], receipts)
    await sending.run(clients=2, together=20, seconds=3, pause=0.1)
    assert sending.told.keys() == {202}
    assert disk.fill()
    began, rounds = monotonic(), list[set[int]]()
    while monotonic() - began < FULL_SECONDS or rounds[-IN_VAIN:] != [{503}] * IN_VAIN:
        assert monotonic() - began < 10 * FULL_SECONDS, rounds
        sending.told.clear()
        await sending.run(clients=2, together=20, seconds=1, pause=0.1)
        rounds.append(set(sending.told))
    print(rounds)
    assert set().union(*rounds) <= {202, 503}, rounds
    assert sending.unadvised == []
    disk.free()
    went_on = monotonic()
    while sending.told.keys() != {202}:
        assert monotonic() - went_on < 120, f"{sending.told}\n{system.last_words()}"
        sending.told.clear()
        await sending.run(clients=2, together=20, seconds=1, pause=0.1)
    print(f"taken in again {monotonic() - went_on:.0f} s after there was room; {system.states()}")
    told = await asyncio.to_thread(system.run, "audit", "--wait", "60", "--receipts", str(receipts))
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{system.last_words()}"
