"""`make bench-picture`: how long each endpoint takes now, at a past instant, and by what was known at one.

On a running system that has been filled (`make run SCENARIO=full SPEED=max`). Requests come at a fixed rate, whether or
not the ones before are answered, with full bodies; a time runs from the moment at which a request was due. Before that,
one after the other, so that nothing waits in line. Last, what the read model takes up on disk.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from math import inf
from statistics import median, quantiles
from time import perf_counter

import asyncpg
import httpx

from kalimaya.embedded.postgres import PostgresServer
from kalimaya.settings import HOST, Settings

PATHS = (
    "picture",
    "villages/36.04.13.2009",
    "units",
    "posts",
    "contingents",
    "shipments?limit=20",
    "readiness",
    "incidents",
    "warnings",
    "engagements",
    "alerts",
    "operation",
)
READER = "posko-serang"
Times = dict[str, str]


def kinds_of(begin: datetime, end: datetime) -> dict[str, Callable[[], Times]]:
    """The ways to ask, each with a maker of its parameters: instants anywhere in the operation."""
    chance = random.Random(0)

    def instant() -> str:
        return (begin + (end - begin) * chance.random()).isoformat()

    return {
        "now": dict,
        "at": lambda: {"at": instant()},
        "known_at": lambda: {"known_at": instant()},
        "both": lambda: {"at": instant(), "known_at": instant()},
    }


async def one_by_one(client: httpx.AsyncClient, path: str, times: Callable[[], Times], count: int) -> list[float]:
    """Milliseconds of each request, sent when the one before is answered."""
    taken = []
    for _ in range(count):
        started = perf_counter()
        (await client.get(f"/v1/{path}", params=times())).raise_for_status()
        taken.append((perf_counter() - started) * 1000)
    return taken


async def open_loop(
    client: httpx.AsyncClient, asked: Iterator[tuple[str, str, Times]], rate: float, seconds: float
) -> dict[tuple[str, str], list[float]]:
    """Milliseconds from when each request was due, by path and way to ask; of one that failed, infinity."""
    taken: dict[tuple[str, str], list[float]] = {}
    begin = perf_counter()

    async def ask(path: str, way: str, times: Times, due: float) -> None:
        good = (await client.get(f"/v1/{path}", params=times)).is_success
        taken.setdefault((path, way), []).append((perf_counter() - due) * 1000 if good else inf)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            tasks.create_task(ask(*next(asked), due))
    return taken


def shown(taken: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{median(taken):8.1f} {quantiles(taken, n=20)[18]:8.1f}" if len(taken) > 1 else " " * 17


async def sizes(dsn: str) -> None:
    """Print rows and bytes a message, by table."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "read_model"})
    messages = await connection.fetchval("SELECT count(*) FROM outcomes")
    print(f"\n{'table':12} {'rows':>10} {'a message':>10} {'bytes a message, with indexes':>30}")
    for table in ("entities", "versions", "events", "outcomes"):
        rows = await connection.fetchval(f"SELECT count(*) FROM {table}")
        bytes_ = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
        print(f"{table:12} {rows:10,} {rows / messages:10.3f} {bytes_ / messages:30,.0f}")
    await connection.close()


async def span(client: httpx.AsyncClient, dsn: str) -> tuple[datetime, datetime]:
    """From the first recorded message to now, by the operation's clock."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "read_model"})
    first = await connection.fetchval("SELECT min(recordedtime) FROM outcomes")
    await connection.close()
    return first, datetime.fromisoformat((await client.get("/v1/status")).json()["now"]).astimezone(UTC)


async def session(paths: Sequence[str], count: int, rate: float, seconds: float) -> None:
    """Measure and print, in milliseconds."""
    settings = Settings()
    dsn = PostgresServer(home=settings.data / "postgres", port=settings.postgres_port).dsn()
    token = json.loads((settings.data / "tokens.json").read_text())[READER]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{settings.picture_port}", headers=headers, timeout=60) as own:
        ways = kinds_of(*await span(own, dsn))
        everything = [(path, way) for path in paths for way in ways]
        print(f"one request after the other: {'p50':>16} {'p95':>8} ms")
        for path, way in everything:
            print(f"{path:26} {way:9} {shown(await one_by_one(own, path, ways[way], count))}", flush=True)
        print(f"\nopen loop, {rate:g} requests/s in all for {seconds:g} s:")
        asked = ((path, way, ways[way]()) for path, way in cycle(everything))
        for (path, way), taken in sorted((await open_loop(own, asked, rate, seconds)).items()):
            print(f"{path:26} {way:9} {shown(taken)}")
    await sizes(dsn)


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description="each endpoint, now and at other times")
    options.add_argument("--count", type=int, default=40, help="requests one by one, of each endpoint and way")
    options.add_argument("--rate", type=float, default=20, help="requests a second in the open loop")
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("paths", nargs="*", default=PATHS, help="only these endpoints, as `units?limit=10`")
    chosen = options.parse_args()
    asyncio.run(session(chosen.paths, chosen.count, chosen.rate, chosen.seconds))


if __name__ == "__main__":
    main()
