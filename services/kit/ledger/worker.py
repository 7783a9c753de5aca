"""The worker: owns one partition, folds its event log, and appends one answer for each inbox message (R3 to R9).

`events` is the only durable state. Whatever goes wrong, the way back is the same: drop what was decided on top, read on
from the folded position, decide again. Only a log that breaks the protocol, an `evolve` that raises, or a message that
a later release took in, stops it.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, time
from typing import Any, Generic, TypeVar

import structlog

from schemas.envelope import UnknownMessage
from services.kit.decider import Decider
from services.kit.ledger import metrics
from services.kit.ledger.desk import Decided, Desk, Limits
from services.kit.ledger.fold import Answer, ChainMismatch, Fold, LedgerBroken
from services.kit.ledger.keeper import Keeper
from services.kit.ledger.log import BATCH_BYTES, RECORD_OVERHEAD, Batch, Identity, LogPair, OutOfRange, Unavailable
from services.kit.ledger.record import Genesis, Record, link, pack_mark, read_mark, read_stamp

S = TypeVar("S")
log = structlog.get_logger(__name__)


READ_BACK_SECONDS = 5.0
"""How long to wait for records that are known to exist."""

READ_BACK_AT_ONCE_SECONDS = 0.25
"""How long an idle owner looks at what it wrote before it looks whether it is idle still."""

CAUGHT_UP = 500
"""An owner that is given no more messages at a time than this has time for a snapshot."""

SAMPLED = 100
"""How many of the newest answers folded are held against the inbox."""


class Misplaced(Exception):
    """Our batch landed elsewhere than expected: what it says is void."""


class StoodDown(Exception):
    """Others keep answering this partition: leave it to them for a while."""


class Poisoned(Exception):
    """Deciding a message raised for the first time; it is tried again on a state folded afresh."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Times in seconds; `snapshot_after` in answers, 20,000 of which are folded in a third of a second. Tests make them
    short.
    """

    wait: float = 1.0
    check_own_tail_every: float = 30.0
    back_off_at_most: float = 1.0
    stand_down_after: int = 3
    snapshot_after: int = 20_000


class Worker(Generic[S]):
    """Runs a decider over one partition until `stop` or a broken ledger."""

    def __init__(
        self,
        decider: Decider[S],
        partition: int,
        logs: LogPair,
        identity: Identity,
        limits: Limits | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self.partition = partition
        self.desk = Desk(decider, partition, limits or Limits())
        self.fold = Fold()
        self._read = self.fold
        """Up to where all was read from the log, nothing merely written: where a look at the own tail begins."""
        self.ready = False
        self._pending_since: float | None = None
        """When the oldest message that was fetched and is not answered was written, by its timestamp."""
        self._awaited, self._awaited_since = 0, 0.0
        """Up to where the inbox reached at a look, and when; the next look comes when all of that is answered."""
        self._moved_at = monotonic()
        self._logs, self._identity, self._tuning = logs, identity, tuning or Tuning()
        self._keeper = Keeper(decider, partition, identity, logs, self._tuning.snapshot_after)
        self._opened = False
        self._stopping = False
        self._suspects: set[int] = set()
        self._unchecked: deque[Answer] = deque(maxlen=SAMPLED)
        """The newest answers folded that were not held against the inbox yet."""
        self._lost_races = 0
        self._gauges = metrics.Gauges(decider.service, partition)
        self._gauges.undecided_age(self.undecided_age)
        self._log = log.bind(service=decider.service, partition=partition)

    @property
    def alarms(self) -> set[int]:
        """Offsets of records in the right place with a wrong chain."""
        return self.fold.void_by_chain

    def stop(self) -> None:
        """Ask the worker to end after what it is doing; returns at once (R10)."""
        self._stopping = True

    async def run(self) -> None:
        """Own the partition. Returns after `stop`.

        Raises LedgerBroken, StoodDown, what `evolve` raised, and UnknownMessage for what a later release took in.
        """
        try:
            await self._run()
        finally:
            await self._keeper.close()

    async def _run(self) -> None:
        reason = "start"
        while not self._stopping:
            try:
                await self._catch_up(reason)
                await self._serve()
            except (Unavailable, Misplaced, Poisoned) as error:
                reason = type(error).__name__.lower()
                self._log.warning("reload", reason=reason, detail=str(error), position=self.fold.position)
                self.desk.rollback()
                self.ready = False
                if isinstance(error, Unavailable):
                    await self._logs.renew()
                elif isinstance(error, Poisoned):
                    self._forget()
                await asyncio.sleep(random.uniform(0, self._tuning.back_off_at_most))

    # Reading: fold the event log up to its end.

    async def _catch_up(self, reason: str) -> None:
        self._gauges.reload(reason)
        before = self.fold.next_cause
        while True:
            try:
                await self._read_to_end()
                break
            except (OutOfRange, ChainMismatch) as error:
                if self.fold.position == 0:
                    raise LedgerBroken(f"the event log lacks its beginning: {error}") from error
                self._log.error("fold once more from the start", detail=str(error), position=self.fold.position)
                self._forget()
        if reason == "misplaced" and self.fold.next_cause > before:
            self._lost_races += 1
            if self._lost_races >= self._tuning.stand_down_after:
                self._lost_races = 0
                raise StoodDown(f"lost {self._tuning.stand_down_after} races for partition {self.partition}")
        self.ready = True
        self._show()

    async def _open_snapshot(self) -> None:
        """R11, at the first start only: what goes wrong later is put right from the log's start."""
        fold = await self._keeper.open(self.desk, self._still_ends_as_left)
        self._opened = True
        if fold is not None:
            self.fold, self._read = fold, fold.apart()

    async def _still_ends_as_left(self, fold: Fold) -> bool:
        return fold.position <= await self._logs.events_end() and await self._ends_as_left(fold)

    async def _read_to_end(self) -> None:
        end = await self._end()
        if end == 0:
            raise LedgerBroken("the event log is empty: run `kalimaya topics` before any service")
        if not self._opened:
            await self._open_snapshot()
            self._moved_at = monotonic()
        from_start = self.fold.position == 0
        if not from_start and not await self._ends_as_left(self.fold):
            raise OutOfRange(f"offset {self.fold.tail} is not the record that we left there")
        while self.fold.position < end or not self.fold.whole:
            records = await self._logs.read_events(self.fold.position, self._tuning.wait)
            if not records:
                end = await self._end()  # it may have become shorter while we read
                if self.fold.position >= end and not self.fold.whole:
                    raise LedgerBroken(f"the answer to cause {self.fold.next_cause} is torn at the end of the log")
            else:
                self._moved_at = monotonic()
            for record in records:
                answer = self._take(record, from_start)
                if answer is not None:
                    self.desk.apply(answer)
                    self._unchecked.append(answer)
            await asyncio.sleep(0)
        if from_start:
            self._read = self.fold.apart()
        await self._check_digests()

    async def _end(self) -> int:
        end = await self._logs.events_end()
        if end < self.fold.position:
            raise OutOfRange(f"the event log ends at {end}, we had read up to {self.fold.position}")
        return end

    def _take(self, record: Record, from_start: bool) -> Answer | None:
        try:
            answer = self.fold.take(record)
        except ChainMismatch as error:
            if not from_start:
                raise
            self._log.error("void record: right place, wrong chain", offset=error.offset)
            self.fold.void_by_chain.add(error.offset)
            answer = self.fold.take(record)
        if record.offset == 0:
            self._check_genesis(self.fold.genesis)
        return answer

    def _check_genesis(self, genesis: Genesis | None) -> None:
        found = genesis and Identity(genesis.inbox_topic_id, genesis.events_topic_id, genesis.partitions)
        if genesis is None or found != self._identity or genesis.partition != self.partition:
            raise LedgerBroken(f"the genesis record is of other logs: it says {genesis}, Kafka says {self._identity}")

    async def _check_digests(self) -> None:
        """R8: the inbox still holds the messages that the event log answers; looked at by sample."""
        digests = {answer.cause: answer.digest for answer in self._unchecked}
        if not digests:
            return
        start = min(digests)
        try:
            records = await self._logs.read_inbox(start, READ_BACK_SECONDS)
        except OutOfRange as error:
            raise LedgerBroken(f"the inbox lacks offset {start}, which the event log answers") from error
        if not records:
            raise Unavailable(f"could not read back inbox offset {start}")
        for record in records:
            stamp = read_stamp(record)
            if stamp is not None and digests.get(record.offset, stamp.digest) != stamp.digest:
                raise LedgerBroken(f"inbox offset {record.offset} is not the message that the event log answers")
        self._unchecked.clear()

    def _forget(self) -> None:
        self.fold = Fold()
        self.desk.clear()
        self._unchecked.clear()
        self._keeper.begin_anew()

    # Serving: decide, append, and believe only an acknowledgement of the expected offset.

    async def _serve(self) -> None:
        checked_at = monotonic()
        while not self._stopping:
            records = await self._inbox()
            self._pending_since = records[0].timestamp / 1000 if records else None
            if records:
                await self._answer_all(records)
                checked_at = monotonic()
            idle = monotonic() - checked_at > self._tuning.check_own_tail_every
            due = self._keeper.due(self.fold) and len(records) <= CAUGHT_UP
            if (idle or due) and await self._check_own_tail():
                checked_at = monotonic()
                if due:
                    self._keeper.keep(self.desk, self.fold)
            self._show()

    async def _inbox(self) -> Sequence[Record]:
        try:
            return await self._logs.read_inbox(self.fold.next_cause, self._tuning.wait)
        except OutOfRange as error:
            raise LedgerBroken(f"the inbox has no offset {self.fold.next_cause}, the next to be answered") from error

    async def _answer_all(self, records: Sequence[Record]) -> None:
        done = 0
        while done < len(records) and not self._stopping:
            started = monotonic()
            expected = self.fold.position
            batch, after, count = self._build(records, done)
            built = monotonic()
            base = await self._logs.append(batch)
            if base != expected:
                raise Misplaced(f"appended at {base}, expected {expected}")
            self.fold.wrote(*after)
            self._moved_at = monotonic()
            for identity, cause, kind, why in self.desk.commit():
                self._log.info("not accepted", message=identity, inbox_offset=cause, outcome=kind, reason=why)
            self._suspects = {offset for offset in self._suspects if offset >= self.fold.next_cause}
            self._lost_races = 0
            done += count
            self._pending_since = records[done].timestamp / 1000 if done < len(records) else None
            in_time = (time() - metrics.LATE_SECONDS) * 1000
            late = sum(record.timestamp < in_time for record in records[done - count : done])
            self._gauges.batch(count, late, built - started, monotonic() - built)
            self._show()

    def _build(self, records: Sequence[Record], start: int) -> tuple[Batch, tuple[int, bytes, int], int]:
        """Decide records[start:] into one batch of whole causes (R6).

        Returns the batch, where the fold stands once it is written, and how many messages it answers.
        """
        batch, size = self._logs.new_batch(), 0
        at, head, cause = self.fold.position, self.fold.head, self.fold.next_cause
        count = 0
        for index in range(start, len(records)):
            record = records[index]
            if record.offset != cause:
                raise LedgerBroken(f"expected inbox offset {cause}, read {record.offset}: messages are missing")
            decided = self._decide(record, at)
            needs = _size(decided)
            if needs > BATCH_BYTES:
                self.desk.retract()
                decided = self.desk.reject(record, at, "too_large", "the answer to this message exceeds a batch")
                needs = _size(decided)
            if size + needs > BATCH_BYTES:
                self.desk.retract()
                break
            size += needs
            n, digest = len(decided.records), decided.digest
            for i, (key, value) in enumerate(decided.records):
                batch.append(key, value, pack_mark(at, cause, i, n, head, digest))
                head = link(head, at, cause, i, n, digest, key, value)
                at += 1
            cause += 1
            count += 1
        return batch, (at, head, cause), count

    def _decide(self, record: Record, at: int) -> Decided:
        try:
            return self.desk.decide(record, at)
        except UnknownMessage:  # a later release took it in, and will answer it; a rejection would stand for ever
            raise
        except Exception as error:  # a bug in the decider: logged, counted, and after a refold answered
            again = record.offset in self._suspects
            self._gauges.poison()
            self._log.exception("deciding raised", inbox_offset=record.offset, again=again)
            if not again:
                # All are kept until they are answered: one alone would be forgotten for the next in its batch, and
                # the two would take turns for ever.
                self._suspects.add(record.offset)
                raise Poisoned(f"inbox offset {record.offset}: {error!r}") from error
            self.desk.retract()
            return self.desk.reject(
                record, at, "internal_error", "we failed on this message; it can be sent again under a new id"
            )

    async def _check_own_tail(self) -> bool:
        """R9: an idle owner makes sure that the log still holds what it wrote, and on what it wrote it.

        Returns whether it has looked at all of that; after a while of it the inbox comes first, and it goes on later.

        The last record alone does not tell. When a log lost its tail and others' void records filled the gap, what we
        append lands where we expect it, on a chain that is there no more: it is void, and we would never know.
        """
        if await self._logs.events_end() != self.fold.position:
            raise Misplaced("somebody else wrote, or the log is shorter than it was")
        again, until = self._read.apart(), monotonic() + READ_BACK_AT_ONCE_SECONDS
        left = await self._left(again)
        same, records = left is not None, left or ()
        again.position = again.tail + 1
        try:
            while same and again.position < self.fold.position and (monotonic() < until or not again.whole):
                records = records or await self._logs.read_events(again.position, READ_BACK_SECONDS)
                if not records:
                    raise Unavailable(f"could not read back offset {again.position} of the event log")
                for record in records:
                    again.take(record)
                records = ()
        except OutOfRange as error:
            raise Misplaced(str(error)) from error
        except (ChainMismatch, LedgerBroken):
            same = False
        if not same or (again.position == self.fold.position and again.head != self.fold.head):
            self._log.error("the log's tail is not what we left", offset=self.fold.tail)
            self._forget()
            raise Misplaced("the log's tail is another")
        self._read = again
        return again.position == self.fold.position

    async def _ends_as_left(self, fold: Fold) -> bool:
        """Whether the last record that counted for a fold still stands in its place."""
        return await self._left(fold) is not None

    async def _left(self, fold: Fold) -> Sequence[Record] | None:
        """Records behind the last one that counted for a fold, some or none; None if that stands there no more."""
        try:
            records = await self._logs.read_events(fold.tail, READ_BACK_SECONDS)
        except OutOfRange:
            return None
        if not records:
            raise Unavailable("could not read back the own tail")
        mark = read_mark(records[0])
        return records[1:] if mark is not None and _head_after(records[0], *mark) == fold.head else None

    async def measure(self) -> None:
        """Look how far the inbox reaches. Raises Unavailable."""
        end = await self._logs.inbox_end()
        self._gauges.inbox(end)
        if self._waited() == 0:
            self._awaited, self._awaited_since = end, monotonic()

    def _waited(self) -> float:
        """For how many seconds something in the inbox has waited, whether or not we can read it."""
        return 0.0 if self.fold.next_cause >= self._awaited else monotonic() - self._awaited_since

    def stands_still(self) -> float:
        """For how many seconds messages have waited and nothing was answered or folded; 0 when none waits."""
        return min(self._waited(), monotonic() - self._moved_at)

    def undecided_age(self) -> float:
        """Age of the oldest message that is not decided yet, in seconds, as far as we know; 0 when there is none."""
        return max(self._waited(), 0.0 if self._pending_since is None else time() - self._pending_since)

    def _show(self) -> None:
        self._gauges.state(self.desk.counts, self.fold, len(self.alarms))


def _size(decided: Decided) -> int:
    """What an answer takes of a batch, in bytes, rounded up."""
    size = 0
    for key, value in decided.records:
        size += len(key) + len(value) + MARK_BYTES + RECORD_OVERHEAD
    return size


def _head_after(record: Record, *mark: Any) -> bytes:
    at, cause, i, n, prev, digest = mark
    return link(prev, at, cause, i, n, digest, record.key or b"", record.value or b"")


MARK_BYTES = len(pack_mark(0, 0, 0, 1, bytes(32), bytes(32))[0][1])
