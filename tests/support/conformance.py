"""Our own vectors of CloudEvents in JSON, tests/contract/cloudevents: what is one, and what is none.

They cover what the CloudEvents project's conformance vectors for JSON cover (10 valid, 25 invalid).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "contract" / "cloudevents"


@dataclass(frozen=True)
class Vector:
    """A document and what it shows; of an invalid one, the attribute that is wrong."""

    name: str
    event: Any
    attribute: str | None


def _read(name: str) -> list[Vector]:
    vectors = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return [Vector(each["name"], each["event"], each.get("attribute")) for each in vectors]


VALID = _read("valid.json")
INVALID = _read("invalid.json")
