"""Writes the contract in all its forms: schemas/exports and docs/messages.md (`make contracts`).

With `--check` it writes nothing and fails when a file is not what the definitions say. It starts no service: of the
two HTTP apps it takes the description only.
"""

import argparse
import json
import sys
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from schemas.catalogue import CATALOGUE
from schemas.export import asyncapi, json_schemas
from schemas.export.page import page
from services.gateway.api import Gateway, build
from services.gateway.settings import GatewaySettings
from services.projection.api.app import new_app

ROOT = Path(__file__).parents[1]
EXPORTS = Path("schemas/exports")
AGENCIES = ROOT / "deploy/embedded/agencies.yaml"


@cache
def files() -> dict[Path, str]:
    """Every generated file, by its path within the repository."""
    exports: dict[str, Any] = {
        f"{json_schemas.name(entry)}.json": json_schemas.json_schema(entry) for entry in CATALOGUE.values()
    }
    exports["index.json"] = json_schemas.index()
    exports["asyncapi.json"] = asyncapi.document()
    exports["openapi-gateway.json"] = gateway()
    exports["openapi-picture.json"] = new_app(cast(Any, None)).openapi()
    texts = {EXPORTS / name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in exports.items()}
    return texts | {Path("docs/messages.md"): page(senders)}


def gateway() -> dict[str, Any]:
    """OpenAPI of the gateway, with the limits that are its defaults."""
    nothing = cast(Any, None)
    settings = GatewaySettings.model_construct()
    return build(Gateway(settings, nothing, nothing, nothing, nothing)).openapi()


def senders(type_: str) -> list[str]:
    """Who is granted this type of message in the embedded mode: principals, and templates of many, by name."""
    principals = yaml.safe_load(AGENCIES.read_text(encoding="utf-8"))["principals"]
    return [_called(each) for each in principals if any(_covers(grant, type_) for grant in each["grants"])]


def _covers(grant: dict[str, Any], type_: str) -> bool:
    return any(fnmatchcase(type_, pattern) for pattern in grant["types"])


def _called(principal: dict[str, Any]) -> str:
    place = f" (each {principal['each']})" if "each" in principal else ""
    return str(principal["name"]).replace(" {name}", "") + place


def stale(root: Path = ROOT) -> list[Path]:
    """The files that are missing, differ from the definitions, or belong to nothing in them."""
    wanted = files()
    there = {path.relative_to(root) for path in (root / EXPORTS).glob("*")} | wanted.keys()
    return sorted(path for path in there if _text(root / path) != wanted.get(path))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def write(root: Path = ROOT) -> list[Path]:
    """Bring the files up to date; those that were written or removed."""
    changed, wanted = stale(root), files()
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m kalimaya.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    if parser.parse_args().check:
        names = stale()
        for name in names:
            print(f"{name} is stale: run `make contracts`", file=sys.stderr)
        return 1 if names else 0
    for name in write():
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
