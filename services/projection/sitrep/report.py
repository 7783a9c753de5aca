"""The situation report, put together in the posko's usual order, and the references of its figures. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.kit.ledger.reader import Place
from services.projection.sitrep import happenings, indonesian, logistics, needs, situation, strength
from services.projection.sitrep.evidence import Places
from services.projection.sitrep.known import Known
from services.projection.sitrep.words import Cell, Head, SituationReport
from services.projection.store import Position


def report(known: Known, asked_for: datetime, positions: Mapping[Place, Position]) -> SituationReport:
    """The report on [known.start, known.end); `asked_for` is the end that was asked for."""
    operation = situation.operation(known)
    return SituationReport(
        title=f"Laporan situasi {indonesian.instant(known.start)} sampai {indonesian.instant(known.end)}",
        operation=operation["file"]["name"] if operation else None,
        start=known.start,
        end=known.end,
        cut=asked_for > known.end,
        sections=[
            situation.section(known, operation),
            strength.section(known),
            logistics.section(known),
            happenings.events(known),
            happenings.actions(known),
            needs.section(known),
        ],
        heads=heads(positions),
    )


def heads(positions: Mapping[Place, Position]) -> list[Head]:
    """The heads of all logs at these positions."""
    return [
        Head(log=f"{topic}/{partition}", id=each.log, next_offset=each.next_offset, head=each.head.hex())
        for (topic, partition), each in sorted(positions.items())
    ]


def cells(report: SituationReport) -> Iterable[Cell]:
    """All cells, as they are read."""
    for section in report.sections:
        for table in section.tables:
            for row in table.rows:
                yield from (row[column.code] for column in table.columns)


def references(report: SituationReport) -> dict[Places, int]:
    """A number for each set of events on which a cell rests, in the order in which they are met."""
    found: dict[Places, int] = {}
    for cell in cells(report):
        if cell.events:
            found.setdefault(tuple(cell.events), len(found) + 1)
    return found
