"""The Indonesian labels of all codes, for whoever shows answers to people."""

from collections.abc import Mapping

from fastapi import APIRouter

from schemas.labels import LABELS
from services.projection.api.words import Answer

router = APIRouter(tags=["labels"])


class LabelsAnswer(Answer):
    """Labels by code, by vocabulary: `incident_type`, `force`, `event_type` (without `kalimaya.`) and so on."""

    labels: Mapping[str, Mapping[str, str]]


@router.get("/v1/labels", response_model=LabelsAnswer)
async def labels() -> LabelsAnswer:
    """What operators call what the codes of all answers mean."""
    return LabelsAnswer(labels=LABELS)
