"""Incidents: what was reported by whom, and how far it has been dealt with."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from schemas.types import IncidentType, Level
from services.projection.api.documents import IncidentAnswer, IncidentFlag, IncidentStatus
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json, page_of
from services.projection.api.words import Cursor, DistrictFilter, IdPath, Limit, Page, Stored, VillageFilter

router = APIRouter(tags=["incidents"])


@router.get("/v1/incidents", response_model=Page[IncidentAnswer])
async def incidents(
    look: Look,
    status: Annotated[IncidentStatus | None, Query()] = None,
    severity: Annotated[Literal["1", "2", "3", "4"] | None, Query(description="1 is the gravest.")] = None,
    type: Annotated[IncidentType | None, Query()] = None,
    level: Annotated[Level | None, Query(description="Who answers for it.")] = None,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    flag: Annotated[IncidentFlag | None, Query(description="Only those with this flag.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Json:
    """Incidents by id; type and severity are the triage's, or before that the latest report's."""
    found = await look.listed(
        "incident",
        """($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR document ->> 'severity' = $3)
           AND ($4::text IS NULL OR document ->> 'type' = $4) AND ($5::text IS NULL OR document ->> 'level' = $5)
           AND ($6::text IS NULL OR villages @> ARRAY[$6]) AND ($7::text IS NULL OR districts @> ARRAY[$7])
           AND ($8::text IS NULL OR document -> 'flags' ? $8) AND ($9::text IS NULL OR id > $9)
           ORDER BY id LIMIT $10""",
        status,
        severity,
        type,
        level,
        village,
        district,
        flag,
        cursor,
        limit + 1,
    )
    return Json(page_of(found, limit), look.headers)


@router.get("/v1/incidents/{id}", response_model=Stored[IncidentAnswer], responses=NOT_FOUND)
async def incident(look: Look, id: IdPath) -> Json:
    """One incident."""
    return Json(await look.one("incident", id), look.headers)
