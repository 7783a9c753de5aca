"""Facts as they come out of the logs, for tests of the projection."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from schemas.catalogue import BY_CLASS
from services.views.facts import Fact
from services.views.model import Model, fold, from_document, subject_of, to_document

DAY = datetime(2019, 11, 3, tzinfo=UTC)
LATE = timedelta(days=20)
_numbers = count()


def clock(hhmm: str) -> datetime:
    """A time of election day, UTC."""
    hours, minutes = hhmm.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def fact(data: Any, at: str = "00:00", *, recorded: str | None = None, source: str = "/posko", id: str = "") -> Fact:
    """A fact that happened at `at` and, unless said otherwise, was recorded long after every other."""
    number = next(_numbers)
    taken_in = clock(recorded) if recorded else DAY + LATE + timedelta(seconds=number)
    return Fact(
        data=data,
        type=BY_CLASS[type(data)].type,
        time=clock(at),
        recordedtime=taken_in,
        knowntime=taken_in,
        source=source,
        id=id or f"m{number:06}",
        service=BY_CLASS[type(data)].service,
        partition=0,
        offset=number,
        cause=number,
    )


def folded(facts: Iterable[Fact]) -> Model:
    """All facts folded in this order."""
    model = Model()
    for each in facts:
        key = subject_of(each)
        model.entities[key] = fold(key[0], model.entities.get(key), each)
    return model


def shown(*facts: Fact) -> dict[str, Any]:
    """The document of the one thing that these facts are about, folded in this order.

    Every step goes through the document, as it does when the projector starts again.
    """
    kind, _ = subject_of(facts[0])
    state = None
    for each in facts:
        state = from_document(kind, to_document(fold(kind, state, each)))
    return to_document(state)


def arrived_in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The same facts as they would stand in a log if they had come in this order.

    A report that was ahead of our clock keeps its recorded time: it says when the report counts.
    """
    return [
        replace(
            each,
            recordedtime=each.recordedtime if each.ahead else DAY + LATE + timedelta(seconds=place),
            knowntime=DAY + LATE + timedelta(seconds=place),
            offset=place,
            cause=place,
        )
        for place, each in enumerate(facts)
    ]
