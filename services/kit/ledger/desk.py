"""The desk: gives every inbox message of one partition its one outcome, and remembers what that needs.

It knows the rules that hold for all messages (authority, possible times, same identity twice) and asks the service's
decider about orders. It does no I/O. What it decides stands on trial until the ledger says that it was written where
it was expected (`commit`) or not (`rollback`).
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from schemas.catalogue import BY_CLASS, CATALOGUE, Definition, Kind, definition, newest
from schemas.envelope import (
    InboxMessage,
    LogEvent,
    UnknownMessage,
    decode_data,
    decode_event,
    decode_inbox,
    decoder,
    encode,
    message_identity,
)
from schemas.outcomes import Conflicting, OutcomeKind, Refused, Rejected, Repeated, outcome_of
from services.kit.decider import Decider
from services.kit.ledger.fold import Answer
from services.kit.ledger.record import NO_HASH, Record, Stamp, read_stamp

S = TypeVar("S")
BEGINNING, DAY = datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=1)
OUTCOMES: tuple[OutcomeKind, ...] = ("accepted", "refused", "rejected", "repeated", "conflicting")


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a message's `time` may lie before or after its own `recordedtime`; `set_back`: how far a gateway's clock
    may be set back.
    """

    oldest: timedelta = timedelta(days=60)
    ahead: timedelta = timedelta(days=1)
    set_back: timedelta = timedelta(days=1)

    @property
    def remembered(self) -> int:
        """For how many days on which messages came an identity is remembered. After that, sent again, its `time` is too
        old to be accepted (ADR 0015)."""
        return -(-(self.oldest + self.ahead + self.set_back) // DAY)


_FIRST = struct.Struct(">32sqqi")


class First(NamedTuple):
    """What is remembered of the first message of an identity: its digest, its inbox offset, the offset of its outcome,
    and on the how manieth day of messages it came.
    """

    digest: bytes
    cause: int
    at: int
    day: int

    @staticmethod
    def of(packed: bytes) -> "First":
        """From what `Desk.seen` holds."""
        return First._make(_FIRST.unpack(packed))


class Decided(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one inbox record, ready to be appended: n >= 1 (key, value) and the digest it answers."""

    digest: bytes
    records: Sequence[tuple[bytes, bytes]]


Made = list[tuple[str, str, Any]]
"""Events on their way to the log: (type, dataschema, data)."""


Notable = tuple[str, int, OutcomeKind, str | None]
"""An outcome worth a line in the log: the message's identity, its inbox offset, the kind and the reason."""

Savepoint = tuple[int, int, int, datetime, int]
"""How many states, identities and outcomes were on trial, what time was known and on how many days, at some moment."""


@dataclass(frozen=True, slots=True)
class _Intake:
    """What may come in: its kind, how to decode its data into the newest version, and what gives an old order effect.

    An order of an older version is answered by the event of that version, which has its fields: so whoever does not
    know the newer one yet can read on until somebody sends it.
    """

    kind: Kind
    decode: Callable[[msgspec.Raw], Any]
    old_event: Definition | None


_EVENT_OF = {entry.of: entry for entry in CATALOGUE.values() if entry.kind == "event"}
_INTAKE = {
    (entry.type, entry.dataschema): _Intake(
        entry.kind, decoder(entry), None if entry is newest(entry.type) else _EVENT_OF.get(entry.cls)
    )
    for entry in CATALOGUE.values()
    if entry.kind in ("order", "report", "policy")
}


class Desk(Generic[S]):
    """State of one partition: aggregates, identities seen, the newest known time, and outcomes counted.

    `days`: on how many days of the known time messages came. `seen` maps the identity of a message to what is
    remembered of the first, packed: there may be millions, in the order of their inbox offsets. `over` maps aggregates
    with which it is over to the day on which that was known. Both are forgotten by days alone, so that it makes no
    difference when `forget` is called.
    """

    def __init__(self, decider: Decider[S], partition: int, limits: Limits) -> None:
        self._decider, self._limits, self._remembered = decider, limits, limits.remembered
        self._source = f"/services/{decider.service}"
        self._id_prefix = f"{decider.service}.events/{partition}"
        self._inbox = f"{decider.service}.inbox/{partition}"
        self.clear()

    def clear(self) -> None:
        """Forget everything, for a fold from the start."""
        self.states: dict[str, S] = {}
        self.over: dict[str, int] = {}
        self.seen: dict[str, bytes] = {}
        self.known, self.days, self._tomorrow = BEGINNING, 0, BEGINNING
        self.counts: dict[OutcomeKind, int] = dict.fromkeys(OUTCOMES, 0)
        self._start_trial()

    # What is decided stands on trial until the ledger says where it landed.

    def commit(self) -> list[Notable]:
        """What was decided since the last commit has been written where it was expected.

        Returns the outcomes among it that somebody may ask about: all but the accepted.
        """
        for kind in OUTCOMES:
            self.counts[kind] += self._kinds.count(kind)
        for key, _, day in self._states_before:
            self._note_over(key, day)
        notable = self._notable
        self._start_trial()
        return notable

    def rollback(self) -> None:
        """Take back all that was decided since the last commit."""
        self._take_back(self._beginning)

    def retract(self) -> None:
        """Take back the last decision only (its answer did not fit into the batch)."""
        self._take_back(self._savepoint)

    def _start_trial(self) -> None:
        self._states_before: list[tuple[str, S | None, int]] = []
        self._identities: list[str] = []
        self._kinds: list[OutcomeKind] = []
        self._notable: list[Notable] = []
        self._beginning: Savepoint = (0, 0, 0, self.known, self.days)
        self._savepoint = self._beginning

    def _save(self) -> None:
        on_trial = len(self._states_before), len(self._identities), len(self._kinds)
        self._savepoint = (*on_trial, self.known, self.days)

    def _take_back(self, to: Savepoint) -> None:
        states, identities, kinds, self.known, self.days = to
        self._tomorrow = _midnight_after(self.known)
        for key, before, _ in reversed(self._states_before[states:]):
            if before is None:
                del self.states[key]
            else:
                self.states[key] = before
        for identity in self._identities[identities:]:
            del self.seen[identity]
        del self._states_before[states:], self._identities[identities:], self._kinds[kinds:]
        del self._notable[len(self._kinds) - self._kinds.count("accepted") :]

    # Folding what stands in the log.

    def apply(self, answer: Answer) -> None:
        """Fold an answer read from the log. Raises whatever `evolve` raises: then the partition must stop."""
        for record in answer.records:
            event = decode_event(record.value or b"")
            found = definition(event.type, event.dataschema)
            if found is None:
                raise UnknownMessage(f"{event.type} {event.dataschema}")
            self._learn(event.knowntime)
            if found.kind == "event":
                data = decode_data(event.type, event.dataschema, event.data)
                self.states[event.subject] = self._decider.evolve(self._state(event.subject), data)
                self._note_over(event.subject, self.days)
        self.counts[outcome_of(event.type)] += 1
        if self.first(event.causationid) is None:
            self._remember(event.causationid, answer.digest, answer.cause, answer.offset)
        self._beginning = self._savepoint = (0, 0, 0, self.known, self.days)

    # What is remembered, and for how long (ADR 0015).

    def first(self, identity: str) -> First | None:
        """What is remembered of the first message of an identity; None if there was none, or it is too long ago."""
        packed = self.seen.get(identity)
        if packed is None:
            return None
        first = First.of(packed)
        return None if self._forgotten(first.day) else first

    def recent(self, after: int) -> Iterator[tuple[str, bytes]]:
        """Identities of messages behind inbox offset `after`, as in `seen` but the newest first."""
        for identity, packed in reversed(self.seen.items()):
            if First.of(packed).cause <= after:
                return
            yield identity, packed

    def forget(self) -> None:
        """Let go of what would not be found any more anyway."""
        old = list(takewhile(lambda entry: self._forgotten(First.of(entry[1]).day), self.seen.items()))
        for identity, _ in old:
            del self.seen[identity]
        for key in [key for key, day in self.over.items() if self._forgotten(day)]:
            del self.over[key], self.states[key]

    def restored(self, known: datetime, days: int, counts: Mapping[OutcomeKind, int], over: Mapping[str, int]) -> None:
        """States and identities stand as in a snapshot; so does the rest."""
        self.known, self.days, self._tomorrow = known, days, _midnight_after(known)
        self.counts, self.over = dict(counts), dict(over)
        self._start_trial()

    def _remember(self, identity: str, digest: bytes, cause: int, at: int) -> None:
        self.seen.pop(identity, None)  # a forgotten one takes its place among the newest
        self.seen[identity] = _FIRST.pack(digest, cause, at, self.days)

    def _learn(self, known: datetime) -> None:
        if known >= self._tomorrow:
            self.days += 1  # and no more, however far a clock that was set wrongly jumps ahead
            self._tomorrow = _midnight_after(known)
        self.known = known

    def _forgotten(self, day: int) -> bool:
        return self.days - day > self._remembered

    def _state(self, key: str) -> S | None:
        """An aggregate, unless it has been over with it for too long."""
        day = self.over.get(key)
        return self.states.get(key) if day is None or not self._forgotten(day) else None

    def _note_over(self, key: str, day: int) -> None:
        if self._decider.over(self.states[key]):
            self.over[key] = day
        else:
            self.over.pop(key, None)

    # Deciding.

    def decide(self, record: Record, at: int) -> Decided:
        """The one outcome of an inbox record; `at` is where its answer is expected to land.

        Raises whatever the decider raises, and UnknownMessage for a version that is not known here; the caller then
        rolls back.
        """
        self._save()
        stamp = read_stamp(record)
        if stamp is None:
            return self._unreadable(record, "it carries no stamp of the gateway")
        try:
            message = decode_inbox(record.value or b"")
        except ValueError as error:
            return self._unreadable(record, f"not a message of the gateway's: {error}")
        identity = message_identity(message.source, message.id)
        first = self._meet(identity, message, stamp, record.offset, at)
        if first is None:
            made = self._judge(message, stamp.authorised)
        else:
            again = Repeated if first.digest == stamp.digest or _is_policy(message) else Conflicting
            made = _outcome(again(first=first.cause, at=first.at))
        return self._answer(record.offset, stamp.digest, message, identity, made)

    def reject(self, record: Record, at: int, reason: str, detail: str) -> Decided:
        """Turn a message away for a reason of our own (`internal_error`, `too_large`)."""
        self._save()
        stamp, message = read_stamp(record), decode_inbox(record.value or b"")
        assert stamp is not None
        identity = message_identity(message.source, message.id)
        self._meet(identity, message, stamp, record.offset, at)
        made = _outcome(Rejected(reason=reason, detail=detail))
        return self._answer(record.offset, stamp.digest, message, identity, made)

    def _meet(self, identity: str, message: InboxMessage, stamp: Stamp, cause: int, at: int) -> First | None:
        """Take note of a message; what we knew of its identity before, if anything."""
        if message.recordedtime > self.known:
            self._learn(message.recordedtime)
        if identity in self.seen and (first := self.first(identity)) is not None:
            return first
        self._remember(identity, stamp.digest, cause, at)
        self._identities.append(identity)
        return None

    def _judge(self, message: InboxMessage, authorised: bool) -> Made:
        """What a message that we have not seen before brings about."""
        if not authorised:
            detail = f"{message.source} may not send {message.type} about {message.partitionkey}"
            return _outcome(Rejected(reason="not_authorised", detail=detail))
        ahead = message.time - message.recordedtime
        if ahead > self._limits.ahead or -ahead > self._limits.oldest:
            detail = (
                f"time {message.time.isoformat()} is too far from the operation's clock, "
                f"which read {message.recordedtime.isoformat()}"
            )
            return _outcome(Rejected(reason="time_out_of_range", detail=detail))
        try:
            entry = _INTAKE[message.type, message.dataschema]
        except KeyError:
            raise UnknownMessage(f"{message.type} {message.dataschema}") from None
        data = entry.decode(message.data)
        if entry.kind == "report":
            return [(message.type, message.dataschema, message.data)]
        made = self._order(message.partitionkey, data)
        if entry.old_event is not None and outcome_of(made[0][0]) == "accepted":
            return [(entry.old_event.type, entry.old_event.dataschema, message.data)]
        return made

    def _order(self, key: str, order: Any) -> Made:
        before = self._state(key)
        result = self._decider.decide(before, order)
        if isinstance(result, Refused):
            return _outcome(result)
        state = before
        for event in result:
            state = self._decider.evolve(state, event)
        if state is None:
            raise AssertionError(f"decide answered {type(order).__name__} with neither event nor refusal")
        self._states_before.append((key, self.states.get(key), self.days))
        self.states[key] = state
        return [made for event in result for made in _outcome(event)]

    def _unreadable(self, record: Record, detail: str) -> Decided:
        """Somebody other than the gateway wrote to the inbox: that, too, gets its outcome, and blocks nothing."""
        stamp = read_stamp(record)
        message = InboxMessage(
            specversion="1.0",
            id=f"{self._inbox}@{record.offset}",
            source="/unreadable",
            type="",
            partitionkey="unreadable",
            dataschema="",
            time=self.known,
            recordedtime=self.known,
            data=msgspec.Raw(b"null"),
        )
        made = _outcome(Rejected(reason="unreadable", detail=detail[:400]))
        digest = NO_HASH if stamp is None else stamp.digest
        return self._answer(record.offset, digest, message, message_identity(message.source, message.id), made)

    def _answer(self, cause: int, digest: bytes, message: InboxMessage, identity: str, made: Made) -> Decided:
        kind = outcome_of(made[0][0])
        self._kinds.append(kind)
        if kind != "accepted":
            self._notable.append((identity, cause, kind, getattr(made[0][2], "reason", None)))
        key = message.partitionkey.encode()
        return Decided(
            digest,
            [
                (
                    key,
                    encode(
                        LogEvent(
                            specversion="1.0",
                            id=f"{self._id_prefix}/{cause}/{index}",
                            source=self._source,
                            type=type_,
                            subject=message.partitionkey,
                            dataschema=dataschema,
                            time=message.time,
                            recordedtime=message.recordedtime,
                            knowntime=self.known,
                            causationid=identity,
                            data=data,
                            correlationid=message.correlationid,
                            traceparent=message.traceparent,
                        )
                    ),
                )
                for index, (type_, dataschema, data) in enumerate(made)
            ],
        )


def _midnight_after(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def _is_policy(message: InboxMessage) -> bool:
    """Whether this is our own watch's: its id says all, and its numbers may differ from look to look."""
    entry = _INTAKE.get((message.type, message.dataschema))
    return entry is not None and entry.kind == "policy"


def _outcome(data: Any) -> Made:
    entry = BY_CLASS[type(data)]
    return [(entry.type, entry.dataschema, data)]
