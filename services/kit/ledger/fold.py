"""The reader rule (R3, R4): which records of an event log count, and in which whole answers they come.

Pure: it is fed records and keeps a position. Deciders, the projection, the watch and the audit's tests use it; the
audit itself has code of its own.
"""

from dataclasses import dataclass, field, replace

import msgspec

from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Genesis, Mark, Record, link, read_mark


class LedgerBroken(Exception):
    """The log breaks the protocol in a way that no reading can mend: the partition must stop, loudly."""


class ChainMismatch(Exception):
    """A record stands where it said it would, but does not continue our chain: fold once more from the start."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"record at offset {offset} does not continue the chain")
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Answer:
    """All records of one cause, whole. `offset` is that of the first record, `head` the chain after the last."""

    cause: int
    offset: int
    digest: bytes
    records: tuple[Record, ...]
    head: bytes


@dataclass(slots=True)
class Fold:
    """How far one partition of an event log has been read.

    position: next offset to read. tail: offset of the last valid record, head: the chain after it. next_cause: the
    inbox offset whose answer comes next. voids: records that did not count. void_by_chain: offsets whose record
    another fold from the start has shown to be void although `at` fits (R3); the alarm on them stays.
    """

    position: int = 0
    tail: int = -1
    head: bytes = NO_HASH
    next_cause: int = 0
    voids: int = 0
    genesis: Genesis | None = None
    void_by_chain: set[int] = field(default_factory=set)
    _pending: list[Record] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether the fold stands between answers and not inside one."""
        return not self._pending

    def apart(self) -> "Fold":
        """Another fold that stands where this one does, between answers."""
        return replace(self, void_by_chain=set(self.void_by_chain), _pending=[])

    def take(self, record: Record) -> Answer | None:
        """Read the next record; return the answer that it completes, if any.

        Raises LedgerBroken for a hole in the offsets or a record out of sequence, ChainMismatch for R3's refold.
        """
        offset = record.offset
        if offset != self.position:
            raise LedgerBroken(f"expected offset {self.position}, read {offset}: records are missing")
        mark = read_mark(record)
        if offset == 0:
            self._begin(record, mark)
            return None
        if mark is None or mark.at != offset or offset in self.void_by_chain:
            self.voids += 1
            self.position = offset + 1
            return None
        if mark.prev != self.head:
            raise ChainMismatch(offset)
        if mark.cause != self.next_cause or mark.i != len(self._pending):
            raise LedgerBroken(
                f"record at offset {offset} answers cause {mark.cause} part {mark.i}, "
                f"expected cause {self.next_cause} part {len(self._pending)}"
            )
        key, value = record.key or b"", record.value or b""
        self.head = link(mark.prev, offset, mark.cause, mark.i, mark.n, mark.digest, key, value)
        self.position, self.tail = offset + 1, offset
        self._pending.append(record)
        if len(self._pending) < mark.n:
            return None
        records, self._pending = tuple(self._pending), []
        self.next_cause = mark.cause + 1
        return Answer(mark.cause, records[0].offset, mark.digest, records, self.head)

    def wrote(self, position: int, head: bytes, next_cause: int) -> None:
        """Move over answers that we wrote ourselves and that were acknowledged where they were expected."""
        self.position, self.tail, self.head, self.next_cause = position, position - 1, head, next_cause

    def _begin(self, record: Record, mark: Mark | None) -> None:
        if mark is None or (mark.at, mark.cause, mark.prev) != (0, GENESIS_CAUSE, NO_HASH):
            raise LedgerBroken("no genesis record at offset 0: this log was not made by `kalimaya topics`")
        try:
            self.genesis = msgspec.json.decode(record.value or b"", type=Genesis)
        except msgspec.DecodeError as error:
            raise LedgerBroken(f"the genesis record cannot be read: {error}") from error
        self.head = link(NO_HASH, 0, GENESIS_CAUSE, 0, 1, NO_HASH, record.key or b"", record.value or b"")
        self.position, self.tail = 1, 0
