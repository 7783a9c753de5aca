"""What a situation report is made from, and the cells that its tables are made of. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.labels import label
from schemas.places import DISTRICTS, VILLAGES
from services.projection.api.briefs import Briefs
from services.projection.api.picture_words import PictureAnswer
from services.projection.sitrep import evidence, indonesian
from services.projection.sitrep.words import Cell, Column, Table
from services.projection.store import Document

UNKNOWN = "belum diketahui"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event of a log: where it stands, which entity it is about, and when it happened by all that we know."""

    place: str
    type: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was so at `end`, drawn and as documents by kind, and the events of [start, end) in their order.

    `late` are events from before `start` that could be known only in [start, end).
    """

    start: datetime
    end: datetime
    documents: Mapping[str, Sequence[Document]]
    briefs: Briefs
    picture: PictureAnswer
    happenings: Sequence[Happening] = ()
    late: Sequence[Happening] = ()

    def within(self, at: str | datetime | None) -> bool:
        """Whether an instant, perhaps as a document has it, lies in the period."""
        return at is not None and self.start <= instant_of(at) < self.end


def instant_of(value: str | datetime) -> datetime:
    """An instant, perhaps as a document has it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def figure(value: float | None, events: Iterable[str] = ()) -> Cell:
    """A number and the events on which it rests; None is unknown, which is not the same as 0."""
    text = UNKNOWN if value is None else indonesian.number(value)
    return Cell(text=text, value=value, events=evidence.together([tuple(events)]))


def count(of: Mapping[Any, Sequence[str]] | Sequence[Sequence[str]]) -> Cell:
    """How many things there are, by what each of them rests on."""
    several = list(of.values()) if isinstance(of, Mapping) else of
    return figure(len(several), evidence.together(several))


def words(text: str | None, events: Sequence[str] = ()) -> Cell:
    """Somebody's words; none is a dash."""
    return Cell(text=text or "-", events=events)


def coded(vocabulary: str, code: str | None) -> Cell:
    """A code by its label."""
    return Cell(text=UNKNOWN if code is None else label(vocabulary, code), code=code)


def moment(at: str | datetime | None) -> Cell:
    """An instant, in WIB."""
    if at is None:
        return Cell(text="-")
    return Cell(text=indonesian.brief_instant(instant_of(at)), value=instant_of(at))


def area(code: str | None) -> Cell:
    """A village or a district by its name; whatever else it is, by what it is called."""
    if code is None:
        return Cell(text=UNKNOWN)
    village = VILLAGES.get(code[:13])
    if village is not None:
        station = f" {code[14:].upper()}" if len(code) > 13 else ""
        return Cell(text=f"{village.name}{station}, Kec. {village.district_name}", code=code)
    return Cell(text=f"Kec. {DISTRICTS[code]}" if code in DISTRICTS else code, code=code)


def table(code: str, title: str, columns: Mapping[str, str], rows: Iterable[Sequence[Cell]]) -> Table:
    """A table of these columns, labels by code; each row has its cells in their order."""
    return Table(
        code=code,
        title=title,
        columns=[Column(code=each, label=text) for each, text in columns.items()],
        rows=[dict(zip(columns, row, strict=True)) for row in rows],
    )


def grouped(
    items: Iterable[Any], key: Callable[[Any], str], events: Callable[[Any], Sequence[str]]
) -> dict[str, list[Sequence[str]]]:
    """What each of several things rests on, by a key of theirs, sorted by it."""
    found: dict[str, list[Sequence[str]]] = {}
    for each in items:
        found.setdefault(key(each), []).append(events(each))
    return dict(sorted(found.items()))
