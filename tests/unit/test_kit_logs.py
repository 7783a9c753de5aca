"""What a log holds back so that it can be read."""

import logging
import subprocess
import sys

import pytest

from services.kit import logs


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", logging.ERROR, __file__, 1, message, args, None)


def test_what_a_library_repeats_is_said_once_and_later_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(logs, "monotonic", lambda: now)
    repetition = logs.Repetition()
    assert repetition.filter(record("no node %s", 1))
    assert [repetition.filter(record("no node %s", n)) for n in range(3)] == [False] * 3
    assert repetition.filter(record("something else"))
    now += logs.QUIET_SECONDS
    again = record("no node %s", 1)
    assert repetition.filter(again)
    assert again.getMessage() == "no node 1 (and 3 times more before)"


PROGRAM = """
import logging
from services.kit import logs

logs.configure("INFO")
for _ in range(3):
    logging.getLogger("aiokafka.consumer.fetcher").error("away")
    logging.getLogger("ours").error("said each time")
"""


def test_only_aiokafka_is_held_back() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stderr
    assert told.count("away") == 1
    assert told.count("said each time") == 3
