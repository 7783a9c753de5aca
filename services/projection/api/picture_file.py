"""The picture of an instant as one file: all that the read model shows, and of which logs, how far read."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from schemas.catalogue import SERVICES
from services.projection.api import alerts, contingents, operation, picture, posts
from services.projection.api.briefs import briefs
from services.projection.api.documents import (
    AlertAnswer,
    ContingentAnswer,
    EngagementAnswer,
    IncidentAnswer,
    PostAnswer,
    UnitAnswer,
    WarningAnswer,
)
from services.projection.api.logistics_documents import ReadinessAnswer, ShipmentAnswer
from services.projection.api.operation import OperationAnswer
from services.projection.api.picture_words import PictureAnswer
from services.projection.api.position import header
from services.projection.api.reading import Look, Snapshot
from services.projection.api.sitrep import KINDS
from services.projection.api.words import Answer
from services.projection.sitrep.report import heads
from services.projection.sitrep.words import Head
from services.projection.store import Document

router = APIRouter(tags=["exports"])


class PictureFile(Answer):
    """All that the read model shows at one instant: the picture, and the documents that it is drawn from, by kind.

    `position` and `heads` say of which logs, how far read: whoever has the logs can fold them to the same.
    """

    position: str
    heads: Sequence[Head]
    operation: OperationAnswer | None
    picture: PictureAnswer
    units: Sequence[UnitAnswer]
    posts: Sequence[PostAnswer]
    contingents: Sequence[ContingentAnswer]
    shipments: Sequence[ShipmentAnswer]
    readiness: Sequence[ReadinessAnswer]
    incidents: Sequence[IncidentAnswer]
    warnings: Sequence[WarningAnswer]
    engagements: Sequence[EngagementAnswer]
    alerts: Sequence[AlertAnswer]


@router.get("/v1/export/picture", response_model=PictureFile)
async def picture_file(look: Look) -> Response:
    """The picture of an instant as one JSON file."""
    found = {kind: await look.documents(kind) for kind in KINDS}
    body = await asyncio.to_thread(_picture_file, look, found)
    return Response(
        body,
        media_type="application/json",
        headers={
            **look.headers,
            "Content-Disposition": f'attachment; filename="picture-{look.now:%Y%m%dT%H%M%SZ}.json"',
        },
    )


def _picture_file(look: Snapshot, found: Mapping[str, Sequence[Document]]) -> bytes:
    known = briefs(found, look.now)
    adopted = {service: found[f"{service}-operation"] for service in SERVICES}
    return msgspec.json.encode(
        {
            "position": header(look.positions),
            "heads": [each.model_dump() for each in heads(look.positions)],
            "operation": operation.answer(adopted, look.now),
            "picture": picture.drawn(known, picture.judge(look, known)).model_dump(mode="json"),
            "units": found["unit"],
            "posts": posts.answers(found["post"], known.units, look.now),
            "contingents": contingents.answers(found["contingent"], look.now),
            "shipments": found["shipment"],
            "readiness": found["readiness"],
            "incidents": found["incident"],
            "warnings": found["warning"],
            "engagements": found["engagement"],
            "alerts": [alerts.answer(each, look.now) for each in found["alert"]],
        }
    )
