"""An event loop without a clock and without an order of its own: both come from a source of chance.

It knows processes: callbacks that stop together, for ever (a kill) or for a while (a pause).
"""

import asyncio
from asyncio.events import Handle, TimerHandle
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any


class Deadlock(Exception):
    """Nothing is ready and no timer runs: nothing will ever happen again."""


class Process:
    """Whatever runs in its context stands still with it: for a while, or for ever when it was killed.

    A killed process runs not one line more, neither `except` nor `finally`, as after kill -9. `held` is what it was
    about to do, None while it runs.
    """

    def __init__(self, name: str) -> None:
        self.name, self.alive = name, True
        self.held: list[Handle] | None = None


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)
"""Whose code is running; None is the world outside the processes: broker, network and chaos."""

BURIAL_ROUNDS = 10


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs one ready callback at a time, drawn by chance; when none is ready, time jumps to the next timer."""

    _ready: Any
    _scheduled: Any

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._random, self._now = chance.random, 0.0
        self._ready = []
        self._numbers = count()
        self._buried = False
        self._processes: list[Process] = []
        self.steps = 0
        self.complaints: list[str] = []
        """What asyncio would have logged: exceptions that nobody saw."""
        self.set_exception_handler(lambda _, context: self.complaints.append(str(context.get("exception", context))))

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._now

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> TimerHandle:
        """As any loop's; a heap of tuples compares faster than one of timers, and no two are equal."""
        timer = TimerHandle(when, callback, args, self, context)
        heappush(self._scheduled, (when, next(self._numbers), timer))
        return timer

    def start(self, process: Process, main: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run a coroutine, and all that it will start, as this process."""
        self._processes.append(process)
        context = copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(main, context=context)

    def kill(self, process: Process) -> None:
        """End a process where it stands. What it has sent is on its way and arrives."""
        process.alive = False
        self.pause(process)

    def pause(self, process: Process) -> None:
        """Let a process stand still, as a stopped virtual machine does: its timers run out meanwhile."""
        process.held = process.held or []

    def resume(self, process: Process) -> None:
        """Let a paused process go on with what it was about to do."""
        held, process.held = process.held, None
        self._ready.extend(held or ())

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled
        while scheduled and (not ready or scheduled[0][0] <= self._now):
            when, _, timer = heappop(scheduled)
            if not timer._cancelled:
                self._now = max(self._now, when)
                ready.append(timer)
        if not ready:
            raise Deadlock
        drawn = int(self._random() * len(ready))
        ready[drawn], ready[-1] = ready[-1], ready[drawn]
        handle = ready.pop()
        if handle._cancelled:
            return
        process = handle._context.get(PROCESS)
        if process is not None and process.held is not None and not self._buried:
            process.held.append(handle)
            return
        self.steps += 1
        handle._run()

    def bury(self) -> None:
        """End every task, those of killed processes too, so that none is left to the garbage collector, and close."""
        self._buried = True
        for process in self._processes:
            self.resume(process)
        for _ in range(BURIAL_ROUNDS):  # wait_for of Python 3.11 can lose a cancellation
            tasks = asyncio.all_tasks(self)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self.run_until_complete(asyncio.wait(tasks, timeout=60))
        self.close()

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    def _process_events(self, event_list: Any) -> None:
        """There are no sockets."""
