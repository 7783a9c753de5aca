"""Legs that are late, and loads that set out without the escort that they need."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.logistics.watch.course import Current, current
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.shipments import breach, lasts, subject
from services.views.legs import unescorted as without_escort
from services.views.shipment_state import Shipment
from services.watch.rules import Breach
from services.watch.tables import Tables

MINUTE = timedelta(minutes=1)


def leg_overdue(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """A leg was not begun or not ended when it should have been, and the grace is over.

    Of a shipment only the leg that it is on or that comes next is judged: the later ones cannot be in time either, and
    would say the same. A boat that has missed its tide window is overdue at once. `since` is the time that was missed.
    Nothing flutters here: a leg that has begun stays so.
    """
    for shipment, course in tables.each(Shipment, current):
        if course is None:
            continue
        missed = [by for by, until in _deadlines(course, parameters.leg_grace) if now >= until]
        if missed:
            since = min(missed)
            yield breach(shipment, f"leg/{course.leg.leg}", since, {"late_minutes": round((now - since) / MINUTE, 1)})


def _deadlines(course: Current, grace: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """By when what is due next should have been done, and until when that is waited for."""
    leg = course.leg
    yield leg.arrive_by, leg.arrive_by + grace
    if course.departed is None:
        tide = leg.tide_to or leg.depart_by + grace
        yield min(leg.depart_by, tide), min(leg.depart_by + grace, tide)


def unescorted(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """A leg that requires an escort was begun without one, and the shipment is still on it.

    A unit that is tied to the leg does not go with it for that: it heals when the departure is told again with an
    escort, or when the leg is over. Hysteresis: one that is told again without an escort clears nothing.
    """
    for shipment, course in tables.each(Shipment, current):
        if course is None or course.departed is None or not without_escort(course.leg, course.departed):
            continue
        assert shipment.plan is not None
        part, since = f"leg/{course.leg.leg}", course.departed.as_of
        if lasts(tables, "unescorted", subject(shipment, part), since, parameters.unescorted_after, now):
            yield breach(shipment, part, since, {"packages_count": len(shipment.plan.packages)})
