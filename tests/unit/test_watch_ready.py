"""When a watch says that it is ready: once it has looked at its rules, and not while it still reads the logs."""

from typing import Any

import pytest

from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.watch.following import Behind
from services.watch.worker import Worker
from tests.support.ledger import NOON


async def test_a_watch_that_has_read_some_answers_and_not_all_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Worker(INCIDENTS_WATCH, IncidentsWatchSettings.model_construct(), "127.0.0.1:1", None)
    whole = False

    async def fill(*_: Any) -> None:
        watch.following.read_to = NOON
        if not whole:
            raise Behind("the logs could not be read to their ends in time")

    monkeypatch.setattr(watch.following, "fill", fill)
    await watch.tick({}, 18)
    assert "could not be read" in (watch.not_ready() or "")
    whole = True
    await watch.tick({}, 18)
    assert watch.not_ready() is None
    whole = False
    await watch.tick({}, 18)  # for a while it is still as good as ready
    assert watch.not_ready() is None
