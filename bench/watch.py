"""`make bench-watch`: what one watch worker takes in, and what the operation needs of it.

Reference: the event log read by our own reader, nothing done with it. Measured, over the same log: the reader with the
fold into the watch's tables (after a start or a gap), and Faust's stream with the same fold (in ordinary running).
Each is a process of its own; time runs from the first read to the last fold. The need is the full scenario's, played at
the pace of life: its events a second in the busiest minute.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from bench import backlog
from bench.ledger import PARTITIONS, decide_all, own_kafka
from kalimaya.embedded.kafka import quiet_client_logs
from scenarios import serang2019
from services.kit import logs
from services.kit.ledger import topics
from services.kit.ledger.reader import LogReader, Place
from services.watch.app import WatchApp, execute
from services.watch.following import Following
from services.watch.rules import Watch
from services.watch.settings import WatchSettings

READS = ("deployment", "incidents")
WATCH: Watch[WatchSettings] = Watch(service="deployment", rules={}, reads=READS, kinds=frozenset({"unit"}))


async def ends(bootstrap: str) -> dict[Place, int]:
    """Where the logs end."""
    reader = LogReader(bootstrap, "bench")
    await reader.start({(f"{service}.events", p): 0 for service in READS for p in range(PARTITIONS)})
    try:
        return dict(await reader.ends())
    finally:
        await reader.stop()


async def read_raw(bootstrap: str, until: Mapping[Place, int]) -> None:
    """The reference."""
    reader = LogReader(bootstrap, "bench")
    await reader.start(dict.fromkeys(until, 0))
    missing = sum(until.values())
    while missing > 0:
        missing -= sum(len(records) for records in (await reader.read(1)).values())
    await reader.stop()


async def fill(bootstrap: str, until: Mapping[Place, int]) -> None:
    """What a watch does after a start."""
    await Following("deployment", WATCH.kinds).fill(bootstrap, until, 600)


def stream(bootstrap: str, until: Mapping[Place, int]) -> None:
    """What a watch does while it runs; from its first record on, without Faust's own start. Ends the process."""
    settings = WatchSettings(kafka=bootstrap, metrics_port=0, tick=60)
    with tempfile.TemporaryDirectory() as folder:
        watch = WatchApp(WATCH, settings, folder)
        watch.app.conf.consumer_auto_offset_reset = "earliest"

        async def measured() -> None:
            following = watch.worker.following
            while not following.begun:  # noqa: ASYNC110 - an event would be set by what is measured
                await asyncio.sleep(0.01)
            with told(sum(until.values())):
                while following.behind(until):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            os._exit(0)

        watch.app.task(measured)
        execute(watch.app)


@contextmanager
def told(count: int) -> Iterator[None]:
    """Print what the work within took, for `count` events."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = perf_counter()
    yield
    seconds = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took = {"rate": count / seconds, "cpu": cpu * 100_000 / count}
    print(json.dumps(took), flush=True)


def child(kind: str, bootstrap: str) -> None:
    """Run one side in this process and print what it took."""
    logs.configure("CRITICAL")
    until = asyncio.run(ends(bootstrap))
    if kind == "stream":
        stream(bootstrap, until)
    with told(sum(until.values())):
        asyncio.run({"raw": read_raw, "fill": fill}[kind](bootstrap, until))


def needed() -> tuple[float, float]:
    """Messages a second of the full scenario at the pace of life: on average, and in its busiest minute."""
    sent = [each.send_at for each in serang2019.make("full", 2019).messages]
    busiest = Counter(at.replace(second=0, microsecond=0) for at in sent).most_common(1)[0][1]
    return len(sent) / (max(sent) - min(sent)).total_seconds(), busiest / 60


async def session(count: int) -> None:
    """Fill a log, measure each side over it, and print."""
    async with own_kafka() as bootstrap:
        await topics.create(bootstrap, ("deployment", "logistics", "incidents"), partitions=PARTITIONS)
        await backlog.write(bootstrap, "deployment.inbox", count, PARTITIONS)
        await decide_all(bootstrap, "deployment")
        rates = {}
        for kind in ("raw", "fill", "stream"):
            command = [sys.executable, "-m", "bench.watch", "--child", kind, bootstrap]
            ran = await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.PIPE, text=True)
            took = json.loads(ran.stdout.splitlines()[-1])
            rates[kind] = took["rate"]
            print(f"  {kind:7} {took['rate']:9,.0f} events/s  {took['cpu']:6.2f} CPU-s per 100,000", flush=True)
    mean, busiest = needed()
    print(f"ratio of fill to raw      {rates['fill'] / rates['raw']:.2f}")
    print(f"the full scenario needs   {mean:.2f} events/s, {busiest:.1f} in its busiest minute")
    print(f"head-room of the stream   {rates['stream'] / busiest:,.0f} times the busiest minute")


def main() -> None:
    """Measure, or be one of the processes measured."""
    options = argparse.ArgumentParser(description="what one watch worker takes in")
    options.add_argument("--messages", type=int, default=100_000)
    options.add_argument("--child", nargs=2, metavar=("KIND", "BOOTSTRAP"))
    chosen = options.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    quiet_client_logs()
    asyncio.run(session(chosen.messages))


if __name__ == "__main__":
    main()
