"""Incidents: what was reported by whom, and how far it has been dealt with."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from services.projection.api.documents import IncidentAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Cursor, DistrictFilter, IdPath, Limit, Page, VillageFilter, page
from services.projection.store import Document

router = APIRouter(tags=["incidents"])


@router.get("/v1/incidents", response_model=Page[IncidentAnswer])
async def incidents(
    look: Look,
    status: Annotated[Literal["reported", "triaged", "resolved", "closed"] | None, Query()] = None,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Document]:
    """Incidents by id."""
    found = await look.documents(
        "incident",
        """($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR villages @> ARRAY[$3])
           AND ($4::text IS NULL OR districts @> ARRAY[$4]) AND ($5::text IS NULL OR id > $5) ORDER BY id LIMIT $6""",
        status,
        village,
        district,
        cursor,
        limit + 1,
    )
    return page(found, limit, lambda each: str(each["incident"]))


@router.get("/v1/incidents/{id}", response_model=IncidentAnswer, responses=NOT_FOUND)
async def incident(look: Look, id: IdPath) -> Document:
    """One incident."""
    return await look.document("incident", id)
