"""The independent checker: what is in the logs by the reader rule, held against what publishers were told.

Code of its own, from the format's description alone (ADR 0001): it uses neither the ledger's fold nor the audit. A
record of an event log counts if its offset is the `at` that it says and its `prev` is the head of the chain before it;
of those that count, each inbox record must be answered once, whole and in the inbox's order.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import msgspec
from confluent_kafka import Consumer, TopicPartition

from schemas.outcomes import outcome_of
from tests.chaos.load import Receipt

STAMP = struct.Struct(">BB32s")
MARK = struct.Struct(">BqqHH32s32s")
LINK = struct.Struct(">qqHH32sI")
FORMAT = 1
NOTHING = bytes(32)
TOLD = 20
"""Findings that are told; the rest are counted."""
SILENT_SECONDS = 30
NO_EFFECT = frozenset({"repeated", "conflicting"})

_receipt = msgspec.json.Decoder(Receipt).decode


class Record(NamedTuple):
    """A record as it stands in a log; `timestamp` in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Answer(NamedTuple):
    """All records that answer one message and count; `head`: the chain after the last."""

    cause: int
    offset: int
    digest: bytes
    records: tuple[Record, ...]
    head: bytes


class _Message(msgspec.Struct):
    source: str
    id: str


class _Event(msgspec.Struct):
    type: str
    causationid: str


_message = msgspec.json.Decoder(_Message).decode
_event = msgspec.json.Decoder(_Event).decode


@dataclass
class Found:
    """What was counted, and what is wrong. `lost`, `doubled`: messages, each told once."""

    messages: int = 0
    events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    voids: Counter[str] = field(default_factory=Counter)
    promises: Counter[str] = field(default_factory=Counter)
    """Messages by what publishers were told in the end."""
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    def tell(self, what: str, *, lost: int = 0, doubled: int = 0) -> None:
        """One more thing that is wrong."""
        self.lost += lost
        self.doubled += doubled
        self.wrong.append(what)


Take = Callable[[str, int, Sequence[Record], Sequence[Answer]], None]
"""Given a partition's inbox and its answers: service, number, records, answers."""


class Logs:
    """Reads whole partitions, one after the other."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "kalimaya-chaos-checker",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_uncommitted",
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic."""
        return sorted(self._consumer.list_topics(topic, timeout=15).topics[topic].partitions)

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next record will get."""
        return int(self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)[1])

    def read(self, topic: str, partition: int) -> list[Record]:
        """All that is there. Raises RuntimeError if the broker gives nothing, or a log does not begin at 0."""
        place = TopicPartition(topic, partition, 0)
        low, end = self._consumer.get_watermark_offsets(place, timeout=15)
        if low != 0:
            raise RuntimeError(f"{topic}/{partition} begins at {low}")
        self._consumer.assign([place])
        found: list[Record] = []
        came = monotonic()
        while len(found) < end:
            got = self._consumer.consume(5000, 0.2)
            if got:
                came = monotonic()
            elif monotonic() - came > SILENT_SECONDS:
                raise RuntimeError(f"{topic}/{partition}: nothing for {SILENT_SECONDS} s after offset {len(found)}")
            for each in got:
                if each.error() is None and each.topic() == topic and each.partition() == partition:
                    headers = tuple(each.headers() or ())
                    found.append(Record(each.offset(), each.timestamp()[1], each.key(), each.value(), headers))
                elif each.error() is not None:
                    raise RuntimeError(f"{topic}/{partition}: {each.error()}")
        return found

    def close(self) -> None:
        """Let go."""
        self._consumer.close()


def answers(place: str, records: Iterable[Record], found: Found) -> list[Answer]:
    """The answers of an event log by the reader rule."""
    head, expected, pending = NOTHING, -1, list[Record]()
    made: list[Answer] = []
    for number, record in enumerate(records):
        if record.offset != number:
            found.tell(f"{place}: expected offset {number}, read {record.offset}")
            break
        found.events += 1
        mark = mark_of(record)
        if mark is None or mark[0] != record.offset or mark[4] != head:
            why = "not ours" if mark is None else "elsewhere" if mark[0] != record.offset else "wrong chain"
            found.voids[why] += 1
            continue
        at, cause, i, n, prev, digest = mark
        if (cause, i) != (expected, len(pending)):
            times = {"doubled": 1} if cause < expected else {"lost": cause - expected}
            found.tell(f"{place}@{at} answers {cause} part {i}, expected {expected} part {len(pending)}", **times)
            break
        key, value = record.key or b"", record.value or b""
        head = sha256(prev + LINK.pack(at, cause, i, n, digest, len(key)) + key + value).digest()
        pending.append(record)
        if len(pending) == n:
            if cause >= 0:
                made.append(Answer(cause, pending[0].offset, digest, tuple(pending), head))
            pending, expected = [], cause + 1
    if pending:
        found.tell(f"{place}: the answer to {expected} is torn")
    return made


def check(logs: Logs, services: Sequence[str], receipts: Path, take: Take) -> Found:
    """Read everything; what is there and what is wrong."""
    found, promised = Found(), _Promised(receipts)
    for service in services:
        for partition in logs.partitions(f"{service}.inbox"):
            inbox = logs.read(f"{service}.inbox", partition)
            answered = answers(f"{service}.events/{partition}", logs.read(f"{service}.events", partition), found)
            _check_partition(service, partition, inbox, answered, promised, found)
            take(service, partition, inbox, answered)
    promised.finish(found)
    return found


def _check_partition(
    service: str,
    partition: int,
    inbox: Sequence[Record],
    answered: Sequence[Answer],
    promised: "_Promised",
    found: Found,
) -> None:
    place = f"{service}.inbox/{partition}"
    found.messages += len(inbox)
    if len(inbox) > len(answered):
        found.tell(f"{place}: {len(inbox) - len(answered)} messages have no outcome", lost=len(inbox) - len(answered))
    if len(answered) > len(inbox):
        found.tell(f"{place}: {len(answered) - len(inbox)} answers to nothing")
    for record in inbox[len(answered) :]:
        message = _message(record.value or b"")
        promised.stands(f"{place}@{record.offset}", message.source, message.id, None, found)
    effects: Counter[tuple[str, str]] = Counter()
    for record, answer in zip(inbox, answered, strict=False):
        message, event = _message(record.value or b""), _event(answer.records[0].value or b"")
        kind = outcome_of(event.type)
        found.outcomes[kind] += 1
        where = f"{place}@{record.offset}"
        if answer.digest != _stamped(record):
            found.tell(f"{where}: its answer is to other content")
        if event.causationid != f"{message.source}#{message.id}":
            found.tell(f"{where}: its answer is to {event.causationid}")
        effects[message.source, message.id] += kind not in NO_EFFECT
        promised.stands(where, message.source, message.id, kind, found)
    for (source, id_), count in effects.items():
        if count > 1:
            found.tell(f"{place}: {source}#{id_} had {count} effects", doubled=1)
        promised.had_effects(source, id_, count)


class _Promised:
    """What publishers were told, from their receipts."""

    def __init__(self, receipts: Path) -> None:
        self._at: dict[str, Receipt] = {}
        self._told: defaultdict[tuple[str, str, str | None], set[str]] = defaultdict(set)
        self._effects: Counter[tuple[str, str]] = Counter()
        with receipts.open("rb") as lines:
            for line in lines:
                each = _receipt(line)
                self._told[each.source, each.id, each.key].add(each.told)
                if each.over == "http" and each.position is not None:
                    self._at[each.position] = each

    def stands(self, where: str, source: str, id_: str, kind: str | None, found: Found) -> None:
        """A message stands there with this outcome, None for none."""
        told = self._at.pop(where, None)
        if told is None:
            return
        if (told.source, told.id) != (source, id_):
            found.tell(f"{where} was told to hold {told.source}#{told.id}, it holds {source}#{id_}", lost=1)
        elif told.outcome not in (None, kind):
            found.tell(f"{where} was told to be {told.outcome}, it is {kind}")

    def had_effects(self, source: str, id_: str, count: int) -> None:
        """So often a message had an effect in a partition."""
        self._effects[source, id_] += count

    def finish(self, found: Found) -> None:
        """When all logs were read: what was promised and is not there, and what is there and was denied."""
        for position, told in self._at.items():
            found.tell(f"{told.source}#{told.id} was told to stand at {position}, and nothing does", lost=1)
        keys: defaultdict[tuple[str, str], int] = defaultdict(int)
        for (source, id_, _), told in self._told.items():
            keys[source, id_] += "ok" in told or "unknown" in told
        for (source, id_, key), told in self._told.items():
            word = next(each for each in ("ok", "unknown", "failed") if each in told)
            found.promises[word] += 1
            effects = self._effects[source, id_]
            if word == "ok" and effects == 0:
                found.tell(f"{source}#{id_} was told ok and had no effect", lost=1)
            if word == "failed" and key is not None and not effects:
                found.tell(f"{source}#{id_} was refused at the door, and is a message", lost=1)
            if word == "failed" and effects and not keys[source, id_]:
                found.tell(f"{source}#{id_} was refused at the door and had {effects} effects")
            if effects > max(1, keys[source, id_]):
                found.tell(f"{source}#{id_} had {effects} effects", doubled=1)


def _stamped(record: Record) -> bytes:
    for name, value in record.headers:
        if name == "stamp" and value is not None and len(value) == STAMP.size:
            return bytes(STAMP.unpack(value)[2])
    return NOTHING


def mark_of(record: Record) -> tuple[int, int, int, int, bytes, bytes] | None:
    """at, cause, i, n, prev, digest; None when a record carries none."""
    for name, value in record.headers:
        if name == "mark" and value is not None and len(value) == MARK.size:
            version, *rest = MARK.unpack(value)
            if version == FORMAT:
                return tuple(rest)  # type: ignore[return-value]
    return None
