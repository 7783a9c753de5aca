"""What `kalimaya up` and `kalimaya scenario play` are told to play."""

from bisect import bisect_left
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kalimaya.cli import app
from kalimaya.playback import Over, Playback, Scenario, speed
from kalimaya.settings import Settings
from scenarios import serang2019
from scenarios.pace import MOST_A_SECOND
from scenarios.serang2019 import END, START
from services.kit import clock

RUNNER = CliRunner()


@pytest.mark.parametrize(
    ("text", "expected"), [(None, None), ("max", "max"), ("even", "even"), ("60", 60.0), ("1", 1.0)]
)
def test_a_speed_is_a_number_or_even_or_max(text: str | None, expected: float | str | None) -> None:
    assert speed(text) == expected


@pytest.mark.parametrize("text", ["", "fast", "0.5", "-1", "nan", "inf"])
def test_nothing_else_is_a_speed(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"speed|convert"):
        speed(text)
    told = RUNNER.invoke(app, ["up", "--speed", text], env={"KALIMAYA_DATA": str(tmp_path)})
    assert told.exit_code == 2
    assert "--speed" in told.output


def test_the_player_is_told_the_scenario_its_scale_and_its_way() -> None:
    settings = Settings()
    arguments = Playback(Scenario.FULL, "max", 3, Over.KAFKA).arguments(settings)
    told = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert (told["--scenario"], told["--scale"], told["--over"]) == ("full", "3", "kafka")
    assert told["--kafka"] == settings.bootstrap


@pytest.mark.parametrize(
    ("playback", "expected"),
    [
        (Playback(Scenario.SMALL), 8 * 24 * 60),
        (Playback(Scenario.SMALL, 50.0), 50),
        (Playback(Scenario.FULL, "max"), 0),
    ],
)
def test_the_clock_runs_at_the_speed_given_or_at_the_sizes_own(
    playback: Playback, expected: float, tmp_path: Path
) -> None:
    playback.start_clock(Settings(data=tmp_path))
    started = clock.load(tmp_path / "clock.json")
    length = (END - START).total_seconds()
    assert started.pace == (((0, 0), (length / expected, length)) if expected else ())
    assert (started.flat_out is not None) == (expected == 0)


def test_the_full_scenario_is_played_evenly(tmp_path: Path) -> None:
    Playback(Scenario.FULL).start_clock(Settings(data=tmp_path))
    started = clock.load(tmp_path / "clock.json")
    assert (started.pace[0], started.pace[-1][1]) == ((0, 0), (END - START).total_seconds())
    assert 20 * 60 < started.pace[-1][0] < 40 * 60
    assert max((own - o) / (wall - w) for (w, o), (wall, own) in pairwise(started.pace)) == pytest.approx(576)
    sent = sorted(started.wall_at(each.send_at) for each in serang2019.make("full", serang2019.SEED).messages)
    assert max(bisect_left(sent, at + timedelta(seconds=1)) - n for n, at in enumerate(sent)) < 3 * MOST_A_SECOND


def test_without_a_scenarios_clock_there_is_nothing_to_play(tmp_path: Path) -> None:
    for keep in (lambda: None, lambda: clock.keep_wall(tmp_path / "clock.json")):
        keep()
        told = RUNNER.invoke(app, ["scenario", "play"], env={"KALIMAYA_DATA": str(tmp_path)})
        assert told.exit_code == 1
        assert "kalimaya up --scenario" in told.output
