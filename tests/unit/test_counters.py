"""Counters of what goes wrong are there before anything does: a panel without a line means that nobody counts."""

from typing import get_args

from prometheus_client import REGISTRY

from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.projection.api.feed import Feed, Reason
from services.watch.metrics import ERROR_KINDS
from services.watch.worker import Worker


def counted(name: str, label: str, **labels: str) -> set[str]:
    """The values of a label for which a counter has a series."""
    samples = [each for metric in REGISTRY.collect() for each in metric.samples if each.name == name]
    return {each.labels[label] for each in samples if labels.items() <= each.labels.items()}


def test_of_a_watch() -> None:
    Worker(INCIDENTS_WATCH, IncidentsWatchSettings.model_construct(), "127.0.0.1:1", None)
    assert counted("kalimaya_watch_errors_total", "kind", service="incidents") == {*ERROR_KINDS}


def test_of_readers_that_are_dropped() -> None:
    Feed(object())  # type: ignore[arg-type] - it asks nothing of what it reads before somebody listens
    assert counted("kalimaya_changes_dropped_readers_total", "reason") == {*get_args(Reason), "stuck"}
