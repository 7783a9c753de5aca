"""Keeps a set of children running: readiness at start, restart with back-off, stop in reverse order.

It must not know what the children are. Restarting is safe because every child keeps its truth in the
logs or on disk and may be killed at any time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from kalimaya.process import Child, describe_exit, end, last_lines, spawn, wait_ready

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
STEADY_SECONDS = 20.0
"""A child that was up this long starts again at once; one that falls over sooner waits longer each time."""


class State(StrEnum):
    """Where a child is in its life."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting to restart"
    FINISHED = "finished"
    STOPPED = "stopped"


class StartFailedError(Exception):
    """A child was not ready in time; the message says why and ends with the last lines of its log."""


@dataclass(slots=True)
class Supervised:
    """A child and what has become of it so far."""

    child: Child
    state: State = State.STARTING
    restarts: int = 0
    process: asyncio.subprocess.Process | None = None
    reason: str | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Starts children in groups, in the order given, and stops the groups in reverse.

    `on_change` is called after every change of a child's state, `say` with one line for the operator when
    a child ends unasked.
    """

    def __init__(
        self,
        *,
        start_seconds: float = 90.0,
        on_change: Callable[[list[Supervised]], None] = lambda children: None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._groups: list[list[Supervised]] = []
        self._start_seconds = start_seconds
        self._on_change = on_change
        self._say = say

    @property
    def children(self) -> list[Supervised]:
        """All children in the order of their start."""
        return [one for group in self._groups for one in group]

    async def start(self, *group: Child) -> None:
        """Start these side by side and return when all are ready; raise StartFailedError otherwise."""
        started = [Supervised(child) for child in group]
        self._groups.append(started)
        for one in started:
            one.keeper = asyncio.create_task(self._keep(one), name=f"keep {one.child.name}")
        await asyncio.gather(*(self._first_ready(one) for one in started))

    async def finish(self, child: Child) -> None:
        """Start a child that ends by itself and return when its work is done."""
        await self.start(child)
        keeper = self._groups[-1][0].keeper
        assert keeper is not None
        await keeper

    async def stop(self) -> None:
        """End every child, the last started group first."""
        for group in reversed(self._groups):
            await asyncio.gather(*(self._end(one) for one in group))

    async def _end(self, one: Supervised) -> None:
        if one.keeper:
            one.keeper.cancel()
            await asyncio.gather(one.keeper, return_exceptions=True)
        if one.process:
            await end(one.child, one.process)
        if one.state is not State.FINISHED:
            self._enter(one, State.STOPPED)

    async def _first_ready(self, one: Supervised) -> None:
        try:
            await asyncio.wait_for(one.ready.wait(), self._start_seconds)
        except TimeoutError:
            raise StartFailedError(
                f"{one.child.name} was not ready after {self._start_seconds:.0f} s: {one.reason}\n"
                f"{last_lines(one.child.log)}"
            ) from None

    async def _keep(self, one: Supervised) -> None:
        clock = asyncio.get_running_loop().time
        delay = FIRST_DELAY
        while True:
            began = clock()
            one.reason = await self._run_once(one)
            if one.reason is None:
                one.ready.set()
                self._enter(one, State.FINISHED)
                return
            if clock() - began > STEADY_SECONDS:
                delay = FIRST_DELAY
            self._say(f"{one.child.name} {one.reason}; starting it again in {delay:.1f} s")
            self._enter(one, State.WAITING)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            one.restarts += 1

    async def _run_once(self, one: Supervised) -> str | None:
        """Run a child until it ends: why it ended, None when its work is done."""
        try:
            one.process = await spawn(one.child)
        except OSError as error:
            return f"could not be started ({error})"
        self._enter(one, State.STARTING)
        probing = asyncio.create_task(self._watch_ready(one, one.process))
        try:
            code = await one.process.wait()
        finally:
            probing.cancel()
        if code not in one.child.finished_by:
            return f"ended with {describe_exit(code)}"
        if code:
            self._say(f"{one.child.name} ended with {describe_exit(code)}")
        return None

    async def _watch_ready(self, one: Supervised, process: asyncio.subprocess.Process) -> None:
        while process.returncode is None:
            one.reason = await wait_ready(one.child, process, seconds=1.0)
            if one.reason is None:
                one.ready.set()
                self._enter(one, State.READY)
                return

    def _enter(self, one: Supervised, state: State) -> None:
        one.state, one.since = state, datetime.now(UTC)
        try:
            self._on_change(self.children)
        except OSError as error:  # who looks on sees less; the children are kept all the same
            self._say(f"how the processes are cannot be written down: {error}")
