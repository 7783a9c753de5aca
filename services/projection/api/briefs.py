"""What the picture needs of each document, and nothing more. The one place of the API that knows documents inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.catalogue import SERVICES
from schemas.types import village_of
from services.projection.store import Document
from services.views.strength import Serving
from services.views.unit import Presence


class Duty(Struct, frozen=True):
    """An assignment of a unit, or of a part of it, for [start, end)."""

    target_kind: str
    target: str
    start: datetime
    end: datetime
    headcount: Mapping[str, int]
    as_of: datetime


class Registration(Struct, frozen=True):
    """Who the unit is."""

    agency: str
    strength: Mapping[str, int]


class StandDown(Struct, frozen=True):
    """From when on a unit is released."""

    at: datetime


class Patrol(Struct, frozen=True):
    """The last visit of a patrol to a village."""

    as_of: datetime


class Unit(Struct, frozen=True):
    """A unit as the picture needs it."""

    unit: str
    registration: Registration | None
    assignments: Mapping[str, Duty]
    presence: Presence | None
    last_heard: datetime | None
    cancellations: Mapping[str, Any] = {}
    visits: Mapping[str, Any] = {}
    patrols: Mapping[str, Patrol] = {}
    stood_down: StandDown | None = None

    @property
    def duties(self) -> list[Duty]:
        """Those of its standing assignments that send it to a post."""
        return [
            each
            for id_, each in self.assignments.items()
            if each.target_kind == "post" and id_ not in self.cancellations
        ]

    @property
    def villages(self) -> set[str]:
        """The villages that it is sent to, was last heard of at a post of, or has visited on patrol."""
        posts = [each.target for each in self.duties] + ([self.presence.post] if self.presence else [])
        return {*map(village_of, posts), *self.patrols}

    @property
    def serving(self) -> Serving:
        """The unit as its strength is judged."""
        return Serving(
            duties=self.duties,
            presence=self.presence,
            strength=None if self.registration is None else self.registration.strength,
            stood_down=None if self.stood_down is None else self.stood_down.at,
        )


class Requirement(Struct, frozen=True):
    """What a post needs in the window [start, end), by one version of the plan."""

    required: Mapping[str, int]
    start: datetime
    end: datetime
    as_of: datetime


class Post(Struct, frozen=True):
    """A post and what it needs, by the versions of the plan."""

    post: str
    jurisdiction: str
    versions: Mapping[str, Requirement]


class Voting(Struct, frozen=True):
    """A village that votes."""

    village: str
    jurisdiction: str


class File(Struct, frozen=True):
    """A version of the operation file."""

    operation: str
    version: int
    polling_day: date
    villages: tuple[Voting, ...]


class Adopted(Struct, frozen=True):
    """A version of the operation file in one log."""

    file: File


class Operation(Struct, frozen=True):
    """The operation as one log knows it."""

    in_force: int
    versions: Mapping[str, Adopted]

    @property
    def file(self) -> File:
        """The version in force."""
        return self.versions[str(self.in_force)].file


class Place(Struct, frozen=True):
    """Where a shipment was last; `leg` is named while it is on its way from there."""

    place: str
    leg: str | None = None


class Shipment(Struct, frozen=True):
    """A shipment as the picture needs it."""

    shipment: str
    village: str | None
    stage: str | None
    custodian: str | None
    place: Place | None
    flags: tuple[str, ...]
    last_heard: datetime | None


class Incident(Struct, frozen=True):
    """An incident as the picture needs it; `severity` is None while nobody has said one."""

    incident: str
    village: str | None
    status: str
    severity: int | None
    last_heard: datetime | None
    duplicate_of: str | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to see to it; to a duplicate nobody has: the other one is worked on."""
        return self.duplicate_of is None and self.status in {"reported", "triaged", "responding", "contained"}


@dataclass(slots=True)
class Briefs:
    """All there is to know, or that part of it which concerns one village."""

    units: list[Unit] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    voting: list[Voting] = field(default_factory=list)


def briefs(documents: Mapping[str, Sequence[Document]], now: datetime) -> Briefs:
    """The briefs of these documents, by kind; `now` tells which operation is meant if there are several."""
    operations = [each for service in SERVICES for each in documents.get(f"{service}-operation", ())]
    return Briefs(
        voting=voting([each.file for each in msgspec.convert(operations, list[Operation])], now),
        units=msgspec.convert(documents.get("unit", ()), list[Unit]),
        posts=msgspec.convert(documents.get("post", ()), list[Post]),
        shipments=msgspec.convert(documents.get("shipment", ()), list[Shipment]),
        incidents=msgspec.convert(documents.get("incident", ()), list[Incident]),
    )


def voting(files: Sequence[File], now: datetime) -> list[Voting]:
    """The villages that vote in the current operation, by the files in force in the logs.

    While a version is in force in some logs only, a village votes if any of them says so, as the newest has it.
    """
    current = current_operation({file.operation: file.polling_day for file in files}, now)
    own = sorted((file for file in files if file.operation == current), key=lambda file: file.version)
    return list({each.village: each for file in own for each in file.villages}.values())


def current_operation(polling_days: Mapping[str, date], now: datetime) -> str | None:
    """Of several operations the one whose polling day is nearest."""
    return min(polling_days, key=lambda each: (abs(polling_days[each] - now.date()), each), default=None)


def unreported(found: Briefs) -> set[str]:
    """Posts that a plan or an assignment names and no report; one on a station is one on its village's post, too."""
    reported = {post for unit in found.units for post in unit.visits}
    named = {post.post for post in found.posts} | {duty.target for unit in found.units for duty in unit.duties}
    return named - reported - set(map(village_of, reported))
