"""Guard posts: what the plan requires of them, now or at another time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from schemas.types import Jurisdiction
from services.projection.api.briefs import sorted_out, unreported
from services.projection.api.documents import PostAnswer
from services.projection.api.reading import NOT_FOUND, Look
from services.projection.api.verbatim import Json
from services.projection.api.words import Cursor, DistrictFilter, Limit, Page, PostPath, Stored, VillageFilter, page
from services.projection.store import Document
from services.views.briefs import Unit, of_document
from services.views.model import from_document
from services.views.versions import in_force

router = APIRouter(tags=["posts"])


@router.get("/v1/posts", response_model=Page[PostAnswer])
async def posts(
    look: Look,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    jurisdiction: Annotated[Jurisdiction | None, Query(description="By the newest version of the plan.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Json:
    """Posts by id, each with the requirement in force at `at`."""
    found = await look.documents(
        "post",
        """($2::text IS NULL OR villages @> ARRAY[$2]) AND ($3::text IS NULL OR districts @> ARRAY[$3])
           AND ($4::text IS NULL OR jurisdiction = $4) AND ($5::text IS NULL OR id > $5) ORDER BY id LIMIT $6""",
        village,
        district,
        jurisdiction,
        cursor,
        limit + 1,
    )
    villages = sorted({each["village"] for each in found})
    units = await look.briefs(["unit"], "villages && $2::text[]", villages)
    shown = page(answers(found, units["unit"], look.now), limit, lambda each: str(each["post"]))
    return Json(dict(shown), look.headers)


@router.get("/v1/posts/{post}", response_model=Stored[PostAnswer], responses=NOT_FOUND)
async def post(look: Look, post: PostPath) -> Json:
    """One post with all versions of its plan, and the requirement in force at `at`."""
    found = await look.document("post", post)
    units = await look.briefs(["unit"], "villages @> ARRAY[$2]", found["village"])
    (answer,) = answers([found], units["unit"], look.now)
    return Json(answer, look.headers)


def answers(posts: Sequence[Document], units: Sequence[Unit], at: datetime) -> list[Document]:
    """Posts as they are answered: with the requirement in force, and a flag if no report has named them.

    `units`: at least all that have to do with the posts' villages.
    """
    silent = unreported(sorted_out({"post": [of_document("post", each) for each in posts], "unit": units}, at))
    return [_answer(each, each["post"] in silent, at) for each in posts]


def _answer(post: Document, silent: bool, at: datetime) -> Document:
    requirement = in_force(from_document("post", post).versions, at)
    return {
        **post,
        "at": at,
        "requirement": requirement and post["versions"][str(requirement.plan_version)],
        "flags": sorted([*post["flags"], "unreported"]) if silent else post["flags"],
    }
