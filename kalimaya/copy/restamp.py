"""Writes an answer anew for its place in the copy: what a decider would have written there, had it decided the same.

Pure. One Stamp a partition of the copy keeps what follows from place to place: offset, chain, cause and known time.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from kalimaya.copy.source import BEGINNING, Copied
from schemas.envelope import RawEvent, decode_event, encode, message_identity, split_identity
from schemas.outcomes import Conflicting, Repeated
from services.kit.ledger.fold import Answer
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Genesis, Headers, link, pack_mark

UNREADABLE = "/unreadable"
"""The source that a decider gives to what stands in an inbox and is not the gateway's; the id is the place."""
POINTING: Mapping[str, type[Repeated | Conflicting]] = {
    "kalimaya.message.repeated": Repeated,
    "kalimaya.message.conflicting": Conflicting,
}


class Entry(NamedTuple):
    """A record to be written. `timestamp`: the original's, in ms of the epoch."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


class Place(NamedTuple):
    """Where a message and its outcome stand in the copy."""

    partition: int
    cause: int
    at: int


class Predecessor(msgspec.Struct, frozen=True):
    """The log that a log was copied from, and up to where, partition by partition."""

    log: str
    partitions: tuple[Copied, ...]


class CopiedGenesis(Genesis, frozen=True, kw_only=True):
    """The genesis of a copy: who signs a head of the copy has signed the heads before it in the old log, too."""

    copied_from: Predecessor


class Pointer(msgspec.Struct, frozen=True):
    """What a repeated or conflicting outcome says: where the first message stands, and its outcome."""

    first: int
    at: int


def pointer(answer: Answer) -> Pointer | None:
    """Where this outcome points; None if it is of another kind."""
    event = decode_event(answer.records[0].value or b"")
    return msgspec.json.decode(event.data, type=Pointer) if event.type in POINTING else None


class Stamp:
    """Stands at the end of one partition of the copy."""

    def __init__(self, service: str, partition: int) -> None:
        self._service, self._partition = service, partition
        self.at, self.cause, self.head, self.known = 0, 0, NO_HASH, BEGINNING

    def begin(self, genesis: CopiedGenesis) -> Entry:
        """The genesis record."""
        return self._mark(b"genesis", encode(genesis), GENESIS_CAUSE, 0, 1, NO_HASH, 0)

    def answer(self, answer: Answer, first: Callable[[int], Place]) -> list[Entry]:
        """The answer's records as they stand here. `first`: where a message of the same source partition stands now."""
        n, entries = len(answer.records), []
        for i, record in enumerate(answer.records):
            event = self._event(decode_event(record.value or b""), i, first)
            value = encode(event)
            made = self._mark(record.key or b"", value, self.cause, i, n, answer.digest, record.timestamp)
            entries.append(made)
        self.cause += 1
        return entries

    def place(self) -> Place:
        """Where the next answer will stand, and its message."""
        return Place(self._partition, self.cause, self.at)

    def _event(self, event: RawEvent, i: int, first: Callable[[int], Place]) -> RawEvent:
        changes: dict[str, str | datetime | msgspec.Raw] = {
            "id": f"{self._service}.events/{self._partition}/{self.cause}/{i}"
        }
        if split_identity(event.causationid)[0] == UNREADABLE:
            here = f"{self._service}.inbox/{self._partition}@{self.cause}"
            changes |= {"causationid": message_identity(UNREADABLE, here)}
            changes |= {"time": self.known, "recordedtime": self.known}
        else:
            self.known = max(self.known, event.recordedtime)
        if event.type in POINTING:
            there = first(msgspec.json.decode(event.data, type=Pointer).first)
            changes["data"] = msgspec.Raw(encode(POINTING[event.type](first=there.cause, at=there.at)))
        return msgspec.structs.replace(event, **changes, knowntime=self.known)

    def _mark(self, key: bytes, value: bytes, cause: int, i: int, n: int, digest: bytes, timestamp: int) -> Entry:
        headers = pack_mark(self.at, cause, i, n, self.head, digest)
        self.head = link(self.head, self.at, cause, i, n, digest, key, value)
        self.at += 1
        return Entry(key, value, headers, timestamp)
