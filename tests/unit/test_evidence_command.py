"""What `kalimaya evidence` says of a file, and what it asks for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kalimaya.cli import app
from services.projection.sitrep.markdown import markdown
from tests.support.evidence import ANOTHER, VILLAGE, golden_logs, heads_at, lines_of, put, report, write_evidence


def told(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evidence", *map(str, arguments)])


def test_a_whole_file_is_told_with_its_heads_and_what_reports_hold_of_it(tmp_path: Path) -> None:
    path = write_evidence(tmp_path / "file", golden_logs())
    heads = heads_at(golden_logs())
    signed = report(tmp_path, heads, markdown, "report.md")
    alone, held = told(VILLAGE, "--verify", path), told("--verify", path, "--report", signed)
    assert (alone.exit_code, held.exit_code) == (0, 0)
    for each in (alone, held):
        assert [head.head for head in heads if head.head not in each.stdout] == []
        assert "19 answers are withheld" in each.stdout
        assert "Nothing is wrong with the file." in each.stdout
    assert "Held against no report" in alone.stdout
    assert "Heads of reports hold" in held.stdout


def test_the_first_thing_that_is_wrong_is_named(tmp_path: Path) -> None:
    path = write_evidence(tmp_path / "file", golden_logs())
    del (lines := lines_of(path))[9]
    found = told("--verify", put(path, lines))
    assert found.exit_code == 1
    assert "deployment.events/0@9" in found.stderr
    assert "Nothing is wrong" not in found.output


def test_a_file_about_another_village_is_not_the_one_asked_for(tmp_path: Path) -> None:
    found = told(ANOTHER, "--verify", write_evidence(tmp_path / "file", golden_logs()))
    assert found.exit_code == 1
    assert "about 36.04.13.2009 (Wargasara)" in found.stderr


def test_what_cannot_be_read_is_not_called_wrong(tmp_path: Path) -> None:
    path = write_evidence(tmp_path / "file", golden_logs())
    assert told("--verify", tmp_path / "nowhere").exit_code == 2
    assert told("--verify", path, "--report", path).exit_code == 2
    assert told("--verify", path, "--report", tmp_path / "nowhere").exit_code == 2


@pytest.mark.parametrize("arguments", [[], ["36.04.99.9999"], [VILLAGE, "--report", "report.md"]])
def test_what_is_asked_wrongly_is_told(arguments: list[str]) -> None:
    assert told(*arguments).exit_code == 2


def test_evidence_that_is_there_is_kept(tmp_path: Path) -> None:
    path = write_evidence(tmp_path / "file", golden_logs())
    before = path.read_bytes()
    assert told(VILLAGE, "--out", path).exit_code == 1
    assert path.read_bytes() == before
