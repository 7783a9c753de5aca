"""A backup is whole or not there, and is restored only where nothing is."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kalimaya.cli import app
from kalimaya.running import MARKER, claim

FILES = {"README": MARKER, "tokens.json": "{}", "kafka/log/deployment.events-0/0.log": "a" * 100_000, "logs/x.log": "x"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "tokens.json").chmod(0o600)
    return folder


def run(data: Path, *command: str) -> Result:
    return CliRunner().invoke(app, [*command], env={"KALIMAYA_DATA": str(data)})


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_was_packed_is_restored_elsewhere(data: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "b.tar.gz", tmp_path / "other"
    assert run(data, "backup", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(other, "restore", str(file)).exit_code == 0
    assert contents(other) == {name: text for name, text in FILES.items() if not name.startswith("logs/")}
    assert stat.S_IMODE((other / "tokens.json").stat().st_mode) == 0o600


def test_nothing_is_overwritten(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    file.write_text("precious")
    done = run(data, "backup", str(file))
    assert (done.exit_code, file.read_text()) == (1, "precious")
    assert "is there already" in done.stderr
    file.unlink()
    assert run(data, "backup", str(file)).exit_code == 0
    before = contents(data)
    done = run(data, "restore", str(file))
    assert (done.exit_code, contents(data)) == (1, before)
    assert "is not empty" in done.stderr


def test_no_backup_of_what_runs(data: Path, tmp_path: Path) -> None:
    with claim(data):
        done = run(data, "backup", str(tmp_path / "b.tar.gz"))
    assert done.exit_code == 1
    assert "is running" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("kept", [0, 40, 0.5, -1])
def test_half_a_file_restores_nothing(data: Path, tmp_path: Path, kept: float) -> None:
    file, other = tmp_path / "b.tar.gz", tmp_path / "other"
    assert run(data, "backup", str(file)).exit_code == 0
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
    done = run(other, "restore", str(file))
    assert done.exit_code == 1
    assert "Not restored" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"data", "b.tar.gz"}
