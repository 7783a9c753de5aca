"""Judges a message and the answer to it: whether the answer is about this message, and right as far as the log tells.

It is given those of one partition in the order of the inbox, each message with its own answer.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from kalimaya.audit.findings import Findings
from kalimaya.audit.format import LogRecord
from kalimaya.audit.identities import Identities
from kalimaya.audit.receipts import Told
from schemas.catalogue import CATALOGUE
from schemas.envelope import RawEvent
from schemas.outcomes import OutcomeKind, Rejected

BEGINNING, DAY = datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=1)
OUR_OWN_REASONS = ("internal_error", "too_large")
"""For these a message is rejected without a look at whether it came before."""
POLICY = frozenset((each.type, each.dataschema) for each in CATALOGUE.values() if each.kind == "policy")
"""Messages of our own watch: one with a known identity is repeated, whatever its numbers."""


class WholeAnswer(NamedTuple):
    """All records of one cause, and the events in them. `head`: the chain after the last of them."""

    cause: int
    offset: int
    digest: bytes
    records: tuple[LogRecord, ...]
    head: bytes
    kind: OutcomeKind
    events: tuple[RawEvent, ...]


class Message(NamedTuple):
    """A message as it stands in its inbox. `kind`: type and version; None: it cannot be read."""

    offset: int
    identity: str
    digest: bytes
    key: str
    authorised: bool
    kind: tuple[str, str] | None
    recorded: datetime | None
    receipts: Sequence[Told]


class _Pointer(msgspec.Struct, frozen=True):
    first: int
    at: int


_pointer = msgspec.json.Decoder(_Pointer).decode
_rejected = msgspec.json.Decoder(Rejected).decode


class Judge:
    """Judges the answers of one partition."""

    def __init__(self, events: str, partition: int, findings: Findings) -> None:
        self.identities = Identities()
        self._events, self._partition, self._findings = events, partition, findings
        self._known = self._tomorrow = BEGINNING
        self._days = 0

    def judge(self, message: Message, answer: WholeAnswer) -> None:
        """Say what is wrong with the next one."""
        if answer.digest != message.digest:
            detail = f"its digest is not that of the message at cause {answer.cause}: it answers other content"
            self._wrong("wrong digest", answer.offset, detail)
        for index, event in enumerate(answer.events):
            self._check_event(message, answer.records[index], event, index)
        self._learn(max(self._known, answer.events[-1].knowntime))
        if answer.kind != "accepted" and len(answer.events) > 1:
            detail = f"an outcome {answer.kind} is one record, not {len(answer.records)}"
            self._wrong("torn answer", answer.offset, detail)
        self._check_identity(message, answer)
        for receipt in message.receipts:
            if receipt.outcome not in (None, answer.kind):
                detail = f"the sender was told {receipt.outcome}, the log says {answer.kind} (cause {answer.cause})"
                self._wrong("receipt with another outcome", answer.offset, detail)

    def _learn(self, known: datetime) -> None:
        """Count the days (UTC) on which messages came: by them identities are forgotten."""
        if known >= self._tomorrow:
            self._days += 1
            self._tomorrow = known.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        self._known = known

    def _check_event(self, message: Message, record: LogRecord, event: RawEvent, index: int) -> None:
        expected = f"{self._events}/{self._partition}/{message.offset}/{index}"
        if event.id != expected:
            self._wrong("wrong event id", record.offset, f"its id is {event.id}, it should be {expected}")
        if event.causationid != message.identity:
            detail = f"its causationid is {event.causationid}, the message is {message.identity}"
            self._wrong("wrong causation id", record.offset, detail)
        if event.subject != message.key or record.key != message.key.encode():
            self._wrong("wrong key", record.offset, f"the message is about {message.key}, the event is not")
        if message.recorded is not None and event.recordedtime != message.recorded:
            self._wrong("wrong recorded time", record.offset, "its recordedtime is not that of its message")
        known = max(self._known, message.recorded or self._known)
        if event.knowntime < self._known:
            detail = f"its knowntime {event.knowntime} is before {self._known}, known already"
            self._wrong("falling known time", record.offset, detail)
        elif event.knowntime != known:
            self._wrong("wrong known time", record.offset, f"its knowntime is {event.knowntime}, not {known}")

    def _check_identity(self, message: Message, answer: WholeAnswer) -> None:
        """The same identity twice: told so, about the right first one, and rightly as to equal or other content."""
        kind, event = answer.kind, answer.events[0]
        first = self.identities.meet(hash(message.identity), message.offset, answer.offset, message.digest, self._days)
        if first is None:
            if kind in ("repeated", "conflicting"):
                self._wrong("wrong repeat", answer.offset, f"{kind}, but {message.identity} never came before")
            elif not message.authorised and kind != "rejected":
                self._wrong("not authorised", answer.offset, f"{kind}, though the gateway did not authorise it")
            return
        right = "repeated" if first.digest == message.digest or message.kind in POLICY else "conflicting"
        try:
            if kind == "rejected" and _rejected(event.data).reason in OUR_OWN_REASONS:
                return
            if kind != right:
                detail = f"{kind}, but {message.identity} came before at {first.cause}: it is {right}"
                self._wrong("wrong repeat", answer.offset, detail)
            elif _pointer(event.data) != _Pointer(first.cause, first.at):
                said = _pointer(event.data)
                detail = (
                    f"it points to message {said.first}, outcome at {said.at}; "
                    f"the first one is {first.cause}, outcome at {first.at}"
                )
                self._wrong("wrong repeat", answer.offset, detail)
        except msgspec.DecodeError as error:
            self._wrong("unreadable event", answer.offset, str(error))

    def _wrong(self, rule: str, offset: int, detail: str) -> None:
        self._findings.add(rule, self._events, self._partition, offset, detail)
