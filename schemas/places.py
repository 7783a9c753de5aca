"""The 326 villages of Kabupaten Serang: code, name, district, postal code and centroid; and which are on an island.

The code is the key, never the name: 13 village names repeat. Police jurisdiction is not here, because it
belongs to an operation and not to a place.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files


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


def _islands() -> dict[str, str]:
    with files("schemas").joinpath("data/serang-islands.csv").open(encoding="utf-8") as lines:
        return {row["code"]: row["island"] for row in csv.DictReader(lines)}


def _read() -> dict[str, Village]:
    with files("schemas").joinpath("data/serang-villages.csv").open(encoding="utf-8") as lines:
        return {
            row["code"]: Village(
                code=row["code"],
                name=row["name"],
                district_code=row["district_code"],
                district_name=row["district_name"],
                postal_code=row["postal_code"],
                lat=float(row["latitude"]),
                lon=float(row["longitude"]),
            )
            for row in csv.DictReader(lines)
        }


VILLAGES: dict[str, Village] = _read()
DISTRICTS: dict[str, str] = {v.district_code: v.district_name for v in VILLAGES.values()}
ISLANDS: dict[str, str] = _islands()
"""Villages that a guard reaches by boat only, each with its island; the file names the source of each. Others may lie
on an island, too: one that no source tells of is not listed.
"""
