"""A good message of every kind that can be sent, made from the contract's own types."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from schemas import types
from schemas.catalogue import CATALOGUE, Definition

BY_TYPE: list[tuple[Any, Any]] = [
    (types.Instant, "2019-11-03T05:00:00Z"),
    (types.Day, "2019-11-03"),
    (types.VillageCode, "36.04.13.2009"),
    (types.PostId, "36.04.13.2009-tps01"),
    (types.DistrictCode, "36.04.13"),
    (types.AreaCode, "36.04.13"),
    (types.ProtecteeId, "36.04.13.2009-c01"),
    (types.Target, "36.04.13.2009"),
    (types.Id, "polres-serang-001"),
    (types.SealNumber, "SRG-000001"),
    (types.AlertId, "0" * 32),
    (types.Counts, {"polri": 2}),
]


def sendable() -> list[Definition]:
    """Every version of every order and report."""
    return [entry for _, entry in sorted(CATALOGUE.items()) if entry.kind in ("order", "report")]


def event_of(entry: Definition, id_: str = "example") -> dict[str, Any]:
    """A CloudEvent of one version of a message, with every field set."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/agencies/polres-serang",
        "type": entry.type,
        "dataschema": entry.dataschema,
        "time": "2019-11-03T05:00:00Z",
        "data": _data(entry.cls),
    }


def _data(cls: Any) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: _value(hints[field.name]) for field in fields(cls)}


def _value(hint: Any) -> Any:  # noqa: PLR0911 - one line a kind of annotation
    for known, value in BY_TYPE:
        if hint == known:
            return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _constrained(inner[0], inner[1:])
    if origin is Literal:
        return inner[0]
    if origin in (Union, UnionType):
        return _value(next(each for each in inner if each is not NoneType))
    if origin is tuple:
        return [_value(inner[0])]
    if origin is dict:
        return {_value(inner[0]): _value(inner[1])}
    plain = {str: "teks", int: 1, float: 1.5, bool: True, datetime: "2019-11-03T05:00:00Z", date: "2019-11-03"}
    return plain[hint] if hint in plain else _data(hint)


def _constrained(hint: Any, metadata: tuple[Any, ...]) -> Any:
    for each in metadata:
        if isinstance(each, FieldInfo) and hint is int:
            least = [bound.ge for bound in each.metadata if hasattr(bound, "ge")]
            return least[0] if least else 1
    return _value(hint)


def events() -> Iterator[dict[str, Any]]:
    """One of each."""
    for number, entry in enumerate(sendable()):
        yield event_of(entry, f"example-{number}")
