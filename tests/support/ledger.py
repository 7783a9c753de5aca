"""What the ledger's tests stand on: a site with a partition of two logs, messages as a gateway writes them, and a
checker that reads the logs with its own eyes."""

import asyncio
import hashlib
import json
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from schemas.deployment import RegisterUnit, UnitSighted
from schemas.envelope import InboxMessage, encode
from schemas.registry import BY_CLASS
from services.deployment.domain import DEPLOYMENT
from services.kit.decider import Decider
from services.kit.ledger.log import Identity, LogPair
from services.kit.ledger.memory import MemoryPair, MemoryTopics
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Record, Stamp, pack_mark, pack_stamp
from services.kit.ledger.topics import genesis_value
from services.kit.ledger.worker import Tuning, Worker

NOON = datetime(2019, 11, 3, 5, 0, tzinfo=UTC)
QUICK = Tuning(wait=0.05, check_own_tail_every=0.2, back_off_at_most=0.02)
Entry = tuple[bytes, bytes, list[tuple[str, bytes]]]


class Site(Protocol):
    """One partition of a service's two logs, in memory or on Kafka."""

    decider: Decider[Any]
    identity: Identity

    def pair(self) -> LogPair: ...
    async def put(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> int: ...
    async def put_events(self, entries: Sequence[Entry]) -> int: ...
    async def inbox(self) -> Sequence[Record]: ...
    async def events(self) -> Sequence[Record]: ...


class MemorySite:
    """A site in memory."""

    def __init__(self, genesis: bool = True) -> None:
        self.decider: Decider[Any] = DEPLOYMENT
        self.identity = Identity("inbox-id", "events-id", 1)
        self.topics = MemoryTopics()
        if genesis:
            self.topics.put_events([genesis_entry(self.identity)])

    def pair(self) -> LogPair:
        return MemoryPair(self.topics)

    async def put(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> int:
        return self.topics.put_inbox(key, value, headers)

    async def put_events(self, entries: Sequence[Entry]) -> int:
        return self.topics.put_events(entries)

    async def inbox(self) -> Sequence[Record]:
        return self.topics.inbox

    async def events(self) -> Sequence[Record]:
        return self.topics.events


def genesis_entry(identity: Identity, partition: int = 0) -> Entry:
    return (
        b"genesis",
        genesis_value("a-log", partition, identity),
        pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH),
    )


def message(
    data: Any,
    id_: str,
    *,
    source: str = "/agencies/polres-serang",
    time: datetime = NOON,
    recorded: datetime = NOON,
    authorised: bool = True,
) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """(key, value, headers) of an inbox record as the gateway writes it."""
    entry = BY_CLASS[type(data)]
    key = entry.partition_key(data)
    raw = encode(data)
    value = encode(
        InboxMessage(
            specversion="1.0",
            id=id_,
            source=source,
            type=entry.type,
            partitionkey=key,
            dataschema=entry.dataschema,
            time=time,
            recordedtime=recorded,
            data=msgspec.Raw(raw),
        )
    )
    digest = hashlib.sha256(b"|".join((source.encode(), id_.encode(), entry.type.encode(), raw))).digest()
    return key.encode(), value, pack_stamp(Stamp(authorised, digest))


def register(unit: str = "polres-serang-001", polri: int = 10) -> RegisterUnit:
    return RegisterUnit(unit=unit, name="Regu 1", agency="polres-serang", strength={"polri": polri}, callsign="R1")


def sighted(n: int = 0, unit: str = "polres-serang-001") -> UnitSighted:
    return UnitSighted(unit=unit, lat=-6.0 - n / 1000, lon=106.1)


def worker(site: Site, **kwargs: Any) -> Worker[Any]:
    return Worker(kwargs.pop("decider", site.decider), 0, site.pair(), site.identity, tuning=QUICK, **kwargs)


async def until(condition: Callable[[], Awaitable[bool]], what: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for a condition; fail with the state after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"not reached in {seconds} s: {what()}"
        await asyncio.sleep(0.01)


async def run_until_answered(site: Site, *workers: Worker[Any], seconds: float = 20) -> None:
    """Run workers until each inbox message has an answer, then stop them."""
    tasks = [asyncio.create_task(each.run()) for each in workers]
    try:

        async def answered() -> bool:
            for task in tasks:
                if task.done() and task.exception() is not None:
                    task.result()
            return len(answers(await site.events())) >= len(await site.inbox())

        await until(answered, lambda: [(w.fold.position, w.fold.next_cause) for w in workers], seconds)
    finally:
        for each in workers:
            each.stop()
        await asyncio.wait(tasks, timeout=10)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


MARK = struct.Struct(">BqqHH32s32s")


def answers(events: Sequence[Record]) -> list[list[dict[str, Any]]]:
    """The whole answers in a log, by the reader rule, written down here a second time."""
    head, found, part = bytes(32), list[list[dict[str, Any]]](), list[dict[str, Any]]()
    for record in events:
        marks = [value for name, value in record.headers if name == "mark" and value and len(value) == MARK.size]
        if not marks:
            continue
        _, at, cause, i, n, prev, digest = MARK.unpack(marks[0])
        if at != record.offset or prev != head:
            continue
        said = struct.pack(">qqHH32sI", at, cause, i, n, digest, len(record.key or b""))
        head = hashlib.sha256(prev + said + (record.key or b"") + (record.value or b"")).digest()
        if cause < 0:
            continue
        assert cause == len(found), f"offset {at} answers {cause}, expected {len(found)}"
        part.append(json.loads(record.value or b"{}"))
        if i == n - 1:
            found.append(part)
            part = []
    assert not part, "a torn answer"
    return found


def kinds(found: list[list[dict[str, Any]]]) -> list[str]:
    """Short names of the first event of each answer, with the reason where there is one."""
    return [
        ":".join(filter(None, (each[0]["type"].removeprefix("kalimaya."), each[0]["data"].get("reason"))))
        for each in found
    ]


def identities(found: list[list[dict[str, Any]]]) -> list[str]:
    return [each[0]["causationid"] for each in found]


def days(n: float) -> timedelta:
    return timedelta(days=n)


def raising_on(decider: Decider[Any], *units: str) -> Decider[Any]:
    """A decider with a bug: it raises on every order about these units."""

    def decide(state: Any, order: Any) -> Any:
        if getattr(order, "unit", None) in units:
            raise RuntimeError("a planted bug")
        return decider.decide(state, order)

    return replace(decider, decide=decide)
