"""Shipments: plan, seals and custody of packages, handovers, legs and changes of mode, deliveries, counts, return."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.projection.api.logistics_documents import CustodyAnswer, ShipmentAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Cursor, DistrictFilter, IdPath, Limit, Page, VillageFilter, page
from services.projection.store import Document
from services.views.stage import Stage

router = APIRouter(tags=["shipments"])

StageFilter = Annotated[Stage | None, Query(description="Only those that have come so far and no farther.")]
FlagFilter = Annotated[
    str | None, Query(pattern=r"^[a-z_]{1,40}$", description="Only those with this flag, e.g. `disputed`.")
]


@router.get("/v1/shipments", response_model=Page[ShipmentAnswer])
async def shipments(
    look: Look,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    stage: StageFilter = None,
    flag: FlagFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Document]:
    """Shipments by id."""
    found = await look.documents(
        "shipment",
        """($2::text IS NULL OR villages @> ARRAY[$2]) AND ($3::text IS NULL OR districts @> ARRAY[$3])
           AND ($4::text IS NULL OR status = $4) AND ($5::text IS NULL OR document -> 'flags' ? $5)
           AND ($6::text IS NULL OR id > $6) ORDER BY id LIMIT $7""",
        village,
        district,
        stage,
        flag,
        cursor,
        limit + 1,
    )
    return page(found, limit, lambda each: str(each["shipment"]))


@router.get("/v1/shipments/{id}", response_model=ShipmentAnswer, responses=NOT_FOUND)
async def shipment(look: Look, id: IdPath) -> Document:
    """One shipment, with the custody of each package and every handover."""
    return await look.document("shipment", id)


@router.get("/v1/shipments/{id}/custody", response_model=CustodyAnswer, responses=NOT_FOUND)
async def custody(look: Look, id: IdPath) -> Mapping[str, Any]:
    """Who answered for each package of a shipment since when, and by which handovers."""
    return custody_of(await look.document("shipment", id))


def custody_of(document: Document) -> dict[str, Any]:
    """That part of a shipment's document which tells of custody."""
    kept = ("custodian", "custody", "flags")
    return {
        "shipment": document["shipment"],
        "custodian": document["custodian"],
        "packages": {id_: {name: each[name] for name in kept} for id_, each in document["packages"].items()},
        "handovers": document["handovers"],
    }
