"""The history: every accepted event as the logs hold it, filtered and page by page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from schemas.types import Instant
from services.projection.api import vector
from services.projection.api.alerts import under
from services.projection.api.event_rows import COLUMNS, FIRST_FREE, Wanted, place_of, position_of, rows
from services.projection.api.reading import Present
from services.projection.api.vector import Vector
from services.projection.api.words import (
    Answer,
    DistrictFilter,
    JurisdictionFilter,
    KindFilter,
    Limit,
    Page,
    VectorText,
    VillageFilter,
    WordFilter,
)

router = APIRouter(tags=["changes"])

_TYPE = r"^kalimaya(\.[a-z_]{1,40}){2}$"
_TEXT = r"^[^\x00]+$"

TypeFilter = Annotated[
    list[Annotated[str, Field(pattern=_TYPE)]] | None,
    Query(description="Only of this type; of any of them, if repeated.", examples=[["kalimaya.unit.mustered"]]),
]
SourceFilter = Annotated[
    str | None,
    Query(min_length=1, max_length=500, pattern=_TEXT, description="Only what this source's messages brought about."),
]
_columns = f"{COLUMNS}, cause, source, id, data"


class HistoryAnswer(Answer):
    """An event as it stands in the log, at `position`: what happened to which entity (`kind` and `id`).

    `source` and `message` are the identity of the message that brought it about, `inbox` is where that stands.
    `as_of` is the effective time: `time`, or `recordedtime` if the source's clock was ahead of ours. `villages` and
    `districts`: what the entity concerned before it and after it.
    """

    position: str
    kind: str
    id: str
    type: str
    subject: str
    as_of: datetime
    time: datetime
    recordedtime: datetime
    knowntime: datetime
    source: str
    message: str
    inbox: str
    villages: Sequence[str]
    districts: Sequence[str]
    data: Any


@router.get("/v1/events", response_model=Page[HistoryAnswer])
async def events(
    look: Present,
    type: TypeFilter = None,
    kind: KindFilter = None,
    id: WordFilter = None,
    source: SourceFilter = None,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    jurisdiction: JurisdictionFilter = None,
    start: Annotated[
        Instant | None, Query(alias="from", description="Only what happened at this time or after.")
    ] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Only what happened before this time.")] = None,
    known_from: Annotated[Instant | None, Query(description="Only what could be known at this time or after.")] = None,
    known_to: Annotated[Instant | None, Query(description="Only what could be known before this time.")] = None,
    order: Annotated[Literal["oldest", "newest"], Query(description="What comes first, by the known time.")] = "oldest",
    cursor: Annotated[VectorText | None, Query(description="`next` of the page before, of the same `order`.")] = None,
    limit: Limit = 100,
) -> Page[HistoryAnswer]:
    """Events in the order in which they could be known. Nothing is left out while you turn the pages.

    Those of your own messages, and those of what you may see.

    A cursor is a vector of positions, as are the ids of `/v1/changes`: it holds across restarts and rebuilds. What
    comes in meanwhile is on the last pages, or, newest first, on none. To go on from the last page, listen to
    `/v1/changes` from its `Kalimaya-Position`.
    """
    wanted = Wanted(
        kinds=kind,
        entity=id,
        types=type,
        source=source,
        village=village,
        district=district,
        under=None if jurisdiction is None else frozenset(await under(look, jurisdiction)),
        start=start,
        end=end,
        known_from=known_from,
        known_to=known_to,
    )
    for each in kind or ():
        look.require(each)
    visible = look.visible_subject("events", FIRST_FREE)
    newest = order == "newest"
    here = vector.at(look.positions)
    turned = vector.parse(cursor) if cursor else here if newest else {}
    first, beyond = (
        ({}, {place: min(turned.get(place, 0), at) for place, at in here.items()}) if newest else (turned, here)
    )
    found = await rows(
        look.connection, first, beyond, wanted, limit + 1, newest_first=newest, columns=_columns, visible=visible
    )
    shown = found[:limit]
    after = vector.write(_turned(turned, shown, newest)) if len(found) > limit else None
    return Page(items=[_answer(each) for each in shown], next=after)


def _turned(turned: Vector, shown: Sequence[Mapping[str, Any]], newest: bool) -> Vector:
    """Where the next page begins, or before what, newest first."""
    return {**turned, **{place_of(each): each["event_offset"] + (0 if newest else 1) for each in shown}}


def _answer(row: Mapping[str, Any]) -> HistoryAnswer:
    kind, _, id_ = row["subject"].partition("/")
    return HistoryAnswer(
        position=position_of(row),
        kind=kind,
        id=id_,
        type=row["type"],
        subject=row["subject"],
        as_of=min(row["time"], row["recordedtime"]),
        time=row["time"],
        recordedtime=row["recordedtime"],
        knowntime=row["knowntime"],
        source=row["source"],
        message=row["id"],
        inbox=f"{row['service']}.inbox/{row['partition']}@{row['cause']}",
        villages=row["villages"],
        districts=row["districts"],
        data=msgspec.json.decode(row["data"]),
    )
