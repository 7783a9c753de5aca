"""The situation report (laporan situasi) as JSON, Markdown, HTML and PDF."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from schemas.types import Instant
from services.kit.http import Problem
from services.projection.api.briefs import BRIEFED, briefs
from services.projection.api.forms import Form, negotiated
from services.projection.api.picture import drawn, judge
from services.projection.api.reading import EARLIEST, Present, Snapshot, at_times
from services.projection.api.times import EVER, KnownAt
from services.projection.sitrep import evidence
from services.projection.sitrep.html_page import html
from services.projection.sitrep.known import Happening, Known
from services.projection.sitrep.markdown import markdown
from services.projection.sitrep.pdf import pdf
from services.projection.sitrep.report import report
from services.projection.sitrep.words import SituationReport

router = APIRouter(tags=["picture"])

KINDS = (*BRIEFED, "contingent", "warning", "engagement")
USUAL = timedelta(hours=24)

FORMS: dict[Form, tuple[str, Callable[[SituationReport], str | bytes]]] = {
    "json": ("application/json", lambda made: made.model_dump_json()),
    "md": ("text/markdown", markdown),
    "html": ("text/html", html),
    "pdf": ("application/pdf", pdf),
}
_CONTENT: dict[str, Any] = {media: {"schema": {"type": "string"}} for media, _ in [*FORMS.values()][1:]}
_LOCKED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""The page quotes reports; whatever one of them should smuggle in, a browser runs and fetches nothing."""


@router.get(
    "/v1/sitrep",
    response_model=SituationReport,
    responses={
        200: {"content": _CONTENT, "description": "The report, in the form that was asked for."},
        406: {"description": "No form of it is acceptable."},
    },
)
async def sitrep(
    present: Present,
    start: Annotated[
        Instant | None, Query(alias="from", description="The period begins; a day before its end if none.")
    ] = None,
    end: Annotated[
        Instant | None, Query(alias="to", description="The period ends; now if none, or if that is still to come.")
    ] = None,
    known_at: KnownAt = None,
    form: Annotated[Form | None, Query(alias="format", description="Goes before `Accept`.")] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Response:
    """What was so at `to` and happened in [from, to): in Indonesian, times in WIB, every figure with its events.

    Sections in the posko's order: situation, strength, logistics, events, actions, what is needed. Markdown, HTML and
    PDF say what JSON says; there a number in brackets leads to the events at the end.
    """
    form = form or negotiated(accept, {name: media for name, (media, _) in FORMS.items()})
    asked_for = end or known_at or present.now
    until = max(min(asked_for, present.now), EARLIEST)
    since = start or (until - USUAL if until - EARLIEST > USUAL else until)
    if since > until:
        raise Problem(
            422,
            "invalid-request",
            "The request is not valid",
            f"from: {since.isoformat()} is after the end of the period",
        )
    media, rendered = FORMS[form]
    look = at_times(present, until if end else None, known_at)
    found = await known(look, since, until)
    made = await asyncio.to_thread(lambda: report(found, asked_for, look.positions))
    headers = {**look.headers, "Vary": "Accept", **_LOCKED}
    if form != "json":
        headers["Content-Disposition"] = f'inline; filename="laporan-situasi-{until:%Y%m%dT%H%MZ}.{form}"'
    return Response(await asyncio.to_thread(rendered, made), media_type=media, headers=headers)


async def known(look: Snapshot, start: datetime, end: datetime) -> Known:
    """All that a report on [start, end) is made from."""
    documents = {kind: await look.documents(kind) for kind in KINDS}
    found = briefs(documents, end)
    subjects = [f"{kind}/{id_of(kind, each)}" for kind, several in documents.items() for each in several]
    return Known(
        start=start,
        end=end,
        documents=documents,
        briefs=found,
        picture=drawn(found, judge(look, found)),
        happenings=await _happenings(look, subjects, "at >= $2 AND at < $3", start, end),
        late=await _happenings(look, subjects, "at < $2 AND knowntime >= $2 AND knowntime < $3", start, end),
    )


def id_of(kind: str, document: dict[str, Any]) -> str:
    """The id of an entity, which its document has under the name of its kind."""
    return str(document["village" if kind == "readiness" else kind.rpartition("-")[2]])


async def _happenings(look: Snapshot, subjects: Sequence[str], when: str, *between: datetime) -> list[Happening]:
    """The events of entities that this reader may see, in the order in which they happened; positions are left out."""
    rows = await look.connection.fetch(
        f"""SELECT service, partition, event_offset, type, subject, at
            FROM (SELECT * FROM events WHERE type <> 'kalimaya.unit.sighted') AS e
            WHERE subject = ANY($1) AND {when} AND knowntime <= ${len(between) + 2}
            ORDER BY at, source, id, service, partition, event_offset""",
        subjects,
        *between,
        look.known_at or EVER,
    )
    return [
        Happening(
            place=evidence.place(row["service"], row["partition"], row["event_offset"]),
            type=row["type"],
            subject=row["subject"],
            at=row["at"],
        )
        for row in rows
    ]
