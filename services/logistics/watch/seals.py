"""Seal numbers that are on packages of several shipments."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from schemas.types import SealNumber
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.shipments import breach, lasts, subject
from services.views.seals import Sealing, by_package
from services.views.shipment_state import Shipment
from services.watch.rules import Breach
from services.watch.tables import Tables


def seal_reused(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """A seal number was put on packages of different shipments; within one the decider refuses it.

    A package's numbers are those of its last sealing, opened since or not: a number that was cut is used up, one that
    was replaced is not. The alert is on every shipment that got the number after the first, and it is over when either
    package is sealed anew. Compartment seals are left out: one compartment may carry several shipments.
    """
    sealed = list(tables.each(Shipment, put_on))
    for number in sorted(_doubled(numbers for _, numbers in sealed)):
        claims = [(numbers[number], shipment) for shipment, numbers in sealed if number in numbers]
        claims.sort(key=lambda claim: claim[0].order)
        for sealing, shipment in claims[1:]:
            part, since = f"seal/{number}", sealing.as_of
            what = subject(shipment, part)
            if lasts(tables, "seal_reused", what, since, parameters.seal_reused_after, now):
                yield breach(shipment, part, since, {"shipments_count": len(claims)})


def put_on(shipment: Shipment) -> dict[SealNumber, Sealing]:
    """The seal numbers of a shipment's packages, each with the sealing by which it was put on."""
    last = (each[-1] for each in by_package(shipment.sealings).values())
    return {number: sealing for sealing in last for number in sealing.seals}


def _doubled(shipments: Iterator[Mapping[SealNumber, Sealing]]) -> set[SealNumber]:
    """The numbers of more than one shipment."""
    seen: set[SealNumber] = set()
    doubled: set[SealNumber] = set()
    for numbers in shipments:
        if not seen.isdisjoint(numbers):
            doubled |= seen & numbers.keys()
        seen.update(numbers)
    return doubled
