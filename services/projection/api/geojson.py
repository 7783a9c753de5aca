"""GeoJSON (RFC 7946) for maps: longitude before latitude, WGS 84, six decimals (a decimetre), no `crs`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.responses import JSONResponse

from schemas.places import VILLAGES
from schemas.types import village_of
from services.projection.api.negotiation import choices, quality

MEDIA_TYPE = "application/geo+json"
DECIMALS = 6
OFFERED: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}}
"""What OpenAPI says of an answer that is also there as GeoJSON."""

Point = tuple[float, float]
"""Latitude and longitude, in this order as everywhere but in GeoJSON itself."""


class GeoJson(JSONResponse):
    """An answer in GeoJSON, with the headers that the look has set on `like`."""

    media_type = MEDIA_TYPE

    def __init__(self, content: Mapping[str, Any], like: Response) -> None:
        super().__init__(content)
        self.headers.raw.extend(like.headers.raw)


async def _is_wanted(request: Request, response: Response) -> bool:
    """Whether the client would rather have GeoJSON than JSON."""
    response.headers.add_vary_header("Accept")
    accept = ",".join(request.headers.getlist("accept"))
    geo, json = quality(accept, MEDIA_TYPE), quality(accept, "application/json", "application/*", "*/*")
    return geo > json or (geo == json > 0 and "application/json" not in choices(accept))


AsGeoJson = Annotated[bool, Depends(_is_wanted)]


def feature(id_: str, geometry: Mapping[str, Any] | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """One thing on the map; without a geometry nobody knows where it is."""
    return {"type": "Feature", "id": id_, "geometry": geometry, "properties": properties}


def point(at: Point | None) -> dict[str, Any] | None:
    """A point."""
    return None if at is None else {"type": "Point", "coordinates": _position(at)}


def line(points: Sequence[Point]) -> dict[str, Any] | None:
    """A line through these points; a line needs two, so one is a point."""
    if len(points) < 2:
        return point(points[0] if points else None)
    return {"type": "LineString", "coordinates": [_position(each) for each in points]}


def collection(features: Sequence[Mapping[str, Any]], after: str | None) -> dict[str, Any]:
    """These features, the box around them, and in `next` the cursor of the next page, as in the list in JSON."""
    found = {"type": "FeatureCollection", "features": features, "next": after}
    box = bbox(position for each in features for position in _positions(each["geometry"]))
    return found if box is None else {"bbox": box, **found}


def bbox(positions: Iterable[Sequence[float]]) -> list[float] | None:
    """West, south, east and north of these positions; None without any."""
    lon_lat = list(zip(*positions, strict=True))
    if not lon_lat:
        return None
    lons, lats = lon_lat
    return [min(lons), min(lats), max(lons), max(lats)]


def place(code: str) -> Point | None:
    """Where a place is: the centroid of its village for a post or a polling station, unknown for other places."""
    village = VILLAGES.get(village_of(code))
    return None if village is None else (village.lat, village.lon)


def _positions(geometry: Mapping[str, Any] | None) -> list[list[float]]:
    return [] if geometry is None else [geometry["coordinates"]]


def _position(at: Point) -> list[float]:
    lat, lon = at
    return [round(lon, DECIMALS), round(lat, DECIMALS)]
