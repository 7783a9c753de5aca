"""Writes a partition of the copy, and only what is not there yet: a copy can be taken up where it broke off."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kalimaya.copy.plan import CannotCopy
from kalimaya.copy.restamp import Entry
from kalimaya.copy.source import READ_SECONDS, Read
from services.kit.ledger.log import BATCH_BYTES, RECORD_OVERHEAD, LogPair, Unavailable
from services.kit.ledger.record import Record


class Target(Protocol):
    """A cluster that is copied to. Every method may raise Unavailable."""

    def pair(self, service: str, partition: int) -> LogPair:
        """For reading what is there."""

    async def append(self, topic: str, partition: int, entries: Sequence[Entry]) -> int:
        """Write records together; the offset of the first (all in-sync replicas have them)."""


class Onto:
    """One partition of the copy: what is given to it one by one must be there in the end, and nothing else."""

    def __init__(self, target: Target, topic: str, partition: int, read: Read, there: int) -> None:
        self._target, self._topic, self._partition, self._read = target, topic, partition, read
        self._there, self._position, self._compared = there, 0, 0
        self._found: deque[Record] = deque()
        self._waiting: list[Entry] = []
        self._size = 0

    async def put(self, *entries: Entry) -> None:
        """The next records, which are written together. Raises CannotCopy when others stand in their place."""
        there = max(0, self._there - self._position)
        for entry in entries[:there]:
            await self._compare(entry)
        fresh = entries[there:]
        size = sum(map(_size, fresh))
        if self._size + size > BATCH_BYTES:
            await self.flush()
        self._waiting += fresh
        self._size += size
        self._position += len(entries)

    async def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        expected = self._position - len(self._waiting)
        base = await self._target.append(self._topic, self._partition, self._waiting)
        if base != expected:
            detail = f"a batch landed at {base}, not at {expected}: somebody else writes there, or it came twice"
            raise CannotCopy(f"{self._topic}/{self._partition}: {detail}. Begin again with new topics.")
        self._waiting, self._size = [], 0

    async def _compare(self, entry: Entry) -> None:
        if not self._found:
            self._found.extend(await self._read(self._compared, READ_SECONDS))
            if not self._found:
                raise Unavailable(f"nothing came of {self._topic}/{self._partition}@{self._compared}")
        found = self._found.popleft()
        self._compared += 1
        if (found.key, found.value, tuple(found.headers)) != (entry.key, entry.value, tuple(entry.headers)):
            raise CannotCopy(
                f"{self._topic}/{self._partition}@{found.offset} is not what this copy would write there. A copy goes "
                "into a cluster without these topics, or goes on where the same one broke off."
            )


async def onto(
    target: Target, topic: str, partition: int, end: Callable[[], Awaitable[int]], read: Read, length: int
) -> Onto:
    """Where to write a partition that shall be so long; `end` and `read` tell what is there. Raises CannotCopy."""
    there = await end()
    if there > length:
        detail = f"{topic}/{partition} of the target holds {there} records, the copy of it {length}"
        raise CannotCopy(f"{detail}: it has gone on by itself.")
    return Onto(target, topic, partition, read, there)


def _size(entry: Entry) -> int:
    """What a record takes of a batch, in bytes, rounded up."""
    headers = sum(len(name) + len(value or b"") for name, value in entry.headers)
    return len(entry.key or b"") + len(entry.value or b"") + headers + RECORD_OVERHEAD
