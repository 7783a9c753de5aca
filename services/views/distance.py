"""How far apart two places are."""

from math import asin, cos, radians, sin, sqrt

EARTH_METRES = 6_371_000.0
"""Mean radius; a sphere is wrong by half a percent at most."""


def metres_between(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres over ground between two places in degrees (WGS 84), by the haversine formula."""
    north, east = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    chord = sin(north) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(east) ** 2
    return 2 * EARTH_METRES * asin(sqrt(min(1.0, chord)))
