"""Fixtures of more than one kind of test."""

from collections.abc import Iterator

import pytest

from tests.support.pair import Pair, start_pair

_used: list[str] = []


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """A real Kafka and a real PostgreSQL, started by the first test that asks, for tests/integration only."""
    started = start_pair()
    _used.append(started.kind)
    yield started
    started.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the integration tests ran on; here and not in the header, which `-q` hides."""
    for kind in _used:
        terminalreporter.write_line(f"kafka and postgresql of the integration tests: {kind}")
