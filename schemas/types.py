"""The words of the wire: ids, codes, counts and instants, each with its constraint.

pydantic enforces the constraints on what comes from outside (the gateway); msgspec decodes the very
same annotations on the hot path and ignores them, because the gateway has already judged.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, assert_never

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field

from schemas import places


def _rfc3339(value: Any) -> Any:
    """Read an instant as the hot path will: pydantic alone also takes `1572757200` and `07:00+07:00`."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.convert(value, datetime)
    except msgspec.ValidationError as error:
        raise ValueError("an instant is written as RFC 3339 has it, e.g. 2019-11-03T07:00:00+07:00") from error


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC, e.g. 2019-11-03T07:00:00+07:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this instant lies outside the years 1 to 9999") from error


def _known_village(code: str) -> str:
    if code[:13] not in places.VILLAGES:
        raise ValueError(f"no village has the code {code[:13]}")
    return code


Instant = Annotated[datetime, BeforeValidator(_rfc3339), AfterValidator(_utc)]
"""An aware instant, RFC 3339 on the wire, UTC inside."""

_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Id = Annotated[str, Field(pattern=_ID)]
UnitId = Id
AssignmentId = Id
ShipmentId = Id
PackageId = Id
HandoverId = Id
LegId = Id
IncidentId = Id
CustodianId = Id
PlaceId = Id
SealNumber = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$")]
_NO_NUL = r"^[^\x00]*$"
# PostgreSQL's text cannot hold NUL: one such character in an accepted message would stop the projection.
Reference = Annotated[str, Field(min_length=1, max_length=80, pattern=_NO_NUL)]
Text = Annotated[str, Field(min_length=1, max_length=280, pattern=_NO_NUL)]
Target = Annotated[str, Field(min_length=1, max_length=64, pattern=_NO_NUL)]
"""What an assignment is for; its form depends on the target kind, see `fits_kind`."""

# [0-9], because pydantic's \d also takes the digits of other scripts.
_VILLAGE = r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}"
_POST = rf"^{_VILLAGE}(-tps[0-9]{{2}})?$"
_PROTECTEE = rf"^{_VILLAGE}-[a-z0-9]{{1,16}}$"

VillageCode = Annotated[str, Field(pattern=rf"^{_VILLAGE}$"), AfterValidator(_known_village)]
"""Code of the Ministry of Home Affairs, e.g. 36.04.13.2009 (Wargasara): a village's key, never its name."""

PostId = Annotated[str, Field(pattern=_POST), AfterValidator(_known_village)]
"""A guard post: its village's code, and for the post of one polling station its number."""

ProtecteeId = Annotated[str, Field(pattern=_PROTECTEE), AfterValidator(_known_village)]
"""A protected candidate or team: a code that begins with its village's code, never a name or NIK."""

Force = Literal["polri", "brimob", "polairud", "tni", "linmas", "satpol_pp"]
Headcount = Annotated[int, Field(ge=0, le=100_000)]
Counts = Annotated[dict[Force, Headcount], Field(min_length=1)]
"""Heads by force. A requirement or a strength is named counts, never a string like "2-4-6"."""

PlanVersion = Annotated[int, Field(ge=1, le=10_000)]

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
MetresPerSecond = Annotated[float, Field(ge=0, le=400, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=0, lt=360, allow_inf_nan=False)]

Duty = Literal["guard", "patrol", "escort", "close_protection", "reserve"]
TargetKind = Literal["post", "area", "shipment", "protectee"]
Vulnerability = Literal["kurang_rawan", "rawan", "sangat_rawan"]
Jurisdiction = Literal["polres-serang", "polres-cilegon", "polres-serang-kota"]
"""The police that answer for a village: independent of its district (2019: 76 of 150 under Polres Serang)."""

PackageKind = Literal["ballot_box", "booth", "ballots", "ink", "seals", "stationery", "voter_roll", "forms"]
LegMode = Literal["road", "sea", "foot"]

IncidentType = Literal[
    "money_politics",
    "intimidation",
    "voter_roll_dispute",
    "committee_neutrality",
    "officer_neutrality",
    "protest",
    "riot",
    "crowding",
    "logistics",
    "weather_or_tide",
    "candidate_death",
    "black_campaign",
    "other",
]
Severity = Annotated[int, Field(ge=1, le=4)]
"""1 is the gravest."""


def village_of(code: str) -> str:
    """The village code with which a post or protectee code begins."""
    return code[:13]


def fits_kind(target: str, kind: TargetKind) -> bool:
    """Whether a target is what its kind says: a known post or district, a well-formed protectee or shipment."""
    match kind:
        case "post":
            return _names_village(_POST, target)
        case "protectee":
            return _names_village(_PROTECTEE, target)
        case "area":
            return target in places.DISTRICTS
        case "shipment":
            return re.fullmatch(_ID, target) is not None
        case _:
            assert_never(kind)


def _names_village(pattern: str, code: str) -> bool:
    return re.fullmatch(pattern, code) is not None and village_of(code) in places.VILLAGES
