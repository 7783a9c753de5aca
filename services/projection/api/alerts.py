"""Alerts: which rules are broken, on what, since when, who answers for it, and what the rules say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from schemas.types import AlertRule, Jurisdiction, Level
from schemas.watched import WATCHED
from schemas.watched.rule import Service, Watched
from services.projection.api.briefs import OPERATIONS, sorted_out
from services.projection.api.documents import AlertAnswer
from services.projection.api.picture_rows import by_village
from services.projection.api.reading import NOT_FOUND, Look, Snapshot
from services.projection.api.verbatim import Json
from services.projection.api.words import Answer, DistrictFilter, IdPath, Limit, Page, Stored, VillageFilter, page
from services.projection.store import Document

router = APIRouter(tags=["alerts"])

MOST_SECONDS = 366 * 24 * 3600
"""Longer than any operation."""
_PLACE = """(status = 'cleared', CASE status
    WHEN 'standing' THEN extract(epoch FROM (document ->> 'since')::timestamptz)
    ELSE -extract(epoch FROM (document #>> '{cleared,as_of}')::timestamptz) END, id)"""
"""Where an alert stands in the list. Nothing in it changes while the alert's state does not."""
_BEFORE = """($11, CASE WHEN $11 THEN -1 ELSE 1 END * extract(epoch FROM $12::timestamptz), $13::text)"""
_WHERE = f"""($2::text IS NULL OR status = $2) AND ($3::text[] IS NULL OR document ->> 'rule' = ANY($3))
    AND ($4::text IS NULL OR villages @> ARRAY[$4]) AND ($5::text IS NULL OR districts @> ARRAY[$5])
    AND ($6::text[] IS NULL OR villages && $6 OR (villages = '{{}}' AND districts && $7::text[]))
    AND ($8::boolean IS NULL
         OR $8 = COALESCE((document #>> '{{acknowledged,until}}')::timestamptz > $9::timestamptz, false))
    AND ($10::interval IS NULL OR COALESCE((document #>> '{{cleared,as_of}}')::timestamptz, $9)
         - (document ->> 'since')::timestamptz >= $10)
    AND ($11::boolean IS NULL OR {_PLACE} > {_BEFORE}) ORDER BY {_PLACE} LIMIT $14"""


AlertCursor = Annotated[
    str | None,
    Query(pattern=r"^(standing|cleared)~[0-9]{1,16}~[0-9a-f]{32}$", description="`next` of the page before."),
]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which alerts are asked for; what is left out lets every one through."""

    state: Annotated[Literal["standing", "cleared"] | None, Query()] = None
    rule: Annotated[list[AlertRule] | None, Query(description="Only of this rule; of any of them, if repeated.")] = None
    service: Annotated[Service | None, Query(description="Only of rules that this service watches.")] = None
    level: Annotated[Level | None, Query(description="Only of rules whose alerts this level sees to first.")] = None
    village: VillageFilter = None
    district: DistrictFilter = None
    jurisdiction: Annotated[
        Jurisdiction | None,
        Query(
            description="Only what names a village that this police force answers for, or no village but a district in "
            "which it has one."
        ),
    ] = None
    acknowledged: Annotated[
        bool | None, Query(description="Whether somebody answers for it now; not if that has run out.")
    ] = None
    older_than: Annotated[
        float | None,
        Query(
            ge=0,
            le=MOST_SECONDS,
            allow_inf_nan=False,
            description="Only what has been broken for so long, in seconds, or was until it was cleared.",
        ),
    ] = None

    @property
    def rules(self) -> list[AlertRule] | None:
        """The rules that pass; None if all do. A rule without words is of no service and level that is known."""
        if self.rule is None and self.service is None and self.level is None:
            return None
        return [each for each in self.rule or WATCHED if self._fits(WATCHED.get(each))]

    def _fits(self, words: Watched | None) -> bool:
        if words is None:
            return self.service is None and self.level is None
        return self.service in (None, words.service) and self.level in (None, words.level)


@router.get("/v1/alerts", response_model=Page[AlertAnswer])
async def alerts(
    look: Look, filters: Annotated[Filters, Depends()], cursor: AlertCursor = None, limit: Limit = 100
) -> Json:
    """First the standing alerts, those broken longest ahead; then the cleared ones, those cleared last ahead.

    Of those that were there at the first page none is left out: one that is cleared while you turn the pages may come
    once more, among the cleared ones. Ask with `state=standing` for what is to be done.
    """
    area = None if filters.jurisdiction is None else await under(look, filters.jurisdiction)
    state, at, id_ = cursor.split("~") if cursor else (None, None, None)
    found = await look.documents(
        "alert",
        _WHERE,
        filters.state,
        filters.rules,
        filters.village,
        filters.district,
        area,
        area and sorted({code[:8] for code in area}),
        filters.acknowledged,
        look.now,
        None if filters.older_than is None else timedelta(seconds=filters.older_than),
        state and state == "cleared",
        at and _EPOCH + int(at) * _MICROSECOND,
        id_,
        limit + 1,
    )
    return Json(dict(page([answer(each, look.now) for each in found], limit, _place)), look.headers)


@router.get("/v1/alerts/{id}", response_model=Stored[AlertAnswer], responses=NOT_FOUND)
async def alert(look: Look, id: IdPath) -> Json:
    """One alert."""
    return Json(answer(await look.document("alert", id), look.now), look.headers)


class AlertRulesAnswer(Answer):
    """The rules that are watched, in words."""

    rules: Sequence[Watched]


@router.get("/v1/alert-rules", response_model=AlertRulesAnswer)
async def alert_rules() -> AlertRulesAnswer:
    """What is watched: what an alert of each rule says, means and asks for, and when it is cleared."""
    return AlertRulesAnswer(rules=list(WATCHED.values()))


def answer(document: Document, now: datetime) -> Document:
    """An alert as it is answered: with the words of its rule, and what its instants mean at `now`."""
    acknowledged: dict[str, Any] | None = document["acknowledged"]
    until = datetime.fromisoformat(acknowledged["until"]) if acknowledged else now
    cleared: dict[str, Any] | None = document["cleared"]
    ended = datetime.fromisoformat(cleared["as_of"]) if cleared else now
    return {
        **document,
        "words": WATCHED.get(document["rule"]),
        "age": (ended - datetime.fromisoformat(document["since"])).total_seconds(),
        "acknowledged": acknowledged and {**acknowledged, "run_out": until <= now},
        "changes_at": None if cleared or until <= now else until,
    }


async def standing_in(look: Snapshot, village: str) -> list[Document]:
    """The standing alerts that name a village, in the order of the list."""
    return await look.documents("alert", f"status = 'standing' AND villages @> ARRAY[$2] ORDER BY {_PLACE}", village)


def _place(alert: Document) -> str:
    at = alert["since"] if alert["cleared"] is None else alert["cleared"]["as_of"]
    return f"{alert['state']}~{(datetime.fromisoformat(at) - _EPOCH) // _MICROSECOND}~{alert['alert']}"


async def under(look: Snapshot, jurisdiction: Jurisdiction) -> list[str]:
    """The villages that a police force answers for."""
    kinds = [kind for kind in ("post", *OPERATIONS) if kind in look.viewer.kinds]
    found = sorted_out(await look.briefs(kinds), look.now)
    return [code for code, own in by_village(found).items() if own.jurisdiction == jurisdiction]
