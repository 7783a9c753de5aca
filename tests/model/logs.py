"""The event logs that a broker may come to hold, and what readers make of them by the ledger's own `Fold`.

A log is a node of a tree: its parent lacks the last batch. So equal logs are one, and each is folded and judged once.
Of writers and what they do this module knows nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

import msgspec

from services.kit.ledger.fold import Answer, ChainMismatch, Fold, LedgerBroken
from services.kit.ledger.record import (
    FORMAT,
    GENESIS_CAUSE,
    NO_HASH,
    Genesis,
    Headers,
    Mark,
    Stored,
    link,
    pack_mark,
    read_mark,
)
from tests.model.bounds import Bug

T = TypeVar("T")
GENESIS = msgspec.json.encode(
    Genesis(format=FORMAT, log="model", partition=0, partitions=1, inbox_topic_id="inbox", events_topic_id="events")
)


class Batch(NamedTuple):
    """Records on their way, as (value, headers): where they expect to land, and where a fold stands after them."""

    at: int
    entries: tuple[tuple[bytes, Headers], ...]
    position: int
    head: bytes
    next_cause: int


class Folded(NamedTuple):
    """A `Fold` that stands between answers, as a value."""

    position: int
    tail: int
    head: bytes
    next_cause: int
    chain_voids: frozenset[int]

    @classmethod
    def of(cls, fold: Fold) -> "Folded":
        return cls(fold.position, fold.tail, fold.head, fold.next_cause, frozenset(fold.void_by_chain))

    def fold(self) -> Fold:
        """A `Fold` to read on with."""
        return Fold(self.position, self.tail, self.head, self.next_cause, void_by_chain=set(self.chain_voids))

    def wrote(self, batch: Batch) -> "Folded":
        """After a batch that was acknowledged where it was expected."""
        fold = self.fold()
        fold.wrote(batch.position, batch.head, batch.next_cause)
        return Folded.of(fold)


def build(on: Folded, answers: Sequence[tuple[int, int]]) -> Batch:
    """Answer the next causes in one batch, as `Worker._build` does; `answers` are (which it is, how many records)."""
    at, head, cause = on.position, on.head, on.next_cause
    entries: list[tuple[bytes, Headers]] = []
    for which, n in answers:
        for i in range(n):
            value = b"answer %d" % which
            entries.append((value, tuple(pack_mark(at, cause, i, n, head, NO_HASH))))
            head = link(head, at, cause, i, n, NO_HASH, b"", value)
            at += 1
        cause += 1
    return Batch(on.position, tuple(entries), at, head, cause)


def split(batch: Batch) -> list[Batch]:
    """An answer of several records in two batches: a planted bug."""
    rest = batch._replace(at=batch.at + 1, entries=batch.entries[1:])
    mark = mark_of(Stored(rest.at, b"", *rest.entries[0]))
    return [Batch(batch.at, batch.entries[:1], rest.at, mark.prev, mark.cause), rest]


class Interned(Generic[T]):
    """Values by small numbers, so that states hold numbers only: they are cheap to hash, compare and sort."""

    def __init__(self) -> None:
        self._values: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        """The number of a value, the same for equal ones."""
        found = self._numbers.setdefault(value, len(self._values))
        if found == len(self._values):
            self._values.append(value)
        return found

    def __getitem__(self, number: int) -> T:
        return self._values[number]


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """A log and what a reader makes of it who begins at its start.

    appends: how many batches it holds beside the genesis record. torn: its last answer is not whole. broken: why no
    reader can go on, if so.
    """

    shorter: "Log | None"
    batch: int
    appends: int
    records: tuple[Stored, ...]
    folded: Folded
    answers: tuple[Answer, ...]
    torn: bool
    broken: str | None
    longer: dict[int, "Log"] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return len(self.records)

    def cut(self) -> "Iterator[Log]":
        """What is left of it when it loses its last batch, its last two, and so on."""
        log = self.shorter
        while log is not None:
            yield log
            log = log.shorter


class Reading:
    """Appends to logs, reads them with the bug planted in its readers, if any, and judges what they see."""

    def __init__(self, bug: Bug | None) -> None:
        self._bug = bug
        self.batches: Interned[Batch] = Interned()
        genesis = (GENESIS, tuple(pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH)))
        self.empty = self._read(None, self.batches.number(Batch(0, (genesis,), 1, NO_HASH, 0)))

    def append(self, log: Log, batch: int) -> Log:
        """The log with the batch at its end, wherever that is: nothing is conditional."""
        found = log.longer.get(batch)
        if found is None:
            found = log.longer[batch] = self._read(log, batch)
        return found

    def catch_up(self, folded: Folded, log: Log) -> Folded | None:
        """Read on to the end, as `Worker._catch_up` does; None where it stops because the ledger is broken."""
        if log.broken is not None or log.torn:
            return None
        if log.end < folded.position:
            return log.folded
        fold = folded.fold()
        try:
            for record in log.records[folded.position :]:
                self._take(fold, record)
        except ChainMismatch:
            return log.folded
        except LedgerBroken:
            return None
        return Folded.of(fold)

    def wrong(self, log: Log, whole: bool) -> str | None:
        """What is wrong with what readers see, or None. whole: the log never lost its tail."""
        if log.broken is not None:
            return f"readers stop: {log.broken}"
        if log.shorter is None:
            return None
        if log.answers[: len(log.shorter.answers)] != log.shorter.answers:
            return "an append changed what had counted before"
        head = self.empty.folded.head
        for cause, answer in enumerate(log.answers):
            for i, record in enumerate(answer.records):
                mark = mark_of(log.records[record.offset])  # as it stands, whatever a bug makes of it
                if (mark.cause, mark.i, mark.n) != (cause, i, len(answer.records)):
                    return f"offset {record.offset} counts as part {i} of the answer to message {cause}"
                if mark.prev != head:
                    return f"offset {record.offset} counts, but was decided on other answers than those before it"
                head = link(head, record.offset, mark.cause, mark.i, mark.n, mark.digest, b"", record.value or b"")
        wrong = self.wrong_for(log.shorter, log)
        return wrong or (self._wrong_by_at_alone(log) if whole else None)

    def wrong_for(self, had: Log, log: Log) -> str | None:
        """What is wrong for a reader who had read one log and finds another when it reads on, or None.

        A reader may keep answers of a tail that was lost, but only until it meets a record that counts.
        """
        then = None if had.torn else self.catch_up(had.folded, log)
        if then is None or then.head == log.folded.head or log.folded.tail < had.end:
            return None
        return f"who had read to offset {had.end} and reads on sees other answers than who begins now"

    def _wrong_by_at_alone(self, log: Log) -> str | None:
        counted = [record.offset for answer in log.answers for record in answer.records]
        alone = [r.offset for r in log.records[1:] if self._bug is Bug.IGNORES_AT or mark_of(r).at == r.offset]
        if log.torn or alone == counted:
            return None
        return f"offsets {alone} count for a reader without state, {counted} for one that knows the chain"

    def _read(self, shorter: Log | None, batch: int) -> Log:
        before = () if shorter is None else shorter.records
        entries = self.batches[batch].entries
        records = before + tuple(Stored(at, b"", *entry) for at, entry in enumerate(entries, len(before)))
        fold, answers, broken = Fold(), [], None
        try:
            for record in records:
                try:
                    answer = self._take(fold, record)
                except ChainMismatch as error:  # R3: we began at the start, so it is void
                    fold.void_by_chain.add(error.offset)
                    answer = self._take(fold, record)
                if answer is not None:
                    answers.append(answer)
        except LedgerBroken as error:
            broken = str(error)
        appends = 0 if shorter is None else shorter.appends + 1
        return Log(shorter, batch, appends, records, Folded.of(fold), tuple(answers), not fold.whole, broken)

    def _take(self, fold: Fold, record: Stored) -> Answer | None:
        mark = mark_of(record)
        if self._bug in (Bug.IGNORES_AT, Bug.IGNORES_BOTH):
            mark = mark._replace(at=record.offset)
        if self._bug in (Bug.IGNORES_PREV, Bug.IGNORES_BOTH):
            mark = mark._replace(prev=fold.head)
        return fold.take(record if self._bug is None else replace(record, headers=pack_mark(**mark._asdict())))


def mark_of(record: Stored) -> Mark:
    """What an event record says of itself."""
    mark = read_mark(record)
    assert mark is not None, "all records here carry a mark"
    return mark
