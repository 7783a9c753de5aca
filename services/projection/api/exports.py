"""Exports: every list as CSV, whole, at `<path of the list>.csv`."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header
from fastapi.responses import Response

from services.projection.api import (
    alerts,
    contingents,
    engagements,
    events,
    incidents,
    picture,
    posts,
    readiness,
    shipments,
    units,
    unreadable,
    warnings,
)
from services.projection.api.csv_columns import COLUMNS
from services.projection.api.csv_text import Sheet
from services.projection.api.forms import in_indonesian
from services.projection.api.reading import Snapshot
from services.projection.api.verbatim import Json

router = APIRouter(tags=["exports"])

AT_ONCE = 1000
"""Items read from the database at a time; the rows of a file are far smaller than the documents behind them."""
_NO_MAP = {"as_geojson": False}
AcceptLanguage = Annotated[
    str, Header(description="`id`: Indonesian labels beside codes, in columns of their own, `<name>_label`.")
]


class Csv(Response):
    """A file of comma-separated values."""

    media_type = "text/csv"


def _items(answered: Any) -> Sequence[Any]:
    return answered["items"] if isinstance(answered, Mapping) else answered.items  # type: ignore[no-any-return]


async def _answered(list_: Callable[..., Any], asked: Mapping[str, Any]) -> Any:
    """What the list answers, read anew where it is JSON already."""
    answered = await list_(**asked)
    return msgspec.json.decode(answered.body) if isinstance(answered, Json) else answered


def export(path: str, list_: Callable[..., Any], items: Callable[[Any], Sequence[Any]] = _items) -> None:
    """Serve a list as CSV: the endpoint `list_` with its filters, its pages put together as one look shows them."""
    name = path.rpartition("/")[2]

    async def endpoint(**asked: Any) -> Csv:
        sheet = Sheet(COLUMNS[path], labels=in_indonesian(asked.pop("accept_language")))
        await _fill(sheet, list_, asked | _NO_MAP if "as_geojson" in wants else asked, items)
        said = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Vary": "Accept-Language"}
        look: Snapshot | None = asked.get("look")
        return Csv(sheet.text, headers=said | (look.headers if look else {}))

    wants = signature(list_).parameters
    own = [each for each in wants.values() if each.name not in ("cursor", "limit", *_NO_MAP)]
    language = Parameter("accept_language", Parameter.KEYWORD_ONLY, default="en", annotation=AcceptLanguage)
    parameters = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own]
    endpoint.__signature__ = signature(list_).replace(  # type: ignore[attr-defined]
        parameters=[*parameters, language], return_annotation=Csv
    )
    endpoint.__doc__ = (
        f"The whole of `{path}` as CSV (RFC 4180, UTF-8), with its filters. Blanks between words of a field."
    )
    endpoint.__name__ = f"{name.replace('-', '_')}_csv"
    router.get(f"{path}.csv", response_class=Csv)(endpoint)


async def _fill(
    sheet: Sheet,
    list_: Callable[..., Any],
    asked: Mapping[str, Any],
    items: Callable[[Any], Sequence[Any]],
) -> None:
    """Every page of the list, or the one that it has."""
    if "cursor" not in signature(list_).parameters:
        sheet.add(items(await _answered(list_, asked)))
        return
    cursor = None
    while True:
        answered = await _answered(list_, {**asked, "cursor": cursor, "limit": AT_ONCE})
        sheet.add(items(answered))
        cursor = answered["next"] if isinstance(answered, Mapping) else answered.next
        if cursor is None:
            return


def _villages(answered: Any) -> Sequence[Any]:
    return answered.villages  # type: ignore[no-any-return]


def _districts(answered: Any) -> Sequence[Any]:
    return answered.districts  # type: ignore[no-any-return]


def _rules(answered: Any) -> Sequence[Any]:
    return answered.rules  # type: ignore[no-any-return]


export("/v1/villages", picture.looked_at, _villages)
export("/v1/units", units.units)
export("/v1/posts", posts.posts)
export("/v1/contingents", contingents.contingents)
export("/v1/shipments", shipments.shipments)
export("/v1/readiness", readiness.readiness)
export("/v1/incidents", incidents.incidents)
export("/v1/warnings", warnings.warnings)
export("/v1/engagements", engagements.engagements)
export("/v1/engagement-coverage", engagements.coverage, _districts)
export("/v1/alerts", alerts.alerts)
export("/v1/alert-rules", alerts.alert_rules, _rules)
export("/v1/events", events.events)
export("/v1/unreadable", unreadable.unreadable)
