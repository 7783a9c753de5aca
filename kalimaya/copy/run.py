"""Copies the logs of services: reads them all, then writes of each the events, and only then the inboxes.

In that order, so that a decider started on half a copy finds answers to messages that are not there, and stops (R8).
"""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import msgspec

from kalimaya.copy.plan import CannotCopy, Plan, plan
from kalimaya.copy.restamp import CopiedGenesis, Entry, Place, Predecessor, Stamp
from kalimaya.copy.source import READ_SECONDS, Copied, Taken, ends, merged
from kalimaya.copy.target import Onto, Target, onto
from services.kit.ledger.fold import Fold
from services.kit.ledger.log import Identity, LogPair, Unavailable
from services.kit.ledger.record import FORMAT, Record

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Copy:
    """What was copied of one service. `late`: messages and events that came to the old logs since it began."""

    service: str
    log: str
    of: Predecessor
    messages: int
    events: int
    voids: int
    alarms: int
    heads: tuple[str, ...]
    late: int


async def prepare(service: str, pairs: Sequence[LogPair], begun: Predecessor | None, count: int, tell: Tell) -> Plan:
    """Read the logs behind `pairs` that are to be copied to so many partitions. `begun`: of what a copy stands there.

    Raises CannotCopy when that is another or they cannot be copied so, LedgerBroken, Unavailable.
    """
    async with _reading(pairs):
        now = [await ends(pair) for pair in pairs]
        if begun is not None and not await _continues(begun, pairs, now):
            raise CannotCopy(_other(service))
        until = now if begun is None else begun.partitions
        received = sum(each.inbox for each in until)
        plans = await plan(service, pairs, until, count, lambda done: tell(f"{service}: reading", done, received))
    if begun is not None and begun != plans.of:
        raise CannotCopy(_other(service))
    return plans


async def write(plans: Sequence[Plan], target: Target, identities: Mapping[str, Identity], tell: Tell) -> list[Copy]:
    """Write what was read to the services' topics, which are these; what stands there already is compared.

    Raises CannotCopy when something else stands there, LedgerBroken, Unavailable.
    """
    heads = []
    for each in plans:
        async with _reading(each.pairs):
            heads.append(await _write_events(each, target, identities[each.service], tell))
            await _write_inboxes(each, target, tell)
    late = [await _late(each) for each in plans]  # of all after the last: while one is copied, another may go on
    logs = [_log(identities[each.service]) for each in plans]
    return [_copied(*each) for each in zip(plans, logs, heads, late, strict=True)]


async def begun_at(pair: LogPair) -> Predecessor | None:
    """From what, and up to where, the copy was begun that stands behind the target's first pair; None if nothing does.

    Raises CannotCopy when that is no copy, Unavailable.
    """
    async with _reading([pair]):
        if await pair.events_end() == 0:
            return None
        try:
            return msgspec.json.decode((await _first_record(pair)).value or b"", type=CopiedGenesis).copied_from
        except msgspec.DecodeError as error:
            detail = "The target has logs of its own, which are no copy. Name another cluster, or delete these topics."
            raise CannotCopy(detail) from error


async def _continues(begun: Predecessor, pairs: Sequence[LogPair], now: Sequence[Copied]) -> bool:
    """Whether a copy with this beginning may be one of these logs, which end here now."""
    if len(begun.partitions) != len(pairs):
        return False
    if any(old.inbox > new.inbox or old.events > new.events for old, new in zip(begun.partitions, now, strict=True)):
        return False
    fold = Fold()
    fold.take(await _first_record(pairs[0]))
    return fold.genesis is not None and fold.genesis.log == begun.log


async def _first_record(pair: LogPair) -> Record:
    records = await pair.read_events(0, READ_SECONDS)
    if not records:
        raise Unavailable("nothing came of the first record of an event log")
    return records[0]


async def _late(plans: Plan) -> int:
    async with _reading(plans.pairs):
        now = [await ends(pair) for pair in plans.pairs]
    until = plans.of.partitions
    return sum(new.inbox - old.inbox + new.events - old.events for old, new in zip(until, now, strict=True))


@asynccontextmanager
async def _reading(pairs: Sequence[LogPair]) -> AsyncIterator[None]:
    """Lets go of them in the end; they can be read again."""
    try:
        yield
    finally:
        for pair in pairs:
            await pair.close()


async def _write_events(plans: Plan, target: Target, identity: Identity, tell: Tell) -> tuple[str, ...]:
    stamps = [Stamp(plans.service, partition) for partition in range(identity.partitions)]
    done = 0
    async with AsyncExitStack() as stack:
        outs = await _onto(target, f"{plans.service}.events", plans.events, stack)
        for partition, out in enumerate(outs):
            await out.put(stamps[partition].begin(_genesis(plans, identity, partition)))
            await out.flush()  # before anything else, from the first on: it pins where this copy ends
        stream = await stack.enter_async_context(aclosing(_again(plans)))
        async for taken in stream:
            if taken.answer is None:
                break  # these come last
            place = plans.target(taken)
            if (taken.partition, taken.answer.cause) in plans.first:
                plans.first[taken.partition, taken.answer.cause] = stamps[place].place()
            await outs[place].put(*stamps[place].answer(taken.answer, partial(_first, plans, taken.partition)))
            done += 1
            if done % 1000 == 0:
                tell(f"{plans.service}: events", done, plans.messages)
        for out in outs:
            await out.flush()
    return tuple(stamp.head.hex() for stamp in stamps)


async def _write_inboxes(plans: Plan, target: Target, tell: Tell) -> None:
    done = 0
    async with AsyncExitStack() as stack:
        outs = await _onto(target, f"{plans.service}.inbox", plans.inbox, stack)
        stream = await stack.enter_async_context(aclosing(_again(plans)))
        async for taken in stream:
            record = taken.message
            entry = Entry(record.key, record.value, record.headers, record.timestamp)
            await outs[plans.target(taken)].put(entry)
            done += 1
            if done % 1000 == 0:
                tell(f"{plans.service}: messages", done, plans.messages)
        for out in outs:
            await out.flush()


def _again(plans: Plan) -> AsyncGenerator[Taken, None]:
    return merged(plans.pairs, plans.of.partitions, [Fold() for _ in plans.pairs])


async def _onto(target: Target, topic: str, lengths: Sequence[int], stack: AsyncExitStack) -> list[Onto]:
    """Where to write each partition of a topic, which must not hold more than it shall."""
    outs = []
    service, _, kind = topic.rpartition(".")
    for partition, length in enumerate(lengths):
        pair = target.pair(service, partition)
        stack.push_async_callback(pair.close)
        end, read = (pair.events_end, pair.read_events) if kind == "events" else (pair.inbox_end, pair.read_inbox)
        outs.append(await onto(target, topic, partition, end, read, length))
    return outs


def _first(plans: Plan, partition: int, cause: int) -> Place:
    place = plans.first[partition, cause]
    assert place is not None, "a message is repeated that comes later"
    return place


def _genesis(plans: Plan, identity: Identity, partition: int) -> CopiedGenesis:
    return CopiedGenesis(
        format=FORMAT,
        log=_log(identity),
        partition=partition,
        partitions=identity.partitions,
        inbox_topic_id=identity.inbox_topic_id,
        events_topic_id=identity.events_topic_id,
        copied_from=plans.of,
    )


def _log(identity: Identity) -> str:
    """The uuid of the copy's log, the same whenever it goes on."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, identity.events_topic_id))


def _copied(plans: Plan, log: str, heads: tuple[str, ...], late: int) -> Copy:
    events = sum(plans.events) - len(heads)
    return Copy(plans.service, log, plans.of, plans.messages, events, plans.voids, plans.alarms, heads, late)


def _other(service: str) -> str:
    return (
        f"What stands in {service}.events of the target was copied from another log, or another part. Name another "
        "cluster, or delete these topics."
    )
