"""One village: its row of the picture, and what stands behind it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from schemas.places import VILLAGES
from schemas.types import Jurisdiction, village_of
from services.projection.api import alerts, geojson, posts
from services.projection.api.briefs import BRIEFED, Briefs, sorted_out, unreported
from services.projection.api.documents import AlertAnswer, IncidentAnswer, PostAnswer, UnitAnswer
from services.projection.api.geojson import AsGeoJson, GeoJson
from services.projection.api.logistics_documents import ReadinessAnswer, ShipmentAnswer
from services.projection.api.picture import judge, looked_at
from services.projection.api.picture_rows import by_village, row
from services.projection.api.picture_words import VillageRow
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json
from services.projection.api.words import VILLAGE, Answer, DistrictFilter, Limit, Page, Stored, VillagePath, page

router = APIRouter(tags=["picture"])

# Of two that are linked as duplicates of each other, the second may lie in another village.
_CONCERNS = """(kind LIKE '%-operation' OR (kind = 'incident' AND document -> 'flags' ? 'duplicate')
                OR (villages @> ARRAY[$2] AND (kind <> 'alert' OR status = 'standing')))"""
_LIES_IN = "villages @> ARRAY[$2] ORDER BY id"
VillageCursor = Annotated[str | None, Query(pattern=VILLAGE, description="`next` of the page before.")]


class VillageAnswer(Answer):
    """A village's row, and its posts, the units sent there or seen there, its shipments, readiness and incidents.

    `readiness` is null while nobody has checked it. `alerts` are the standing ones that name it. `unreported`
    are the posts that the plan or an assignment names and no report has named.
    """

    row: VillageRow
    unreported: Sequence[str]
    posts: Sequence[Stored[PostAnswer]]
    units: Sequence[Stored[UnitAnswer]]
    shipments: Sequence[Stored[ShipmentAnswer]]
    readiness: Stored[ReadinessAnswer] | None
    incidents: Sequence[Stored[IncidentAnswer]]
    alerts: Sequence[Stored[AlertAnswer]]


@router.get("/v1/villages", response_model=Page[VillageRow], responses=geojson.OFFERED)
async def villages(
    look: Look,
    response: Response,
    as_geojson: AsGeoJson,
    district: DistrictFilter = None,
    jurisdiction: Annotated[Jurisdiction | None, Query(description="Only those of this police force's posts.")] = None,
    cursor: VillageCursor = None,
    limit: Limit = 100,
) -> Page[VillageRow] | GeoJson:
    """The rows of the picture, by the village's code. As GeoJSON: each at its village's centroid."""
    rows = (await looked_at(look, district, jurisdiction)).villages
    shown = page([each for each in rows if cursor is None or each.code > cursor][: limit + 1], limit, _code)
    if as_geojson:
        return GeoJson(geojson.collection([feature(each) for each in shown.items], shown.next), response)
    return shown


def _code(row: VillageRow) -> str:
    return row.code


def feature(row: VillageRow) -> dict[str, Any]:
    """A village's row on the map."""
    return geojson.feature(row.code, geojson.point(geojson.place(row.code)), row.model_dump(mode="json"))


@router.get("/v1/villages/{code}", response_model=VillageAnswer, responses={**NOT_FOUND, **geojson.OFFERED})
async def village(look: Look, code: VillagePath, response: Response, as_geojson: AsGeoJson) -> Json | GeoJson:
    """One village; 404 when there is no such village in your areas, an empty one when nothing is known of it.

    As GeoJSON: its row.
    """
    for kind in BRIEFED:
        look.require(kind)
    if code not in VILLAGES or not look.viewer.sees_village(code):
        raise look.not_found(f"No village in your areas has the code {code}.")
    found = {kind: await look.listed(kind, _LIES_IN, code) for kind in ("unit", "shipment", "readiness", "incident")}
    its_posts = await look.documents("post", _LIES_IN, code)
    standing = await alerts.standing_in(look, code)
    told = await look.briefs(BRIEFED, _CONCERNS, code)
    everything = sorted_out(told, look.now)
    own = by_village(everything).get(code, Briefs())
    its_row = row(code, own, judge(look, everything))
    if as_geojson:
        return GeoJson(feature(its_row), response)
    answered = {
        "row": its_row,
        "unreported": sorted(each for each in unreported(everything) if village_of(each) == code),
        "posts": posts.answers(its_posts, told["unit"], look.now),
        "units": [*found["unit"].values()],
        "shipments": [*found["shipment"].values()],
        "readiness": next(iter(found["readiness"].values()), None),
        "incidents": [*found["incident"].values()],
        "alerts": [alerts.answer(each, look.now) for each in standing],
    }
    return Json(answered, response.headers)
