"""The ledger's port in memory, with the faults that a broker and a network can really produce.

Used by the contract suite and by simulations. It behaves as Kafka does: what was appended stays appended whatever the
writer was told, offsets are contiguous, and nothing is conditional.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from services.kit.ledger.log import Batch, OutOfRange, Unavailable
from services.kit.ledger.record import Headers, Record, Stored

Entry = tuple[bytes, bytes, list[tuple[str, bytes]]]


class Fault(Enum):
    """What happens to one append."""

    LOST_ACK = auto()  # written, but the writer hears nothing
    LOST_BATCH = auto()  # not written, and the writer hears nothing
    LATE_BATCH = auto()  # the writer hears nothing; written when `release_late` is called
    DOUBLE_APPEND = auto()  # written twice (a retry of the client's); the second place is acknowledged


@dataclass
class MemoryTopics:
    """One partition of an inbox and an event log, shared by all who read and write it."""

    inbox: list[Stored] = field(default_factory=list)
    events: list[Stored] = field(default_factory=list)
    snapshot: dict[str, bytes] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    away: bool = False
    _late: list[list[Entry]] = field(default_factory=list)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)

    def put_inbox(self, key: bytes, value: bytes, headers: Headers) -> int:
        """Write an inbox record as a gateway would; its offset."""
        self.inbox.append(Stored(len(self.inbox), key, value, headers, timestamp=0))
        self._wake()
        return len(self.inbox) - 1

    def put_events(self, entries: Sequence[Entry]) -> int:
        """Append to the event log; the offset of the first record."""
        base = len(self.events)
        for key, value, headers in entries:
            self.events.append(Stored(len(self.events), key, value, tuple(headers)))
        self._wake()
        return base

    def truncate_events(self, end: int) -> None:
        """Lose the tail of the event log, as an unclean election or a lost disk would."""
        del self.events[end:]

    def release_late(self) -> None:
        """Let the batches land that were held back."""
        late, self._late = self._late, []
        for entries in late:
            self.put_events(entries)

    async def grown(self, wait: float) -> None:
        """Wait until something is written, at most `wait` seconds."""
        try:
            await asyncio.wait_for(self._grown.wait(), wait)
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()

    def append(self, entries: list[Entry]) -> int:
        """Append under the next fault in line, if any."""
        if self.away:
            raise Unavailable("the broker is away")
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case None:
                return self.put_events(entries)
            case Fault.DOUBLE_APPEND:
                self.put_events(entries)
                return self.put_events(entries)
            case Fault.LOST_ACK:
                self.put_events(entries)
            case Fault.LATE_BATCH:
                self._late.append(entries)
            case Fault.LOST_BATCH:
                pass
        raise Unavailable(f"no acknowledgement ({fault.name})")


class MemoryBatch:
    """Records that are appended together: the Batch port."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        self.entries.append((key, value, headers))


class MemoryPair:
    """One process's view of MemoryTopics: the LogPair port."""

    def __init__(self, topics: MemoryTopics) -> None:
        self.topics = topics

    async def read_inbox(self, offset: int, wait: float) -> Sequence[Record]:
        return await self._read(self.topics.inbox, offset, wait)

    async def inbox_end(self) -> int:
        return await self._end(self.topics.inbox)

    async def read_events(self, offset: int, wait: float) -> Sequence[Record]:
        return await self._read(self.topics.events, offset, wait)

    async def events_end(self) -> int:
        return await self._end(self.topics.events)

    def new_batch(self) -> Batch:
        return MemoryBatch()

    async def append(self, batch: Batch) -> int:
        assert isinstance(batch, MemoryBatch)
        await asyncio.sleep(0)
        return self.topics.append(batch.entries)

    async def load_snapshot(self) -> Mapping[str, bytes]:
        await asyncio.sleep(0)
        if self.topics.away:
            raise Unavailable("the broker is away")
        return dict(self.topics.snapshot)

    async def store_snapshot(self, key: str, value: bytes | None) -> None:
        await asyncio.sleep(0)
        if self.topics.away:
            raise Unavailable("the broker is away")
        if value is None:
            self.topics.snapshot.pop(key, None)
        else:
            self.topics.snapshot[key] = value

    async def renew(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        await asyncio.sleep(0)

    async def _read(self, log: list[Stored], offset: int, wait: float) -> Sequence[Record]:
        await asyncio.sleep(0)
        if self.topics.away:
            await self.topics.grown(wait)
            return ()
        if offset > len(log):
            raise OutOfRange(f"offset {offset} of a log that ends at {len(log)}")
        if offset == len(log):
            await self.topics.grown(wait)
        return log[offset : offset + 500]

    async def _end(self, log: list[Stored]) -> int:
        await asyncio.sleep(0)
        if self.topics.away:
            raise Unavailable("the broker is away")
        return len(log)
