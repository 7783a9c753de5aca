"""The catalogue: which class is which message, in which version, for which service.

A message class is declared with one of the decorators `order`, `report`, `event` or `outcome`; that makes it
a frozen, slotted, keyword-only dataclass and enters it here. Nothing else lists messages by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, dataclass_transform

from pydantic import ConfigDict

Kind = Literal["order", "report", "event", "outcome"]
T = TypeVar("T")
MessageClass = type[Any]  # inside Definition, `type` is the name of a field


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of one message.

    `service` owns the inbox or log in which it stands ("" for outcomes, which stand in every log);
    `key` is the field that names its aggregate, so that `<key>/<value of that field>` is its partition key;
    `of` is, for an event, the order that it gives effect to.
    """

    type: str
    version: int
    kind: Kind
    service: str
    key: str
    cls: MessageClass
    of: MessageClass | None = None

    @property
    def dataschema(self) -> str:
        """The CloudEvents `dataschema` of this version."""
        return f"urn:kalimaya:schema:{self.type.removeprefix('kalimaya.')}:{self.version}"

    def partition_key(self, data: Any) -> str:
        """Key of the aggregate that this message concerns, e.g. `unit/polres-serang-007`."""
        return f"{self.key}/{getattr(data, self.key)}"


CATALOGUE: dict[tuple[str, int], Definition] = {}
BY_CLASS: dict[type[Any], Definition] = {}
_BY_SCHEMA: dict[tuple[str, str | None], Definition] = {}


def definition(type_: str, dataschema: str | None) -> Definition | None:
    """Look a message up by its CloudEvents `type` and `dataschema`; no dataschema means version 1."""
    return _BY_SCHEMA.get((type_, dataschema))


def is_known_type(type_: str) -> bool:
    """Whether any version of this type exists."""
    return (type_, None) in _BY_SCHEMA


def _declare(
    kind: Kind, type_: str, service: str, key: str, version: int, of: type[Any] | None = None
) -> Callable[[type[T]], type[T]]:
    def declare(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[attr-defined]
        entry = Definition(type_, version, kind, service, key, made, of)
        if (type_, version) in CATALOGUE:
            raise ValueError(f"{type_} version {version} is defined twice")
        CATALOGUE[type_, version] = entry
        BY_CLASS[made] = entry
        _BY_SCHEMA[type_, entry.dataschema] = entry
        if version == 1:
            _BY_SCHEMA[type_, None] = entry
        return made

    return declare


@dataclass_transform(frozen_default=True, kw_only_default=True)
def order(type_: str, *, service: str, key: str, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare an order: it asks for something to be so, and can be refused."""
    return _declare("order", type_, service, key, version)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def report(type_: str, *, service: str, key: str, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare a report: it says what was seen, is never refused, and is its own event."""
    return _declare("report", type_, service, key, version)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(type_: str, *, service: str, key: str, of: type[Any], version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare an event: what an accepted order, `of`, brought about."""
    return _declare("event", type_, service, key, version, of)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def outcome(type_: str, *, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare an outcome other than acceptance; it stands in the log of the service that decided."""
    return _declare("outcome", type_, "", "", version)


def as_event(order_: Any, event_class: type[T]) -> T:
    """The event that says an order was given effect; it has the same fields, which a contract test checks."""
    return event_class(**{name: getattr(order_, name) for name in order_.__slots__})
