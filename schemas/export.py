"""Writes every message as JSON Schema (2020-12), one file a version, for those who publish from other languages.

`python -m schemas.export` writes what has changed; with `--check` it writes nothing and fails when a file is stale.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from schemas.catalogue import CATALOGUE, Definition

FOLDER = Path(__file__).parent / "exports"


class _Schema(GenerateJsonSchema):
    """Without titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def file_name(entry: Definition) -> str:
    """Where a version's schema stands within the folder, e.g. `unit.sighted.1.json`."""
    return f"{entry.type.removeprefix('kalimaya.')}.{entry.version}.json"


def json_schema(entry: Definition) -> dict[str, Any]:
    """JSON Schema of the `data` of one version of one message."""
    body = TypeAdapter(entry.cls).json_schema(schema_generator=_Schema, mode="validation")
    return {"$schema": _Schema.schema_dialect, "$id": entry.dataschema, **body}


def index() -> list[dict[str, Any]]:
    """What there is: one entry a message version, by type and version."""
    return [
        {
            "type": entry.type,
            "version": entry.version,
            "dataschema": entry.dataschema,
            "kind": entry.kind,
            "service": entry.service or None,
            "aggregate": entry.key or None,
            "schema": file_name(entry),
        }
        for _, entry in sorted(CATALOGUE.items())
    ]


def files() -> Iterator[tuple[str, str]]:
    """Name and text of every file that belongs in the folder."""
    yield "index.json", _text(index())
    for entry in CATALOGUE.values():
        yield file_name(entry), _text(json_schema(entry))


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of the files that are missing, differ from the catalogue, or belong to nothing in it."""
    wanted = dict(files())
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path = FOLDER) -> list[str]:
    """Bring the folder up to date; the names of the files that were written or removed."""
    changed, wanted = stale(folder), dict(files())
    folder.mkdir(exist_ok=True)
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m schemas.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    if parser.parse_args().check:
        names = stale()
        for name in names:
            print(f"{FOLDER.name}/{name} is stale: run `python -m schemas.export`", file=sys.stderr)
        return 1 if names else 0
    for name in write():
        print(f"{FOLDER.name}/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
