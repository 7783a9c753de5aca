"""The one running `kalimaya up` of a data folder: who it is, what its processes are, how to end it.

A lock that the kernel drops with its holder tells whether it runs; a pid in a file alone would outlive it.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from kalimaya.supervisor import Supervised

MARKER = "This folder is one operation's data: logs of record, read model, keys. `make clean-data` removes it.\n"


class AlreadyRunningError(Exception):
    """Another `kalimaya up` holds this data folder; the argument is its pid."""


class ProcessRow(BaseModel):
    """One process as the running supervisor last wrote it down."""

    name: str
    pid: int | None
    state: str
    restarts: int
    since: str
    reason: str | None
    readyz: str | None


@contextmanager
def claim(data: Path) -> Iterator[None]:
    """Hold the data folder for this process; raises AlreadyRunningError when another one does."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "README").write_text(MARKER)
    with (data / "up.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(holder(data)) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def holder(data: Path) -> int | None:
    """The pid of the running `kalimaya up`, None when nothing runs."""
    path = data / "up.pid"
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read().strip() or 0) or None
    return None


def ask_to_stop(data: Path, seconds: float) -> bool:
    """Send SIGTERM to the running `kalimaya up` and wait for its end: True when it is gone."""
    deadline = time.monotonic() + seconds
    pid = holder(data)
    if pid is None:
        return True
    os.kill(pid, signal.SIGTERM)
    while holder(data) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def write_processes(data: Path, children: list[Supervised]) -> None:
    """Write down what `kalimaya status` shows; whole or not at all, for a reader may come at any time."""
    rows = [
        ProcessRow(
            name=one.child.name,
            pid=one.process.pid if one.process and one.process.returncode is None else None,
            state=one.state,
            restarts=one.restarts,
            since=one.since.isoformat(timespec="seconds"),
            reason=one.reason,
            readyz=one.child.readyz,
        ).model_dump()
        for one in children
    ]
    fresh = data / "processes.json.new"
    fresh.write_text(json.dumps(rows, indent=1))
    fresh.replace(data / "processes.json")


def read_processes(data: Path) -> list[ProcessRow]:
    """What was last written down, in order of start; empty when nothing was."""
    path = data / "processes.json"
    return [ProcessRow(**row) for row in json.loads(path.read_text())] if path.exists() else []
