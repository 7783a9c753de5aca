"""Escorts that are not with their load."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import cos, hypot, radians

from schemas.places import Point, point_of
from schemas.types import UnitId
from services.logistics.watch.course import current
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.shipments import breach, subject
from services.views.routes import planned_legs
from services.views.shipment import place
from services.views.shipment_state import Shipment
from services.views.unit import Position, Unit
from services.watch.rules import Breach
from services.watch.tables import Tables

KM_A_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Escorted:
    """A load under way with an escort: on which leg, from its last known place `since` then to the leg's end."""

    leg: str
    escort: UnitId
    since: datetime
    origin: Point
    destination: Point


def escort_separated(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """The escort was last seen farther from its load than it may be, while the leg is under way.

    A load has no fixes of its own. What is known is its last place, and where it goes: it is taken to be on the
    straight way between the two, and the escort's distance is that from this way, less the accuracy of its fix. A fix
    from before the load was last heard of, one that is stale, a place of which nobody knows where it lies: no alert.
    Hysteresis: one that stands is cleared by a fix within `together_km`, or when the leg is over; silence does not.
    """
    for shipment, way in tables.each(Shipment, escorted):
        unit = None if way is None else tables.one(Unit, way.escort)
        if way is None or unit is None or unit.position is None or unit.position.as_of < way.since:
            continue
        fix, part = unit.position, f"leg/{way.leg}"
        stands = tables.stands("escort_separated", subject(shipment, part))
        limit = parameters.together_km if stands else parameters.separated_km
        distance = km_off(way, fix)
        if distance > limit and (stands or now - fix.as_of <= parameters.fix_fresh):
            yield breach(shipment, part, fix.as_of, {"distance_km": round(distance, 1), "limit_km": limit})


def escorted(shipment: Shipment) -> Escorted | None:
    """What the rule asks of a shipment; None unless it is under way with an escort, between known places."""
    course = current(shipment)
    if shipment.plan is None or course is None or course.departed is None or course.departed.escort is None:
        return None
    last = place(shipment, planned_legs(shipment.plan.legs, shipment.returns))
    if last is None:
        return None
    origin, destination = point_of(last.place), point_of(course.leg.destination)
    if origin is None or destination is None:
        return None
    return Escorted(course.leg.leg, course.departed.escort, last.as_of, origin, destination)


def km_off(way: Escorted, fix: Position) -> float:
    """How far a fix surely is from the straight way, in km. Flat geometry: right to a percent over a regency."""
    here = Point(lat=fix.lat, lon=fix.lon)
    there, end = _km(here, way.origin), _km(here, way.destination)
    along = end[0] - there[0], end[1] - there[1]
    length = along[0] ** 2 + along[1] ** 2
    share = -(there[0] * along[0] + there[1] * along[1]) / length if length else 0.0
    share = min(1.0, max(0.0, share))
    distance = hypot(there[0] + share * along[0], there[1] + share * along[1])
    return max(0.0, distance - (fix.accuracy or 0.0) / 1000)


def _km(here: Point, there: Point) -> tuple[float, float]:
    """From one point to another, in km to the east and to the north."""
    east = (there.lon - here.lon) * KM_A_DEGREE * cos(radians(here.lat))
    return east, (there.lat - here.lat) * KM_A_DEGREE
