"""One child process: start it so that it cannot outlive us, wait until it is ready, end it.

It must not know what the children are, nor decide whether one is started again (that is the supervisor).
"""

import asyncio
import ctypes
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child must not import before exec, another thread may have held the lock.
_libc = ctypes.CDLL(None, use_errno=True)

Probe = Callable[[], Awaitable[str | None]]


async def no_probe() -> str | None:
    """Readiness of a child that has none to show: it is ready as soon as it runs."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to run and how to treat it.

    `probe` returns None when the child is ready, otherwise the reason why not yet. `user` is a (uid, gid)
    to run as. `log` is the file that takes its output; None leaves the output on our own.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    log: Path | None = None
    user: tuple[int, int] | None = None
    probe: Probe = no_probe
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 20.0
    orphan_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when we die without a word."""
    readyz: str | None = None
    """Where anybody may ask whether it is ready, for `kalimaya status`."""
    finished_by: frozenset[int] = frozenset()
    """Exit codes that say its work is done; after any other it is started again."""


async def spawn(child: Child) -> asyncio.subprocess.Process:
    """Start a child in a session of its own, so that the terminal's Ctrl-C reaches us and not it.

    Call it from a thread that lives as long as the child: the kernel sends `orphan_signal` when the
    *thread* that forked ends.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(child.orphan_signal))
        if os.getppid() != parent:  # we died between fork and prctl: the signal would never come
            os._exit(1)

    output = os.open(child.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if child.log else None
    uid, gid = child.user or (None, None)
    try:
        return await asyncio.create_subprocess_exec(
            *child.argv,
            env={**os.environ, **child.env},
            cwd=child.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=[] if child.user else None,
            preexec_fn=tie_to_parent,
        )
    finally:
        if output is not None:
            os.close(output)


async def wait_ready(child: Child, process: asyncio.subprocess.Process, seconds: float) -> str | None:
    """Wait until the probe is content: None when ready, otherwise the last reason why it was not.

    Gives up early when the process ends.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    reason: str | None = "not asked yet"
    while process.returncode is None:
        try:
            reason = await asyncio.wait_for(child.probe(), timeout=5)
        except TimeoutError:
            reason = "no answer within 5 s"
        except Exception as error:  # whatever a client library raises; `kalimaya status` shows it
            reason = repr(error)
        if reason is None or asyncio.get_running_loop().time() > deadline:
            return reason
        await asyncio.sleep(0.1)
    return f"ended with {describe_exit(process.returncode)}"


async def end(child: Child, process: asyncio.subprocess.Process) -> None:
    """Ask a child to stop; kill it when it has not within `stop_seconds`."""
    if process.returncode is not None:
        return
    process.send_signal(child.stop_signal)
    try:
        await asyncio.wait_for(process.wait(), timeout=child.stop_seconds)
    except TimeoutError:
        process.kill()
        await process.wait()


def describe_exit(code: int) -> str:
    """An exit code in words: `code 1`, `signal SIGKILL`."""
    return f"code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def last_lines(log: Path | None, count: int = 15) -> str:
    """The end of a child's log, for a message about why it did not start."""
    if log is None or not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-count:])
