"""Copies one service's logs: looks, writes the events, and only then the inboxes.

In that order, so that a decider started on half a copy finds answers to messages that are not there, and stops (R8).
"""

import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial

import msgspec

from kalimaya.copy.plan import CannotCopy, Plan, plan
from kalimaya.copy.restamp import CopiedGenesis, Entry, Place, Predecessor, Stamp
from kalimaya.copy.source import READ_SECONDS, Copied, Taken, ends, merged
from kalimaya.copy.target import Onto, Target
from services.kit.ledger.fold import Fold
from services.kit.ledger.log import Identity, LogPair
from services.kit.ledger.record import FORMAT

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Copy:
    """What was copied of one service. `late`: messages and events that came to the old logs meanwhile."""

    service: str
    log: str
    of: Predecessor
    messages: int
    events: int
    voids: int
    alarms: int
    heads: tuple[str, ...]
    late: int


async def copy_service(service: str, pairs: Sequence[LogPair], target: Target, identity: Identity, tell: Tell) -> Copy:
    """Copy the logs behind `pairs` to the topics that are `identity`; if a copy of them has begun there, go on with it.

    Raises CannotCopy when they hold something else or cannot be copied so, LedgerBroken, Unavailable.
    """
    begun = await _begun(target.pair(service, 0))
    until = [await ends(pair) for pair in pairs] if begun is None else begun.partitions
    plans = await plan(
        service, pairs, until, identity.partitions, lambda done: tell(f"{service}: reading", done, _received(until))
    )
    if begun is not None and begun != plans.of:
        raise CannotCopy(f"What stands in {service}.events of the target was copied from another log, or another part.")
    heads = await _write_events(plans, pairs, target, identity, tell)
    await _write_inboxes(plans, pairs, target, tell)
    late = 0
    for pair, each in zip(pairs, until, strict=True):
        now = await ends(pair)
        late += now.inbox - each.inbox + now.events - each.events
    log = _log(identity)
    events = sum(plans.events) - identity.partitions
    return Copy(service, log, plans.of, plans.messages, events, plans.voids, plans.alarms, heads, late)


async def _begun(pair: LogPair) -> Predecessor | None:
    """From what, and up to where, the copy was begun that stands at the target; None if nothing stands there."""
    try:
        if await pair.events_end() == 0:
            return None
        records = await pair.read_events(0, READ_SECONDS)
        return msgspec.json.decode((records[0].value if records else b"") or b"", type=CopiedGenesis).copied_from
    except msgspec.DecodeError as error:
        detail = "The target has logs of its own, which are not a copy. Name another cluster, or delete these topics."
        raise CannotCopy(detail) from error
    finally:
        await pair.close()


async def _write_events(
    plans: Plan, pairs: Sequence[LogPair], target: Target, identity: Identity, tell: Tell
) -> tuple[str, ...]:
    stamps = [Stamp(plans.service, partition) for partition in range(identity.partitions)]
    done = 0
    async with AsyncExitStack() as stack:
        outs = await _onto(target, f"{plans.service}.events", plans.events, stack)
        for partition, out in enumerate(outs):
            await out.put(stamps[partition].begin(_genesis(plans, identity, partition)))
            await out.flush()  # before anything else, from the first on: it pins where this copy ends
        stream = await stack.enter_async_context(aclosing(_again(plans, pairs)))
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


async def _write_inboxes(plans: Plan, pairs: Sequence[LogPair], target: Target, tell: Tell) -> None:
    done = 0
    async with AsyncExitStack() as stack:
        outs = await _onto(target, f"{plans.service}.inbox", plans.inbox, stack)
        stream = await stack.enter_async_context(aclosing(_again(plans, pairs)))
        async for taken in stream:
            record = taken.message
            entry = Entry(record.key, record.value, record.headers, record.timestamp)
            await outs[plans.target(taken)].put(entry)
            done += 1
            if done % 1000 == 0:
                tell(f"{plans.service}: messages", done, plans.messages)
        for out in outs:
            await out.flush()


def _again(plans: Plan, pairs: Sequence[LogPair]) -> AsyncGenerator[Taken, None]:
    return merged(pairs, plans.of.partitions, [Fold() for _ in pairs])


async def _onto(target: Target, topic: str, lengths: Sequence[int], stack: AsyncExitStack) -> list[Onto]:
    """Where to write each partition of a topic, which must not hold more than it shall."""
    outs = []
    service, _, kind = topic.rpartition(".")
    for partition, length in enumerate(lengths):
        pair = target.pair(service, partition)
        stack.push_async_callback(pair.close)
        end, read = (pair.events_end, pair.read_events) if kind == "events" else (pair.inbox_end, pair.read_inbox)
        there = await end()
        if there > length:
            detail = f"{topic}/{partition} of the target holds {there} records, the copy of it {length}"
            raise CannotCopy(f"{detail}: it has gone on by itself.")
        outs.append(Onto(target, topic, partition, read, there))
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


def _received(until: Sequence[Copied]) -> int:
    return sum(each.inbox for each in until)
