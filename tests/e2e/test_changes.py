"""Listeners of /v1/changes while a scenario plays flat out and processes are killed: each change once, and no other."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from kalimaya.embedded.postgres import PostgresServer
from schemas.places import DISTRICTS
from services.projection.store import SCHEMA
from tests.support.listening import Listener, listening
from tests.support.system import System

pytestmark = pytest.mark.timeout(400)

OF_A_DISTRICT = int(os.environ.get("KALIMAYA_LISTENERS", "40"))
OF_EVERYTHING = int(os.environ.get("KALIMAYA_LISTENERS_OF_EVERYTHING", "3"))
SCENARIO = os.environ.get("KALIMAYA_LISTENED_SCENARIO", "small")
"""`make sse-load` says more of each."""


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    made = System(tmp_path)
    yield made
    made.down()


async def test_each_listener_hears_each_change_once_across_kills_of_the_api_and_of_postgresql(system: System) -> None:
    url = f"http://127.0.0.1:{system.ports['PICTURE']}"
    areas = [*DISTRICTS] * (OF_A_DISTRICT // len(DISTRICTS) + 1)
    listeners = [Listener(url, {"district": district}) for district in areas[:OF_A_DISTRICT]]
    listeners += [Listener(url) for _ in range(OF_EVERYTHING)]
    system.up("--scenario", SCENARIO, "--speed", "max")
    async with listening(listeners):
        await system.reach(lambda: "scenario" in system.pids(), 120)
        for name in ("projection", "postgres"):
            heard = len(listeners[-1].told)
            await system.reach(lambda heard=heard: len(listeners[-1].told) > heard + 200, 60)
            await system.kill(name)
        await system.played(240)
        expected = await happened(system)
        await system.reach(lambda: len(listeners[-1].told) >= len(expected), 60)
        wanted = [
            {position for position, districts in expected.items() if each.filters.get("district") in {None, *districts}}
            for each in listeners
        ]
        await system.reach(lambda: all(len(e.told) >= len(w) for e, w in zip(listeners, wanted, strict=True)), 60)
        await asyncio.sleep(1)
    for each, positions in zip(listeners, wanted, strict=True):
        assert len(each.told) == len(set(each.told)), (each.filters, each.dropped)
        assert set(each.told) == positions, (each.filters, each.dropped)
        assert each.connections > 1, each.dropped


async def happened(system: System) -> dict[str, list[str]]:
    """Position and districts of every event, once all that was put into the inboxes is in the read model."""
    told = await asyncio.to_thread(system.run, "audit", "--wait", "60")
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{system.last_words()}"
    dsn = PostgresServer(home=system.data / "postgres", port=system.ports["POSTGRES"]).dsn()
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(f"SELECT service, partition, event_offset, districts FROM {SCHEMA}.events")
    await connection.close()
    return {f"{row['service']}.events/{row['partition']}@{row['event_offset']}": row["districts"] for row in rows}
