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


# What a word means stands in its `description`: it goes into JSON Schema, OpenAPI, AsyncAPI and docs/messages.md.
# A field that needs more said than its type does has a word of its own.


Instant = Annotated[
    datetime,
    BeforeValidator(_rfc3339),
    AfterValidator(_utc),
    Field(description="An instant with its offset from UTC, e.g. 2019-11-03T07:00:00+07:00; UTC in logs and answers."),
]
WindowStart = Annotated[Instant, Field(description="When the window begins; this instant belongs to it.")]
WindowEnd = Annotated[Instant, Field(description="When the window ends; this instant no longer belongs to it.")]

Day = Annotated[date, BeforeValidator(_iso_day), Field(description="A calendar day in Asia/Jakarta, e.g. 2019-11-03.")]

_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Id = Annotated[str, Field(pattern=_ID)]
AgencyId = Annotated[Id, Field(description="An agency, e.g. polres-serang.")]
UnitId = Annotated[Id, Field(description="A unit, e.g. polres-serang-007.")]
AssignmentId = Annotated[
    Id, Field(description="An assignment; its unit has no other with this id, not even a past one.")
]
ShipmentId = Annotated[Id, Field(description="A shipment, e.g. wargasara-out.")]
PackageId = Annotated[Id, Field(description="A package of this shipment, e.g. kotak-01.")]
HandoverId = Annotated[Id, Field(description="A handover; giver and taker name the same, which joins its two halves.")]
LegId = Annotated[Id, Field(description="A leg of this shipment's route.")]
IncidentId = Annotated[Id, Field(description="An incident, by the id that its first reporter gave it.")]
CustodianId = Annotated[
    Id,
    Field(description="Who holds packages, carries them or signs: a unit, an office or a code, never a person's name."),
]
PlaceId = Annotated[Id, Field(description="A place: a store, a pier, an office, or a post by its code.")]
OperationId = Annotated[Id, Field(description="An operation, e.g. kalimaya-2019.")]
ContingentId = Annotated[Id, Field(description="A contingent: personnel that one agency gives to the operation.")]
WarningId = Annotated[Id, Field(description="An early warning.")]
EngagementId = Annotated[Id, Field(description="A meeting with a mass organisation.")]
OrmasId = Annotated[Id, Field(description="A mass organisation (ormas), by a code and never by a person's name.")]
SealNumber = Annotated[
    str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$", description="The number on a seal, e.g. KS-000101.")
]
_NO_NUL = r"^[^\x00]*$"
# PostgreSQL's text cannot hold NUL: one such character in an accepted message would stop the projection.
Reference = Annotated[
    str,
    Field(
        min_length=1, max_length=80, pattern=_NO_NUL, description="The number of a written order, consent or record."
    ),
]
Waybill = Annotated[Reference, Field(description="The number of the waybill (surat jalan).")]
Text = Annotated[
    str,
    Field(min_length=1, max_length=280, pattern=_NO_NUL, description="A few words; no names or numbers of persons."),
]
Name = Annotated[Text, Field(description="A name as people read it; never a person's.")]
Callsign = Annotated[Text, Field(description="What the unit is called on the radio.")]
Why = Annotated[Text, Field(description="Why, in a few words; no names or numbers of persons.")]
Target = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=_NO_NUL,
        description="What the duty is for: a post, district, shipment or protectee, as `target_kind` says.",
    ),
]
"""Its form depends on the target kind, see `fits_kind`."""

# [0-9], because pydantic's \d also takes the digits of other scripts.
_DISTRICT = r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}"
_VILLAGE = rf"{_DISTRICT}\.[0-9]{{4}}"
_POST = rf"^{_VILLAGE}(-tps[0-9]{{2}})?$"
_PROTECTEE = rf"^{_VILLAGE}-[a-z0-9]{{1,16}}$"

VillageCode = Annotated[
    str,
    Field(
        pattern=rf"^{_VILLAGE}$",
        description="A village by its code of the Ministry of Home Affairs, e.g. 36.04.13.2009; names repeat.",
    ),
    AfterValidator(_known_village),
]
PostId = Annotated[
    str,
    Field(
        pattern=_POST,
        description="A guard post or polling station: its village's code, and a station's number: 36.04.13.2009-tps01.",
    ),
    AfterValidator(_known_village),
]
DistrictCode = Annotated[
    str,
    Field(pattern=rf"^{_DISTRICT}$", description="A district (kecamatan) by its code, e.g. 36.04.13."),
    AfterValidator(_known_district),
]
AreaCode = Annotated[
    str,
    Field(pattern=rf"^{_DISTRICT}(\.[0-9]{{4}})?$", description="A district or a village, by its code."),
    AfterValidator(_known_area),
]
ProtecteeId = Annotated[
    str,
    Field(
        pattern=_PROTECTEE,
        description="A protected candidate or team: a code that begins with its village's, never a name or NIK.",
    ),
    AfterValidator(_known_village),
]

Force = Annotated[
    Literal["polri", "brimob", "polairud", "tni", "linmas", "satpol_pp"],
    Field(description="Police, mobile brigade, water police, army, civil defence, civil service police."),
]
Headcount = Annotated[int, Field(ge=0, le=100_000, description="How many heads.")]
StationCount = Annotated[Headcount, Field(description="How many polling stations.")]
Pieces = Annotated[Headcount, Field(description="How many pieces.")]
Ballots = Annotated[Headcount, Field(description="How many ballots.")]
Counts = Annotated[
    dict[Force, Headcount], Field(min_length=1, description='Heads by force, e.g. {"polri": 2, "linmas": 6}.')
]
"""A requirement or a strength is named counts, never a string like "2-4-6"."""

PlanVersion = Annotated[int, Field(ge=1, le=10_000, description="A higher number supersedes a lower one.")]
PlanSource = Annotated[Text, Field(description="The document that this version follows.")]
PlanDay = Annotated[Day, Field(description="The date of the document that this version follows.")]

Basis = Annotated[
    Literal["post", "stations"],
    Field(description="Heads for the whole post, or for every so many of its polling stations."),
]

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="Latitude in degrees north, WGS 84.")]
Longitude = Annotated[
    float, Field(ge=-180, le=180, allow_inf_nan=False, description="Longitude in degrees east, WGS 84.")
]
Metres = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False, description="In metres.")]
MetresPerSecond = Annotated[float, Field(ge=0, le=400, allow_inf_nan=False, description="In metres a second.")]
Degrees = Annotated[
    float, Field(ge=0, lt=360, allow_inf_nan=False, description="In degrees clockwise from true north.")
]

Duty = Annotated[
    Literal["guard", "patrol", "escort", "close_protection", "reserve"], Field(description="What the unit is to do.")
]
TargetKind = Annotated[Literal["post", "area", "shipment", "protectee"], Field(description="What `target` names.")]
Vulnerability = Annotated[
    Literal["kurang_rawan", "rawan", "sangat_rawan"],
    Field(description="Less vulnerable, vulnerable, highly vulnerable."),
]
Jurisdiction = Annotated[
    Literal["polres-serang", "polres-cilegon", "polres-serang-kota"],
    Field(description="The police that answer for the village, independent of its district."),
]

StageName = Annotated[
    Literal["preparation", "quiet_period", "distribution", "voting", "counting", "return", "aftermath"],
    Field(description="A stage of the operation; in their order."),
]

SealCondition = Annotated[
    Literal["intact", "broken", "missing"],
    Field(description="How the seal was found; missing: it should be there and is not."),
]
PackageKind = Annotated[
    Literal["ballot_box", "booth", "ballots", "ink", "seals", "stationery", "voter_roll", "forms"],
    Field(description="What kind of material."),
]
LegMode = Annotated[Literal["road", "sea", "foot"], Field(description="By which way one goes.")]

IncidentType = Annotated[
    Literal[
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
    ],
    Field(description="What kind of incident it is, or is expected."),
]
Severity = Annotated[int, Field(ge=1, le=4, description="1 is the gravest.")]

Level = Annotated[
    Literal["polsek", "polres", "polda"], Field(description="Who answers for the incident, from district to province.")
]
LEVELS: tuple[Level, ...] = ("polsek", "polres", "polda")

Reliability = Annotated[
    Literal["A", "B", "C", "D", "E", "F"],
    Field(
        description="Of the source, by the Admiralty code: A completely reliable … E unreliable, F cannot be judged."
    ),
]
Credibility = Annotated[
    int,
    Field(
        ge=1,
        le=6,
        description="Of the information, by the Admiralty code: 1 confirmed … 5 improbable, 6 cannot be judged.",
    ),
]

AlertRule = Annotated[
    Literal[
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
    ],
    Field(description="The rule that is broken; each breaks and heals by itself."),
]

AlertId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{32}$",
        description="The first 32 hex digits of the SHA-256 of `rule`, `subject` and `n`, joined by line feeds.",
    ),
]
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
