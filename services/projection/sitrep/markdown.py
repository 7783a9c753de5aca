"""The situation report as Markdown (CommonMark with tables). Pure."""

import re
from collections.abc import Iterator, Mapping

from services.projection.sitrep.evidence import Places, ranges
from services.projection.sitrep.report import references
from services.projection.sitrep.wording import ASIDE, HEADS, HEADS_COLUMNS, NONE, REFERENCES, subtitle
from services.projection.sitrep.words import Cell, SituationReport, Table

_ACTIVE = re.compile(r"[\\`*_\[\]<>&|~]")
"""What could turn somebody's words into markup; nothing in a row of a table begins a line."""


def markdown(report: SituationReport) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: SituationReport) -> Iterator[str]:
    numbers = references(report)
    yield from (f"# {_plain(report.title)}", "", _plain(subtitle(report)), "")
    for place, section in enumerate(report.sections, start=1):
        yield from (f"## {place}. {section.title}", "")
        for table in section.tables:
            yield from (f"### {table.title}", "", *_table(table, numbers), "")
    yield from (f"## {HEADS}", "", *_rule(HEADS_COLUMNS))
    for each in report.heads:
        yield _row([each.log, each.id or "-", str(each.next_offset), f"`{each.head}`"])
    yield from ("", f"## {REFERENCES}", "", ASIDE, "")
    for places, number in numbers.items():
        yield f"- \\[{number}] {'; '.join(ranges(places))}"


def _table(table: Table, numbers: Mapping[Places, int]) -> Iterator[str]:
    if not table.rows:
        yield NONE
        return
    yield from _rule([each.label for each in table.columns])
    for row in table.rows:
        yield _row([_cell(row[each.code], numbers) for each in table.columns])


def _rule(labels: list[str]) -> list[str]:
    return [_row(labels), f"|{'---|' * len(labels)}"]


def _row(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _cell(cell: Cell, numbers: Mapping[Places, int]) -> str:
    mark = f" \\[{numbers[tuple(cell.events)]}]" if cell.events else ""
    return _plain(cell.text) + mark


def _plain(text: str) -> str:
    return _ACTIVE.sub(r"\\\g<0>", " ".join(text.split()))
