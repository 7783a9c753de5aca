"""Plays a plan over Kafka: each agency publishes to its own topic if it has one, everybody else through the player's.

A topic has one partition, so what one agency says keeps its order, and so do all orders, which go through one topic; no
message waits for another's answer. What became of each is read back from the event logs by its identity, and from
`gateway.unreadable`.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import msgspec

from scenarios.plan import PLAYER, Plan, Planned, recorded
from scenarios.receipts import Receipt, Receipts
from schemas.catalogue import SERVICES
from schemas.envelope import decode_event, message_identity
from schemas.outcomes import outcome_of
from services.kit.clock import Clock
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.kafka import bounded, close, producer
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.record import Record, read_mark

UNREADABLE = "gateway.unreadable"
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
STATUS = {"accepted": 200, "repeated": 200, "refused": 409, "conflicting": 409, "rejected": 422}
STATUS_OF_UNREADABLE = {"invalid-json": 400, "invalid-envelope": 400}
"""What HTTP answers for these reasons; 422 for all others."""
ROUND = 4_000
"""Messages between two looks at how far we have come."""
QUIET_SECONDS = 60.0
"""Without a new outcome for so long, what is missing is given up."""


class OverKafka:
    """Plays one plan. `own_topics`: the principals that have one. `now` paces it; None means flat out."""

    def __init__(
        self,
        plan: Plan,
        receipts: Receipts,
        bootstrap: Bootstrap,
        own_topics: Collection[str],
        now: Clock | None,
        reached: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        self._plan, self._receipts, self._bootstrap = plan, receipts, bootstrap
        self._own_topics, self._now, self._reached = own_topics, now, reached
        self._copies: defaultdict[str, deque[Planned]] = defaultdict(deque)
        self._no_message: dict[bytes, Planned] = {}
        for each in plan.messages:
            if each.key is None:
                self._no_message[each.body] = each
            else:
                self._copies[message_identity(each.source, each.id)].append(each)
        self._met: set[str] = set()
        self._told_at = monotonic()
        self.total = len(plan.messages)

    @property
    def done(self) -> int:
        """Messages whose outcome is known."""
        return len(self._receipts.by_step)

    async def play(self) -> None:
        """Publish what the logs do not answer yet, and read the outcomes of everything. Raises Unavailable."""
        writer = producer(self._bootstrap, PLAYER)
        reader = LogReader(self._bootstrap, PLAYER)
        try:
            await bounded(writer.start(), 15)
            await reader.start(await self._places(writer))
            await self._catch_up(reader)
            following = asyncio.create_task(self._follow(reader))
            try:
                await self._publish(writer)
                await self._rest(following)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        finally:
            await reader.stop()
            await close(writer)

    async def _places(self, writer: Any) -> dict[Place, int | None]:
        found: dict[Place, int | None] = {}
        for topic in (*(f"{service}.events" for service in SERVICES), UNREADABLE):
            found |= {(topic, partition): 0 for partition in await bounded(writer.partitions_for(topic), 15)}
        return found

    # Publishing.

    async def _publish(self, writer: Any) -> None:
        sent = []
        open_ = [each for each in self._plan.messages if each.step not in self._receipts.by_step]
        for number, each in enumerate(open_, start=1):
            await self._moment(each)
            topic, value = self._record(each)
            sent.append(await bounded(writer.send(topic, value, partition=0, headers=STRUCTURED), 30))
            if number % ROUND == 0 or number == len(open_):
                for acknowledged in sent:
                    await bounded(acknowledged, 30)
                sent.clear()
                self._reached(each.send_at)

    async def _moment(self, message: Planned) -> None:
        if self._now is not None:
            ahead = (self._now.wall_at(message.send_at) - datetime.now(UTC)).total_seconds()
            if ahead > 0:
                await asyncio.sleep(ahead)

    def _record(self, planned: Planned) -> tuple[str, bytes]:
        """Topic and value. Flat out everything goes through the player's, because there a message says when it came."""
        own = planned.principal in self._own_topics
        if own and (self._now is not None or planned.key is None):
            return f"agency.{planned.principal}", planned.body
        return f"agency.{PLAYER}", planned.body if self._now is not None else recorded(planned)

    # Outcomes.

    async def _catch_up(self, reader: LogReader) -> None:
        """What the logs say already: a run before this one may have been killed."""
        ends = {place: end for place, end in (await reader.ends()).items() if end}
        while ends:
            for place, records in (await reader.read(1.0)).items():
                self._take(place, records)
                if records[-1].offset + 1 >= ends.get(place, 0):
                    ends.pop(place, None)

    async def _follow(self, reader: LogReader) -> None:
        while True:
            for place, records in (await reader.read(1.0)).items():
                self._take(place, records)

    async def _rest(self, following: "asyncio.Task[None]") -> None:
        """Until everything is answered, or nothing more comes."""
        self._told_at = monotonic()
        while self.done < self.total and monotonic() - self._told_at < QUIET_SECONDS:
            if following.done():
                following.result()
            await asyncio.sleep(0.05)

    def _take(self, place: Place, records: Any) -> None:
        read = self._aside if place[0] == UNREADABLE else self._outcome
        found = [receipt for record in records if (receipt := read(place, record)) is not None]
        new = [receipt for receipt in found if receipt.step not in self._receipts.by_step]
        if new:
            self._receipts.add(*new)
            self._told_at = monotonic()

    def _outcome(self, place: Place, record: Record) -> Receipt | None:
        """The receipt for the copy that this answer is to: the first answer is to the first; others by their kind."""
        mark = read_mark(record)
        if mark is None or mark.at != record.offset or mark.cause < 0 or mark.i:
            return None
        event = decode_event(record.value or b"")
        copies = self._copies.get(event.causationid)
        kind = outcome_of(event.type)
        if not copies:
            return None
        if event.causationid not in self._met:
            self._met.add(event.causationid)
            planned = copies.popleft()
        else:
            same = [each for each in copies if each.expect == kind]
            if not same:
                return None  # the intake takes in at least once, and repeats what it is not sure of
            planned = same[0]
            copies.remove(planned)
        data: Mapping[str, Any] = {} if kind == "accepted" else msgspec.json.decode(event.data)
        return Receipt(
            plan=self._plan.name,
            step=planned.step,
            source=planned.source,
            id=planned.id,
            status=STATUS[kind],
            position=f"{place[0].removesuffix('.events')}.inbox/{place[1]}@{mark.cause}",
            outcome=kind,
            reason=data.get("reason"),
            said=data.get("detail"),
        )

    def _aside(self, _: Place, record: Record) -> Receipt | None:
        planned = self._no_message.get(record.value or b"")
        if planned is None:
            return None
        told = {name: (value or b"").decode() for name, value in record.headers}
        return Receipt(
            plan=self._plan.name,
            step=planned.step,
            source=planned.source,
            id=planned.id,
            status=STATUS_OF_UNREADABLE.get(told.get("reason", ""), 422),
            said=told.get("detail"),
        )
