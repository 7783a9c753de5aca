"""Shipments: plan, packages with their seals and custody, handovers and on what they differ, legs, deliveries."""

from fastapi import APIRouter

from services.projection.api.documents import ShipmentAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Cursor, DistrictFilter, IdPath, Limit, Page, VillageFilter, page
from services.projection.store import Document

router = APIRouter(tags=["shipments"])


@router.get("/v1/shipments", response_model=Page[ShipmentAnswer])
async def shipments(
    look: Look,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Document]:
    """Shipments by id."""
    found = await look.documents(
        "shipment",
        """($2::text IS NULL OR villages @> ARRAY[$2]) AND ($3::text IS NULL OR districts @> ARRAY[$3])
           AND ($4::text IS NULL OR id > $4) ORDER BY id LIMIT $5""",
        village,
        district,
        cursor,
        limit + 1,
    )
    return page(found, limit, lambda each: str(each["shipment"]))


@router.get("/v1/shipments/{id}", response_model=ShipmentAnswer, responses=NOT_FOUND)
async def shipment(look: Look, id: IdPath) -> Document:
    """One shipment, with the custody of each package and every handover."""
    return await look.document("shipment", id)
