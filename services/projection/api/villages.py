"""One village: its row of the picture, and what stands behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from schemas.places import VILLAGES
from services.projection.api.briefs import briefs
from services.projection.api.documents import IncidentAnswer, PostAnswer, UnitAnswer
from services.projection.api.logistics_documents import ShipmentAnswer
from services.projection.api.picture import judge
from services.projection.api.picture_rows import row
from services.projection.api.picture_words import VillageRow
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.words import Answer, VillagePath

router = APIRouter(tags=["picture"])


class VillageAnswer(Answer):
    """A village's row, and its posts, the units sent there or seen there, its shipments and incidents."""

    row: VillageRow
    posts: Sequence[PostAnswer]
    units: Sequence[UnitAnswer]
    shipments: Sequence[ShipmentAnswer]
    incidents: Sequence[IncidentAnswer]


@router.get("/v1/villages/{code}", response_model=VillageAnswer, responses=NOT_FOUND)
async def village(look: Look, code: VillagePath) -> Mapping[str, Any]:
    """One village; 404 when there is no such village, an empty one when nothing is known of it."""
    if code not in VILLAGES:
        raise look.not_found(f"No village has the code {code}.")
    found = {
        kind: await look.documents(kind, "villages @> ARRAY[$2] ORDER BY id", code)
        for kind in ("post", "unit", "shipment", "incident")
    }
    return {
        "row": row(code, briefs(found), judge(look)),
        "posts": found["post"],
        "units": found["unit"],
        "shipments": found["shipment"],
        "incidents": found["incident"],
    }
