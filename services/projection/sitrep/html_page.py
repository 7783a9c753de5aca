"""The situation report as one HTML page that fetches nothing, for screen and paper. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from services.projection.sitrep.evidence import Places, ranges
from services.projection.sitrep.report import references
from services.projection.sitrep.wording import ASIDE, HEADS, HEADS_COLUMNS, NONE, REFERENCES, subtitle
from services.projection.sitrep.words import Cell, SituationReport, Table

_STYLE = """body{font:14px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#111}
h1{font-size:1.5em}h2{font-size:1.2em;border-bottom:1px solid #999;margin-top:2em}h3{font-size:1em}
table{border-collapse:collapse}th,td{border:1px solid #bbb;padding:.2em .5em;text-align:left;vertical-align:top}
th{background:#eee}.n{text-align:right}code,li{overflow-wrap:anywhere}tr{break-inside:avoid}"""


def html(report: SituationReport) -> str:
    """The whole page."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: SituationReport) -> Iterator[str]:
    numbers, title = references(report), escape(report.title)
    yield f'<!doctype html>\n<html lang="id">\n<head><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n<p>{escape(subtitle(report))}</p>"
    for place, section in enumerate(report.sections, start=1):
        yield f'<h2 id="{section.code}">{place}. {escape(section.title)}</h2>'
        for table in section.tables:
            yield f"<h3>{escape(table.title)}</h3>"
            yield from _table(table, numbers)
    yield f"<h2>{HEADS}</h2>"
    rows = [[each.log, each.id or "-", str(each.next_offset)] for each in report.heads]
    hashes = [f"<td><code>{each.head}</code></td>" for each in report.heads]
    yield from _rows(HEADS_COLUMNS, ["".join(f"<td>{escape(text)}</td>" for text in row) for row in rows], hashes)
    yield f"<h2>{REFERENCES}</h2>\n<p>{escape(ASIDE)}</p>\n<ol>"
    for places, number in numbers.items():
        yield f'<li id="r{number}">{escape("; ".join(ranges(places)))}</li>'
    yield "</ol>\n</body>\n</html>"


def _table(table: Table, numbers: Mapping[Places, int]) -> Iterator[str]:
    if not table.rows:
        yield f"<p>{NONE}</p>"
        return
    rows = ["".join(_cell(row[each.code], numbers) for each in table.columns) for row in table.rows]
    yield from _rows([each.label for each in table.columns], rows)


def _rows(labels: Sequence[str], rows: Sequence[str], last: Sequence[str] = ()) -> Iterator[str]:
    head = "".join(f"<th>{escape(each)}</th>" for each in labels)
    yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>"
    for place, row in enumerate(rows):
        yield f"<tr>{row}{last[place] if last else ''}</tr>"
    yield "</tbody>\n</table>"


def _cell(cell: Cell, numbers: Mapping[Places, int]) -> str:
    number = numbers[tuple(cell.events)] if cell.events else None
    mark = f'<sup><a href="#r{number}">[{number}]</a></sup>' if number else ""
    kind = ' class="n"' if isinstance(cell.value, int | float) else ""
    return f"<td{kind}>{escape(cell.text)}{mark}</td>"
