"""Contingents: the personnel that agencies give to the operation, now or at another time, and their sum."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter

from services.projection.api.documents import ContingentAnswer, Heads
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json
from services.projection.api.words import Cursor, IdPath, Limit, Page, Stored, page
from services.projection.store import Document
from services.views.model import from_document
from services.views.versions import in_force

router = APIRouter(tags=["contingents"])


class ContingentsAnswer(Page[ContingentAnswer]):
    """A page of contingents. `personnel` and `total` are of all contingents at `at`, on whichever page."""

    at: datetime
    personnel: Heads
    total: int


@router.get("/v1/contingents", response_model=ContingentsAnswer)
async def contingents(look: Look, cursor: Cursor = None, limit: Limit = 100) -> Json:
    """Contingents by id, each with the plan in force at `at`, and what all give together."""
    found = answers(await look.documents("contingent"), look.now)
    rest = [each for each in found if cursor is None or each["contingent"] > cursor]
    shown = page(rest, limit, lambda each: str(each["contingent"]))
    heads: Counter[str] = Counter()
    for each in found:
        heads.update(each["plan"]["personnel"] if each["plan"] else {})
    together = {"at": look.now, "personnel": dict(sorted(heads.items())), "total": heads.total()}
    return Json({**dict(shown), **together}, look.headers)


@router.get("/v1/contingents/{id}", response_model=Stored[ContingentAnswer], responses=NOT_FOUND)
async def contingent(look: Look, id: IdPath) -> Json:
    """One contingent with all versions of its plan, and the one in force at `at`."""
    (answer,) = answers([await look.document("contingent", id)], look.now)
    return Json(answer, look.headers)


def answers(contingents: Sequence[Document], at: datetime) -> list[Document]:
    """Contingents as they are answered: with the plan in force, and how many heads that is."""
    return [_answer(each, at) for each in contingents]


def _answer(contingent: Document, at: datetime) -> Document:
    plan = in_force(from_document("contingent", contingent).versions, at)
    return {
        **contingent,
        "at": at,
        "plan": plan and contingent["versions"][str(plan.plan_version)],
        "total": sum(plan.personnel.values()) if plan else 0,
    }
