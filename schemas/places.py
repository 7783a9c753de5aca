"""The 326 villages of Kabupaten Serang: code, name, district, postal code, centroid; and where other places lie.

The code is the key, never the name: 13 village names repeat. Police jurisdiction is not here, because it
belongs to an operation and not to a place.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A village and its centroid, in degrees (WGS 84)."""

    code: str
    name: str
    district_code: str
    district_name: str
    postal_code: str
    lat: float
    lon: float


class Point(NamedTuple):
    """Degrees north and east, WGS 84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store, a pier or an office, and how well is known where it lies: `source` says so."""

    place: str
    name: str
    point: Point
    source: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    with files("schemas").joinpath(f"data/{name}.csv").open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


VILLAGES: dict[str, Village] = {
    row["code"]: Village(
        code=row["code"],
        name=row["name"],
        district_code=row["district_code"],
        district_name=row["district_name"],
        postal_code=row["postal_code"],
        lat=float(row["latitude"]),
        lon=float(row["longitude"]),
    )
    for row in _rows("serang-villages")
}
DISTRICTS: dict[str, str] = {v.district_code: v.district_name for v in VILLAGES.values()}
ISLANDS: dict[str, str] = {row["code"]: row["island"] for row in _rows("serang-islands")}
"""Villages that a guard reaches by boat only, each with its island; the file names the source of each. Others may lie
on an island, too: one that no source tells of is not listed.
"""
PLACES: dict[str, Place] = {
    row["place"]: Place(
        place=row["place"],
        name=row["name"],
        point=Point(lat=float(row["latitude"]), lon=float(row["longitude"])),
        source=row["source"],
    )
    for row in _rows("serang-places")
}
_VILLAGE = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}")


def point_of(place: str) -> Point | None:
    """Where a place of custody lies: as the table says, or, if its id holds a village's code (that of a post, of a
    village's office), at the village's centroid. None when that is not known.
    """
    if place in PLACES:
        return PLACES[place].point
    code = _VILLAGE.search(place)
    village = VILLAGES.get(code[0]) if code else None
    return None if village is None else Point(lat=village.lat, lon=village.lon)
