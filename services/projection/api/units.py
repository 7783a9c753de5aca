"""Units: who they are, what they are ordered to do, where they were seen and counted."""

from typing import Any

from fastapi import APIRouter, Response
from msgspec.json import decode

from services.projection.api import geojson
from services.projection.api.documents import UnitAnswer
from services.projection.api.geojson import AsGeoJson, GeoJson
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json, page_of
from services.projection.api.words import Cursor, IdPath, Limit, Page, Stored, VillageFilter, WordFilter
from services.projection.store import Document

router = APIRouter(tags=["units"])


@router.get(
    "/v1/units",
    response_model=Page[UnitAnswer],
    responses=geojson.OFFERED,
)
async def units(
    look: Look,
    response: Response,
    as_geojson: AsGeoJson,
    agency: WordFilter = None,
    village: VillageFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Json | GeoJson:
    """Units by id; `village`: those that have an assignment there or were there. As GeoJSON: where each was seen."""
    found = await look.listed(
        "unit",
        """($2::text IS NULL OR agency = $2) AND ($3::text IS NULL OR villages @> ARRAY[$3])
           AND ($4::text IS NULL OR id > $4) ORDER BY id LIMIT $5""",
        agency,
        village,
        cursor,
        limit + 1,
    )
    shown = page_of(found, limit)
    if as_geojson:
        return GeoJson(geojson.collection([feature(decode(each)) for each in shown["items"]], shown["next"]), response)
    return Json(shown, response.headers)


@router.get("/v1/units/{id}", response_model=Stored[UnitAnswer], responses={**NOT_FOUND, **geojson.OFFERED})
async def unit(look: Look, id: IdPath, response: Response, as_geojson: AsGeoJson) -> Json | GeoJson:
    """One unit, with all that is known of it. As GeoJSON: where it was last seen."""
    found = await look.one("unit", id)
    return GeoJson(feature(decode(found)), response) if as_geojson else Json(found, response.headers)


def feature(unit: Document) -> dict[str, Any]:
    """A unit on the map, where it was last seen; `as_of` says when, null if it never was."""
    registration, position = unit["registration"] or {}, unit["position"] or {}
    said = {name: registration.get(name) for name in ("name", "agency", "callsign", "strength")}
    seen = {name: position.get(name) for name in ("as_of", "accuracy", "speed", "heading")}
    kept = {name: unit[name] for name in ("unit", "presence", "flags", "last_heard")}
    at = (position["lat"], position["lon"]) if position else None
    return geojson.feature(unit["unit"], geojson.point(at), {**kept, **said, **seen})
