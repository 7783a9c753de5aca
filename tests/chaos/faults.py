"""The faults: which there are, a schedule of them drawn from a seed, and how each is done to a site.

Kinds come in equal numbers, each with a target of its own drawing. The same seed gives the same schedule; what it meets
is another matter, since processes and machines are not the same twice. Each fault is a line in the log: kind, target,
when it began and ended, and what became of it.
"""

import asyncio
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic, time

from kalimaya.settings import DECIDING_SERVICES, SERVICES
from tests.chaos.site import PARTITIONS, TIMED, Site

SESSION_SECONDS = 6.0
"""After so long without a sign of life a member of a group is taken for dead."""
UP_SECONDS = 15.0
"""How long a fault waits for its target to run."""
WITNESS_SECONDS = 30.0
"""How long it waits until the effect that it is for has been seen; one without is left out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done: to whom, when (seconds from the start), for how long (seconds), and the chance it draws from."""

    kind: str
    target: str
    at: float
    seconds: float
    seed: int


Doing = Callable[[Site, Fault], Awaitable[str | None]]
"""Does a fault, and undoes what it did; why it was left out, None if it was done."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """`longest`: seconds that it lasts at most. `three`: only where there are three brokers. `disk`: needs disks."""

    targets: Sequence[str]
    doing: Doing
    shortest: float = 0.0
    longest: float = 0.0
    three: bool = False
    disk: bool = False


async def _kill(site: Site, fault: Fault) -> str | None:
    if not await site.ready(fault.target, UP_SECONDS):
        return "it did not run"
    return _signal(site, fault.target, signal.SIGKILL)


async def _pause(site: Site, fault: Fault) -> str | None:
    """Stands still for longer than a session, and goes on as if nothing had been."""
    if not await site.ready(fault.target, UP_SECONDS):
        return "it did not run"
    pid = site.pid(fault.target)
    if missed := _signal(site, fault.target, signal.SIGSTOP):
        return missed
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        if pid is not None and site.pid(fault.target) == pid:
            os.kill(pid, signal.SIGCONT)
    return None


async def _zombie(site: Site, fault: Fault) -> str | None:
    """A decider stands still until another has all of its partitions, and then writes on."""
    other = site.child(fault.target, instance="2")
    async with site.extra(other) as process:

        async def owns(count: int) -> bool:
            return (await site.share(fault.target, other) or 0) >= count

        if not await _until(partial(owns, 1), WITNESS_SECONDS):
            return "no second process came to own anything"
        taken_over = asyncio.create_task(_until(partial(owns, PARTITIONS), fault.seconds))
        missed = await _pause(site, fault)
        if not await taken_over:
            return missed or "the second one did not come to own everything"
        await asyncio.sleep(2)
        return missed or ("the second one had ended" if process.returncode is not None else None)


async def _second_owner(site: Site, fault: Fault) -> str | None:
    """A process that believes it owns every partition writes beside the one that does."""
    other = site.child(fault.target, instance="9", KALIMAYA_PARTITIONS="all")

    async def wrote() -> bool:
        answered = await site.metric(other, "kalimaya_answered_total")
        return bool(answered or await site.metric(other, "kalimaya_reloads_total", 'reason="misplaced"'))

    async with site.extra(other, kill=True):
        if not await _until(wrote, WITNESS_SECONDS):
            return "the second owner wrote nothing"
        await asyncio.sleep(fault.seconds)
    return None


async def _storm(site: Site, fault: Fault) -> str | None:
    """Members come and go, some without a word."""
    chance = random.Random(fault.seed)

    async def member(instance: str) -> bool:
        await asyncio.sleep(chance.uniform(0, fault.seconds / 3))
        other = site.child(fault.target, instance=instance)
        async with site.extra(other, kill=chance.random() < 0.5):
            joined = await _until(lambda: site.share(fault.target, other), WITNESS_SECONDS)
            await asyncio.sleep(chance.uniform(0, fault.seconds / 3))
            return joined

    joined = await asyncio.gather(member("3"), member("4"))
    return None if any(joined) else "nobody who came got a share"


async def _leaders(site: Site, fault: Fault) -> str | None:
    """A broker is asked to go: its leaders move before it does."""
    if not await site.ready(fault.target, UP_SECONDS):
        return "it did not run"

    async def left() -> bool:
        return await site.leads(fault.target) == 0

    missed = _signal(site, fault.target, signal.SIGTERM)
    return missed or (None if await _until(left, WITNESS_SECONDS) else "nobody said that its leaders had moved")


async def _cut(site: Site, fault: Fault) -> str | None:
    site.proxies.cut(fault.target)
    return await _mended(site, fault)


async def _stall(site: Site, fault: Fault) -> str | None:
    site.proxies.stall(fault.target)
    return await _mended(site, fault)


async def _slow(site: Site, fault: Fault) -> str | None:
    chance = random.Random(fault.seed)
    site.proxies.slow(fault.target, delay=chance.uniform(0.05, 0.4), speed=chance.uniform(100_000, 1_000_000))
    return await _mended(site, fault)


async def _mended(site: Site, fault: Fault) -> None:
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        site.proxies.mend(fault.target)


async def _full(site: Site, fault: Fault) -> str | None:
    log = site.logs / f"{fault.target}.log"
    before = log.stat().st_size
    if not await asyncio.to_thread(site.disk(fault.target).fill):
        return "somebody wrote to it all the time"
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        site.disk(fault.target).free()
    with log.open("rb") as said:
        said.seek(before)
        return None if b"No space left on device" in said.read() else "nobody wrote to it"


async def _step(site: Site, fault: Fault) -> str | None:
    """The clock of a process is set, by up to two hours of the operation's time; the gateway sees it when it starts."""
    path = site.clock_file(fault.target)
    told = json.loads(path.read_text())
    by = timedelta(hours=random.Random(fault.seed).uniform(-2, 2))
    fresh = path.with_suffix(".step")
    moved = datetime.fromisoformat(told["scenario_start"]) + by
    fresh.write_text(json.dumps(told | {"scenario_start": moved.isoformat()}))
    os.replace(fresh, path)
    return await _kill(site, fault) if fault.target == "gateway" else None


WATCHES = [f"{service}-watch" for service in DECIDING_SERVICES]


def kinds(site: Site) -> dict[str, _Kind]:
    """What can go wrong on a site."""
    nodes = [node.name for node in site.nodes]
    found = {
        "service killed": _Kind(SERVICES, _kill),
        "service stopped, then continued": _Kind(SERVICES, _pause, SESSION_SECONDS + 1, SESSION_SECONDS + 4),
        "zombie writer": _Kind(DECIDING_SERVICES, _zombie, SESSION_SECONDS + 2, SESSION_SECONDS + 5),
        "second owner": _Kind(DECIDING_SERVICES, _second_owner, 6, 12),
        "members joining and leaving": _Kind([*DECIDING_SERVICES, "projection"], _storm, 8, 15),
        "broker killed": _Kind(nodes, _kill),
        "broker restarted, leaders move": _Kind(nodes, _leaders, three=True),
        "broker's connections cut": _Kind(nodes, _cut, 0.1, 4),
        "broker's link stalled": _Kind(nodes, _stall, 1, 8),
        "broker's link slow": _Kind(nodes, _slow, 2, 8),
        "broker's disk full": _Kind(nodes, _full, 2, 6, disk=True),
        "database killed": _Kind(["postgres"], _kill),
        "database's connections cut": _Kind(["postgres"], _cut, 0.1, 4),
        "database's link stalled": _Kind(["postgres"], _stall, 1, 8),
        "database's link slow": _Kind(["postgres"], _slow, 2, 8),
        "database's disk full": _Kind(["postgres"], _full, 2, 6, disk=True),
        "clock set": _Kind([name for name in TIMED if name != "projection"], _step),  # its clock is for who reads
    }
    three = len(nodes) > 1
    return {name: each for name, each in found.items() if (three or not each.three) and (site.disks or not each.disk)}


def schedule(of: dict[str, _Kind], seed: int, seconds: float, every: float) -> Iterator[Fault]:
    """Faults for so long, one `every` so many seconds; kinds in rounds of another order each."""
    chance, at, round_ = random.Random(seed), every, list[str]()
    while at < seconds:
        if not round_:
            round_ = sorted(of)
            chance.shuffle(round_)
        name = round_.pop()
        kind = of[name]
        lasts = chance.uniform(kind.shortest, kind.longest)
        yield Fault(name, chance.choice(list(kind.targets)), at, lasts, chance.getrandbits(32))
        at += every * chance.uniform(0.5, 1.5)


class Faults:
    """Does a schedule to a site. A target has one fault at a time; another waits, and is left out after long."""

    def __init__(self, site: Site, log: Path) -> None:
        self._site, self._log = site, log
        self.kinds = kinds(site)
        self._busy: dict[str, asyncio.Lock] = {}
        self.done: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.under_way: set[str] = set()

    async def run(self, faults: Iterator[Fault]) -> None:
        """All of them; returns when the last has ended."""
        begin = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                await asyncio.sleep(max(0.0, begin + fault.at - monotonic()))
                tasks.create_task(self._do(fault))

    async def _do(self, fault: Fault) -> None:
        busy = self._busy.setdefault(fault.target, asyncio.Lock())
        try:
            await asyncio.wait_for(busy.acquire(), UP_SECONDS)
        except TimeoutError:
            self._note(fault, time(), "its target had another")
            return
        began = time()
        self.under_way.add(f"{fault.kind}: {fault.target}")
        try:
            missed = await _leads_nothing(self._site, fault) or await self.kinds[fault.kind].doing(self._site, fault)
        finally:
            self.under_way.discard(f"{fault.kind}: {fault.target}")
            busy.release()
        self._note(fault, began, missed)

    def _note(self, fault: Fault, began: float, missed: str | None) -> None:
        (self.left_out if missed else self.done)[fault.kind] += 1
        line = {"kind": fault.kind, "target": fault.target, "began": round(began, 2), "ended": round(time(), 2)}
        with self._log.open("a") as log:
            log.write(json.dumps(line | ({"left_out": missed} if missed else {})) + "\n")


def _signal(site: Site, name: str, signum: int) -> str | None:
    pid = site.pid(name)
    if pid is None:
        return "it did not run"
    os.kill(pid, signum)
    return None


async def _leads_nothing(site: Site, fault: Fault) -> str | None:
    """Of several brokers one that comes back leads nothing for a while: until it does a fault would hurt nobody."""
    if len(site.nodes) == 1 or fault.target not in {node.name for node in site.nodes}:
        return None
    leads = await _until(lambda: site.leads(fault.target), UP_SECONDS)
    return None if leads else "it led nothing"


async def _until(condition: Callable[[], Awaitable[object]], seconds: float) -> bool:
    deadline = monotonic() + seconds
    while not await condition():
        if monotonic() > deadline:
            return False
        await asyncio.sleep(0.2)
    return True
