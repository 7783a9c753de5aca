"""The columns that lists filter on, read off a document by its view. The document itself stays the truth."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.places import VILLAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Villages and districts that an entity concerns (codes, sorted), and what else lists filter on."""

    villages: list[str]
    districts: list[str]
    jurisdiction: str | None = None
    agency: str | None = None
    status: str | None = None


def in_villages(
    codes: Iterable[str | None],
    *,
    jurisdiction: str | None = None,
    agency: str | None = None,
    status: str | None = None,
) -> Listed:
    """The columns of what concerns these villages (None: not known yet)."""
    villages = sorted({code for code in codes if code is not None})
    districts = sorted({VILLAGES[code].district_code for code in villages})
    return Listed(villages=villages, districts=districts, jurisdiction=jurisdiction, agency=agency, status=status)
