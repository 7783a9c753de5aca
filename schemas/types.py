"""The words of the wire: ids, codes, counts and instants, each with its constraint.

pydantic enforces the constraints on what comes from outside (the gateway); msgspec decodes the very
same annotations on the hot path and ignores them, because the gateway has already judged.
"""

import re
from datetime import UTC, date, datetime
from hashlib import sha256
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


def _iso_day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.convert(value, date)
    except msgspec.ValidationError as error:
        raise ValueError("a day is written as RFC 3339 has it, e.g. 2019-11-03") from error


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC, e.g. 2019-11-03T07:00:00+07:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this instant lies outside the years 1 to 9999") from error


def _known_district(code: str) -> str:
    if code not in places.DISTRICTS:
        raise ValueError(f"no district has the code {code}")
    return code


def _known_area(code: str) -> str:
    return _known_district(code) if len(code) == 8 else _known_village(code)


def _known_village(code: str) -> str:
    if code[:13] not in places.VILLAGES:
        raise ValueError(f"no village has the code {code[:13]}")
    return code


Instant = Annotated[datetime, BeforeValidator(_rfc3339), AfterValidator(_utc)]
"""An aware instant, RFC 3339 on the wire, UTC inside."""

Day = Annotated[date, BeforeValidator(_iso_day)]
"""A calendar day in Asia/Jakarta, e.g. 2019-11-03."""

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
OperationId = Id
ContingentId = Id
WarningId = Id
EngagementId = Id
OrmasId = Id
"""A mass organisation, by a code and never by a person's name."""
SealNumber = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$")]
_NO_NUL = r"^[^\x00]*$"
# PostgreSQL's text cannot hold NUL: one such character in an accepted message would stop the projection.
Reference = Annotated[str, Field(min_length=1, max_length=80, pattern=_NO_NUL)]
Text = Annotated[str, Field(min_length=1, max_length=280, pattern=_NO_NUL)]
Target = Annotated[str, Field(min_length=1, max_length=64, pattern=_NO_NUL)]
"""What an assignment is for; its form depends on the target kind, see `fits_kind`."""

# [0-9], because pydantic's \d also takes the digits of other scripts.
_DISTRICT = r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}"
_VILLAGE = rf"{_DISTRICT}\.[0-9]{{4}}"
_POST = rf"^{_VILLAGE}(-tps[0-9]{{2}})?$"
_PROTECTEE = rf"^{_VILLAGE}-[a-z0-9]{{1,16}}$"

VillageCode = Annotated[str, Field(pattern=rf"^{_VILLAGE}$"), AfterValidator(_known_village)]
"""Code of the Ministry of Home Affairs, e.g. 36.04.13.2009 (Wargasara): a village's key, never its name."""

PostId = Annotated[str, Field(pattern=_POST), AfterValidator(_known_village)]
"""A guard post: its village's code, and for the post of one polling station its number."""

DistrictCode = Annotated[str, Field(pattern=rf"^{_DISTRICT}$"), AfterValidator(_known_district)]
"""Code of a district (kecamatan), e.g. 36.04.13."""

AreaCode = Annotated[str, Field(pattern=rf"^{_DISTRICT}(\.[0-9]{{4}})?$"), AfterValidator(_known_area)]
"""A district or a village, by its code."""

ProtecteeId = Annotated[str, Field(pattern=_PROTECTEE), AfterValidator(_known_village)]
"""A protected candidate or team: a code that begins with its village's code, never a name or NIK."""

Force = Literal["polri", "brimob", "polairud", "tni", "linmas", "satpol_pp"]
Headcount = Annotated[int, Field(ge=0, le=100_000)]
Counts = Annotated[dict[Force, Headcount], Field(min_length=1)]
"""Heads by force. A requirement or a strength is named counts, never a string like "2-4-6"."""

PlanVersion = Annotated[int, Field(ge=1, le=10_000)]

Basis = Literal["post", "stations"]
"""What a requirement counts by: heads for the whole post, or for every so many of its polling stations."""

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

StageName = Literal["preparation", "quiet_period", "distribution", "voting", "counting", "return", "aftermath"]
"""The stages of an operation, in their order."""

SealCondition = Literal["intact", "broken", "missing"]
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

Level = Literal["polsek", "polres", "polda"]
"""Who answers for an incident, from district to province."""
LEVELS: tuple[Level, ...] = ("polsek", "polres", "polda")

Reliability = Literal["A", "B", "C", "D", "E", "F"]
"""Of a source, by the Admiralty code: A completely reliable … E unreliable, F cannot be judged."""

Credibility = Annotated[int, Field(ge=1, le=6)]
"""Of information, by the Admiralty code: 1 confirmed … 5 improbable, 6 cannot be judged."""

AlertRule = Literal[
    "under_strength",
    "arrival_overdue",
    "unit_silent",
    "left_post",
    "off_post",
    "spot_unpatrolled",
    "crossing_not_begun",
    "leg_overdue",
    "handover_half_open",
    "unescorted",
    "escort_separated",
    "seal_reused",
    "discrepancy_open",
    "not_ready",
    "not_returned",
    "unacknowledged",
    "cluster",
    "grave_open",
    "district_not_engaged",
]
"""What is watched; each rule breaks and heals by itself."""

AlertId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""See `alert_id`."""


def alert_id(rule: AlertRule, subject: str, n: int) -> str:
    """The id of the alert that follows the n-th clearing of a rule's alerts on a subject (n from 0)."""
    return sha256(f"{rule}\n{subject}\n{n}".encode()).hexdigest()[:32]


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
