"""Writes the contract in all its forms: schemas/exports and docs/messages.md (`make contracts`).

With `--check` it writes nothing and fails when a file is not what the definitions say. It starts no service: of the
two HTTP apps it takes the description only.
"""

import json
import sys
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from kalimaya import generated
from kalimaya.generated import ROOT
from schemas.catalogue import CATALOGUE
from schemas.export import asyncapi, json_schemas
from schemas.export.page import page
from services.gateway.api import Gateway, build
from services.gateway.settings import GatewaySettings
from services.projection.api.app import new_app

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
    return generated.stale(files(), EXPORTS, root)


def write(root: Path = ROOT) -> list[Path]:
    """Bring the files up to date; those that were written or removed."""
    return generated.write(files(), EXPORTS, root)


if __name__ == "__main__":
    sys.exit(generated.command("kalimaya.contracts", __doc__, files, EXPORTS))
