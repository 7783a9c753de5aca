"""The exported JSON Schemas are those of the catalogue, all of them and nothing else."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from schemas.catalogue import CATALOGUE, Definition
from schemas.export import FOLDER, file_name, stale, write


def test_the_committed_exports_are_up_to_date() -> None:
    assert stale() == [], "run `python -m schemas.export`"


@pytest.mark.parametrize("found", CATALOGUE.values(), ids=lambda found: found.dataschema)
def test_every_message_version_has_an_export_in_the_index(found: Definition) -> None:
    exported = json.loads((FOLDER / file_name(found)).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(exported)
    assert exported["$id"] == found.dataschema
    index = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    assert [entry["dataschema"] for entry in index if entry["schema"] == file_name(found)] == [found.dataschema]


def test_a_changed_a_missing_and_a_left_over_file_are_stale(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "unit.sighted.1.json").write_text("{}")
    (tmp_path / "unit.arrived.1.json").unlink()
    (tmp_path / "unit.vanished.1.json").write_text("{}")
    assert stale(tmp_path) == ["unit.arrived.1.json", "unit.sighted.1.json", "unit.vanished.1.json"]
    write(tmp_path)
    assert stale(tmp_path) == []
