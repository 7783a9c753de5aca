"""A broker and the network before it: the in-memory log of the kit, with time in between and what can go wrong there.

A request that was sent lives on whatever becomes of its sender: it arrives, or not, in the broker's own context.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from random import Random

from services.kit.ledger.log import Batch, OutOfRange, Unavailable
from services.kit.ledger.memory import Entry, MemoryBatch, MemoryPair, MemoryTopics
from services.kit.ledger.reader import Place
from services.kit.ledger.record import Record, Stored, read_mark
from tests.simulation.faults import Fault, Faults

QUICK_SECONDS, SLOW_SECONDS = (0.0005, 0.01), (0.1, 3.0)
LATE_SECONDS = (0.05, 18.0)
"""How long after it was sent a late batch lands: also long after its writer was deposed."""
REQUEST_SECONDS = (0.5, 2.0, 15.0)
"""How long a client waits for an answer; a run has one of these. The last is that of the client on Kafka."""
FETCH_RECORDS = 500


class SimulatedLog(MemoryTopics):
    """One partition of an inbox and an event log. `projected`: up to where the event log was given to a projector;
    `cut`: whether it has lost a tail.
    """

    def __init__(self, name: str, broker: "Broker") -> None:
        super().__init__()
        self.name, self._broker = name, broker
        self.projected, self.cut = 0, False
        self.bases: list[int] = []
        """Where batches landed: the log can be cut there."""

    def land(self, entries: Sequence[Entry]) -> int:
        """A batch arrives; its offset."""
        base = self.put_events(entries)
        self.bases.append(base)
        self._broker.note(f"{self.name}: {len(entries)} records at {base}")
        return base

    def keep(self, key: str, value: bytes | None) -> None:
        """A piece of a snapshot arrives."""
        if value is None:
            self.snapshot.pop(key, None)
        else:
            self.snapshot[key] = value

    def cuts(self) -> list[int]:
        """Where the newest batches begin, as far as only deciders have read them."""
        return [base for base in self.bases if base >= max(1, self.projected)]

    def lose_tail(self, end: int) -> None:
        """Lose what stands from `end` on."""
        self._broker.note(f"{self.name}: cut from {len(self.events)} to {end}")
        self.cut = True
        self.truncate_events(end)
        self.bases = [base for base in self.bases if base < end]

    def come_back(self) -> None:
        """Answer again."""
        self.away = False
        self._wake()

    async def grown(self, wait: float) -> None:
        await self._broker.grown(wait)

    def _wake(self) -> None:
        self._broker.wake()


class Broker:
    """All logs, and the way to them. `note` writes the trace."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, chance: Random, faults: Faults, note: Callable[[str], None]
    ) -> None:
        self.chance, self.faults, self.note = chance, faults, note
        self._loop = loop
        self.logs: dict[tuple[str, int], SimulatedLog] = {}
        self.under_way = 0
        self.request_seconds = chance.choice(REQUEST_SECONDS)
        self._context = Context()
        self._waiting: list[asyncio.Future[None]] = []

    async def travel(self) -> None:
        """One way over the network."""
        arrived = self._loop.create_future()
        self._loop.call_later(self._way(), _end, arrived)
        await arrived

    def _way(self) -> float:
        slow = self.faults.strike(Fault.SLOW_ANSWER)
        return self.chance.uniform(*(SLOW_SECONDS if slow else QUICK_SECONDS))

    def wake(self) -> None:
        """Something was written somewhere."""
        woken, self._waiting = self._waiting, []
        for each in woken:
            _end(each)

    async def grown(self, wait: float) -> None:
        """Wait until something is written anywhere, at most `wait` seconds."""
        waiting = self._loop.create_future()
        self._waiting.append(waiting)
        timer = self._loop.call_later(wait, _end, waiting)
        try:
            await waiting
        finally:
            timer.cancel()

    def send(self, log: SimulatedLog, entries: Sequence[Entry]) -> "asyncio.Future[int]":
        """Send a batch; the future is its acknowledgement, if one ever comes."""
        answer: asyncio.Future[int] = self._loop.create_future()
        strike, way = self.faults.strike, self._way()
        if log.away or strike(Fault.LOST_BATCH):
            return answer
        if strike(Fault.LATE_BATCH):
            self._later(self.chance.uniform(*LATE_SECONDS), log, entries, None)
        elif strike(Fault.LOST_ACK):
            self._later(way, log, entries, None)
        elif (parts := _parts(entries)) and strike(Fault.TORN_BATCH):
            self._later(way, log, self.chance.choice(parts), None)
        elif strike(Fault.DOUBLED_BATCH):
            first, again = self.chance.choice(((None, answer), (answer, None)))
            self._later(way, log, entries, first)
            self._later(way + self.chance.choice((0, 0.01, 1)) * self.chance.random(), log, entries, again)
        else:
            self._later(way, log, entries, answer)
        return answer

    def keep(self, log: SimulatedLog, key: str, value: bytes | None) -> "asyncio.Future[None]":
        """Send a piece of a snapshot; the future is its acknowledgement, if one ever comes."""
        answer: asyncio.Future[None] = self._loop.create_future()
        strike, way = self.faults.strike, self._way()
        if not log.away and not strike(Fault.LOST_BATCH):
            late = strike(Fault.LATE_BATCH)
            arriving = self.chance.uniform(*LATE_SECONDS) if late else way
            heard = not late and not strike(Fault.LOST_ACK)
            self._loop.call_later(arriving, log.keep, key, value, context=self._context)
            if heard:
                self._loop.call_later(way + self._way(), _end, answer, context=self._context)
        return answer

    def _later(
        self, seconds: float, log: SimulatedLog, entries: Sequence[Entry], answer: "asyncio.Future[int] | None"
    ) -> None:
        self.under_way += 1
        self._loop.call_later(seconds, self._arrive, log, entries, answer, context=self._context)

    def _arrive(self, log: SimulatedLog, entries: Sequence[Entry], answer: "asyncio.Future[int] | None") -> None:
        self.under_way -= 1
        base = log.land(entries)
        if answer is not None:
            failed = self.faults.strike(Fault.ERROR_REPLY)
            self._loop.call_later(self._way(), _reply, answer, None if failed else base, context=self._context)


def _end(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


def _parts(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """What a batch could be torn to: its first answers but not all of them, each whole (R6)."""
    return [entries[:n] for n, entry in enumerate(entries[:-1], 1) if _ends_an_answer(entry)]


def _ends_an_answer(entry: Entry) -> bool:
    mark = read_mark(Stored(0, *entry))
    return mark is not None and mark.i == mark.n - 1


def _reply(answer: "asyncio.Future[int]", base: int | None) -> None:
    if answer.done():
        return
    if base is None:
        answer.set_exception(Unavailable("the broker answered with an error"))
    else:
        answer.set_result(base)


class SimulatedPair(MemoryPair):
    """One process's connection to a partition. A producer that failed once fails until renewed."""

    def __init__(self, broker: Broker, log: SimulatedLog) -> None:
        super().__init__(log)
        self._broker, self._log = broker, log
        self._poisoned = False

    async def append(self, batch: Batch) -> int:
        assert isinstance(batch, MemoryBatch)
        if self._poisoned:
            raise Unavailable("this producer has failed before")
        try:
            return await asyncio.wait_for(self._broker.send(self._log, batch.entries), self._broker.request_seconds)
        except (TimeoutError, Unavailable) as error:
            self._poisoned = True
            raise Unavailable(f"no acknowledgement: {error}") from error

    async def load_snapshot(self) -> Mapping[str, bytes]:
        await self._broker.travel()
        if self._log.away:
            raise Unavailable("the broker is away")
        found = dict(self._log.snapshot)
        await self._broker.travel()
        return found

    async def store_snapshot(self, key: str, value: bytes | None) -> None:
        """What was sent is written, late or never, whatever becomes of the owner."""
        try:
            await asyncio.wait_for(self._broker.keep(self._log, key, value), self._broker.request_seconds)
        except TimeoutError as error:
            raise Unavailable("no acknowledgement") from error

    async def renew(self) -> None:
        await self._broker.travel()
        self._poisoned = False

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _read(self, log: list[Stored], offset: int, wait: float) -> Sequence[Record]:
        await self._broker.travel()
        if offset > len(log):
            raise OutOfRange(f"offset {offset} of a log that ends at {len(log)}")
        if self._log.away or offset == len(log):
            await self._log.grown(wait)
        if self._log.away:
            return ()
        found = _fetched(self._broker, log, offset)
        await self._broker.travel()
        return found

    async def _end(self, log: list[Stored]) -> int:
        await self._broker.travel()
        if self._log.away:
            raise Unavailable("the broker is away")
        end = len(log)
        await self._broker.travel()
        return end


def _fetched(broker: Broker, records: list[Stored], offset: int) -> Sequence[Stored]:
    found = records[offset : offset + FETCH_RECORDS]
    return found[:1] if len(found) > 1 and broker.faults.strike(Fault.SHORT_READ) else found


class SimulatedReader:
    """The part of LogReader that a projector uses."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._next: dict[Place, int] = {}

    async def start(self, positions: Mapping[Place, int | None]) -> None:
        await self._broker.travel()
        self._next = {place: len(self._events(place)) if at is None else at for place, at in positions.items()}

    async def read(self, wait: float, most: int = FETCH_RECORDS) -> Mapping[Place, Sequence[Record]]:
        await self._broker.travel()
        found = self._found(most)
        if not found:
            await self._broker.grown(wait)
            found = self._found(most)
        await self._broker.travel()
        return found

    async def ends(self, places: Iterable[Place] | None = None) -> Mapping[Place, int]:
        await self._broker.travel()
        wanted = list(self._next if places is None else places)
        if any(self._log(place).away for place in wanted):
            raise Unavailable("the broker is away")
        return {place: len(self._events(place)) for place in wanted}

    async def stop(self) -> None:
        """There is nothing to let go of."""

    def _found(self, most: int) -> dict[Place, Sequence[Record]]:
        found: dict[Place, Sequence[Record]] = {}
        for place, offset in self._next.items():
            log, events = self._log(place), self._events(place)
            if offset > len(events):
                raise OutOfRange(f"{place}: offset {offset} of a log that ends at {len(events)}")
            if offset < len(events) and not log.away:
                found[place] = _fetched(self._broker, events, offset)[:most]
                self._next[place] = offset + len(found[place])
                log.projected = max(log.projected, self._next[place])
        return found

    def _log(self, place: Place) -> SimulatedLog:
        return self._broker.logs[place[0].removesuffix(".events"), place[1]]

    def _events(self, place: Place) -> list[Stored]:
        return self._log(place).events
