"""What the command line says before it starts anything."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kalimaya.cli import app
from kalimaya.settings import AGENCIES, Settings
from services.kit.principals import load_principals


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


def test_a_clock_that_is_begun_twice_goes_on_and_is_not_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KALIMAYA_DATA", str(tmp_path))
    begun = CliRunner().invoke(app, ["scenario", "begin", "--scenario", "small"])
    assert (begun.exit_code, begun.output) == (0, "")
    first = (tmp_path / "clock.json").read_text()
    assert CliRunner().invoke(app, ["scenario", "begin", "--scenario", "small"]).exit_code == 0
    assert (tmp_path / "clock.json").read_text() == first
    (tmp_path / "clock.json").unlink()
    assert CliRunner().invoke(app, ["scenario", "begin"]).exit_code == 0
    after_all = CliRunner().invoke(app, ["scenario", "begin", "--scenario", "small"])
    assert after_all.exit_code == 1
    assert "keeps the wall clock" in after_all.stderr


def test_everybody_gets_one_token_and_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    assert CliRunner().invoke(app, ["tokens", str(file)]).exit_code == 0
    made = json.loads(file.read_text())
    assert made.keys() == load_principals(AGENCIES).keys()
    assert file.stat().st_mode & 0o777 == 0o600
    forgotten = made.pop("polres-serang")
    file.write_text(json.dumps(made))
    assert CliRunner().invoke(app, ["tokens", str(file)]).exit_code == 0
    again = json.loads(file.read_text())
    assert again.pop("polres-serang") not in (forgotten, "")
    assert again == made
