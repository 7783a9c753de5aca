"""`make prove-watch`: every rule raised and cleared on a real Kafka and Faust, and what disturbs the watches undone.

The scenario is played in memory first, with a look every five minutes of its time: that is what is expected. Then it
is played on a system of its own, and once more while watches are killed, doubled and cut off from Kafka. The alerts
that stand at the end must be the same in all three. An episode that lasted longer than the longest time without a
look and two looks must have been raised exactly once. A shorter one may be missed, and may be seen though memory
knows none: what a message is under way, or waits for Kafka, are minutes of the scenario's time, and a look may fall
between two of a phone's reports.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kalimaya.playback import EVEN
from kalimaya.ports import free_ports
from scenarios import serang2019
from scenarios.plan import Plan
from scenarios.serang2019 import END
from schemas.types import AlertRule
from schemas.watched import WATCHED
from services.deployment.watch.settings import DeploymentWatchSettings
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.kit import clock
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.watch import LOGISTICS_WATCH
from tests.support.system import System
from tests.support.watching import Episode, Watched

TICK = 0.5
LOOK = timedelta(minutes=5)
QUIET = 20.0
"""Seconds between one disturbance and the next."""
SETTLED = 30.0
"""Seconds after the scenario's end until everything that is under way has come through."""

Subject = tuple[AlertRule, str]


@dataclass
class Ran:
    """What one run on a real system gave: the alerts, and the longest time without a look of each service's watch."""

    alerts: Sequence[Mapping[str, Any]]
    blind: Mapping[str, timedelta]
    disturbances: Counter[str]

    def least(self, rule: AlertRule) -> timedelta:
        """What lasted longer than this cannot have been missed."""
        return self.blind[WATCHED[rule].service] + 2 * LOOK

    @property
    def standing(self) -> set[Subject]:
        """What stood at the end."""
        return {(each["rule"], each["subject"]) for each in self.alerts if each["state"] == "standing"}


def rehearse(plan: Plan) -> list[Episode]:
    """The episodes of a play in memory."""
    watched = Watched(
        (DEPLOYMENT_WATCH, DeploymentWatchSettings.model_construct()),
        (LOGISTICS_WATCH, LogisticsWatchSettings.model_construct()),
        (INCIDENTS_WATCH, IncidentsWatchSettings.model_construct(escalate=False)),
    )
    watched.play(plan.messages, LOOK, until=END)
    return list(watched.episodes.values())


class Play:
    """One play on a system of its own, of which every child can be disturbed."""

    def __init__(self, folder: Path, size: str) -> None:
        self.system = System(folder)
        self.system.environment["KALIMAYA_TICK"] = str(TICK)
        self._size = size
        self._random = random.Random(2019)
        self._looked: dict[str, datetime] = {}
        self._blind: defaultdict[str, timedelta] = defaultdict(timedelta)
        self._disturbances: Counter[str] = Counter()

    async def run(self, disturbed: bool) -> Ran:
        """Play to the end; its alerts."""
        self.system.up("--scenario", self._size, "--speed", EVEN, "--over", "kafka")
        try:
            await self.system.reach(lambda: "scenario" in self.system.pids(), 120)
            watching = asyncio.create_task(self._measure())
            disturbing = asyncio.create_task(self._disturb()) if disturbed else None
            await self.system.played(3600)
            if disturbing is not None:
                disturbing.cancel()
                await asyncio.gather(disturbing, return_exceptions=True)
            await asyncio.sleep(SETTLED)
            watching.cancel()
            return Ran(self._alerts(), dict(self._blind), self._disturbances)
        finally:
            self.system.down()

    def _alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.system.picture("/v1/alerts", limit=1000, **cursor).json()
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    async def _measure(self) -> None:
        """How long of the scenario's time each watch went without a look, as its gauge has it; longer without one."""
        while True:
            running = clock.load(self.system.data / "clock.json")
            for service in ("deployment", "logistics", "incidents"):
                age = await asyncio.to_thread(self._age, service)
                if age is not None:
                    self._looked[service] = running.now(ago=timedelta(seconds=age))
                elif service not in self._looked:
                    continue
                self._blind[service] = max(self._blind[service], running.now() - self._looked[service])
            await asyncio.sleep(1)

    def _age(self, service: str) -> float | None:
        return self.system.gauge(f"{service}-watch", "kalimaya_watch_tick_age_seconds")

    async def _disturb(self) -> None:
        watches = [f"{service}-watch" for service in ("deployment", "logistics", "incidents")]
        while True:
            await asyncio.sleep(QUIET)
            name = self._random.choice(watches)
            what = self._random.choice(("kill -9", "kill -9", "second worker", "second worker", "Kafka restarted"))
            self._disturbances[what] += 1
            print(f"  {what}: {name}", flush=True)
            if what == "kill -9":
                await self.system.kill(name)
            elif what == "second worker":
                await self._second(name)
            else:
                await self.system.kill("kafka")

    async def _second(self, name: str) -> None:
        """A second worker joins, and leaves by SIGKILL."""
        (port,) = free_ports(1)
        environment = self.system.environment | {
            "KALIMAYA_KAFKA": f"127.0.0.1:{self.system.ports['KAFKA']}",
            "KALIMAYA_METRICS_PORT": str(port),
            "KALIMAYA_CLOCK": str(self.system.data / "clock.json"),
        }
        command = [sys.executable, "-m", f"services.{name.replace('-', '.')}"]
        process = await asyncio.to_thread(
            subprocess.Popen, command, env=os.environ | environment, stderr=subprocess.DEVNULL
        )
        try:
            await asyncio.sleep(self._random.uniform(2, 12))
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)


def compare(expected: Sequence[Episode], ran: Ran) -> list[str]:
    """Print the table by rule; what is wrong."""
    seen = Counter((each["rule"], each["subject"]) for each in ran.alerts)
    lasting = Counter((each["rule"], each["subject"]) for each in ran.alerts if _stood(each) > ran.least(each["rule"]))
    wrong = [f"stands at the end, but not in memory: {each}" for each in sorted(ran.standing - standing(expected))]
    wrong += [f"stands in memory only: {each}" for each in sorted(standing(expected) - ran.standing)]
    longer: Counter[Subject] = Counter()
    every: Counter[Subject] = Counter()
    for each in expected:
        subject = (each.rule, each.subject)
        every[subject] += 1
        longer[subject] += (each.cleared or END) - each.raised > ran.least(each.rule)
    wrong += [f"raised {seen[s]} times, not {n} to {every[s]}: {s}" for s, n in longer.items() if seen[s] < n]
    wrong += [
        f"raised for long {n} times, not {longer[s]} to {every[s]}: {s}" for s, n in lasting.items() if n > every[s]
    ]
    print("| rule | in memory | of them long | seen raised | of them long | seen cleared | standing at the end |")
    print("|---|---|---|---|---|---|---|")
    for rule in WATCHED:
        of_it = [each for each in ran.alerts if each["rule"] == rule]
        cleared = sum(each["state"] == "cleared" for each in of_it)
        counts = (_sum(every, rule), _sum(longer, rule), len(of_it), _sum(lasting, rule), cleared, len(of_it) - cleared)
        print(f"| {rule} | " + " | ".join(map(str, counts)) + " |")
    print(f"longest time without a look (scenario time): { {k: str(v) for k, v in ran.blind.items()} }")
    print(f"disturbances: {dict(ran.disturbances)}")
    return wrong


def _stood(alert: Mapping[str, Any]) -> timedelta:
    """For how long an alert stood, or at least until the end."""
    until = alert["cleared"]["as_of"] if alert["cleared"] else END.isoformat()
    return datetime.fromisoformat(until) - datetime.fromisoformat(alert["raised"]["as_of"])


def standing(expected: Sequence[Episode]) -> set[Subject]:
    """What stands at the end of the play in memory."""
    return {(each.rule, each.subject) for each in expected if each.cleared is None}


def _sum(counts: Mapping[Subject, int], rule: AlertRule) -> int:
    return sum(count for subject, count in counts.items() if subject[0] == rule)


async def prove(size: str, kinds: Sequence[str]) -> list[str]:
    """Play, in memory and for real; what is wrong."""
    plan = serang2019.make(size, 2019)
    began = datetime.now()
    expected = rehearse(plan)
    print(
        f"{len(plan.messages):,} messages in memory: {len(expected)} episodes in {datetime.now() - began}", flush=True
    )
    wrong: list[str] = []
    for kind in kinds:
        print(f"\n## {kind}, at an even pace, a look every {TICK} s\n", flush=True)
        with tempfile.TemporaryDirectory(prefix="kalimaya-proof-") as folder:
            found = compare(expected, await Play(Path(folder), size).run(kind == "disturbed"))
        print("\n".join(found) or "As expected.", flush=True)
        wrong += found
    return wrong


def main() -> None:
    """Exit code 1 when something is not as expected."""
    options = argparse.ArgumentParser(description="the watches, on a real system")
    options.add_argument("--size", default="full", choices=("small", "full"))
    options.add_argument("kinds", nargs="*", default=["undisturbed", "disturbed"])
    chosen = options.parse_args()
    sys.exit(bool(asyncio.run(prove(chosen.size, chosen.kinds))))


if __name__ == "__main__":
    main()
