"""What the picture needs of each document, and nothing more. The one place of the API that knows documents inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from services.projection.store import Document


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


class Presence(Struct, frozen=True):
    """Where the last word puts a unit: `present` is None when it left, or nobody has counted since it came."""

    post: str
    state: Literal["present", "left"]
    present: Mapping[str, int] | None
    counted_at: datetime | None
    as_of: datetime


class Unit(Struct, frozen=True):
    """A unit as the picture needs it."""

    unit: str
    registration: Registration | None
    assignments: Mapping[str, Duty]
    presence: Presence | None
    last_heard: datetime | None

    @property
    def duties(self) -> list[Duty]:
        """Those of its assignments that send it to a post."""
        return [each for each in self.assignments.values() if each.target_kind == "post"]

    @property
    def posts(self) -> set[str]:
        """The posts that it is sent to or was last heard of at."""
        return {each.target for each in self.duties} | ({self.presence.post} if self.presence else set())


class Requirement(Struct, frozen=True):
    """What a post needs in the window [start, end)."""

    required: Mapping[str, int]
    start: datetime
    end: datetime
    as_of: datetime


class Post(Struct, frozen=True):
    """A post with the requirement in force."""

    post: str
    jurisdiction: str
    requirement: Requirement


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


def briefs(documents: Mapping[str, Sequence[Document]]) -> Briefs:
    """The briefs of these documents, by kind."""
    return Briefs(
        units=msgspec.convert(documents.get("unit", ()), list[Unit]),
        posts=msgspec.convert(documents.get("post", ()), list[Post]),
        shipments=msgspec.convert(documents.get("shipment", ()), list[Shipment]),
        incidents=msgspec.convert(documents.get("incident", ()), list[Incident]),
    )
