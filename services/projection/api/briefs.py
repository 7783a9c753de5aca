"""What the picture needs of each document, and nothing more. The one place of the API that knows documents inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.catalogue import SERVICES
from schemas.types import AlertRule, PackageKind, village_of
from services.projection.store import Document
from services.views import alert
from services.views.incident import OPEN, worked_on
from services.views.readiness import State as ReadinessState
from services.views.strength import Serving
from services.views.unit import Presence

OPERATIONS = tuple(f"{service}-operation" for service in SERVICES)
BRIEFED = ("unit", "post", "shipment", "readiness", "incident", *OPERATIONS)
"""The kinds of document that the picture is drawn from, beside the alerts: of these only the standing ones."""


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


class Stage(Struct, frozen=True):
    """When a stage of the operation begins."""

    stage: str
    start: datetime


class File(Struct, frozen=True):
    """A version of the operation file."""

    operation: str
    version: int
    polling_day: date
    villages: tuple[Voting, ...]
    stages: tuple[Stage, ...] = ()


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
    """An incident as the picture needs it; `severity` is None while nobody has said one.

    `of_a_ring`: it is linked as a duplicate of one that is linked to it, and the one of them that counts.
    """

    incident: str
    village: str | None
    status: str
    severity: int | None
    last_heard: datetime | None
    duplicate_of: str | None = None
    of_a_ring: bool = False

    @property
    def open(self) -> bool:
        """Whether somebody still has to see to it; to a duplicate nobody has: the other one is worked on."""
        return (self.duplicate_of is None or self.of_a_ring) and self.status in OPEN


class Checked(Struct, frozen=True):
    """The last check of one item, and how many pieces were wanting."""

    as_of: datetime
    short_by: int


class Readiness(Struct, frozen=True):
    """What the checks of a village found."""

    village: str
    state: ReadinessState
    items: Mapping[PackageKind, Checked]
    unchecked: tuple[PackageKind, ...]


class Raised(Struct, frozen=True):
    """When an alert was raised."""

    as_of: datetime


class Acknowledged(Struct, frozen=True):
    """When somebody said that he answers for an alert, and until when."""

    as_of: datetime
    until: datetime


class Alert(Struct, frozen=True):
    """A standing alert, and the villages and districts that it names."""

    alert: str
    rule: AlertRule
    since: datetime
    villages: frozenset[str]
    districts: frozenset[str]
    raised: Raised
    acknowledged: Acknowledged | None

    def answered_for(self, at: datetime) -> bool:
        """Whether somebody answers for it at this instant."""
        return self.acknowledged is not None and at < self.acknowledged.until

    @property
    def as_of(self) -> datetime:
        """The last word on it."""
        return max(each.as_of for each in (self.raised, self.acknowledged) if each is not None)


@dataclass(slots=True)
class Briefs:
    """All there is to know, or that part of it which concerns one village.

    `polls_open` is when the vote begins, by the operation; None while none is known.
    """

    units: list[Unit] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    voting: list[Voting] = field(default_factory=list)
    readiness: list[Readiness] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    polls_open: datetime | None = None

    @property
    def jurisdiction(self) -> str | None:
        """Of one village: its posts', or the operation's for it."""
        said = [each.jurisdiction for each in self.posts] + [each.jurisdiction for each in self.voting]
        return next(iter(said), None)


def briefs(documents: Mapping[str, Sequence[Document]], now: datetime) -> Briefs:
    """The briefs of these documents, by kind; `now` tells which operation is meant if there are several."""
    operations = [each for kind in OPERATIONS for each in documents.get(kind, ())]
    own = current_files([each.file for each in msgspec.convert(operations, list[Operation])], now)
    return Briefs(
        voting=voting(own),
        polls_open=polls_open(own),
        units=msgspec.convert(documents.get("unit", ()), list[Unit]),
        posts=msgspec.convert(documents.get("post", ()), list[Post]),
        shipments=msgspec.convert(documents.get("shipment", ()), list[Shipment]),
        incidents=_counted(msgspec.convert(documents.get("incident", ()), list[Incident])),
        readiness=msgspec.convert(documents.get("readiness", ()), list[Readiness]),
        alerts=[_alert(each) for each in documents.get("alert", ()) if each["state"] == "standing"],
    )


def _counted(incidents: Sequence[Incident]) -> list[Incident]:
    """The same incidents, of each ring of duplicates one marked."""
    links = {each.incident: each.duplicate_of for each in incidents if each.duplicate_of is not None}
    counted = worked_on(links, {each.incident for each in incidents if each.status in OPEN})
    return [replace(each, of_a_ring=True) if each.incident in counted else each for each in incidents]


def _alert(document: Document) -> Alert:
    named = alert.listed(document)
    return msgspec.convert({**document, "villages": named.villages, "districts": named.districts}, Alert)


def current_files(files: Sequence[File], now: datetime) -> list[File]:
    """Of the files in force in the logs those of the current operation, the newest last."""
    current = current_operation({file.operation: file.polling_day for file in files}, now)
    return sorted((file for file in files if file.operation == current), key=lambda file: file.version)


def voting(files: Sequence[File]) -> list[Voting]:
    """The villages that vote by these files of one operation.

    While a version is in force in some logs only, a village votes if any of them says so, as the newest has it.
    """
    return list({each.village: each for file in files for each in file.villages}.values())


def polls_open(files: Sequence[File]) -> datetime | None:
    """When the vote begins, as the newest of these files of one operation has it."""
    stages = files[-1].stages if files else ()
    return next((each.start for each in stages if each.stage == "voting"), None)


def current_operation(polling_days: Mapping[str, date], now: datetime) -> str | None:
    """Of several operations the one whose polling day is nearest."""
    return min(polling_days, key=lambda each: (abs(polling_days[each] - now.date()), each), default=None)


def unreported(found: Briefs) -> set[str]:
    """Posts that a plan or an assignment names and no report; one on a station is one on its village's post, too."""
    reported = {post for unit in found.units for post in unit.visits}
    named = {post.post for post in found.posts} | {duty.target for unit in found.units for duty in unit.duties}
    return named - reported - set(map(village_of, reported))
