"""The supervisor's promises, each with small children of its own."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalimaya.process import Child
from kalimaya.supervisor import StartFailedError, State, Supervised, Supervisor

SLEEPER = "import time; time.sleep(600)"


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    one = Supervisor(start_seconds=20, say=lambda line: None)
    yield one
    await one.stop()


def python(name: str, program: str, **fields: object) -> Child:
    return Child(name=name, argv=(sys.executable, "-c", program), **fields)  # type: ignore[arg-type]


async def until(one: Supervised, state: State, restarts: int) -> None:
    try:
        async with asyncio.timeout(20):
            while one.state is not state or one.restarts < restarts:
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"{one.child.name}: {one.state}, {one.restarts} restarts, {one.reason}")


async def test_a_killed_child_is_started_again(supervisor: Supervisor) -> None:
    await supervisor.start(python("child", SLEEPER))
    one = supervisor.children[0]
    assert one.process is not None
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    await until(one, State.READY, restarts=1)
    assert one.process.pid != first


async def test_children_are_kept_though_nothing_can_be_written_down_about_them() -> None:
    said = list[str]()

    def full(_: list[Supervised]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    supervisor = Supervisor(start_seconds=20, on_change=full, say=said.append)
    try:
        await supervisor.start(python("child", SLEEPER))
        one = supervisor.children[0]
        assert one.process is not None
        os.kill(one.process.pid, signal.SIGKILL)
        await until(one, State.READY, restarts=1)
    finally:
        await supervisor.stop()
    assert any("No space left" in line for line in said)


async def test_start_returns_only_when_the_child_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    flag = tmp_path / "flag"

    async def probe() -> str | None:
        return None if flag.exists() else "no flag yet"

    await supervisor.start(python("child", f"open({str(flag)!r}, 'w'); {SLEEPER}", probe=probe))
    assert flag.exists()


async def test_a_child_that_never_gets_ready_fails_the_start_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(start_seconds=10, say=lambda line: None)
    with pytest.raises(StartFailedError, match="no such colour"):
        await supervisor.start(
            python("child", "raise SystemExit('no such colour')", probe=_never, log=tmp_path / "log")
        )
    await supervisor.stop()


async def test_each_fall_waits_longer_than_the_last() -> None:
    said: list[str] = []
    supervisor = Supervisor(start_seconds=60, say=said.append)
    starting = asyncio.create_task(supervisor.start(python("child", "raise SystemExit(3)", probe=_never)))
    while len(said) < 3 and not starting.done():
        await asyncio.sleep(0.02)
    starting.cancel()
    await supervisor.stop()
    waits = [float(line.split()[-2]) for line in said]
    assert len(waits) >= 3
    assert waits == sorted(set(waits))


async def test_a_program_that_is_not_there_fails_the_start_with_the_reason() -> None:
    supervisor = Supervisor(start_seconds=2, say=lambda line: None)
    with pytest.raises(StartFailedError, match="No such file"):
        await supervisor.start(Child(name="child", argv=("/no/such/program",)))
    await supervisor.stop()


async def test_a_probe_that_raises_is_a_reason_and_not_the_end() -> None:
    supervisor = Supervisor(start_seconds=5, say=lambda line: None)

    async def probe() -> str | None:
        raise ValueError("no such colour")

    with pytest.raises(StartFailedError, match="no such colour"):
        await supervisor.start(python("child", SLEEPER, probe=probe))
    await supervisor.stop()


async def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    record = tmp_path / "record"
    program = (
        "import signal, sys, time\n"
        "def bye(*_): open({record!r}, 'a').write({name!r}); sys.exit()\n"
        "signal.signal(signal.SIGTERM, bye); open({flag!r}, 'w'); time.sleep(600)\n"
    )
    supervisor = Supervisor(start_seconds=20, say=lambda line: None)
    for name in "abc":
        flag = tmp_path / name

        async def probe(flag: Path = flag) -> str | None:
            return None if flag.exists() else "not yet"

        text = program.format(record=str(record), name=name, flag=str(flag))
        await supervisor.start(python(name, text, probe=probe))
    await supervisor.stop()
    assert record.read_text() == "cba"


async def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    flag = tmp_path / "flag"

    async def probe() -> str | None:
        return None if flag.exists() else "not yet"

    program = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(flag)!r}, 'w'); {SLEEPER}"
    supervisor = Supervisor(start_seconds=20, say=lambda line: None)
    await supervisor.start(python("deaf", program, probe=probe, stop_seconds=0.2))
    await supervisor.stop()
    process = supervisor.children[0].process
    assert process is not None
    assert process.returncode == -signal.SIGKILL


async def test_a_child_that_may_finish_is_left_finished(supervisor: Supervisor) -> None:
    await supervisor.start(python("player", "pass", finished_by=frozenset({0})))
    await until(supervisor.children[0], State.FINISHED, restarts=0)


async def test_an_exit_code_that_means_done_with_complaints_is_an_end_and_is_told(supervisor: Supervisor) -> None:
    await supervisor.start(python("player", "raise SystemExit(3)", finished_by=frozenset({0, 3})))
    await until(supervisor.children[0], State.FINISHED, restarts=0)


async def test_finish_returns_when_the_work_is_done(supervisor: Supervisor, tmp_path: Path) -> None:
    done = tmp_path / "done"
    program = f"import time; time.sleep(0.3); open({str(done)!r}, 'w')"
    await supervisor.finish(python("player", program, finished_by=frozenset({0})))
    assert done.exists()


async def test_a_child_that_may_finish_but_falls_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    flag = str(tmp_path / "flag")
    program = f"import os, sys; known = os.path.exists({flag!r}); open({flag!r}, 'w'); sys.exit(not known)"
    await supervisor.start(python("player", program, finished_by=frozenset({0})))
    await until(supervisor.children[0], State.FINISHED, restarts=1)


async def _never() -> str | None:
    return "never"
