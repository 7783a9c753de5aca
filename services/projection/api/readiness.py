"""Readiness: what each village has by its district head's checks."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.projection.api.logistics_documents import ReadinessAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json, page_of
from services.projection.api.words import Cursor, DistrictFilter, Limit, Page, Stored, VillagePath
from services.views.readiness import State

router = APIRouter(tags=["readiness"])


@router.get("/v1/readiness", response_model=Page[ReadinessAnswer])
async def readiness(
    look: Look,
    district: DistrictFilter = None,
    state: Annotated[State | None, Query(description="Only villages in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Json:
    """The villages that were checked, by code."""
    found = await look.listed(
        "readiness",
        """($2::text IS NULL OR districts @> ARRAY[$2]) AND ($3::text IS NULL OR status = $3)
           AND ($4::text IS NULL OR id > $4) ORDER BY id LIMIT $5""",
        district,
        state,
        cursor,
        limit + 1,
    )
    return Json(page_of(found, limit), look.headers)


@router.get("/v1/readiness/{village}", response_model=Stored[ReadinessAnswer], responses=NOT_FOUND)
async def village_readiness(look: Look, village: VillagePath) -> Json:
    """One village's readiness; 404 when it was never checked."""
    return Json(await look.one("readiness", village), look.headers)
