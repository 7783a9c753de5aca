"""Fixtures of more than one kind of test."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.pair import Pair, start_pair
from tests.support.size import SIZE

# No deadlines, because machines are small and noisy. A short run takes the same examples every time, so that a change
# is judged by what it changed; the long one looks for new ones.
settings.register_profile("short", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, print_blob=True)
settings.load_profile("long" if SIZE >= 1 else "short")

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
