"""Alerts: which rules are broken, on what, since when, and who answers for it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from schemas.types import AlertRule
from services.projection.api.documents import AlertAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Cursor, IdPath, Limit, Page, VillageFilter, page
from services.projection.store import Document

router = APIRouter(tags=["alerts"])


@router.get("/v1/alerts", response_model=Page[AlertAnswer])
async def alerts(
    look: Look,
    state: Annotated[Literal["standing", "cleared"] | None, Query()] = None,
    rule: Annotated[AlertRule | None, Query()] = None,
    village: VillageFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Document]:
    """Alerts by id, standing and cleared unless `state` says which."""
    found = await look.documents(
        "alert",
        """($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR document ->> 'rule' = $3)
           AND ($4::text IS NULL OR villages @> ARRAY[$4]) AND ($5::text IS NULL OR id > $5) ORDER BY id LIMIT $6""",
        state,
        rule,
        village,
        cursor,
        limit + 1,
    )
    return page(found, limit, lambda each: str(each["alert"]))


@router.get("/v1/alerts/{id}", response_model=AlertAnswer, responses=NOT_FOUND)
async def alert(look: Look, id: IdPath) -> Document:
    """One alert."""
    return await look.document("alert", id)
