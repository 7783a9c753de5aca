"""`make bench-restart`: from the start of a killed decider to its first answers, over a log of a million events.

The process is the deployment service as the supervisor starts it. It answers a backlog, keeps its snapshots, and is
killed; then a message lies in each inbox partition, and the process is started. Measured with its snapshots, and once
in the same session without them, when it folds the whole log. Memory is that of the process when it has answered. Each
restart is appended to docs/reliability/restart.jsonl.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx

from bench import backlog
from bench.ledger import PARTITIONS, own_kafka
from kalimaya.embedded.kafka import quiet_client_logs
from kalimaya.ports import free_ports
from kalimaya.process import Child, last_lines, spawn
from services.kit.ledger import topics
from services.kit.ledger.kafka import KafkaPair, bounded, close, producer
from services.kit.ledger.snapshot import MANIFEST
from services.kit.ledger.worker import Tuning
from tests.chaos import results

SERVICE = "deployment"
ANSWERED_SECONDS = 300.0
RECEIVED, IN_FLIGHT = "kalimaya_messages_received", "kalimaya_messages_in_flight"
UNKEPT = "kalimaya_unsnapshotted_answers"


@dataclass(slots=True)
class Restart:
    """Seconds from the start until the first and the last partition has answered; memory in MiB."""

    first: float
    last: float
    mib: float


class Site:
    """One Kafka with the service's topics, and the process over them."""

    def __init__(self, bootstrap: str, folder: Path, count: int) -> None:
        self._bootstrap, self._folder, self._count = bootstrap, folder, count
        self._pairs = [KafkaPair(bootstrap, SERVICE, number, "bench") for number in range(PARTITIONS)]
        (self._port,) = free_ports(1)
        self._process: asyncio.subprocess.Process | None = None
        self._more = 10_000_000

    async def start(self) -> None:
        """Start the service."""
        settings = {
            "KALIMAYA_KAFKA": self._bootstrap,
            "KALIMAYA_METRICS_PORT": str(self._port),
            "KALIMAYA_INSTANCE": "1",
        }
        child = Child(
            name=SERVICE,
            argv=(sys.executable, "-m", "services.deployment"),
            env=os.environ | settings,
            log=self._folder / "service.log",
        )
        self._process = await spawn(child)

    async def kill(self) -> None:
        """End it with SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def settled(self) -> None:
        """Until everything is answered, and kept as far as it will be."""
        async with httpx.AsyncClient() as client:
            while True:
                await asyncio.sleep(3)
                told = _sums((await client.get(f"http://127.0.0.1:{self._port}/metrics")).text)
                if (
                    told[RECEIVED] >= self._count
                    and told[IN_FLIGHT] == 0
                    and told[UNKEPT] < PARTITIONS * Tuning().snapshot_after
                ):
                    return

    async def restart(self) -> Restart:
        """Put a message into each partition, start the service, and wait for its answers."""
        await self._put()
        waiting = {number: await pair.events_end() for number, pair in enumerate(self._pairs)}
        started, taken = perf_counter(), list[float]()
        await self.start()
        while waiting:
            for number, end in list(waiting.items()):
                if await self._pairs[number].events_end() > end:
                    del waiting[number]
                    taken.append(perf_counter() - started)
            if perf_counter() - started > ANSWERED_SECONDS:
                raise RuntimeError(last_lines(self._folder / "service.log"))
        return Restart(taken[0], taken[-1], self._mib())

    async def forget_snapshots(self) -> None:
        """Let the next start fold all."""
        for pair in self._pairs:
            await pair.store_snapshot(MANIFEST, None)

    async def close(self) -> None:
        """End what is left."""
        if self._process is not None and self._process.returncode is None:
            await self.kill()
        for pair in self._pairs:
            await pair.close()

    def _mib(self) -> float:
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    async def _put(self) -> None:
        writer = producer(self._bootstrap, "bench")
        await bounded(writer.start(), 15)
        try:
            for number in range(PARTITIONS):
                self._more += 1
                key, value, headers = backlog.one(self._more)
                await bounded(
                    writer.send_and_wait(f"{SERVICE}.inbox", value, key.encode(), headers=headers, partition=number),
                    15,
                )
        finally:
            await close(writer)


def _sums(text: str) -> dict[str, float]:
    found = dict.fromkeys((RECEIVED, IN_FLIGHT, UNKEPT), 0.0)
    for line in text.splitlines():
        name = line.partition("{")[0]
        if name in found:
            found[name] += float(line.rpartition(" ")[2])
    return found


async def session(count: int, runs: int) -> None:
    """Fill a log, then restart over it in both ways."""
    with tempfile.TemporaryDirectory(prefix="kalimaya-bench-") as folder:
        async with own_kafka() as bootstrap:
            await topics.create(bootstrap, [SERVICE], partitions=PARTITIONS)
            await backlog.write(bootstrap, f"{SERVICE}.inbox", count, PARTITIONS)
            site = Site(bootstrap, Path(folder), count)
            try:
                await measure(site, runs, count)
            finally:
                await site.close()


async def measure(site: Site, runs: int, count: int) -> None:
    """Print each restart and the medians."""
    began = perf_counter()
    await site.start()
    await site.settled()
    print(f"{count:,} messages answered and kept in {perf_counter() - began:.0f} s", flush=True)
    found: dict[str, list[Restart]] = {"with snapshots": [], "without": []}
    for kind, restarts in found.items():
        snapshots = kind == "with snapshots"
        for _ in range(runs if snapshots else 1):
            await site.kill()
            if not snapshots:
                await site.forget_snapshots()
            again = await site.restart()
            restarts.append(again)
            took = {"seconds": round(again.last, 2), "mib": round(again.mib)}
            results.add("restart", results.circumstances() | {"messages": count, "snapshots": snapshots} | took)
            print(
                f"  {kind:15} first answer {again.first:5.2f} s, every partition {again.last:5.2f} s, "
                f"{again.mib:4.0f} MiB",
                flush=True,
            )
            await site.settled()
    middle = {kind: median(each.last for each in restarts) for kind, restarts in found.items()}
    most = max(each.last for each in found["with snapshots"])
    print(f"with snapshots  {middle['with snapshots']:.2f} s, most {most:.2f} s; without {middle['without']:.2f} s")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="restart of a decider over a long log")
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    quiet_client_logs()
    asyncio.run(session(chosen.messages, chosen.runs))


if __name__ == "__main__":
    main()
