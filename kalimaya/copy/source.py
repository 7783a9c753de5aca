"""Reads a service's logs to be copied: each message with its answer, all partitions merged into one order.

The order is that of the known times, so they rise in each partition of the copy, too; of one source partition no two
messages ever change places. Messages without an answer come last.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

import msgspec

from schemas.envelope import decode_event, decode_inbox
from services.kit.ledger.fold import Answer, ChainMismatch, Fold, LedgerBroken
from services.kit.ledger.log import LogPair, Unavailable
from services.kit.ledger.record import NO_HASH, Record, read_stamp

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
READ_SECONDS = 10.0
"""How long to wait for records that are known to exist."""

Read = Callable[[int, float], Awaitable[Sequence[Record]]]
"""Reads records of one log from an offset on; empty if none came within so many seconds."""


class Copied(msgspec.Struct, frozen=True):
    """Up to where one source partition is copied: inbox and events end before these offsets; `head`: in hex."""

    inbox: int
    events: int
    head: str


class Taken(NamedTuple):
    """A message and its answer, if it has one yet. The first three order it; `known`: from when it could be known."""

    unanswered: bool
    known: datetime
    partition: int
    message: Record
    answer: Answer | None


async def ends(pair: LogPair) -> Copied:
    """Where a partition ends now, its head not known yet. Every message that its events answer lies before the end."""
    events = await pair.events_end()
    return Copied(await pair.inbox_end(), events, "")


def key_of(record: Record) -> str | None:
    """The partition key of a message in an inbox; None if it is not the gateway's."""
    return None if (found := _said(record)) is None else found[0]


async def merged(
    pairs: Sequence[LogPair], until: Sequence[Copied], folds: Sequence[Fold]
) -> AsyncGenerator[Taken, None]:
    """Every message before these ends, in the copy's order. `folds`, new ones, are moved along.

    Raises LedgerBroken where the logs contradict each other or the protocol, Unavailable.
    """
    streams = [_messages(pair, p, until[p], folds[p]) for p, pair in enumerate(pairs)]
    try:
        first = [await anext(stream, None) for stream in streams]
        heap = [each for each in first if each is not None]
        heapify(heap)  # never compares records: partitions differ
        while heap:
            yield heap[0]
            following = await anext(streams[heap[0].partition], None)
            if following is None:
                heappop(heap)
            else:
                heapreplace(heap, following)
    finally:
        for stream in streams:
            await stream.aclose()


async def _messages(pair: LogPair, partition: int, until: Copied, fold: Fold) -> AsyncGenerator[Taken, None]:
    known = BEGINNING
    async with aclosing(_records(pair.read_inbox, until.inbox)) as inbox:
        async for answer in _answers(pair, until.events, fold):
            message = await anext(inbox, None)
            _must_belong(partition, message, answer)
            assert message is not None
            known = decode_event(answer.records[0].value or b"").knowntime
            yield Taken(False, known, partition, message, answer)
        async for message in inbox:
            said = _said(message)
            known = known if said is None else max(known, said[1])
            yield Taken(True, known, partition, message, None)


async def _answers(pair: LogPair, end: int, fold: Fold) -> AsyncGenerator[Answer, None]:
    async for record in _records(pair.read_events, end):
        try:
            answer = fold.take(record)
        except ChainMismatch as mismatch:  # folded from the start, so it is void, with an alarm (R3)
            fold.void_by_chain.add(mismatch.offset)
            answer = fold.take(record)
        if answer is not None:
            yield answer
    if not fold.whole:
        raise LedgerBroken(f"the answer to cause {fold.next_cause} is torn at the end of the log")


async def _records(read: Read, end: int) -> AsyncGenerator[Record, None]:
    offset = 0
    while offset < end:
        records = await read(offset, READ_SECONDS)
        if not records:
            raise Unavailable(f"nothing came of offset {offset}, though the log ends at {end}")
        for record in records:
            if record.offset != offset:
                raise LedgerBroken(f"expected offset {offset}, read {record.offset}: records are missing")
            if offset == end:
                return
            offset += 1
            yield record


def _must_belong(partition: int, message: Record | None, answer: Answer) -> None:
    if message is None or message.offset != answer.cause:
        raise LedgerBroken(f"partition {partition}: no message stands at {answer.cause}, which is answered")
    stamp = read_stamp(message)
    if answer.digest != (NO_HASH if stamp is None else stamp.digest):
        raise LedgerBroken(f"partition {partition}: the answer to {answer.cause} is to other content")


def _said(record: Record) -> tuple[str, datetime] | None:
    """Partition key and recorded time of a message of the gateway's."""
    if read_stamp(record) is None:
        return None
    try:
        message = decode_inbox(record.value or b"")
    except ValueError:
        return None
    return message.partitionkey, message.recordedtime
