"""The catalogue: which class is which message, in which version, for which service.

A message class is declared with one of the decorators `order`, `report`, `policy`, `event` or `outcome`; that makes it
a frozen, slotted, keyword-only dataclass and enters it here. Nothing else lists messages by hand.

A type may have several versions, each with a class of its own; `upcaster` says how the data of one becomes that of the
next. Everything beyond decoding sees the newest only.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, TypeVar, dataclass_transform

from pydantic import ConfigDict

Kind = Literal["order", "report", "policy", "event", "outcome"]
T = TypeVar("T")
MessageClass = type[Any]  # inside Definition, `type` is the name of a field


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of one message.

    `service` owns the inbox or log in which it stands ("" for outcomes, which stand in every log);
    `key` is the field that names its aggregate, so that `<aggregate>/<value of that field>` is its partition key;
    `of` is, for an event, the order or policy message that it gives effect to.
    """

    type: str
    version: int
    kind: Kind
    service: str
    key: str
    aggregate: str
    cls: MessageClass
    of: MessageClass | None = None

    @property
    def dataschema(self) -> str:
        """The CloudEvents `dataschema` of this version."""
        return f"urn:kalimaya:schema:{self.type.removeprefix('kalimaya.')}:{self.version}"

    def partition_key(self, data: Any) -> str:
        """Key of the aggregate that this message concerns, e.g. `unit/polres-serang-007`."""
        return f"{self.aggregate}/{getattr(data, self.key)}"


CATALOGUE: dict[tuple[str, int], Definition] = {}
BY_CLASS: dict[type[Any], Definition] = {}
_BY_SCHEMA: dict[tuple[str, str | None], Definition] = {}
_UPCASTERS: dict[type[Any], Callable[[Any], Any]] = {}


def definition(type_: str, dataschema: str | None) -> Definition | None:
    """Look a message up by its CloudEvents `type` and `dataschema`; no dataschema means version 1."""
    return _BY_SCHEMA.get((type_, dataschema))


def is_known_type(type_: str) -> bool:
    """Whether any version of this type exists."""
    return (type_, None) in _BY_SCHEMA


def newest(type_: str) -> Definition:
    """The newest version of a type. Raises KeyError for an unknown one."""
    return CATALOGUE[max(at for at in CATALOGUE if at[0] == type_)]


def upcaster(old: type[T]) -> Callable[[Callable[[T], Any]], Callable[[T], Any]]:
    """Declare how the data of a version becomes that of the next; in the module of the message, below both."""

    def declare(convert: Callable[[T], Any]) -> Callable[[T], Any]:
        _UPCASTERS[old] = convert
        return convert

    return declare


def upcast(data: Any) -> Any:
    """The same data in the newest version of its type."""
    while (convert := _UPCASTERS.get(type(data))) is not None:
        data = convert(data)
    return data


def _declare(
    kind: Kind,
    type_: str,
    service: str,
    key: str,
    version: int,
    of: type[Any] | None = None,
    aggregate: str | None = None,
) -> Callable[[type[T]], type[T]]:
    def declare(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[attr-defined]
        entry = Definition(type_, version, kind, service, key, aggregate or key, made, of)
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
def order(
    type_: str, *, service: str, key: str, aggregate: str | None = None, version: int = 1
) -> Callable[[type[T]], type[T]]:
    """Declare an order: it asks for something to be so, and can be refused."""
    return _declare("order", type_, service, key, version, aggregate=aggregate)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def report(
    type_: str, *, service: str, key: str, aggregate: str | None = None, version: int = 1
) -> Callable[[type[T]], type[T]]:
    """Declare a report: it says what was seen, is never refused, and is its own event."""
    return _declare("report", type_, service, key, version, aggregate=aggregate)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def policy(type_: str, *, service: str, key: str, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare a policy message: our own watch workers send it; it is decided as an order is."""
    return _declare("policy", type_, service, key, version)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    type_: str, *, service: str, key: str, of: type[Any], aggregate: str | None = None, version: int = 1
) -> Callable[[type[T]], type[T]]:
    """Declare an event: what an accepted order, `of`, brought about."""
    return _declare("event", type_, service, key, version, of, aggregate)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def outcome(type_: str, *, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare an outcome other than acceptance; it stands in the log of the service that decided."""
    return _declare("outcome", type_, "", "", version)


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def as_event(order_: Any, event_class: type[T]) -> T:
    """The event that says an order was given effect; it has the same fields, which a contract test checks."""
    return event_class(**{name: getattr(order_, name) for name in _names(order_.__class__)})
