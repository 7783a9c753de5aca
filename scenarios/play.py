"""`python -m scenarios.play`: sends a plan to the gateway as its sources would, in the scenario's time.

Each message waits for its moment and for the answers that it depends on, and is sent until it is answered, whatever is
killed meanwhile. Exit code 0: all became what was planned; 3: something did not.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scenarios import serang2019
from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipts
from scenarios.sender import WAIT_SECONDS, Sender
from services.kit import clock
from services.kit.clock import Clock

UNMET = 3
"""Exit code when everything is played and something became other than planned."""

AT_ONCE = 12
"""Sendings under way at a time; the pool of a Python client costs more with each connection."""

TELL_EVERY_SECONDS = 5.0


class Player:
    """Plays one plan. `now` paces it; None means flat out."""

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
        for receipt in await self._sender.send(open_):
            self._receipts.add(receipt)
            self._answered[receipt.step].set()


async def _show(player: Player, console: Console) -> None:
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
    now = None if options.speed == "max" else clock.load(Path(options.clock))
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    timeout = httpx.Timeout(WAIT_SECONDS + 10, connect=2)
    async with httpx.AsyncClient(base_url=options.gateway, limits=limits, timeout=timeout, trust_env=False) as client:
        sender = Sender(client, _tokens(options.tokens), plan.name)
        player = Player(plan, sender, receipts, now)
        showing = asyncio.create_task(_show(player, console))
        try:
            await player.play()
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        if sender.retries:
            console.print(f"  sent again while something was away: {sender.retries:,}", highlight=False)


def summarise(plan: Plan, receipts: Receipts, console: Console) -> int:
    """Print what became of the messages; how many became other than planned."""
    became = Counter(str(receipts.by_step[each.step].result(each)) for each in plan.messages)
    table = Table(
        "outcome", "messages", title=f"Scenario {plan.name}: {len(plan.messages):,} messages", title_justify="left"
    )
    for outcome, count in became.most_common():
        table.add_row(outcome if not outcome.isdigit() else f"turned away at the door, {outcome}", f"{count:,}")
    console.print(table)
    unmet = [each for each in plan.messages if not receipts.by_step[each.step].met(each)]
    for each in unmet[:20]:
        told = receipts.by_step[each.step]
        console.print(
            f"  {each.source} {each.id}: planned {each.expect} {each.reason or ''}, "
            f"became {told.result(each)} {told.reason or ''} ({told.said or ''})",
            markup=False,
            highlight=False,
        )
    console.print(f"  As planned: {len(plan.messages) - len(unmet):,} of {len(plan.messages):,}.", highlight=False)
    return len(unmet)


def _tokens(path: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(path).read_text())
    return found


def _options() -> argparse.Namespace:
    found = argparse.ArgumentParser(description="play the scenario Serang 2019")
    found.add_argument("--scenario", "--size", choices=sorted(serang2019.SIZES), default="small")
    found.add_argument("--seed", type=int, default=2019)
    found.add_argument("--gateway", default="http://127.0.0.1:8001")
    found.add_argument("--tokens", default=".kalimaya/tokens.json")
    found.add_argument("--clock", default=".kalimaya/clock.json")
    found.add_argument("--receipts", default=".kalimaya/receipts.jsonl")
    found.add_argument(
        "--speed",
        choices=["clock", "max"],
        default="clock",
        help="max: wait for nothing's time; good only when the clock is at its end, or all will be ahead of it",
    )
    found.add_argument("--messages-only", metavar="FILE", help="write the plan there and send nothing")
    return found.parse_args()


def main() -> None:
    """Play, or write the plan down."""
    options, console = _options(), Console()
    plan = serang2019.make(options.scenario, options.seed)
    if options.messages_only:
        with Path(options.messages_only).open("w", encoding="utf-8") as out:
            out.writelines(plan.lines())
        return
    receipts = Receipts(Path(options.receipts), plan.name)
    try:
        asyncio.run(_play(plan, options, receipts, console))
        sys.exit(UNMET if summarise(plan, receipts, console) else 0)
    finally:
        receipts.close()


if __name__ == "__main__":
    main()
