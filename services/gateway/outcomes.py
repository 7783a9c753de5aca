"""Recognises outcomes in the event logs by their cause, for callers who wait.

It follows the logs from their end and keeps no state of them, so it judges a record by `at` alone (R3).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from schemas.outcomes import outcome_of
from services.gateway import metrics
from services.gateway.inbox import Place
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.reader import LogReader
from services.kit.ledger.record import Record, read_mark

log = structlog.get_logger(__name__)

REMEMBERED = 10_000
"""Outcomes kept for callers whose acknowledgement arrives after the outcome."""

MOST_WAITED_FOR = 50_000
"""Messages whose outcomes are waited for at once, some 1 KiB each; who comes beyond that is not kept waiting."""

FIRST_SECONDS = 3.0
"""How long looking up the first outcome of a repeated message may take, its turn included."""

LOOKUPS = 4
"""First outcomes read from the logs at once; each takes a connection, and a batch may hold 1,000 repeated messages."""

Outcome = dict[str, Any]


class Outcomes:
    """Follows the event logs of all services."""

    def __init__(self, bootstrap: Bootstrap, services: Sequence[str]) -> None:
        self._bootstrap, self._services = bootstrap, services
        self._positions: dict[tuple[str, int], int | None] = {}
        self._parts: dict[Place, list[Record]] = {}
        self._recent: dict[Place, list[Record]] = {}
        self._waiting: dict[Place, asyncio.Future[list[Record]]] = {}
        self._lookups = asyncio.Semaphore(LOOKUPS)
        self._following = False

    def not_ready(self) -> str | None:
        """Why outcomes cannot be told now; None when they can."""
        return None if self._following else "not following the event logs yet"

    def expect(self, partitions: Mapping[str, int]) -> None:
        """Say how many partitions each service's log has, before `run`."""
        self._positions = {(f"{s}.events", p): None for s in self._services for p in range(partitions[s])}

    async def run(self) -> None:
        """Follow until cancelled; after a failure, on from where it was."""
        while True:
            reader = LogReader(self._bootstrap, "gateway-outcomes")
            try:
                await reader.start(self._positions)
                self._positions.update({p: n for p, n in (await reader.ends()).items() if self._positions[p] is None})
                self._following = True
                while True:
                    for (topic, partition), records in (await reader.read(1.0)).items():
                        for record in records:
                            self._take(topic.removesuffix(".events"), partition, record)
                        self._positions[topic, partition] = records[-1].offset + 1
            except Unavailable as error:
                log.warning("following the logs again", detail=str(error))
                await asyncio.sleep(0.5)
            except OutOfRange as error:
                # A log is shorter than it was. Whether that is right is for its decider to say; waiters time out.
                log.error("following the logs from their ends", detail=str(error))
                self._positions = dict.fromkeys(self._positions)
                self._recent.clear()  # of messages in whose places others may come to stand
                self._parts.clear()
                await asyncio.sleep(0.5)
            finally:
                self._following = False
                await reader.stop()

    async def wait(self, places: Sequence[Place], seconds: float) -> list[Outcome | None]:
        """The outcomes of the messages at these places; None for one that is not known after `seconds`.

        When too many are waited for, those that are not known yet are None at once.
        """
        found = {place: self._recent[place] for place in places if place in self._recent}
        missing = [place for place in places if place not in found]
        if len(self._waiting) + len(missing) > MOST_WAITED_FOR:
            missing = []
        fresh = asyncio.get_running_loop().create_future
        waiters = {place: self._waiting.setdefault(place, fresh()) for place in missing}
        if waiters:
            metrics.WAITING.inc()
            try:
                await asyncio.wait(waiters.values(), timeout=seconds)
            finally:
                metrics.WAITING.dec()
                for place in waiters:
                    self._waiting.pop(place, None)
        found |= {place: waiter.result() for place, waiter in waiters.items() if waiter.done()}
        outcomes = {place: as_outcome(records) for place, records in found.items()}
        again = [place for place, outcome in outcomes.items() if outcome["kind"] in ("repeated", "conflicting")]
        firsts = (self._first(place, outcomes[place]["events"][0]["data"]) for place in again)
        for place, first in zip(again, await asyncio.gather(*firsts), strict=True):
            outcomes[place]["first"] = first
        return [outcomes.get(place) for place in places]

    def _take(self, service: str, partition: int, record: Record) -> None:
        mark = read_mark(record)
        if mark is None or mark.at != record.offset or mark.cause < 0:
            return
        place = Place(service, partition, mark.cause)
        parts = [] if mark.i == 0 else self._parts.pop(place, [])
        if len(parts) != mark.i:
            return  # its beginning stands before the place where we began to follow
        parts.append(record)
        if len(parts) < mark.n:
            self._parts[place] = parts
            return
        self._recent[place] = parts
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
        waiter = self._waiting.get(place)
        if waiter is not None and not waiter.done():
            waiter.set_result(parts)

    async def _first(self, place: Place, data: Mapping[str, int]) -> Outcome | None:
        """The first outcome of a message that came again; None if it cannot be read now."""
        first = place._replace(offset=data["first"])
        if first in self._recent:
            return as_outcome(self._recent[first])
        try:
            async with asyncio.timeout(FIRST_SECONDS), self._lookups:
                return as_outcome(await self._read(first, data["at"]))
        except (TimeoutError, Unavailable, OutOfRange) as error:
            log.warning("first outcome not read", inbox_position=str(first), detail=repr(error))
            return None

    async def _read(self, place: Place, at: int) -> list[Record]:
        """The records of one outcome, which begin at offset `at` of the event log."""
        reader = LogReader(self._bootstrap, "gateway-first")
        parts: list[Record] = []
        try:
            await reader.start({(f"{place.service}.events", place.partition): at})
            while True:
                for record in (record for records in (await reader.read(0.5)).values() for record in records):
                    mark = read_mark(record)
                    if mark is not None and mark.at == record.offset and mark.cause == place.offset:
                        parts.append(record)
                        if len(parts) == mark.n:
                            return parts
        finally:
            await reader.stop()


def as_outcome(records: Sequence[Record]) -> Outcome:
    """The JSON form of an outcome: its kind, and its events as they stand in the log."""
    events = [msgspec.json.decode(record.value or b"{}") for record in records]
    return {"kind": outcome_of(events[0]["type"]), "events": events}
