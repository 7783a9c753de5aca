"""Shipments: plan, seals and custody of packages, handovers, legs and changes of mode, deliveries, counts, return."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from msgspec.json import decode

from services.projection.api import geojson
from services.projection.api.geojson import AsGeoJson, GeoJson
from services.projection.api.logistics_documents import CustodyAnswer, ShipmentAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json, page_of
from services.projection.api.words import Cursor, DistrictFilter, IdPath, Limit, Page, Stored, VillageFilter
from services.projection.store import Document
from services.views.stage import Stage

router = APIRouter(tags=["shipments"])

StageFilter = Annotated[Stage | None, Query(description="Only those that have come so far and no farther.")]
FlagFilter = Annotated[
    str | None, Query(pattern=r"^[a-z_]{1,40}$", description="Only those with this flag, e.g. `disputed`.")
]


@router.get(
    "/v1/shipments",
    response_model=Page[ShipmentAnswer],
    responses=geojson.OFFERED,
)
async def shipments(
    look: Look,
    response: Response,
    as_geojson: AsGeoJson,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    stage: StageFilter = None,
    flag: FlagFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Json | GeoJson:
    """Shipments by id. As GeoJSON: the last known place of each, if that is in a village."""
    found = await look.listed(
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
    shown = page_of(found, limit)
    if as_geojson:
        return GeoJson(geojson.collection([feature(decode(each)) for each in shown["items"]], shown["next"]), response)
    return Json(shown, response.headers)


@router.get("/v1/shipments/{id}", response_model=Stored[ShipmentAnswer], responses={**NOT_FOUND, **geojson.OFFERED})
async def shipment(look: Look, id: IdPath, response: Response, as_geojson: AsGeoJson) -> Json | GeoJson:
    """One shipment, with the custody of each package and every handover. As GeoJSON: its last known place."""
    found = await look.one("shipment", id)
    return GeoJson(feature(decode(found)), response) if as_geojson else Json(found, response.headers)


def feature(shipment: Document) -> dict[str, Any]:
    """A shipment on the map: at the centroid of the village of its last known place, else nowhere."""
    kept = ("shipment", "village", "stage", "custodian", "place", "flags", "last_heard")
    at = shipment["place"] and geojson.place(shipment["place"]["place"])
    return geojson.feature(shipment["shipment"], geojson.point(at), {name: shipment[name] for name in kept})


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
