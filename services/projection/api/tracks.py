"""Where a unit was seen, by time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from schemas.types import Instant
from services.projection.api import geojson
from services.projection.api.geojson import AsGeoJson, GeoJson
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Answer, IdPath, Limit

router = APIRouter(tags=["units"])

_POSITION = r"^deployment\.events/[0-9]{1,4}@[0-9]{1,18}$"
_SQL = """
WITH seen AS (
    SELECT at AS as_of, source, id, partition, event_offset, recordedtime, knowntime, data
    FROM events WHERE subject = 'unit/' || $1 AND slot IS NOT NULL AND type = 'kalimaya.unit.sighted')
SELECT * FROM seen
WHERE ($2::timestamptz IS NULL OR as_of >= $2) AND ($3::timestamptz IS NULL OR as_of < $3)
  AND ($6::timestamptz IS NULL OR as_of <= $6) AND ($7::timestamptz IS NULL OR knowntime <= $7)
  AND ($4::bigint IS NULL OR (as_of, source, id, event_offset)
       > (SELECT as_of, source, id, event_offset FROM seen WHERE event_offset = $4))
ORDER BY as_of, source, id, event_offset LIMIT $5"""


class SightingAnswer(Answer):
    """Where a unit was at `as_of`: WGS 84 degrees, accuracy in m, speed in m/s, heading in degrees from north."""

    as_of: datetime
    lat: float
    lon: float
    accuracy: float | None
    speed: float | None
    heading: float | None
    source: str
    recordedtime: datetime
    position: str


class TrackAnswer(Answer):
    """The sightings of a unit, the earliest first."""

    unit: str
    items: Sequence[SightingAnswer]
    next: str | None = Field(description="`cursor` of the next page; null on the last one.")


@router.get("/v1/units/{id}/track", response_model=TrackAnswer, responses={**NOT_FOUND, **geojson.OFFERED})
async def track(
    look: Look,
    id: IdPath,
    response: Response,
    as_geojson: AsGeoJson,
    start: Annotated[Instant | None, Query(alias="from", description="Only at this time or after.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Only before this time.")] = None,
    cursor: Annotated[
        str | None, Query(pattern=_POSITION, description="`next` of the page before, the last sighting on it.")
    ] = None,
    limit: Limit = 1000,
) -> TrackAnswer | GeoJson:
    """Where a unit was seen, by time, reports that came late in their place. As GeoJSON: a line, with its `times`."""
    await look.document("unit", id)
    behind = None if cursor is None else int(cursor.rpartition("@")[2])
    until = None if look.at is None and look.known_at is None else look.now
    found = await look.connection.fetch(_SQL, id, start, end, behind, limit + 1, until, look.known_at)
    items = [_sighting(each) for each in found[:limit]]
    after = items[-1].position if len(found) > limit else None
    if as_geojson:
        return GeoJson(feature(id, items, after), response)
    return TrackAnswer(unit=id, items=items, next=after)


def feature(unit: str, items: Sequence[SightingAnswer], after: str | None) -> dict[str, Any]:
    """The track as a line; a point if there is one sighting only, nothing without any. `times` has one each."""
    line = geojson.line([(each.lat, each.lon) for each in items])
    shown = geojson.feature(unit, line, {"unit": unit, "times": [_text(each.as_of) for each in items], "next": after})
    if line is None or line["type"] == "Point":
        return shown
    return {**shown, "bbox": geojson.bbox(line["coordinates"])}


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _sighting(row: Mapping[str, Any]) -> SightingAnswer:
    return SightingAnswer(
        as_of=row["as_of"],
        source=row["source"],
        recordedtime=row["recordedtime"],
        position=f"deployment.events/{row['partition']}@{row['event_offset']}",
        **{name: value for name, value in msgspec.json.decode(row["data"]).items() if name != "unit"},
    )
