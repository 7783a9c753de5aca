"""Units: who they are, what they are ordered to do, where they were seen and counted."""

from fastapi import APIRouter

from services.projection.api.documents import UnitAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Cursor, IdPath, Limit, Page, VillageFilter, WordFilter, page
from services.projection.store import Document

router = APIRouter(tags=["units"])


@router.get("/v1/units", response_model=Page[UnitAnswer])
async def units(
    look: Look,
    agency: WordFilter = None,
    village: VillageFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Document]:
    """Units by id; `village`: those that have an assignment there or were there."""
    found = await look.documents(
        "unit",
        """($2::text IS NULL OR agency = $2) AND ($3::text IS NULL OR villages @> ARRAY[$3])
           AND ($4::text IS NULL OR id > $4) ORDER BY id LIMIT $5""",
        agency,
        village,
        cursor,
        limit + 1,
    )
    return page(found, limit, lambda each: str(each["unit"]))


@router.get("/v1/units/{id}", response_model=UnitAnswer, responses=NOT_FOUND)
async def unit(look: Look, id: IdPath) -> Document:
    """One unit, with all that is known of it."""
    return await look.document("unit", id)
