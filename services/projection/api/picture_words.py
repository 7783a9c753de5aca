"""What the picture says: the models of its answer. Every value tells as of when it holds and whether it is stale."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from services.projection.api.words import Answer
from services.views.strength import State


class Word(Answer):
    """As of when a value holds (null: nobody has said anything), and whether that is too long ago."""

    as_of: datetime | None
    stale: bool


class ForceStrength(Answer):
    """Heads of one force. `present` is as last counted, null when nobody has; `state` trusts fresh counts only."""

    required: int
    assigned: int
    present: int | None
    state: State


class Strength(Answer):
    """Guards of a village at this moment.

    `not_due` outside every requirement's window; `unknown` when it may be enough and nobody can say, or when the
    village votes and no plan says what it needs. `required`, `assigned` and `present` tell as of when each of the three
    holds (of the counts: the oldest).
    """

    state: State
    forces: Mapping[str, ForceStrength]
    required: Word
    assigned: Word
    present: Word


class Logistics(Word):
    """A village's shipments: how many in which stage, who holds them (null unless all are with one), where last seen.

    `leg` is named while the shipment last heard of is between two places.
    """

    stages: Mapping[str, int]
    custodian: str | None
    place: str | None
    leg: str | None
    flags: Sequence[str]


class Incidents(Word):
    """Open incidents by severity, 1 the gravest."""

    open: Mapping[str, int] = Field(examples=[{"1": 1, "3": 2}])


class VillageRow(Answer):
    """One village. `jurisdiction` is its posts', or the operation's for it; `last_heard` when anybody last spoke."""

    code: str
    name: str
    district: str
    district_name: str
    jurisdiction: str | None
    strength: Strength
    logistics: Logistics
    incidents: Incidents
    last_heard: datetime | None


class Sum(Answer):
    """Several villages together: their worst state and how many are in which; heads by force; shipments by stage."""

    villages: int
    state: State
    states: Mapping[State, int]
    required: Mapping[str, int]
    assigned: Mapping[str, int]
    present: Mapping[str, int | None]
    stages: Mapping[str, int]
    open: Mapping[str, int]
    stale: bool
    last_heard: datetime | None


class PictureAnswer(Answer):
    """The operational picture at `now`, the operation's time."""

    now: datetime
    operation: Sum
    districts: Mapping[str, Sum]
    jurisdictions: Mapping[str, Sum]
    villages: Sequence[VillageRow]
