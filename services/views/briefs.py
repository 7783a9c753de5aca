"""Briefs: of each entity the part that the picture is drawn from and lists filter on, cheap to work out.

A brief is a part of the document: the same names and shapes, and less of them. So whatever reads a brief can be given a
document instead, and the columns of lists are read off either. A brief is kept for every instant at which it changed,
so it holds nothing that the picture or a list does not need, and leaves out what says who said a thing, and where.
What follows from a brief is kept with it, because the picture asks for it again and again.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from schemas.catalogue import SERVICES
from schemas.types import AlertRule, CustodianId, IncidentType, Level, PackageKind, UnitId, village_of
from services.views import (
    alert,
    contingent,
    engagement,
    incident,
    operation,
    post,
    readiness,
    shipment,
    shipment_state,
    unit,
    warning,
)
from services.views.alert import State as AlertState
from services.views.facts import known
from services.views.incident import Status
from services.views.shipment import Whereabouts
from services.views.stage import Stage
from services.views.strength import Serving
from services.views.unit import Presence

KEPT = 10_000
"""Briefs kept decoded, about 1 KB each: those of the present of five operations, or of one at five times."""


class Duty(Struct, frozen=True, kw_only=True):
    """An assignment of a unit, or of a part of it, for [start, end)."""

    target_kind: str
    target: str
    start: datetime
    end: datetime
    headcount: Mapping[str, int]
    as_of: datetime


class Registration(Struct, frozen=True, kw_only=True):
    """Who the unit is."""

    agency: str
    strength: Mapping[str, int]


class StandDown(Struct, frozen=True, kw_only=True):
    """From when on a unit is released."""

    at: datetime


class Word(Struct, frozen=True, kw_only=True):
    """As of when something was said."""

    as_of: datetime


class Nothing(Struct, frozen=True):
    """Of this it matters only that it is there."""


class Unit(Struct, frozen=True, kw_only=True, dict=True):
    """A unit: of its visits which posts they were to, of its patrols the last to each village."""

    unit: str
    registration: Registration | None
    assignments: Mapping[str, Duty]
    presence: Presence | None
    cancellations: Mapping[str, Nothing] = {}
    visits: Mapping[str, Nothing] = {}
    patrols: Mapping[str, Word] = {}
    stood_down: StandDown | None = None

    @cached_property
    def duties(self) -> list[Duty]:
        """Those of its standing assignments that send it to a post."""
        return [
            each
            for id_, each in self.assignments.items()
            if each.target_kind == "post" and id_ not in self.cancellations
        ]

    @cached_property
    def villages(self) -> set[str]:
        """The villages that it is sent to, was last heard of at a post of, or has visited on patrol."""
        posts = [each.target for each in self.duties] + ([self.presence.post] if self.presence else [])
        return {*map(village_of, posts), *self.patrols}

    @cached_property
    def serving(self) -> Serving:
        """The unit as its strength is judged."""
        return Serving(
            duties=self.duties,
            presence=self.presence,
            strength=None if self.registration is None else self.registration.strength,
            stood_down=None if self.stood_down is None else self.stood_down.at,
        )


def of_unit(state: unit.Unit) -> Unit:
    """The brief of a unit. Of its assignments those to posts that stand; what was cancelled is left out."""
    return Unit(
        unit=state.unit,
        registration=_part(state.registration, Registration),
        assignments={each.assignment: _part(each, Duty) for each in unit.standing(state) if each.target_kind == "post"},
        presence=unit.presence(state),
        visits=dict.fromkeys(state.visits, Nothing()),
        patrols={village: Word(as_of=each.as_of) for village, each in state.patrols.items()},
        stood_down=_part(state.stood_down, StandDown),
    )


class Requirement(Struct, frozen=True, kw_only=True):
    """What a post needs in the window [start, end), by one version of the plan."""

    required: Mapping[str, int]
    start: datetime
    end: datetime
    as_of: datetime


class Post(Struct, frozen=True, kw_only=True):
    """A post and what it needs, by the versions of the plan."""

    post: str
    village: str
    jurisdiction: str
    versions: Mapping[str, Requirement]


def of_post(state: post.Post) -> Post:
    """The brief of a post."""
    return Post(
        post=state.post,
        village=village_of(state.post),
        jurisdiction=post.newest(state).jurisdiction,
        versions={
            number: Requirement(required=post.required(each), start=each.start, end=each.end, as_of=each.as_of)
            for number, each in state.versions.items()
        },
    )


class Contingent(Struct, frozen=True, kw_only=True):
    """A contingent and who gives it."""

    contingent: str
    agency: str


def of_contingent(state: contingent.Contingent) -> Contingent:
    """The brief of a contingent."""
    return Contingent(contingent=state.contingent, agency=contingent.newest(state).agency)


class Shipment(Struct, frozen=True, kw_only=True):
    """A shipment, as a whole."""

    shipment: str
    village: str | None
    stage: Stage | None
    custodian: CustodianId | None
    place: Whereabouts | None
    flags: tuple[str, ...]
    last_heard: datetime | None


def of_shipment(state: shipment_state.Shipment) -> Shipment:
    """The brief of a shipment."""
    _, derived = shipment.follow(state)
    return Shipment(
        shipment=state.shipment,
        village=derived.village,
        stage=derived.stage,
        custodian=derived.custodian,
        place=derived.place,
        flags=tuple(derived.flags),
        last_heard=derived.last_heard,
    )


class Checked(Struct, frozen=True, kw_only=True):
    """The last check of one item, and how many pieces were wanting."""

    as_of: datetime
    short_by: int


class Readiness(Struct, frozen=True, kw_only=True):
    """What the checks of a village found."""

    village: str
    state: readiness.State
    items: Mapping[PackageKind, Checked]
    unchecked: tuple[PackageKind, ...]


def of_readiness(state: readiness.Readiness) -> Readiness:
    """The brief of a village's readiness."""
    return Readiness(
        village=state.village,
        state=readiness.state_of(state),
        items={kind: Checked(as_of=each.as_of, short_by=each.short_by) for kind, each in state.items.items()},
        unchecked=tuple(readiness.unchecked(state)),
    )


class Incident(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An incident; `severity` is None while nobody has said one.

    `of_a_ring`, which no single incident can tell: it is linked as a duplicate of one that is linked to it, and the one
    of them that counts.
    """

    incident: str
    village: str | None
    status: Status
    level: Level
    type: IncidentType | None
    severity: int | None
    last_heard: datetime | None
    flags: tuple[str, ...]
    hidden_from: tuple[UnitId, ...]
    duplicate_of: str | None = None
    of_a_ring: bool = False

    @property
    def open(self) -> bool:
        """Whether somebody still has to see to it; to a duplicate nobody has: the other one is worked on."""
        return (self.duplicate_of is None or self.of_a_ring) and self.status in incident.OPEN


def of_incident(state: incident.Incident) -> Incident:
    """The brief of an incident."""
    seen = incident.account(state)
    return Incident(
        incident=state.incident,
        village=None if seen.latest is None else seen.latest.village,
        status=state.status,
        level=state.level,
        type=seen.type,
        severity=seen.severity,
        last_heard=None if seen.latest is None else seen.latest.as_of,
        flags=tuple(incident.flags(state)),
        duplicate_of=None if state.link is None else state.link.duplicate_of,
        hidden_from=tuple(incident.hidden_from(state)),
    )


class EarlyWarning(Struct, frozen=True, kw_only=True):
    """An early warning, by its latest word."""

    warning: str
    area: str
    expects: IncidentType
    reliability: str


def of_warning(state: warning.EarlyWarning) -> EarlyWarning:
    """The brief of an early warning."""
    latest = known(*state.words.values())[-1]
    return EarlyWarning(warning=state.warning, area=latest.area, expects=latest.expects, reliability=latest.reliability)


class Engagement(Struct, frozen=True, kw_only=True):
    """An engagement, by its latest word."""

    engagement: str
    district: str
    held_at: datetime


def of_engagement(state: engagement.Engagement) -> Engagement:
    """The brief of an engagement."""
    latest = engagement.latest_word(state)
    return Engagement(engagement=state.engagement, district=latest.district, held_at=latest.as_of)


class Acknowledged(Struct, frozen=True, kw_only=True):
    """When somebody said that he answers for an alert, and until when."""

    as_of: datetime
    until: datetime


class Areas(Struct, frozen=True):
    """Villages and districts."""

    villages: frozenset[str]
    districts: frozenset[str]


class Alert(Struct, frozen=True, kw_only=True, dict=True):
    """An alert, and the villages that it names; its subject may be an area, too."""

    alert: str
    state: AlertState
    rule: AlertRule
    subject: str
    since: datetime
    villages: tuple[str, ...]
    raised: Word
    acknowledged: Acknowledged | None
    cleared: Word | None

    @cached_property
    def areas(self) -> Areas:
        """All that it names."""
        listed = alert.listed(msgspec.to_builtins(self))
        return Areas(frozenset(listed.villages), frozenset(listed.districts))

    @property
    def as_of(self) -> datetime:
        """The last word on it while it stands."""
        return max(each.as_of for each in (self.raised, self.acknowledged) if each is not None)

    def answered_for(self, at: datetime) -> bool:
        """Whether somebody answers for it at this instant."""
        return self.acknowledged is not None and at < self.acknowledged.until


def of_alert(state: alert.Alert) -> Alert:
    """The brief of an alert."""
    raised = state.raised
    return Alert(
        alert=state.alert,
        state=alert.state(state),
        rule=raised.rule,
        subject=raised.subject,
        since=raised.since,
        villages=raised.villages,
        raised=Word(as_of=raised.as_of),
        acknowledged=_part(state.acknowledged, Acknowledged),
        cleared=_part(state.cleared, Word),
    )


class Voting(Struct, frozen=True, kw_only=True):
    """A village that votes."""

    village: str
    jurisdiction: str


class StageWindow(Struct, frozen=True, kw_only=True):
    """When a stage of the operation begins."""

    stage: str
    start: datetime


class File(Struct, frozen=True, kw_only=True):
    """A version of the operation file."""

    operation: str
    version: int
    polling_day: date
    villages: tuple[Voting, ...]
    stages: tuple[StageWindow, ...] = ()


class Adopted(Struct, frozen=True, kw_only=True):
    """A version of the operation file in one log."""

    file: File


class Operation(Struct, frozen=True, kw_only=True):
    """The operation as one log knows it: the version in force."""

    in_force: int
    versions: Mapping[str, Adopted]

    @property
    def file(self) -> File:
        """The version in force."""
        return self.versions[str(self.in_force)].file


def of_operation(state: operation.Operation) -> Operation:
    """The brief of an operation."""
    number = operation.file_in_force(state).version
    return Operation(in_force=number, versions={str(number): _part(state.versions[str(number)], Adopted)})


def _part(whole: Any, cls: type[Any]) -> Any:
    """Those fields of a struct that `cls` names; None of None."""
    return None if whole is None else msgspec.convert(whole, cls, from_attributes=True)


Brief = (
    Unit | Post | Contingent | Shipment | Readiness | Incident | EarlyWarning | Engagement | Alert | Operation
)  # fmt: skip

_OF: dict[str, tuple[Callable[[Any], Brief], type[Brief]]] = {
    "unit": (of_unit, Unit),
    "post": (of_post, Post),
    "contingent": (of_contingent, Contingent),
    "shipment": (of_shipment, Shipment),
    "readiness": (of_readiness, Readiness),
    "incident": (of_incident, Incident),
    "warning": (of_warning, EarlyWarning),
    "engagement": (of_engagement, Engagement),
    "alert": (of_alert, Alert),
    **{f"{service}-operation": (of_operation, Operation) for service in SERVICES},
}
_DECODERS = {kind: msgspec.json.Decoder(cls) for kind, (_, cls) in _OF.items()}


def brief(kind: str, state: Any) -> Brief:
    """The brief of a state of this kind."""
    return _OF[kind][0](state)


def of_document(kind: str, document: Mapping[str, Any]) -> Brief:
    """The brief that is part of a document."""
    return msgspec.convert(document, _OF[kind][1])


@lru_cache(maxsize=KEPT)
def from_json(kind: str, text: str) -> Brief:
    """The brief in its stored form. Whoever reads it again gets the same object."""
    return _DECODERS[kind].decode(text)
