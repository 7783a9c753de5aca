"""What the picture says: the models of its answer. Every value tells as of when it holds and whether it is stale."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Literal

from pydantic import Field

from schemas.types import AlertRule, PackageKind
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


class Readiness(Word):
    """What a village has, by its district head's checks: pieces wanting by item, and what must still be checked.

    `unknown` while that is so, or when enough was found but too long ago; `not_due` in a village that does not vote.
    `as_of` is the oldest check that this rests on. Once the polls are open the last checks before grow no older.
    """

    state: State
    short: Mapping[PackageKind, int]
    unchecked: Sequence[PackageKind]


class Incidents(Word):
    """Open incidents by severity, 1 the gravest. `mutual_duplicates`: one of them and another are linked as duplicates
    of each other, and somebody has to say which it is. Until then the smallest id of those still open counts."""

    open: Mapping[str, int] = Field(examples=[{"1": 1, "3": 2}])
    flags: Sequence[Literal["mutual_duplicates"]]


class Alerts(Answer):
    """Standing alerts: how many of each rule; how many of them nobody answers for now, because no one has acknowledged
    them or that has run out; since when the oldest is broken; `as_of`, the last word on any of them.

    None stands as far as the watches have looked: whether they do, their metrics tell.
    """

    standing: Mapping[AlertRule, int]
    unacknowledged: int
    oldest_since: datetime | None
    as_of: datetime | None


class VillageRow(Answer):
    """One village. `jurisdiction` is its posts', or the operation's for it; `last_heard` when anybody last spoke.

    `changes_at` is when something in the row turns with time, at the earliest, if nothing is heard before; null: never.
    `alerts` are those that name it. One that names only its district is in the sums.
    """

    code: str
    name: str
    district: str
    district_name: str
    jurisdiction: str | None
    strength: Strength
    logistics: Logistics
    readiness: Readiness
    incidents: Incidents
    alerts: Alerts
    last_heard: datetime | None
    changes_at: datetime | None

    @cached_property
    def as_json(self) -> str:
        """Worked out once: a row is kept from one picture to the next."""
        return self.model_dump_json()


class ReadinessSum(Answer):
    """The worst state of readiness of several villages, and how many are in which."""

    state: State
    states: Mapping[State, int]


class Sum(Answer):
    """Several villages together: their worst state and how many are in which; heads by force; shipments by stage.

    `alerts` are counted once each, also those that name the area and no village of it, as `/v1/alerts` lists them.
    """

    villages: int
    state: State
    states: Mapping[State, int]
    required: Mapping[str, int]
    assigned: Mapping[str, int]
    present: Mapping[str, int | None]
    stages: Mapping[str, int]
    readiness: ReadinessSum
    open: Mapping[str, int]
    alerts: Alerts
    stale: bool
    last_heard: datetime | None


class PictureAnswer(Answer):
    """The operational picture at `now`: the operation's time, or the instant that was asked for.

    It rests on all that was known at `known_at` (null: on all that is known). While something that was recorded by then
    may still be missing in it, it is `provisional`. `changes_at` as in the rows, for all of it.
    """

    now: datetime
    known_at: datetime | None = None
    provisional: bool = False
    changes_at: datetime | None
    operation: Sum
    districts: Mapping[str, Sum]
    jurisdictions: Mapping[str, Sum]
    villages: Sequence[VillageRow]

    @property
    def as_json(self) -> str:
        """The same as `model_dump_json`, from rows that know theirs."""
        without = self.model_copy(update={"villages": ()}).model_dump_json().removesuffix("]}")
        return f"{without}{','.join(each.as_json for each in self.villages)}]}}"
