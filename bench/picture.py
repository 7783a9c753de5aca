"""`make bench-picture`: how long each endpoint takes now, at a past instant, and by what was known at one.

On a running system that has been filled (`make run SCENARIO=full SPEED=max`). First one request after the other, so
that nothing waits in line; then at a fixed rate, whether or not the ones before are answered, where a client's time
runs from the moment at which a request was due. Bodies are full. The server's time is its own word (`Server-Timing`).
Last, what the read model takes up on disk.
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
Taken = list[tuple[float, float]]
"""Milliseconds by the server's clock, and by the client's; infinity for what failed."""


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


async def ask(client: httpx.AsyncClient, path: str, times: Times, due: float) -> tuple[float, float]:
    """Both times of one request."""
    url = httpx.URL(f"/v1/{path}")
    answer = await client.get(url.copy_merge_params(times))
    if not answer.is_success:
        return inf, inf
    return float(answer.headers["server-timing"].rpartition("=")[2]), (perf_counter() - due) * 1000


async def one_by_one(client: httpx.AsyncClient, path: str, times: Callable[[], Times], count: int) -> Taken:
    """The times of each request, sent when the one before is answered."""
    return [await ask(client, path, times(), perf_counter()) for _ in range(count)]


async def open_loop(
    client: httpx.AsyncClient, asked: Iterator[tuple[str, str, Times]], rate: float, seconds: float
) -> dict[tuple[str, str], Taken]:
    """The times of requests that do not wait for one another, by path and way to ask."""
    taken: dict[tuple[str, str], Taken] = {}
    begin = perf_counter()

    async def asked_for(path: str, way: str, times: Times, due: float) -> None:
        taken.setdefault((path, way), []).append(await ask(client, path, times, due))

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            tasks.create_task(asked_for(*next(asked), due))
    return taken


def shown(taken: Taken) -> str:
    """Median and 95th percentile, by the server and by the client."""
    clocks = zip(*taken, strict=True) if len(taken) > 1 else ()
    return "".join(f"{median(each):9.1f} {quantiles(each, n=20)[18]:8.1f}" for each in clocks)


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
        print(f"{'milliseconds':37}{'server p50':>10} {'p95':>7} {'client p50':>9} {'p95':>8}")
        print("one request after the other:")
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
