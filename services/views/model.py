"""The picture in memory: answers of the event logs folded into entities, from units to the operation itself.

The projector and the audit's tests fold with it, and so does the answer to "what was so then". It knows neither
tables nor topics.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.catalogue import BY_CLASS, SERVICES
from schemas.deployment import UnitSighted
from schemas.envelope import RawEvent, decode_data, decode_event, split_identity
from schemas.incidents import AlertRaised
from schemas.outcomes import OutcomeKind, outcome_of
from services.kit.ledger.fold import Answer
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
from services.views.facts import Fact, plain
from services.views.listed import Listed

Key = tuple[str, str]
"""Kind and id of an entity."""


@dataclass(frozen=True, slots=True)
class _View:
    """A kind of entity. `section`: where the digest counts it; None leaves it out.

    `begins`: the only event that can be the first; None, any.
    """

    state: type[Any]
    fold: Callable[[Any, Fact], Any]
    document: Callable[[Any], dict[str, Any]]
    listed: Callable[[dict[str, Any]], Listed]
    section: str | None
    begins: type[Any] | None = None


_VIEWS: dict[str, _View] = {
    "unit": _View(unit.Unit, unit.fold, unit.document, unit.listed, "units"),
    "post": _View(post.Post, post.fold, post.document, post.listed, "posts"),
    "contingent": _View(contingent.Contingent, contingent.fold, contingent.document, contingent.listed, "contingents"),
    "shipment": _View(shipment_state.Shipment, shipment.fold, shipment.document, shipment.listed, "shipments"),
    "readiness": _View(readiness.Readiness, readiness.fold, readiness.document, readiness.listed, "readiness"),
    "incident": _View(incident.Incident, incident.fold, incident.document, incident.listed, "incidents"),
    "warning": _View(warning.EarlyWarning, warning.fold, warning.document, warning.listed, "warnings"),
    "engagement": _View(engagement.Engagement, engagement.fold, engagement.document, engagement.listed, "engagements"),
    "alert": _View(alert.Alert, alert.fold, alert.document, alert.listed, None, AlertRaised),
    **{
        f"{service}-operation": _View(
            operation.Operation, operation.fold, operation.document, operation.listed, f"{service}_operation"
        )
        for service in SERVICES
    },
}
_OF_STATE = {view.state: view for view in _VIEWS.values()}
_KIND_OF = {view.state: kind for kind, view in _VIEWS.items()}
KINDS = tuple(_VIEWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one message. `detail` is the data of an outcome other than acceptance.

    `cause` is the message's inbox offset, `offset` that of the answer's first record in the event log, `type` that of
    its first event. `reason` is a refusal's or a rejection's.
    """

    source: str
    id: str
    service: str
    partition: int
    cause: int
    offset: int
    kind: OutcomeKind
    reason: str | None
    type: str
    subject: str
    time: datetime
    recordedtime: datetime
    knowntime: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Applied:
    """What an answer brought about; `touched` are the entities that its facts are about, each once."""

    outcome: Outcome
    facts: tuple[Fact, ...]
    touched: tuple[Key, ...]


@dataclass(slots=True)
class Model:
    """All entities, by kind and id."""

    entities: dict[Key, Any] = field(default_factory=dict)

    def apply(self, service: str, partition: int, answer: Answer) -> Applied:
        """Fold one answer. Raises what `read` raises, and then nothing has changed."""
        outcome, facts = read(service, partition, answer)
        for fact in facts:
            key = subject_of(fact)
            self.entities[key] = fold(key[0], self.entities.get(key), fact)
        return Applied(outcome, facts, tuple(dict.fromkeys(map(subject_of, facts))))

    def documents(self) -> dict[Key, dict[str, Any]]:
        """Every entity as it is shown, in the order of their keys."""
        return {key: to_document(self.entities[key]) for key in sorted(self.entities)}


def read(service: str, partition: int, answer: Answer) -> tuple[Outcome, tuple[Fact, ...]]:
    """What an answer says: the outcome of its message, and the facts if it was accepted.

    Raises UnknownMessage for a type or version that is not defined here, and msgspec.DecodeError for what is no event.
    """
    events = [decode_event(record.value or b"") for record in answer.records]
    data = [decode_data(event.type, event.dataschema, event.data) for event in events]
    first, kind = events[0], outcome_of(events[0].type)
    source, id_ = split_identity(first.causationid)
    detail = {} if kind == "accepted" else plain(data[0])
    outcome = Outcome(
        source=source,
        id=id_,
        service=service,
        partition=partition,
        cause=answer.cause,
        offset=answer.offset,
        kind=kind,
        reason=detail.get("reason"),
        type=first.type,
        subject=first.subject,
        time=first.time,
        recordedtime=first.recordedtime,
        knowntime=first.knowntime,
        detail=detail,
    )
    if kind != "accepted":
        return outcome, ()
    offsets = [record.offset for record in answer.records]
    facts = (_fact(outcome, *each) for each in zip(events, data, offsets, strict=True))
    return outcome, tuple(facts)


def _fact(outcome: Outcome, event: RawEvent, data: Any, offset: int) -> Fact:
    return Fact(
        data=data,
        type=event.type,
        time=event.time.astimezone(UTC),
        recordedtime=event.recordedtime.astimezone(UTC),
        knowntime=event.knowntime.astimezone(UTC),
        source=outcome.source,
        id=outcome.id,
        subject=event.subject,
        service=outcome.service,
        partition=outcome.partition,
        offset=offset,
        cause=outcome.cause,
    )


def subject_of(fact: Fact) -> Key:
    """Kind and id of the entity that a fact is about."""
    subject = fact.subject or BY_CLASS[type(fact.data)].partition_key(fact.data)
    kind, _, id_ = subject.partition("/")
    return kind, id_


def fold(kind: str, state: Any | None, fact: Fact) -> Any:
    """The state of an entity after one more fact; the old one stays as it is."""
    return _VIEWS[kind].fold(state, fact)


def fold_all(kind: str, facts: Iterable[Fact], state: Any | None = None) -> Any | None:
    """The state after these facts; None while it has not begun.

    In a log what begins comes first. Of the facts up to an instant it may be missing: somebody's clock said that he
    acknowledged an alert before it was raised.
    """
    begins = _VIEWS[kind].begins
    for fact in facts:
        if state is not None or begins is None or isinstance(fact.data, begins):
            state = fold(kind, state, fact)
    return state


def slot(fact: Fact) -> str | None:
    """Of facts about one entity with the same slot only the last in their order counts; None: this one counts.

    They are the many that no brief shows. Those ahead of our clock have a slot of their own, because one of them is
    enough to flag the entity, whatever came after.
    """
    if not isinstance(fact.data, UnitSighted):
        return None
    return "position_ahead" if fact.ahead else "position"


def is_report(fact: Fact) -> bool:
    """Whether it says what was seen: wherever such facts stand among the others, they come to the same state."""
    return BY_CLASS[type(fact.data)].kind == "report"


def to_document(state: Any) -> dict[str, Any]:
    """An entity as it is stored and shown: facts and all that follows from them, as plain JSON values."""
    return _OF_STATE[type(state)].document(state)


def listed(kind: str, document: dict[str, Any]) -> Listed:
    """The columns of one document. Raises KeyError for a kind that is not known here."""
    return _VIEWS[kind].listed(document)


def section(kind: str) -> str | None:
    """Where the digest counts a kind; None leaves it out. Raises KeyError for a kind that is not known here."""
    return _VIEWS[kind].section


def from_document(kind: str, document: dict[str, Any]) -> Any:
    """The state that a document shows; what merely follows from the facts is worked out anew."""
    return msgspec.convert(document, _VIEWS[kind].state)


def kind_of(state: type[Any]) -> str:
    """The kind whose states are of this class. Raises KeyError for a class that no kind has."""
    return _KIND_OF[state]
