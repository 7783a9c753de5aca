"""Engagements: meetings with mass organisations (ormas), and which districts have had none."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from schemas.places import DISTRICTS, VILLAGES
from services.projection.api.documents import EngagementAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json, page_of
from services.projection.api.words import Answer, Cursor, DistrictFilter, IdPath, Limit, Page, Stored

router = APIRouter(tags=["incidents"])


class DistrictCoverage(Answer):
    """How often a district's mass organisations were met, and when last."""

    district: str
    name: str
    engagements: int
    last_held_at: datetime | None


class CoverageAnswer(Answer):
    """Every district that should be engaged, by code; `missing` are those without any engagement."""

    of: Literal["operation", "regency"] = Field(
        description="`operation`: the districts in which a village votes; `regency`: all, while no operation is known."
    )
    districts: Sequence[DistrictCoverage]
    missing: Sequence[str]


@router.get("/v1/engagements", response_model=Page[EngagementAnswer])
async def engagements(look: Look, district: DistrictFilter = None, cursor: Cursor = None, limit: Limit = 100) -> Json:
    """Engagements by id."""
    found = await look.listed(
        "engagement",
        """($2::text IS NULL OR districts @> ARRAY[$2]) AND ($3::text IS NULL OR id > $3) ORDER BY id LIMIT $4""",
        district,
        cursor,
        limit + 1,
    )
    return Json(page_of(found, limit), look.headers)


@router.get("/v1/engagements/{id}", response_model=Stored[EngagementAnswer], responses=NOT_FOUND)
async def engagement(look: Look, id: IdPath) -> Json:
    """One engagement."""
    return Json(await look.one("engagement", id), look.headers)


@router.get("/v1/engagement-coverage", response_model=CoverageAnswer)
async def coverage(look: Look) -> CoverageAnswer:
    """Which districts have been engaged, asked for before the vote; of those in which your areas have a village."""
    held: dict[str, list[datetime]] = {district: [] for district in DISTRICTS}
    for each in await look.documents("engagement"):
        held[each["district"]].append(datetime.fromisoformat(each["held_at"]))
    adopted = (await look.briefs(["incidents-operation"]))["incidents-operation"]
    voting = {VILLAGES[each.village].district_code for own in adopted for each in own.file.villages}
    wanted = [code for code in sorted(voting or DISTRICTS) if look.viewer.sees_district(code)]
    return CoverageAnswer(
        of="operation" if voting else "regency",
        districts=[
            DistrictCoverage(
                district=code,
                name=DISTRICTS[code],
                engagements=len(held[code]),
                last_held_at=max(held[code], default=None),
            )
            for code in wanted
        ],
        missing=[code for code in wanted if not held[code]],
    )
