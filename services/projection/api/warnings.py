"""Early warnings: what may happen where and when, and how far its sources can be believed."""

from typing import Annotated

from fastapi import APIRouter, Query

from schemas.types import IncidentType, Reliability
from services.projection.api.documents import WarningAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json, page_of
from services.projection.api.words import Cursor, DistrictFilter, IdPath, Limit, Page, Stored, VillageFilter

router = APIRouter(tags=["incidents"])


@router.get("/v1/warnings", response_model=Page[WarningAnswer])
async def warnings(
    look: Look,
    expects: Annotated[IncidentType | None, Query()] = None,
    reliability: Annotated[Reliability | None, Query(description="Of the source of the latest word.")] = None,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Json:
    """Early warnings by id; `village` finds those for its district, too."""
    found = await look.listed(
        "warning",
        """($2::text IS NULL OR document ->> 'expects' = $2) AND ($3::text IS NULL OR document ->> 'reliability' = $3)
           AND ($4::text IS NULL OR villages @> ARRAY[$4]) AND ($5::text IS NULL OR districts @> ARRAY[$5])
           AND ($6::text IS NULL OR id > $6) ORDER BY id LIMIT $7""",
        expects,
        reliability,
        village,
        district,
        cursor,
        limit + 1,
    )
    return Json(page_of(found, limit), look.headers)


@router.get("/v1/warnings/{id}", response_model=Stored[WarningAnswer], responses=NOT_FOUND)
async def warning(look: Look, id: IdPath) -> Json:
    """One early warning."""
    return Json(await look.one("warning", id), look.headers)
