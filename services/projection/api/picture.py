"""The picture: a row a village, and the sums by district, by police jurisdiction and of the operation."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from schemas.types import Jurisdiction
from services.projection.api.briefs import briefs
from services.projection.api.picture_rows import Judge, by_village, elsewhere, row, total
from services.projection.api.picture_words import PictureAnswer, Sum, VillageRow
from services.projection.api.reading import Look, Snapshot
from services.projection.api.words import DistrictFilter
from services.views.model import KINDS

router = APIRouter(tags=["picture"])


def judge(look: Snapshot) -> Judge:
    """How this look is judged."""
    settings = look.reading.settings
    return Judge(look.now, settings.stale_presence, settings.stale_shipment, settings.stale_incident)


@router.get("/v1/picture", response_model=PictureAnswer)
async def picture(
    look: Look,
    district: DistrictFilter = None,
    jurisdiction: Annotated[
        Jurisdiction | None, Query(description="Only villages of which this police force answers for the posts.")
    ] = None,
) -> PictureAnswer:
    """A row for each village that votes, or has a post, a unit, a shipment or an incident, and their sums.

    The sum of the operation includes what belongs to no village yet, unless a filter is given.
    """
    found = briefs({kind: await look.documents(kind) for kind in KINDS}, look.now)
    judged = judge(look)
    rows = [
        each
        for code, own in by_village(found).items()
        if district is None or code.startswith(district)
        if (each := row(code, own, judged)) and jurisdiction in (None, each.jurisdiction)
    ]
    whole = district is None and jurisdiction is None
    return PictureAnswer(
        now=look.now,
        operation=total(rows, elsewhere(found) if whole else None),
        districts=_sums(rows, lambda each: each.district),
        jurisdictions=_sums(rows, lambda each: each.jurisdiction),
        villages=rows,
    )


def _sums(rows: Sequence[VillageRow], key: Callable[[VillageRow], str | None]) -> dict[str, Sum]:
    groups: dict[str, list[VillageRow]] = {}
    for each in rows:
        if (of := key(each)) is not None:
            groups.setdefault(of, []).append(each)
    return {of: total(several) for of, several in sorted(groups.items())}
