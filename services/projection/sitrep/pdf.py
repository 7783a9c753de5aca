"""The situation report as PDF, the same bytes for the same report. Pure."""

from collections.abc import Mapping, Sequence

from fpdf import FPDF
from fpdf.enums import Align
from fpdf.fonts import FontFace

from services.projection.sitrep.evidence import Places, ranges
from services.projection.sitrep.report import references
from services.projection.sitrep.wording import ASIDE, HEADS, HEADS_COLUMNS, NONE, REFERENCES, subtitle
from services.projection.sitrep.words import SituationReport, Table

FONT = "helvetica"
"""A font of every reader, so that none is shipped. It has the letters of Latin-1; others are shown as their code."""
WIDEST, NARROWEST = 45, 9
"""How many letters a column asks for at most and at least."""

BELOW_A_HEADING = 30
"""Millimetres that must be left below a heading, so that none stands alone at the end of a page."""


class _Page(FPDF):
    """A page that tells its number and the report's title."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=7)
        self.cell(0, 5, f"{_latin(str(self.title))} - {self.page_no()}/{{nb}}", align=Align.C)


def pdf(report: SituationReport) -> bytes:
    """The whole document."""
    numbers = references(report)
    page = _Page(format="A4")
    page.set_title(report.title)
    page.set_lang("id")
    page.set_creation_date(report.end)
    page.add_page()
    _heading(page, 0, report.title)
    _text(page, subtitle(report))
    for place, section in enumerate(report.sections, start=1):
        _heading(page, 1, f"{place}. {section.title}")
        for table in section.tables:
            _heading(page, 2, table.title)
            _table(page, table, numbers)
    _heading(page, 1, HEADS)
    _rows(page, HEADS_COLUMNS, [[each.log, each.id or "-", str(each.next_offset), each.head] for each in report.heads])
    _heading(page, 1, REFERENCES)
    _text(page, ASIDE)
    for places, number in numbers.items():
        _text(page, f"[{number}] {'; '.join(ranges(places))}", size=6)
    return bytes(page.output())


def _table(page: FPDF, table: Table, numbers: Mapping[Places, int]) -> None:
    if not table.rows:
        _text(page, NONE)
        return
    cells = [[row[each.code] for each in table.columns] for row in table.rows]
    texts = [
        [f"{cell.text} [{numbers[tuple(cell.events)]}]" if cell.events else cell.text for cell in row] for row in cells
    ]
    _rows(page, [each.label for each in table.columns], texts)


def _rows(page: FPDF, labels: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lengths = [max(map(len, column)) for column in zip(labels, *rows, strict=True)]
    widths = [min(WIDEST, max(NARROWEST, length)) for length in lengths]
    page.set_font(FONT, size=7)
    style = FontFace(emphasis="BOLD", fill_color=(235, 235, 235))
    with page.table(col_widths=widths, text_align=Align.L, line_height=3.6, padding=0.6, headings_style=style) as table:
        for row in (labels, *rows):
            table.row([_latin(text) for text in row])


def _heading(page: FPDF, depth: int, text: str) -> None:
    page.set_font(FONT, style="B", size=(14, 11, 8)[depth])
    if page.will_page_break(BELOW_A_HEADING):
        page.add_page()
    page.ln(2)
    page.multi_cell(0, 5, _latin(text), align=Align.L, new_x="LMARGIN", new_y="NEXT")
    page.ln(1)


def _text(page: FPDF, text: str, size: int = 8) -> None:
    page.set_font(FONT, size=size)
    page.multi_cell(0, size / 2, _latin(text), align=Align.L, new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("latin-1")
