"""Types that several endpoints share: ids and codes as parameters, pages, the base of every answer."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from schemas.types import Jurisdiction
from services.projection.api import vector
from services.views.model import KINDS

_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
VILLAGE = r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}$"
_DISTRICT = r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}$"

_POST = r"^[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}(-tps[0-9]{2})?$"

IdPath = Annotated[str, Path(pattern=_ID)]
VillagePath = Annotated[str, Path(pattern=VILLAGE, description="Code of the Ministry of Home Affairs.")]
PostPath = Annotated[str, Path(pattern=_POST, description="A village's code, or that and `-tps01` for one station.")]
VillageFilter = Annotated[str | None, Query(pattern=VILLAGE, description="Only of this village (code).")]
DistrictFilter = Annotated[str | None, Query(pattern=_DISTRICT, description="Only of this district (code).")]
WordFilter = Annotated[str | None, Query(pattern=_ID)]
Cursor = Annotated[str | None, Query(pattern=_ID, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


def _readable(text: str) -> str:
    vector.parse(text)
    return text


VectorText = Annotated[str, Field(max_length=vector.MOST_CHARACTERS, pattern=vector.PATTERN), AfterValidator(_readable)]
KindFilter = Annotated[
    list[Annotated[str, Field(pattern=f"^({'|'.join(KINDS)})$")]] | None,
    Query(description="Only of entities of this kind; of any of them, if repeated."),
]
JurisdictionFilter = Annotated[
    Jurisdiction | None,
    Query(
        description="Only what concerns a village that this police force answers for, or no village but a district in "
        "which it has one."
    ),
]

T = TypeVar("T")


class Answer(BaseModel):
    """Base of what we answer: frozen, and every field is always there."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class _AsItIs:
    """Has a value described by its type, and served without being held against it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda value, _: value, handler(source), serialization=core_schema.simple_ser_schema("any")
        )


Stored = Annotated[T, _AsItIs()]
"""A document, as the read model keeps it. Tests hold every kind against its model; with each answer it would take ten
times as long as all the rest."""


class Page(Answer, Generic[T]):
    """A part of a list, in its order."""

    items: Sequence[Stored[T]]
    next: str | None = Field(description="`cursor` of the next page; null on the last one.")


def page(found: Sequence[T], limit: int, id_of: Callable[[T], str]) -> Page[T]:
    """A page from a query for one more than `limit`."""
    return Page(items=found[:limit], next=id_of(found[limit - 1]) if len(found) > limit else None)
