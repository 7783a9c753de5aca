"""`python -m scenarios.play`: sends a plan as its sources would, over HTTP or Kafka, at a speed or flat out.

Each message is sent until it is answered, whatever is killed meanwhile. Exit code 0: all became what was planned; 3:
something did not.
"""

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scenarios import serang2019
from scenarios.flat_out import FlatOut
from scenarios.over_kafka import OverKafka
from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipts
from scenarios.scale import scaled
from scenarios.sender import WAIT_SECONDS, Sender
from scenarios.summary import summarise
from services.kit import clock
from services.kit.clock import Clock
from services.kit.principals import load_principals
from services.kit.settings import KafkaSettings

UNMET = 3
"""Exit code when everything is played and something became other than planned."""

AT_ONCE = 12
"""Sendings under way at a time; the pool of a Python client costs more with each connection."""

TELL_EVERY_SECONDS = 5.0


class Playing(Protocol):
    """A way to play a plan."""

    total: int

    @property
    def done(self) -> int:
        """Messages answered so far."""

    async def play(self) -> None:
        """Send everything that is not answered yet."""


class Player:
    """Plays one plan over HTTP, each message at its moment by `now`; None means as fast as the answers come.

    A message waits for the answers that it depends on.
    """

    def __init__(self, plan: Plan, sender: Sender, receipts: Receipts, now: Clock | None) -> None:
        self._sender, self._receipts, self._now = sender, receipts, now
        self.total = len(plan.messages)
        self._sendings = [
            together for together in plan.sendings() if any(m.step not in receipts.by_step for m in together)
        ]
        self._answered = {each.step: asyncio.Event() for each in plan.messages}
        for step in receipts.by_step:
            self._answered[step].set()

    @property
    def done(self) -> int:
        """Messages answered so far."""
        return len(self._receipts.by_step)

    async def play(self) -> None:
        """Send everything that is not answered yet."""
        places = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for together in self._sendings:
                await self._moment(together[0])
                # Handed out in the plan's order, so that what somebody waits for always has a place before him.
                await places.acquire()
                task = tasks.create_task(self._send(together))
                task.add_done_callback(lambda _: places.release())

    async def _moment(self, message: Planned) -> None:
        if self._now is not None:
            ahead = (self._now.wall_at(message.send_at) - datetime.now(UTC)).total_seconds()
            if ahead > 0:
                await asyncio.sleep(ahead)

    async def _send(self, together: list[Planned]) -> None:
        for step in {step for each in together for step in each.after}:
            await self._answered[step].wait()
        open_ = [each for each in together if not self._answered[each.step].is_set()]
        receipts = await self._sender.send(open_)
        self._receipts.add(*receipts)
        for receipt in receipts:
            self._answered[receipt.step].set()


async def _show(player: Playing, console: Console) -> None:
    """Progress: a bar on a terminal, otherwise a line now and then. Runs until cancelled."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(TELL_EVERY_SECONDS)
            console.print(f"  scenario: {player.done:,} of {player.total:,} messages answered", highlight=False)
    columns = (TextColumn("  scenario"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("scenario", total=player.total)
        while True:
            progress.update(bar, completed=player.done)
            await asyncio.sleep(0.2)


async def _play(plan: Plan, options: argparse.Namespace, receipts: Receipts, console: Console) -> None:
    path = Path(options.clock)
    now = clock.load(path)
    flat_out = now.flat_out is not None
    reached = partial(clock.reach, path) if flat_out else _nobody
    if options.over == "kafka":
        topics = {each.id for each in load_principals(Path(options.agencies)).values() if each.kafka}
        kafka = KafkaSettings(kafka=options.kafka).access
        player = OverKafka(plan, receipts, kafka, topics, None if flat_out else now, reached)
        await _watched(player, console)
        return
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    timeout = httpx.Timeout(WAIT_SECONDS + 20, connect=2)
    async with httpx.AsyncClient(base_url=options.gateway, limits=limits, timeout=timeout, trust_env=False) as client:
        sender = Sender(client, _tokens(options.tokens), plan.name, flat_out=flat_out)
        paced = Player(plan, sender, receipts, now)
        await _watched(FlatOut(plan, sender, receipts, reached) if flat_out else paced, console)
        if sender.retries:
            console.print(f"  sent again while something was away: {sender.retries:,}", highlight=False)


async def _watched(player: Playing, console: Console) -> None:
    showing = asyncio.create_task(_show(player, console))
    try:
        await player.play()
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


def _nobody(_: datetime) -> None:
    """Nobody needs to know how far we have come: the clock goes by itself."""


def _tokens(path: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(path).read_text())
    return found


def _options() -> argparse.Namespace:
    found = argparse.ArgumentParser(description="play the scenario Serang 2019; how fast, the clock at --clock says")
    found.add_argument("--scenario", "--size", choices=sorted(serang2019.SIZES), default="small")
    found.add_argument("--seed", type=int, default=serang2019.SEED)
    found.add_argument("--scale", type=int, default=1, help="so many operations like it at once, for load")
    found.add_argument("--over", choices=["http", "kafka"], default="http")
    found.add_argument("--gateway", default="http://127.0.0.1:8001")
    found.add_argument("--kafka", default="127.0.0.1:9092")
    found.add_argument("--agencies", default="deploy/embedded/agencies.yaml")
    found.add_argument("--tokens", default=".kalimaya/tokens.json")
    found.add_argument("--clock", default=".kalimaya/clock.json")
    found.add_argument("--receipts", default=".kalimaya/receipts.jsonl")
    found.add_argument("--messages-only", metavar="FILE", help="write the plan there and send nothing")
    return found.parse_args()


def main() -> None:
    """Play, or write the plan down."""
    options, console = _options(), Console()
    plan = scaled(serang2019.make(options.scenario, options.seed), options.scale)
    if options.messages_only:
        with Path(options.messages_only).open("w", encoding="utf-8") as out:
            out.writelines(plan.lines())
        return
    receipts = Receipts(Path(options.receipts), plan.name)
    before, began = len(receipts.by_step), time.monotonic()
    try:
        asyncio.run(_play(plan, options, receipts, console))
        seconds = time.monotonic() - began
        unmet = summarise(plan, receipts, console)
        if played := len(receipts.by_step) - before:
            each = f"{played:,} messages in {seconds:.1f} s, {played / seconds:,.0f} a second"
            console.print(f"  {each}.", highlight=False)
        sys.exit(UNMET if unmet else 0)
    finally:
        receipts.close()


if __name__ == "__main__":
    main()
