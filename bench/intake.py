"""`make bench-intake`: from when a position report should be sent to when the picture can show it, at a fixed rate.

On a running system. Reports come at each of some rates whether or not those before are answered, over HTTP, some in
one POST as phones and agencies' systems send them; a time runs from the moment at which a report was due, so that
whatever waits anywhere is in it. The picture can show a report when the read model's position is past it. A rate is
sustained if the last quarter of its reports took no longer than the first.
"""

import argparse
import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from statistics import median, quantiles
from time import perf_counter

import asyncpg
import httpx
import msgspec

from kalimaya.embedded.postgres import PostgresServer
from kalimaya.settings import HOST, Settings

AGENCY = "polres-serang"
NEW_UNITS = [f"{AGENCY}-{number:03}" for number in range(100)]
"""Of whom positions are reported while the agency has no units yet."""
LOOK_SECONDS = 0.005
LONGEST_SECONDS = 60.0
"""How long after the last report the picture may be behind."""

_json = msgspec.json.Encoder().encode
_results = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Run:
    """One rate, of positions of these units.

    `waiting`: by partition, a heap of the inbox offset and the due time of each report that is not shown yet. `taken`:
    due time, and seconds until it was shown, of each that is.
    """

    rate: float
    units: Sequence[str]
    answered: Counter[int] = field(default_factory=Counter)
    waiting: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    taken: list[tuple[float, float]] = field(default_factory=list)

    def told(self, status: int, position: str, due: float) -> None:
        """One report was answered."""
        self.answered[status] += 1
        if status == 202:
            partition, offset = position.rpartition("/")[2].split("@")
            heappush(self.waiting.setdefault(int(partition), []), (int(offset), due))

    def shown(self, partition: int, next_cause: int, now: float) -> None:
        """The picture has come so far in one partition."""
        waiting = self.waiting.get(partition, [])
        while waiting and waiting[0][0] < next_cause:
            _, due = heappop(waiting)
            self.taken.append((due, now - due))

    @property
    def open(self) -> int:
        """Reports that are taken in and not shown."""
        return sum(map(len, self.waiting.values()))


def report(unit: str, number: int) -> dict[str, object]:
    """A unit's position."""
    place = {"lat": -6.1 - number % 97 / 1000, "lon": 106.2 + number % 89 / 1000}
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "bench",
        "type": "kalimaya.unit.sighted",
        "data": {"unit": unit, **place},
    }


async def send(client: httpx.AsyncClient, run: Run, numbers: range, begin: float) -> None:
    """One POST with these reports."""
    batch = len(numbers) > 1
    reports = [report(run.units[each % len(run.units)], each) for each in numbers]
    body = _json(reports if batch else reports[0])
    media = f"application/cloudevents{'-batch' if batch else ''}+json"
    answer = await client.post("/v1/messages", content=body, headers={"Content-Type": media})
    told = _results(answer.content)
    results = told["results"] if batch and answer.status_code == 200 else [told] * len(numbers)
    for number, each in zip(numbers, results, strict=True):
        status = each.get("status", answer.status_code)
        run.told(status, each.get("position", ""), begin + number / run.rate)


async def follow(connection: "asyncpg.Connection[asyncpg.Record]", run: Run) -> None:
    """Look how far the picture is, until cancelled."""
    while True:
        rows = await connection.fetch("SELECT partition, next_cause FROM positions WHERE topic = 'deployment.events'")
        now = perf_counter()
        for row in rows:
            run.shown(row["partition"], row["next_cause"], now)
        await asyncio.sleep(LOOK_SECONDS)


async def measure(client: httpx.AsyncClient, dsn: str, run: Run, seconds: float, together: int) -> Run:
    """One rate for so long."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "read_model"})
    following = asyncio.create_task(follow(connection, run))
    begin = perf_counter() + 0.5
    async with asyncio.TaskGroup() as tasks:
        for first in range(0, int(run.rate * seconds), together):
            numbers = range(first, first + together)
            await asyncio.sleep(max(0.0, begin + numbers[-1] / run.rate - perf_counter()))
            tasks.create_task(send(client, run, numbers, begin))
    deadline = perf_counter() + LONGEST_SECONDS
    while run.open and perf_counter() < deadline:  # noqa: ASYNC110 - an event would be set by what is measured
        await asyncio.sleep(LOOK_SECONDS)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await connection.close()
    return run


def told(run: Run) -> str:
    """A line of the table."""
    taken = [each for _, each in sorted(run.taken)]
    if len(taken) < 100:
        return f"{run.rate:8,.0f}  only {len(taken)} shown; answers {dict(run.answered)}"
    p50, p99 = median(taken), quantiles(taken, n=100)[98]
    quarter = len(taken) // 4
    first, last = median(taken[:quarter]), median(taken[-quarter:])
    ms = "".join(f"{each * 1000:10,.0f}" for each in (p50, p99, max(taken), first, last))
    return f"{run.rate:8,.0f} {len(taken):10,}{ms}   {dict(run.answered)}" + (
        f", {run.open:,} open" if run.open else ""
    )


async def units_of(dsn: str) -> list[str]:
    """The agency's units that the read model knows."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "read_model"})
    found = await connection.fetch("SELECT id FROM entities WHERE kind = 'unit' AND agency = $1", AGENCY)
    await connection.close()
    return [each["id"] for each in found]


async def session(rates: list[float], seconds: float, together: int) -> None:
    """Measure and print, in milliseconds."""
    settings = Settings()
    dsn = PostgresServer(home=settings.data / "postgres", port=settings.postgres_port).dsn()
    token = json.loads((settings.data / "tokens.json").read_text())[AGENCY]
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2)
    units = await units_of(dsn) or NEW_UNITS
    async with httpx.AsyncClient(
        base_url=f"http://{HOST}:{settings.gateway_port}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
        limits=limits,
    ) as client:
        print(f"{together} in one POST, {seconds:g} s each; milliseconds from due to shown")
        titles = ("shown", "p50", "p99", "most", "p50 first", "p50 last")
        print(f"{'rate/s':>8} " + "".join(f"{each:>10}" for each in titles) + "   answers by status", flush=True)
        for rate in rates:
            print(told(await measure(client, dsn, Run(rate, units), seconds, together)), flush=True)


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description="due to shown, at fixed rates")
    options.add_argument("--rates", type=float, nargs="+", default=[250, 500, 1000, 1500, 2000, 3000])
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--together", type=int, default=20, help="reports in one POST")
    chosen = options.parse_args()
    asyncio.run(session(chosen.rates, chosen.seconds, chosen.together))


if __name__ == "__main__":
    main()
