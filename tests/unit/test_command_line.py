"""What the command line says before it starts anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kalimaya.cli import app
from kalimaya.settings import Settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [("KALIMAYA_KAFKA_PORT", "abc"), ("KALIMAYA_GATEWAY_PORT", "99999"), ("KALIMAYA_KAFKA_HEAP", "big")],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    told = CliRunner().invoke(app, ["status"])
    assert told.exit_code == 1
    assert told.stderr.startswith(f"{variable}: ")
    assert "Traceback" not in told.output


@pytest.mark.parametrize("speed", ["0", "-3"])
def test_a_scenario_does_not_stand_still_or_run_backwards(speed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalimaya.cli.run_up", lambda *_: None)  # so that a failure starts nothing
    told = CliRunner().invoke(app, ["up", "--speed", speed])
    assert told.exit_code == 2
    assert "--speed" in told.stderr


def test_a_folder_is_meant_from_where_the_operator_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KALIMAYA_DATA", "mine")
    monkeypatch.setenv("KALIMAYA_KAFKA_LIBS", "~/jars")
    monkeypatch.setenv("HOME", "/home/operator")
    assert Settings().data == tmp_path / "mine"
    assert Settings().kafka_libs == Path("/home/operator/jars")
