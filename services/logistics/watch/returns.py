"""Ballot boxes that are not back after the count."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.logistics.watch.course import boxes_out
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.shipments import breach
from services.views.operation import file_in_force
from services.views.shipment_state import Shipment
from services.watch.rules import Breach
from services.watch.tables import Tables


@dataclass(frozen=True, slots=True)
class Out:
    """Boxes that are not back: how many, by when they should be as planned, and when the last count was signed."""

    boxes: int
    planned: datetime | None
    counted: datetime | None


def not_returned(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """Ballot boxes of a shipment are not back where they are kept, though they should be.

    They should be by the end of the last leg of the way back that is in force, with a grace; if nobody planned one, so
    long after the last count; and if nothing was heard of a count either, by the end of the operation's return stage.
    Boxes alone are waited for: what else goes back goes in them, or stays with the committee. Nothing flutters: what is
    back stays back, and to which place is for the picture's flag `returned_elsewhere`.
    """
    stage_end = _return_ends(tables)
    for shipment, out in tables.each(Shipment, boxes):
        if out is None:
            continue
        due = _due(out, stage_end, parameters)
        if due is not None and now >= due[1]:
            yield breach(shipment, "", due[0], {"boxes_count": out.boxes})


def boxes(shipment: Shipment) -> Out | None:
    """What the rule asks of a shipment; None when it has no boxes, or all are back."""
    out = boxes_out(shipment)
    if not out:
        return None
    planned = shipment.returns[-1].legs[-1].arrive_by if shipment.returns else None
    return Out(out, planned, max((each.as_of for each in shipment.reconciliations.values()), default=None))


def _due(out: Out, stage_end: datetime | None, parameters: LogisticsWatchSettings) -> tuple[datetime, datetime] | None:
    """By when the boxes should be back, and until when they are waited for."""
    if out.planned is not None:
        return out.planned, out.planned + parameters.return_grace
    if out.counted is not None:
        due = out.counted + parameters.return_after_count
        return due, due
    return None if stage_end is None else (stage_end, stage_end)


def _return_ends(tables: Tables) -> datetime | None:
    operation = tables.operation()
    if operation is None:
        return None
    return next((each.end for each in file_in_force(operation).stages if each.stage == "return"), None)
