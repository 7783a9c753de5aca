"""Handovers of which one half is missing, and what does not agree: handovers in dispute, seals, ballots."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.shipments import breach, lasts, subject
from services.views.custody import Handover, named
from services.views.facts import known
from services.views.seals import SealDiscrepancy
from services.views.shipment import ballot_discrepancies, seal_discrepancies
from services.views.shipment_state import Shipment
from services.watch.rules import Breach
from services.watch.tables import Tables


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong with a part of a shipment since an instant, and by which numbers."""

    part: str
    since: datetime
    numbers: dict[str, float]


def handover_half_open(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """One half of a handover is known, and the other has been missing for too long.

    `since` is the time of the half that is known. It is over when the other half comes, agreeing or not, and not when
    the load goes on: the chain of custody has its gap until then. Hysteresis: the known half said again clears nothing.
    """
    for shipment, open_ones in tables.each(Shipment, half_open):
        for each in open_ones:
            what = subject(shipment, each.part)
            if lasts(tables, "handover_half_open", what, each.since, parameters.handover_half_open_after, now):
                yield breach(shipment, each.part, each.since, each.numbers)


def half_open(shipment: Shipment) -> list[Wrong]:
    """The handovers of which one half is missing."""
    return [
        Wrong(f"handover/{id_}", half.as_of, {"packages_count": len(named(each))})
        for id_, each in shipment.handovers.items()
        for half in known(each.released, each.received)
        if each.released is None or each.received is None
    ]


def discrepancy_open(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """A handover in dispute, seals that are not those put on, or ballots that do not add up, for too long.

    One alert for each handover, change of mode or polling station: a package's seals count where they were first found
    wrong, and by itself when a package was inspected. Hysteresis: halves or records that are said anew and are wrong
    again clear nothing.
    """
    for shipment, wrongs in tables.each(Shipment, discrepancies):
        for each in wrongs:
            what = subject(shipment, each.part)
            if lasts(tables, "discrepancy_open", what, each.since, parameters.discrepancy_open_after, now):
                yield breach(shipment, each.part, each.since, each.numbers)


def discrepancies(shipment: Shipment) -> list[Wrong]:
    """All that does not agree and is open, each part once."""
    by_part: dict[str, list[Wrong]] = {}
    for each in (*_disputes(shipment), *_seals(shipment), *_ballots(shipment)):
        by_part.setdefault(each.part, []).append(each)
    return [_together(part, several) for part, several in by_part.items()]


def _together(part: str, several: list[Wrong]) -> Wrong:
    numbers: dict[str, float] = {}
    for each in several:
        for name, number in each.numbers.items():
            numbers[name] = numbers.get(name, 0) + number
    return Wrong(part, min(each.since for each in several), numbers)


def _disputes(shipment: Shipment) -> Iterator[Wrong]:
    for id_, each in shipment.handovers.items():
        found = len(each.differences)
        if found:
            yield Wrong(f"handover/{id_}", _both_known(each), {"differences_count": found})


def _both_known(handover: Handover) -> datetime:
    return known(handover.released, handover.received)[-1].as_of


def _seals(shipment: Shipment) -> Iterator[Wrong]:
    """Packages with open discrepancies, each where it was first found."""
    first: dict[str, SealDiscrepancy] = {}
    for each in seal_discrepancies(shipment):
        if each.open:
            first.setdefault(each.package, each)
    for each in first.values():
        yield Wrong(_where(each), each.as_of, {"packages_count": 1})


def _where(found: SealDiscrepancy) -> str:
    if found.handover is not None:
        return f"handover/{found.handover}"
    return f"package/{found.package}" if found.leg is None else f"leg/{found.leg}"


def _ballots(shipment: Shipment) -> Iterator[Wrong]:
    """`counted`: used, unused and spoiled less received; `received`: received less planned. Negative: they are gone."""
    for each in ballot_discrepancies(shipment):
        number = each.what.removeprefix("ballots_")
        yield Wrong(f"tps/{each.tps}", each.as_of, {f"{number}_difference_ballots": each.difference})
