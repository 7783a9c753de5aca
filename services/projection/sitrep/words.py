"""The situation report (laporan situasi) as data: sections of tables, in which every figure names its events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from services.projection.api.words import Answer

SectionCode = Literal["situation", "strength", "logistics", "events", "actions", "needs"]


class Cell(Answer):
    """What stands in one place of a table: `text` as operators read it, in Indonesian and in WIB.

    `value` is the number or instant (UTC) behind it, `code` the code of which `text` is the label. `events` are the
    events on which it rests, by their places in the logs; none behind a zero, or where nobody has said anything.
    """

    text: str
    value: int | float | datetime | None = None
    code: str | None = None
    events: Sequence[str] = Field(default=(), examples=[["deployment.events/3@117"]])


class Column(Answer):
    """A column, and what stands above it."""

    code: str
    label: str


class Table(Answer):
    """A table; each row has a cell for each column, by the column's code."""

    code: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]


class Section(Answer):
    """A part of the report, in the order that is usual in a posko."""

    code: SectionCode
    title: str
    tables: Sequence[Table]


class Head(Answer):
    """How far one log was read, and the head of its chain there: whoever signs it has signed all that came before.

    `id` is the log's own, null before anything was read from it.
    """

    log: str
    id: str | None
    next_offset: int
    head: str = Field(pattern="^[0-9a-f]{64}$")


class SituationReport(Answer):
    """What was so at `end`, and what happened in [start, end). A period that is not over yet ends now (`cut`)."""

    title: str
    operation: str | None
    start: datetime
    end: datetime
    cut: bool
    sections: Sequence[Section]
    heads: Sequence[Head]
