"""Listeners of /v1/changes while a scenario plays flat out and processes are killed: each change once, and no other."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import asyncpg
import pytest

from kalimaya.embedded.postgres import PostgresServer
from schemas.places import DISTRICTS
from services.projection.store import SCHEMA
from tests.support.listening import Listener, listening
from tests.support.system import System

OF_A_DISTRICT = int(os.environ.get("KALIMAYA_LISTENERS", "40"))
OF_EVERYTHING = int(os.environ.get("KALIMAYA_LISTENERS_OF_EVERYTHING", "3"))
SCENARIO = os.environ.get("KALIMAYA_LISTENED_SCENARIO", "small")
"""`make sse-load` says more of each."""
PATIENCE = 1 if SCENARIO == "small" else 15

pytestmark = pytest.mark.timeout(400 * PATIENCE)


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    made = System(tmp_path)
    yield made
    made.down()


async def test_each_listener_hears_each_change_once_across_kills_of_the_api_and_of_postgresql(system: System) -> None:
    url = f"http://127.0.0.1:{system.ports['PICTURE']}"
    areas = [*DISTRICTS] * (OF_A_DISTRICT // len(DISTRICTS) + 1)
    system.up("--scenario", SCENARIO, "--speed", "max")
    await system.reach((system.data / "tokens.json").exists, 60)
    token = system.tokens()["posko-serang"]
    listeners = [Listener(url, token, {"district": district}) for district in areas[:OF_A_DISTRICT]]
    listeners += [Listener(url, token) for _ in range(OF_EVERYTHING)]
    async with listening(listeners):
        await system.reach(lambda: "scenario" in system.pids(), 120)
        for name in ("projection", "postgres"):
            heard = len(listeners[-1].told)
            await system.reach(lambda heard=heard: len(listeners[-1].told) > heard + 200, 60)
            await system.kill(name)
        await system.played(240 * PATIENCE)
        told = await asyncio.to_thread(system.run, "audit", "--wait", "60", seconds=120 * PATIENCE)
        assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{system.last_words()}"
        so_far = await happened(system)
        wanted = [of(each, so_far) for each in listeners]
        await system.reach(lambda: all(w <= set(e.told) for e, w in zip(listeners, wanted, strict=True)), 60 * PATIENCE)
    everything = await happened(system)
    print(account(listeners, len(everything), system.pids()["projection"]))
    for each, positions in zip(listeners, wanted, strict=True):
        assert len(each.told) == len(set(each.told)), (each.filters, each.dropped)
        assert positions <= set(each.told) <= of(each, everything), (each.filters, each.dropped)
        assert each.connections > 1, each.dropped


def of(listener: Listener, happened: Mapping[str, list[str]]) -> set[str]:
    """Which of these events concern what he asked for."""
    district = listener.filters.get("district")
    return {position for position, districts in happened.items() if district is None or district in districts}


async def happened(system: System) -> dict[str, list[str]]:
    """Position and districts of every event in the read model."""
    dsn = PostgresServer(home=system.data / "postgres", port=system.ports["POSTGRES"]).dsn()
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(f"SELECT service, partition, event_offset, districts FROM {SCHEMA}.events")
    await connection.close()
    return {f"{row['service']}.events/{row['partition']}@{row['event_offset']}": row["districts"] for row in rows}


def account(listeners: Sequence[Listener], happened: int, pid: int) -> str:
    """What was told to whom, for `make sse-load`."""
    dropped = sum((each.dropped for each in listeners), Counter[str]())
    memory = next(line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
    return (
        f"\n{happened} events, {len(listeners)} listeners: {sum(len(each.told) for each in listeners)} changes told "
        f"over {sum(each.connections for each in listeners)} connections; ended by {dict(dropped)}; "
        f"the API's process took {int(memory) // 1024} MiB at most"
    )
