"""The columns that lists filter on, read off a document. The document itself stays the truth."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.places import VILLAGES
from schemas.types import village_of


@dataclass(frozen=True, slots=True)
class Listed:
    """Villages and districts that an entity concerns (codes, sorted), and what else lists filter on."""

    villages: list[str]
    districts: list[str]
    jurisdiction: str | None = None
    agency: str | None = None
    status: str | None = None


def listed(kind: str, document: dict[str, Any]) -> Listed:
    """The columns of one document. Raises ValueError for a kind that is not listed."""
    match kind:
        case "unit":
            registration = document["registration"]
            posts = {a["target"] for a in document["assignments"].values() if a["target_kind"] == "post"}
            posts |= {document["presence"]["post"]} if document["presence"] else set()
            agency = registration["agency"] if registration else None
            return Listed(*_areas(map(village_of, posts)), agency=agency)
        case "post":
            return Listed(*_areas([document["village"]]), jurisdiction=document["jurisdiction"])
        case "shipment":
            return Listed(*_areas([document["village"]]), status=document["stage"])
        case "incident":
            return Listed(*_areas([document["village"]]), status=document["status"])
        case _:
            raise ValueError(f"no lists of {kind}")


def _areas(codes: Iterable[str | None]) -> tuple[list[str], list[str]]:
    villages = sorted({code for code in codes if code is not None})
    return villages, sorted({VILLAGES[code].district_code for code in villages})
