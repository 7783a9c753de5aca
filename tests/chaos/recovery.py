"""`make recovery`: how long it takes from a kill to the next message decided and in the read model, in every partition.

Each kill is a line in docs/reliability/recovery.jsonl; a run goes on until each kind has as many as wanted, or its time
is over, and the next run goes on from there. Kinds take turns, so that whatever is killed has run for a while, as the
supervisor expects of what it starts again at once.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from kalimaya.process import Child
from kalimaya.settings import DECIDING_SERVICES
from scenarios import serang2019
from services.kit import clock
from tests.chaos import results
from tests.chaos.probe import Probe
from tests.chaos.site import Site, scratch

STEADY_SECONDS = 22.0
"""How long what is killed must have run: the supervisor starts it again at once then."""
GIVE_UP_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What is killed. `limit`: seconds, None without; `brokers`: on a site of so many."""

    name: str
    targets: tuple[str, ...]
    limit: float | None
    brokers: int = 1


WATCH = Kind("watch", tuple(f"{service}-watch" for service in DECIDING_SERVICES), None)
DECIDER_TAKEN_OVER = Kind("decider, taken over", DECIDING_SERVICES, 15)
PROJECTION_TAKEN_OVER = Kind("projection, taken over", ("projection",), 15)
KINDS = (
    Kind("decider", DECIDING_SERVICES, 10),
    Kind("gateway", ("gateway",), 10),
    Kind("projection", ("projection",), 10),
    Kind("PostgreSQL", ("postgres",), 15),
    WATCH,
    Kind("broker, one of three", ("kafka-1", "kafka-2", "kafka-3"), 30, brokers=3),
)
Took = dict[str, float | None]
"""Seconds to what is measured; None: not in time."""


async def _steady(site: Site, name: str) -> None:
    """Until a process has been ready for long enough."""
    while not await site.ready(name, GIVE_UP_SECONDS):
        print(f"  {name} is not ready: {site.one(name).reason}", flush=True)
    since = site.one(name).since
    await asyncio.sleep(max(0.0, (since + timedelta(seconds=STEADY_SECONDS) - _now()).total_seconds()))


async def _leads(site: Site, name: str) -> None:
    """Until a broker leads something: nobody would miss one that does not."""
    while not await site.leads(name):
        await asyncio.sleep(0.5)


def _now() -> Any:
    return clock.Clock().now()


async def _kill(site: Site, name: str) -> float:
    pid = site.pid(name)
    assert pid is not None, f"{name} does not run"
    os.kill(pid, signal.SIGKILL)
    return monotonic()


async def _once(site: Site, probe: Probe, kind: Kind, target: str) -> Took:
    """Kill, and wait until all is well again."""
    await _steady(site, target)
    await _well(probe)
    if len(site.nodes) > 1:
        await _leads(site, target)
    if kind is WATCH:
        return await _looked(site, target)
    killed = await _kill(site, target)
    return _told(await probe.recovered(killed, GIVE_UP_SECONDS))


async def _taken_over(site: Site, probe: Probe) -> AsyncIterator[tuple[Kind, str, Took]]:
    """Processes that nobody starts again share the partitions with the supervised ones, and are killed in turn."""
    others = [(DECIDER_TAKEN_OVER, service, "2") for service in DECIDING_SERVICES]
    others += [(PROJECTION_TAKEN_OVER, "projection", instance) for instance in ("2", "3", "4")]
    async with AsyncExitStack() as running:
        children = [(kind, target, site.child(target, instance)) for kind, target, instance in others]
        begun = [await running.enter_async_context(site.extra(child, kill=True)) for _, _, child in children]
        for _, target, child in children:
            await _shares(site, target, child)
        for (kind, target, _), process in zip(children, begun, strict=True):
            await _well(probe)
            process.kill()
            killed = monotonic()
            yield kind, target, _told(await probe.recovered(killed, GIVE_UP_SECONDS))


async def _shares(site: Site, target: str, child: Child) -> None:
    """Until the second process has partitions of its own; raises TimeoutError."""
    deadline = monotonic() + GIVE_UP_SECONDS
    while not await site.share(target, child):
        if monotonic() > deadline:
            raise TimeoutError(f"the second {target} came to own nothing")
        await asyncio.sleep(0.2)


async def _well(probe: Probe) -> None:
    """Until all works."""
    probe.forget()
    if await probe.recovered(monotonic(), GIVE_UP_SECONDS) is None:
        raise TimeoutError(f"the system did not come to rest: {probe.behind()}")


async def _looked(site: Site, target: str) -> Took:
    """Until a watch has had a whole look at its rules: it is not ready before."""
    before = site.pid(target)
    killed = await _kill(site, target)
    while monotonic() - killed < GIVE_UP_SECONDS:
        if site.pid(target) not in (None, before) and await site.ready(target, 0):
            return {"looked": round(monotonic() - killed, 2)}
        await asyncio.sleep(0.05)
    return {"looked": None}


def _told(found: tuple[float, float] | None) -> Took:
    if found is None:
        return {"decided": None, "projected": None}
    return {"decided": round(found[0], 2), "projected": round(found[1], 2)}


async def session(brokers: int, until: int, seconds: float, seed: int, folder: Path) -> None:
    """Kill in turn until each kind has `until` results or the time is over."""
    kinds = [each for each in KINDS if each.brokers == brokers]
    have = Counter(each["kind"] for each in results.read("recovery"))
    chance, end = random.Random(seed), monotonic() + seconds
    site = Site(folder, brokers, clock.steady(timedelta(hours=12), 1), serang2019.START)
    around = results.circumstances() | {"brokers": brokers}

    def note(kind: Kind, target: str, took: Took) -> None:
        have[kind.name] += 1
        line = {"kind": kind.name, "target": target, "limit": kind.limit, "load": round(os.getloadavg()[0], 1)}
        results.add("recovery", around | line | took)
        print(f"  {kind.name} ({target}), {have[kind.name]} of {until}: {took}", flush=True)
        if None in took.values():
            print(f"    {probe.behind()}", flush=True)

    try:
        await site.start()
        async with Probe(site) as probe:
            while monotonic() < end:
                if brokers == 1 and have[PROJECTION_TAKEN_OVER.name] < min(until, have[KINDS[0].name] + 1):
                    async for kind, target, took in _taken_over(site, probe):
                        note(kind, target, took)
                wanted = [each for each in kinds if have[each.name] < until]
                for kind in wanted:
                    target = chance.choice(kind.targets)
                    note(kind, target, await _once(site, probe, kind, target))
                if not wanted and (brokers > 1 or have[PROJECTION_TAKEN_OVER.name] >= until):
                    return
    finally:
        await site.stop()


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos.recovery", description=__doc__)
    options.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    options.add_argument("--until", type=int, default=30, help="results wanted of each kind")
    options.add_argument("--seconds", type=float, default=540, help="at most, then the next run goes on")
    options.add_argument("--seed", type=int, default=1)
    chosen = vars(options.parse_args())
    with scratch("recovery") as folder:
        asyncio.run(session(**chosen, folder=folder))


if __name__ == "__main__":
    sys.exit(main())
