"""One village: its row of the picture, and what stands behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from schemas.places import VILLAGES
from schemas.types import village_of
from services.projection.api import alerts, posts
from services.projection.api.briefs import BRIEFED, Briefs, sorted_out, unreported
from services.projection.api.documents import AlertAnswer, IncidentAnswer, PostAnswer, UnitAnswer
from services.projection.api.logistics_documents import ReadinessAnswer, ShipmentAnswer
from services.projection.api.picture import judge
from services.projection.api.picture_rows import by_village, row
from services.projection.api.picture_words import VillageRow
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Answer, VillagePath

router = APIRouter(tags=["picture"])

# Of two that are linked as duplicates of each other, the second may lie in another village.
_CONCERNS = """(kind LIKE '%-operation' OR (kind = 'incident' AND document -> 'flags' ? 'duplicate')
                OR (villages @> ARRAY[$2] AND (kind <> 'alert' OR status = 'standing')))"""


class VillageAnswer(Answer):
    """A village's row, and its posts, the units sent there or seen there, its shipments, readiness and incidents.

    `readiness` is null while nobody has checked it. `alerts` are the standing ones that name it. `unreported`
    are the posts that the plan or an assignment names and no report has named.
    """

    row: VillageRow
    unreported: Sequence[str]
    posts: Sequence[PostAnswer]
    units: Sequence[UnitAnswer]
    shipments: Sequence[ShipmentAnswer]
    readiness: ReadinessAnswer | None
    incidents: Sequence[IncidentAnswer]
    alerts: Sequence[AlertAnswer]


@router.get("/v1/villages/{code}", response_model=VillageAnswer, responses=NOT_FOUND)
async def village(look: Look, code: VillagePath) -> Mapping[str, Any]:
    """One village; 404 when there is no such village in your areas, an empty one when nothing is known of it."""
    for kind in BRIEFED:
        look.require(kind)
    if code not in VILLAGES or not look.viewer.sees_village(code):
        raise look.not_found(f"No village in your areas has the code {code}.")
    found = {
        kind: await look.documents(kind, "villages @> ARRAY[$2] ORDER BY id", code)
        for kind in ("post", "unit", "shipment", "readiness", "incident")
    }
    standing = await alerts.standing_in(look, code)
    told = await look.briefs(BRIEFED, _CONCERNS, code)
    everything = sorted_out(told, look.now)
    own = by_village(everything).get(code, Briefs())
    return {
        "row": row(code, own, judge(look, everything)),
        "unreported": sorted(each for each in unreported(everything) if village_of(each) == code),
        "posts": posts.answers(found["post"], told["unit"], look.now),
        "units": found["unit"],
        "shipments": found["shipment"],
        "readiness": next(iter(found["readiness"]), None),
        "incidents": found["incident"],
        "alerts": [alerts.answer(each, look.now) for each in standing],
    }
