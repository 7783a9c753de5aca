"""Where things are, and positions along the way; how well places are known, their table says. Tracks are synthetic."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from scenarios.script import Draft
from scenarios.serang2019.cast import Squad
from scenarios.serang2019.story import Story
from schemas.deployment import UnitSighted
from schemas.places import DISTRICTS, PLACES

Point = tuple[float, float]
"""Latitude, longitude."""

STORE: Point = PLACES["gudang-dpmd"].point
"""The regency's store."""
KARANGANTU: Point = PLACES["dermaga-karangantu"].point
PULAU_TUNDA: Point = PLACES["dermaga-pulau-tunda"].point
"""Piers."""
WIDE = 0.25
"""In degrees: about 28 km off the way."""
AT_POST, ON_THE_ROAD = 0.0004, 0.002
"""How far a position is off, in degrees at most."""


def slug(name: str) -> str:
    """A name as it can stand in an id."""
    return name.lower().replace(" ", "-")


def office_of(district: str) -> Point:
    """The district head's office."""
    return PLACES[f"kantor-camat-{slug(DISTRICTS[district])}"].point


def near(place: Point, random: Random, spread: float) -> Point:
    """A place a little off, in degrees of at most `spread`."""
    off = (random.random() * 2 - 1) * spread, (random.random() * 2 - 1) * spread
    return round(place[0] + off[0], 6), round(place[1] + off[1], 6)


def between(origin: Point, destination: Point, share: float) -> Point:
    """The place after this share of the way."""
    return (
        origin[0] + share * (destination[0] - origin[0]),
        origin[1] + share * (destination[1] - origin[1]),
    )


def times(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Every `step` from the beginning until before the end."""
    time = begin
    while time < end:
        yield time
        time += step


def sight(story: Story, squad: Squad, time: datetime, place: Point, random: Random, *, moving: bool) -> Draft:
    """A unit's position, and with it its speed and heading."""
    fix = UnitSighted(
        unit=squad.unit,
        lat=place[0],
        lon=place[1],
        accuracy=float(random.randrange(4, 30)),
        speed=float(random.randrange(2, 14)) if moving else 0.0,
        heading=float(random.randrange(0, 360)) if moving else None,
    )
    draft = story.script.report(time, squad.agency, fix)
    story.fixes[squad].append((time, draft))
    return draft


def follow(
    story: Story,
    squad: Squad,
    way: tuple[Point, Point],
    when: tuple[datetime, datetime],
    random: Random,
    *,
    astray: bool = False,
) -> list[Draft]:
    """Positions of a unit on its way from one place to another; `astray`: in the middle of it, far to the south."""
    begin, end = when
    parts = max(2, (end - begin) // (2 * story.size.patrol_fix))
    found = []
    for part in range(parts + 1):
        lat, lon = between(*way, part / parts)
        lost = astray and 0 < part < parts
        place = near((lat - WIDE if lost else lat, lon), random, ON_THE_ROAD)
        fix = sight(story, squad, begin + (end - begin) * part / parts, place, random, moving=True)
        fix.mishap = "escort separated" if lost else None
        found.append(fix)
    return found
