"""What the views fold: facts, and the order of facts about one thing.

Facts about one thing are ordered by effective time, then source and id, so that any order of arrival gives the same
present state. A report that lies ahead of its own `recordedtime` counts as of `recordedtime`, flagged `clock_ahead`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.envelope import message_identity

Order = tuple[datetime, str, str]
"""Effective time, source, id: sorts facts about one thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An accepted event or report as it stands in a log.

    `source` and `id` are the identity of the message that caused it, `cause` its inbox offset; `offset` is that of
    the event in `<service>.events/<partition>`. `subject` is the key of its record, `<kind>/<id>`; empty, it is the
    one that the data names.
    """

    data: Any
    type: str
    time: datetime
    recordedtime: datetime
    knowntime: datetime
    source: str
    id: str
    service: str
    partition: int
    offset: int
    cause: int
    subject: str = ""

    @property
    def at(self) -> datetime:
        """Effective time: when it happened, as far as the source's clock can be believed."""
        return min(self.time, self.recordedtime)

    @property
    def ahead(self) -> bool:
        """Whether the source's clock was ahead of ours."""
        return self.time > self.recordedtime

    @property
    def order(self) -> Order:
        """Where this stands among the facts about one thing."""
        return (self.at, self.source, self.id)


class Told(Struct, frozen=True, kw_only=True):
    """A fact that a state keeps. Subclasses add what was said; here is who said it, when, and where it stands.

    `as_of` is the effective time. `recordedtime`, `knowntime` and the position belong to this very fact, so that they
    too are the same whatever else arrived before or after it.
    """

    as_of: datetime
    time: datetime
    recordedtime: datetime
    knowntime: datetime
    source: str
    id: str
    partition: int
    offset: int
    cause: int

    @property
    def order(self) -> Order:
        """Where this stands among the facts about one thing."""
        return (self.as_of, self.source, self.id)


class Entity(Struct, frozen=True, kw_only=True):
    """What the states of all kinds have: whether any fact about it was ahead of our clock, superseded or not."""

    clock_ahead: bool = False


T = TypeVar("T", bound=Told)
E = TypeVar("E", bound=Entity)
K = TypeVar("K")
V = TypeVar("V")


@cache
def _own_fields(cls: type[Told]) -> tuple[str, ...]:
    return tuple(name for name in cls.__struct_fields__ if name not in Told.__struct_fields__)


def told(cls: type[T], fact: Fact, **more: Any) -> T:
    """A fact as it is kept: its stamp, those fields of its data that `cls` names, and what else `cls` holds."""
    return cls(
        as_of=fact.at,
        time=fact.time,
        recordedtime=fact.recordedtime,
        knowntime=fact.knowntime,
        source=fact.source,
        id=fact.id,
        partition=fact.partition,
        offset=fact.offset,
        cause=fact.cause,
        **{name: getattr(fact.data, name) for name in _own_fields(cls) if name not in more},
        **more,
    )


def later(kept: T | None, new: T) -> T:
    """The last word on one thing, whichever of the two arrived first."""
    return new if kept is None or new.order > kept.order else kept


def with_entry(entries: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    """A new mapping with this entry set."""
    return {**entries, key: value}


MOST_ALIKE = 20
"""Words by one source on the same that a document keeps. All of them are in the log, and in the history of events."""


def with_newest(words: Mapping[str, T], word: T, *same: str) -> dict[str, T]:
    """A new mapping with this word by the identity of its message; of those by its source that are the `same` in these
    fields, the `MOST_ALIKE` newest.

    So a document does not grow for ever with a source that says a thing again and again, nor does that take any other
    word's place. It is the same whatever the order in which words came: one that is left out lies before `MOST_ALIKE`
    others, and always will.
    """
    kept = with_entry(words, message_identity(word.source, word.id), word)
    if len(kept) > MOST_ALIKE:
        like = attrgetter("source", *same)
        said = like(word)
        alike = [each for each in kept.items() if like(each[1]) == said]
        if len(alike) > MOST_ALIKE:
            del kept[min(alike, key=lambda each: each[1].order)[0]]
    return kept


def known(*words: T | None) -> list[T]:
    """Those of these facts that there are, in their order."""
    return sorted((word for word in words if word is not None), key=lambda word: word.order)


def last_heard(words: Iterable[Told | None]) -> datetime | None:
    """Effective time of the latest of these reports."""
    return max((word.as_of for word in words if word is not None), default=None)


def heard(state: E, fact: Fact) -> E:
    """The entity with its flag set if the clock of this fact's source was ahead of ours."""
    return replace(state, clock_ahead=True) if fact.ahead and not state.clock_ahead else state


def raised(flags: Mapping[str, bool]) -> list[str]:
    """The names of those flags that are so, sorted."""
    return sorted(flag for flag, is_so in flags.items() if is_so)


def plain(value: Any) -> Any:
    """The value in dicts, lists, strings and numbers, equal to what comes back when it has been stored as JSON."""
    return msgspec.json.decode(msgspec.json.encode(value))
