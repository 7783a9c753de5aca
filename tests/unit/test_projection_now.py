"""What time the picture is judged at: the clock's, and flat out that of the latest that was read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from services.kit import clock
from services.projection.api.reading import Reading
from services.projection.store import Position

START = datetime(2019, 10, 29, tzinfo=UTC)
END = START + timedelta(days=8)


def reading(file: Path) -> Reading:
    settings: Any = SimpleNamespace(clock=file)
    nobody: Any = None
    return Reading(pool=nobody, store=nobody, projector=nobody, settings=settings, doorkeeper=nobody)


def at(*hours: int | None) -> dict[tuple[str, int], Position]:
    """Positions of partitions, each with the latest that was recorded in it; None where nothing was."""
    known = [None if each is None else START + timedelta(hours=each) for each in hours]
    return {("deployment.events", number): Position(known=each) for number, each in enumerate(known)}


def test_flat_out_it_is_the_latest_that_was_read_from_any_log_however_far_the_player_is(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    clock.start(file, START, None)
    clock.reach(file, END)
    assert reading(file).now(at(5, None, 30, 7)) == START + timedelta(hours=30)
    assert reading(file).now(at(None, None)) == START


def test_at_a_speed_it_is_the_clocks_whatever_was_read(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    clock.start(file, START, clock.steady(END - START, 1))
    assert reading(file).now(at(100)) < START + timedelta(hours=1)
