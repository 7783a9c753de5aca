"""The port to a partition's pair of logs, inbox and events, and to its snapshots. On Kafka and in memory.

The same contract tests (tests/contract/test_ledger_*.py) pass on both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.kit.ledger.record import Record

BATCH_BYTES = 1_000_000
"""What one append may hold, in bytes: below the 1 MiB that a broker takes by default."""

RECORD_OVERHEAD = 64
"""Bytes that a record costs beside key, value and mark: lengths, deltas and the header's name, rounded up."""


class Unavailable(Exception):
    """The broker did not answer, or not in time. After an append this means: unknown whether it was written."""


class Illegible(Unavailable):
    """Among the records to read is one with a header whose name is not UTF-8."""


class OutOfRange(Exception):
    """There is no record at the wanted offset, and it is not the end either: the log is shorter than it was."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which logs these must be: Kafka's ids of both topics, and the partition count frozen at genesis (R1)."""

    inbox_topic_id: str
    events_topic_id: str
    partitions: int


class Batch(Protocol):
    """Records on their way to the log, appended together or not at all."""

    def append(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Add a record. The caller keeps the sum of sizes within BATCH_BYTES."""


class LogPair(Protocol):
    """One partition of an inbox, of its event log, and of its snapshots. Every method may raise Unavailable."""

    async def read_inbox(self, offset: int, wait: float) -> Sequence[Record]:
        """Inbox records from `offset` on; empty if none came within `wait` seconds. Raises OutOfRange."""

    async def inbox_end(self) -> int:
        """The offset that the inbox's next record will get."""

    async def read_events(self, offset: int, wait: float) -> Sequence[Record]:
        """Event records from `offset` on; empty if none came within `wait` seconds. Raises OutOfRange."""

    async def events_end(self) -> int:
        """The offset that the event log's next record will get, if nobody is faster."""

    def new_batch(self) -> Batch:
        """An empty batch for `append`."""

    async def append(self, batch: Batch) -> int:
        """Append to the event log; the acknowledged offset of the first record (all in-sync replicas have it)."""

    async def load_snapshot(self) -> Mapping[str, bytes]:
        """All that lies on the partition's compacted topic, the newest value of each key."""

    async def store_snapshot(self, key: str, value: bytes | None) -> None:
        """Put it there, or take it away; returns when all in-sync replicas have it."""

    async def renew(self) -> None:
        """Throw the writing side away and start afresh, so that no error of the past sticks."""

    async def close(self) -> None:
        """Let go of everything, in bounded time, even while the broker is away."""
