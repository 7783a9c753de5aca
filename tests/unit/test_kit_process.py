"""How a process begins and ends, seen as whoever starts it sees it."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import asyncio, sys
from services.kit import process

async def works():
    print("begun", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        print("let go", flush=True)

async def ends(): pass

async def crashes(): raise RuntimeError("the reason")

async def gives_up(): raise asyncio.CancelledError

async def fails_to_let_go():
    print("begun", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        raise RuntimeError("while letting go")

async def never_lets_go():
    print("begun", flush=True)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

process.CLEANUP_SECONDS = 0.2
process.run(globals()[sys.argv[1]])
"""
SETTINGS = {"KALIMAYA_KAFKA": "127.0.0.1:1", "KALIMAYA_METRICS_PORT": "1"}


def end_of(main: str, signum: int | None = None, **settings: str) -> tuple[int, str, list[Any]]:
    """Exit code, standard output and standard error's lines as JSON."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KALIMAYA_")}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, main],
        env=kept | (settings or SETTINGS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        begun = child.stdout.readline() if signum else ""
        if signum:
            child.send_signal(signum)
        out, err = child.communicate(timeout=30)
    lines = [json.loads(line) if line.startswith("{") else line for line in err.splitlines()]
    return child.returncode, begun + out, lines


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_main_clean_up_and_ends_with_0(signum: int) -> None:
    assert end_of("works", signum) == (0, "begun\nlet go\n", [])


def test_who_is_done_ends_with_0() -> None:
    assert end_of("ends")[0] == 0


@pytest.mark.parametrize("main", ["crashes", "gives_up"])
def test_a_crash_ends_with_1_and_is_logged(main: str) -> None:
    code, _, (line,) = end_of(main)
    assert (code, line["event"], line["level"]) == (1, "crashed", "critical")
    assert "Error" in line["exception"]


def test_a_crash_while_letting_go_is_logged() -> None:
    code, _, (line,) = end_of("fails_to_let_go", signal.SIGTERM)
    assert code == 0
    assert "while letting go" in line["exception"]


def test_who_does_not_let_go_is_left() -> None:
    code, _, (line,) = end_of("never_lets_go", signal.SIGTERM)
    assert (code, line["event"]) == (0, "did not let go in time")


def test_a_missing_setting_is_named() -> None:
    code, _, (line,) = end_of("works", KALIMAYA_METRICS_PORT="1")
    assert code == 1
    assert line == "KALIMAYA_KAFKA: Field required (settings are environment variables)"


def test_who_goes_beyond_this_machine_in_plaintext_is_told() -> None:
    settings = {"KALIMAYA_KAFKA": "kafka:9092", "KALIMAYA_KAFKA_SECURITY": "plaintext"}
    code, _, (line,) = end_of("ends", **(SETTINGS | settings))
    assert (code, line["level"], line["kafka"]) == (0, "warning", "kafka:9092")
    assert "plaintext" in line["event"]
