"""The steps of the upgrade: what is started and ends, how long it took, and what a reader of the picture noticed."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from kalimaya.process import Child, end, last_lines, spawn, wait_ready
from kalimaya.settings import DECIDING_SERVICES, HOST
from scenarios import serang2019
from services.kit import clock
from tests.chaos.site import PARTITIONS, Site
from tests.upgrade.release import SECOND, THIS, Release, make_next
from tests.upgrade.traffic import Figures, Traffic

READY_SECONDS = 60.0
SNAPSHOT_ANSWERS = 1_000
"""Of so many answers in a partition, and after a minute, a decider keeps a snapshot (services/kit/ledger/keeper.py)."""
SNAPSHOT_SECONDS = 75.0
SNAPSHOT = re.compile(r'"event": "snapshot (\w+)"')
WATCHES = tuple(f"{service}-watch" for service in DECIDING_SERVICES)
TOO_LATE = "too late: "


class Step(NamedTuple):
    """One step. `beside`: seconds until the new process shared the work; `took`: until all was well again."""

    name: str
    beside: float | None
    took: float
    figures: Figures


class Running(NamedTuple):
    """A process that we started."""

    child: Child
    process: asyncio.subprocess.Process

    @property
    def port(self) -> int:
        """Of its metrics."""
        return int(self.child.env["KALIMAYA_METRICS_PORT"])

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.child.env['KALIMAYA_HTTP_PORT']}"


@dataclass
class Upgrade:
    """One system on its way from this release to the next."""

    site: Site
    traffic: Traffic
    next: Release
    steps: list[Step] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    running: dict[str, Running] = field(default_factory=dict)
    """What runs of each service, if it is not what the site's supervisor has kept from the start."""

    def tell(self, line: str) -> None:
        """Something to read."""
        self.said.append(line)
        print(f"  {line}", flush=True)

    def must(self, holds: bool, otherwise: str) -> None:
        """Note what is not as it should be."""
        if not holds:
            self.wrong.append(otherwise)
            self.tell(f"WRONG: {otherwise}")

    # Processes.

    async def begin(self, service: str, release: Release, *, ready: bool = True, **settings: str) -> Running:
        """Start a process of a release. Raises TimeoutError when it is not ready in time."""
        child = replace(self.site.child(service, release.instance, **settings), cwd=release.folder)
        process = await spawn(child)
        self.site.extras.append(process)
        if ready and (reason := await wait_ready(child, process, READY_SECONDS)) is not None:
            raise TimeoutError(f"{child.name} of the {release.name} release: {reason}\n{last_lines(child.log)}")
        return Running(child, process)

    async def finish(self, running: Running) -> None:
        """Ask a process to go."""
        await end(running.child, running.process)
        self.site.extras.remove(running.process)

    async def retire(self, service: str) -> None:
        """End what runs of a service."""
        if service in self.running:
            await self.finish(self.running.pop(service))
        else:
            await self.site.leave(service)

    # Steps.

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[list[float]]:
        """Measure a step until all is well after it; what it appends to the list is when the work was shared."""
        began, shared = monotonic(), list[float]()
        yield shared
        await self.traffic.well(monotonic())
        ended = monotonic()
        figures = self.traffic.figures(began, ended)
        self.steps.append(Step(name, shared[0] - began if shared else None, ended - began, figures))
        print(f"  {name}: {ended - began:.1f} s, longest gap {figures.gap:.1f} s", flush=True)

    async def rest(self, name: str, seconds: float) -> None:
        """Nothing happens, for comparison."""
        async with self.step(name):
            await asyncio.sleep(seconds)

    async def exchange(self, service: str, to: Release) -> None:
        """Start a process of a release beside what runs; when they share the partitions, the old one ends."""
        async with self.step(f"{service}: {to.name} beside, then alone") as shared:
            fresh = await self.begin(service, to)
            await self._shares(service, fresh)
            shared.append(monotonic())
            await self.retire(service)
            self.running[service] = fresh

    async def replace(self, *services: str) -> None:
        """End processes and start those of the next release in their places."""

        async def one(service: str) -> None:
            await self.retire(service)
            self.running[service] = await self.begin(service, self.next._replace(instance="1"))

        async with self.step(f"{', '.join(services)}: next in place"):
            await asyncio.gather(*map(one, services))

    async def gateway(self, name: str, held_back: list[str]) -> None:
        """Start a gateway of the next release beside the old one, let the balancer know it, and end the old one."""
        async with self.step(name):
            fresh = await self.begin("gateway", self.next, KALIMAYA_HELD_BACK=json.dumps(held_back))
            self.traffic.gateways.append(fresh.url)
            del self.traffic.gateways[0]
            await self.retire("gateway")
            self.running["gateway"] = fresh

    async def unknown_version(self, whose: str) -> None:
        """The new version is not taken in yet."""
        answer = await self.traffic.say(self.traffic.gateways[0], self.traffic.arrival(second=True))
        told = answer.json()
        self.tell(f"version 2 at the gateway of {whose}: {answer.status_code} {told.get('type')}: {told.get('detail')}")
        self.must(answer.status_code == 422 and "unknown-version" in told["type"], f"{whose} said {answer.text}")

    async def second_version(self) -> None:
        """The new version is taken in, decided and in the picture, of every partition."""
        async with self.step("version 2 is sent"):
            answer = (await self.traffic.say(self.traffic.gateways[0], self.traffic.arrival(second=True))).json()
            self.must(answer.get("outcome", {}).get("kind") == "accepted", f"version 2 was not accepted: {answer}")
            self.tell(f"version 2 now: {answer['outcome']['kind']}, as {answer['outcome']['events'][0]['dataschema']}")
            self.traffic.second = True

    async def too_late(self, service: str) -> None:
        """Start this release again beside the next, which has written version 2: it must stop and say why."""
        async with self.step(f"{TOO_LATE}{service} of this release beside the next"):
            back = await self.begin(service, THIS, ready=False)
            self.tell(f"{service} of this release: {await self._stopped(back)}")
            await self.finish(back)

    async def rebuild(self) -> None:
        """Fold the read model anew by the next release, while all goes on: what this one projected is as it read it."""
        _, said = await _run(self.next, "rebuild", "--check", *self._stores)
        kinds = Counter(re.findall(r"^(\w+) .* is not what follows from the logs: (.*)$", said, re.MULTILINE))
        self.tell(f"before the rebuild: {said.splitlines()[-1]} The first: {dict(kinds)}")
        async with self.step("kalimaya rebuild of the next release"):
            code, said = await _run(self.next, "rebuild", *self._stores)
            self.tell(f"rebuild: {said.splitlines()[-1]}")
            self.must(code == 0, f"the read model was not rebuilt: {said}")

    @property
    def _stores(self) -> tuple[str, ...]:
        return "--kafka", self.site.bootstrap, "--postgres", self.site.postgres.dsn()

    async def _shares(self, service: str, running: Running) -> None:
        deadline = monotonic() + READY_SECONDS
        while not await self.site.share(service, running.child):
            if monotonic() > deadline:
                raise TimeoutError(f"{running.child.name} came to own nothing\n{last_lines(running.child.log)}")
            await asyncio.sleep(0.1)

    async def _stopped(self, running: Running) -> str:
        """Why a process says that it is not ready, once it is because of the new version. Raises TimeoutError."""
        deadline, said = monotonic() + READY_SECONDS, "nothing"
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            while SECOND not in said or "stopped" not in said:
                if monotonic() > deadline:
                    raise TimeoutError(f"{running.child.name} does not stop: it says {said}")
                await asyncio.sleep(0.1)
                try:
                    failing = (await client.get(f"http://{HOST}:{running.port}/readyz")).json()["failing"]
                except (httpx.HTTPError, ValueError):
                    continue
                said = "; ".join(failing.values())
        return said

    # Snapshots.

    def snapshots(self) -> Counter[str]:
        """What became of snapshots so far, by the deployment deciders' logs."""
        logs = self.site.logs.glob("deployment*.log")
        return Counter(said for log in logs for said in SNAPSHOT.findall(log.read_text(errors="replace")))

    async def snapshots_written(self) -> None:
        """Until each partition of the deployment service has one. Raises TimeoutError."""
        deadline = monotonic() + SNAPSHOT_SECONDS
        while (found := self.snapshots())["written"] < PARTITIONS:
            if monotonic() > deadline:
                raise TimeoutError(f"{found['written']} snapshots were written in {SNAPSHOT_SECONDS:.0f} s")
            await asyncio.sleep(0.2)

    # The end.

    async def judge(self, receipts: Path) -> None:
        """Nothing that was sent is lost or doubled, and the picture is what follows from the logs."""
        await self.traffic.end()
        await asyncio.gather(*map(self.retire, WATCHES))
        await self.traffic.drained()
        code, said = await _run(self.next, "audit", *self._stores, "--receipts", str(receipts), "--wait", "30")
        self.tell(f"audit of the next release: {said.splitlines()[-1]}")
        self.must(code == 0, f"the audit is not clean:\n{said}")
        code, said = await _run(self.next, "rebuild", "--check", *self._stores)
        self.tell(f"folded anew: {said.splitlines()[-1]}")
        self.must(code == 0, f"the read model is not what follows from the logs:\n{said}")
        tries = self.traffic.tries - self.traffic.sent
        self.tell(f"{self.traffic.sent:,} messages acknowledged, {tries} tries without an answer; receipts of all")

    async def judge_by_this(self) -> None:
        """The audit of this release must say what it cannot read, and not pass over it."""
        code, said = await _run(THIS, "audit", *self._stores)
        told = next((line for line in said.splitlines() if SECOND in line), said)
        self.tell(f"audit of this release, exit code {code}: {told.strip()}")
        self.must(code == 1 and SECOND in said, f"the audit of this release does not say what it lacks:\n{said}")

    def show(self) -> float:
        """The table of steps; the longest gap of those that an upgrade is made of."""
        table = Table("step", "shared after", "well after", "messages", "median", "slowest", "longest gap")
        for name, beside, took, of in self.steps:
            shared = "" if beside is None else f"{beside:.1f} s"
            gap = f"{of.gap:.1f} s ({of.at[0]}/{of.at[1]})"
            projected = str(of.messages), f"{of.median:.2f} s", f"{of.slowest:.1f} s"
            table.add_row(name, shared, f"{took:.1f} s", *projected, gap)
        Console(width=140).print(table)
        return max(step.figures.gap for step in self.steps if not step.name.startswith(TOO_LATE))


async def _run(release: Release, *command: str) -> tuple[int, str]:
    """A command of a release: its exit code, and what it said."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "kalimaya", *command],
        cwd=release.folder, env=os.environ | {"COLUMNS": "200"}, text=True, capture_output=True, timeout=120,
        check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).strip()


@asynccontextmanager
async def live(folder: Path) -> AsyncIterator[Upgrade]:
    """Everything of this release, up and under load, in an empty folder; the next release lies beside."""
    upcoming = make_next(folder / "next")
    site = Site(folder / "site", 1, clock.steady(timedelta(hours=12), 1), serang2019.START)
    try:
        began = monotonic()
        await site.start()
        async with Traffic(site, folder / "receipts.jsonl") as traffic:
            upgrade = Upgrade(site, traffic, upcoming)
            upgrade.tell(f"everything of this release is up after {monotonic() - began:.0f} s")
            yield upgrade
    finally:
        await site.stop()


async def whole(upgrade: Upgrade, receipts: Path) -> None:
    """There, back, there again, the switch, and back when it is too late."""
    traffic, upcoming = upgrade.traffic, upgrade.next
    await traffic.before(SNAPSHOT_ANSWERS * PARTITIONS * 11 // 10)
    traffic.begin()
    await traffic.well(monotonic())
    await upgrade.rest("undisturbed", 10)
    await upgrade.exchange("projection", upcoming)
    await upgrade.snapshots_written()
    await upgrade.exchange("deployment", upcoming)
    await upgrade.exchange("deployment", THIS)
    await upgrade.exchange("projection", THIS)
    await upgrade.exchange("projection", upcoming)
    await upgrade.exchange("deployment", upcoming)
    await upgrade.replace("logistics", "incidents")
    await upgrade.replace(*WATCHES)
    await upgrade.unknown_version("this release")
    await upgrade.gateway("gateway: next beside, holding version 2 back", [SECOND])
    await upgrade.unknown_version("the next, which holds it back")
    await upgrade.gateway("the switch: next gateway beside, holding nothing back", [])
    await upgrade.second_version()
    await upgrade.too_late("projection")
    await upgrade.too_late("deployment")
    await upgrade.rebuild()
    found = upgrade.snapshots()
    upgrade.tell(f"snapshots of the deployment deciders: {dict(found)}")
    upgrade.must(found["outdated"] > 0, "no snapshot of another release was met")
    upgrade.must(found["refused"] == 0, "a snapshot was refused for another reason than its release")
    await upgrade.judge(receipts)
    await upgrade.judge_by_this()


async def short(upgrade: Upgrade, receipts: Path) -> None:
    """There with the decider and past the switch; readers have gone before the load."""
    traffic, upcoming = upgrade.traffic, upgrade.next
    await asyncio.gather(*map(upgrade.retire, (*WATCHES, "projection")))
    upgrade.running["projection"] = await upgrade.begin("projection", upcoming._replace(instance="1"))
    traffic.begin()
    await traffic.well(monotonic())
    await upgrade.exchange("deployment", upcoming)
    await upgrade.unknown_version("this release")
    await upgrade.gateway("the switch: next gateway beside, holding nothing back", [])
    await upgrade.second_version()
    await upgrade.judge(receipts)
