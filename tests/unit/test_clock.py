"""The operation's clock: a scenario's goes on over restarts, stands still at its end, and is UTC."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.kit import clock
from services.kit.clock import Clock, steady

JAKARTA = timezone(timedelta(hours=7))
START = datetime(2019, 10, 29, 6, 0, tzinfo=JAKARTA)
END = START + timedelta(days=7)


def test_without_a_file_it_is_the_wall_clock(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    assert before <= clock.load(tmp_path / "none.json").now() <= datetime.now(UTC)


def test_a_scenarios_clock_runs_at_its_speed_from_its_start_in_utc() -> None:
    started = datetime.now(UTC) - timedelta(seconds=10)
    now = Clock(START, started, steady(END - START, 360)).now()
    assert timedelta(hours=1) <= now - START < timedelta(hours=1, minutes=10)
    assert now.tzinfo is UTC


def test_at_a_pace_that_changes_it_runs_along_it_and_back() -> None:
    started = datetime.now(UTC) - timedelta(seconds=15)
    uneven = Clock(START, started, ((0, 0), (10, 3600), (20, 3610), (30, 7200)))
    assert timedelta(seconds=3605) <= uneven.now() - START < timedelta(seconds=3607)
    assert uneven.wall_at(START + timedelta(seconds=3605)) == started + timedelta(seconds=15)
    assert not uneven.lifelike
    assert Clock(START, started, steady(END - START, 1)).lifelike


def test_a_second_start_goes_on_with_the_clock_of_the_first(tmp_path: Path) -> None:
    first = clock.start(tmp_path / "clock.json", START, steady(END - START, 100))
    assert (
        clock.start(tmp_path / "clock.json", START, steady(END - START, 7))
        == first
        == clock.load(tmp_path / "clock.json")
    )


def test_data_that_keep_the_wall_clock_take_no_scenarios(tmp_path: Path) -> None:
    assert clock.keep_wall(tmp_path / "clock.json") == Clock() == clock.load(tmp_path / "clock.json")
    with pytest.raises(clock.AnotherClockError, match="wall clock"):
        clock.start(tmp_path / "clock.json", START, steady(END - START, 100))


def test_data_of_a_scenario_go_on_with_its_clock_when_nothing_is_played(tmp_path: Path) -> None:
    first = clock.start(tmp_path / "clock.json", START, steady(END - START, 100))
    assert clock.keep_wall(tmp_path / "clock.json") == first


def test_it_stands_still_at_the_scenarios_end() -> None:
    assert Clock(START, datetime.now(UTC) - timedelta(days=30), steady(END - START, 100_000)).now() == END


def test_it_does_not_run_before_its_start() -> None:
    assert Clock(START, datetime.now(UTC) + timedelta(hours=1), steady(END - START, 100)).now() == START


def test_it_tells_when_on_the_wall_an_instant_comes() -> None:
    started = datetime.now(UTC)
    assert Clock(START, started, steady(END - START, 60)).wall_at(START + timedelta(hours=1)) == started + timedelta(
        minutes=1
    )


@pytest.mark.parametrize("broken", ["", "{}", '{"scenario_start": 1}', '{"reached": "soon"}'])
def test_a_file_that_is_no_clock_is_an_error_and_not_the_wall_clock(tmp_path: Path, broken: str) -> None:
    (tmp_path / "clock.json").write_text(broken)
    with pytest.raises(ValueError, match="not a clock"):
        clock.load(tmp_path / "clock.json")


def test_flat_out_it_is_as_late_as_what_was_read_and_never_before_the_start(tmp_path: Path) -> None:
    flat_out = clock.start(tmp_path / "clock.json", START, None)
    assert flat_out.now(START + timedelta(days=2)) == START + timedelta(days=2)
    assert flat_out.now(START - timedelta(days=2)) == START == flat_out.now()
    assert flat_out.now().tzinfo is UTC


def test_flat_out_it_tells_who_reads_no_log_how_far_the_player_has_come_over_any_restart(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    running = clock.start(path, START, None)
    clock.reach(path, START + timedelta(days=3))
    clock.reach(path, START + timedelta(days=1))
    assert running.now() == START + timedelta(days=3)
    assert (
        clock.start(path, START, steady(END - START, 100)).now() == clock.load(path).now() == START + timedelta(days=3)
    )


def test_at_a_speed_it_does_not_care_what_was_read() -> None:
    started = datetime.now(UTC) - timedelta(seconds=10)
    assert Clock(START, started, steady(END - START, 360)).now(read_to=END) < END


def test_flat_out_nothing_waits_for_its_moment(tmp_path: Path) -> None:
    flat_out = clock.start(tmp_path / "clock.json", START, None)
    assert flat_out.wall_at(END) <= datetime.now(UTC)
