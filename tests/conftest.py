"""Fixtures of more than one kind of test."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from kalimaya import ports
from tests.support.pair import Pair, start_pair
from tests.support.size import SIZE

# No deadlines, because machines are small and noisy. A short run takes the same examples every time, so that a change
# is judged by what it changed; the long one looks for new ones.
settings.register_profile("short", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, print_blob=True)
settings.load_profile("long" if SIZE >= 1 else "short")

_used: list[str] = []
_worker = os.environ.get("PYTEST_XDIST_WORKER")
if _worker is not None:
    # Each process of `pytest -n` gives ports of its own, or two servers might be given the same before either has it.
    _width = len(ports.GIVEN) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    _first = int(_worker.removeprefix("gw")) * _width
    ports.GIVEN = ports.GIVEN[_first : _first + _width]


@pytest.fixture(scope="session", autouse=True)
def _no_operation_of_yours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What `make run` has left here is not found by any test, its receipts for instance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KALIMAYA_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """A real Kafka and a real PostgreSQL, started by the first test that asks, for tests/integration only."""
    started = start_pair()
    _used.append(started.kind)
    yield started
    started.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of `pytest -n` tells the first one, which reports."""
    told: dict[str, Any] = getattr(session.config, "workeroutput", {})
    told["pairs"] = _used


def pytest_testnodedown(node: Any) -> None:
    """The first one hears it; nothing from a process that crashed."""
    _used.extend(getattr(node, "workeroutput", {}).get("pairs", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the integration tests ran on; here and not in the header, which `-q` hides."""
    for kind in dict.fromkeys(_used):
        terminalreporter.write_line(f"kafka and postgresql of the integration tests: {kind}")
