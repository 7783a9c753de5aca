"""Reads what agencies publish to their topics `agency.<id>`, and hands it over as if it had come by HTTP.

Who speaks is said by the topic. At least once: the group's offsets are committed when all of a batch is acknowledged,
and whoever comes after us reads from there, so that a kill or a rebalance doubles messages and loses none
(docs/adr/0006). What cannot be read is set aside with its reason, so that it holds nobody up.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.gateway import metrics
from services.gateway.binding import of_record
from services.gateway.inbox import Inbox
from services.gateway.intake import Taken, Terms, judge
from services.gateway.unreadable import Unreadable
from services.kit.clock import Clock
from services.kit.http import Problem
from services.kit.kafka_access import Bootstrap, access_to
from services.kit.ledger.illegible import Found
from services.kit.ledger.kafka import FETCH_BYTES, REQUEST_MS, bounded, close, fetched, read_around
from services.kit.ledger.log import Illegible, Unavailable
from services.kit.ledger.record import Record
from services.kit.ledger.topics import topic_of
from services.kit.principals import Principal

log = structlog.get_logger(__name__)

GROUP = "kalimaya.gateway"
MOST_RECORDS = 1000
AT_A_TIME = 100
"""Records judged in one go, some 5 ms: then HTTP and the group's heartbeat get their turn."""

WAIT_SECONDS = 1.0
SESSION_MS = 6_000
LONGEST_PAUSE = 5.0
METADATA_MS = 5_000
"""How soon a topic is noticed that is made while we run."""

MEASURE_SECONDS = 5.0
"""How often we look how much waits in the topics."""


class AgencyTopics:
    """A member of the group that reads the topics of these agencies. `instance` names its client."""

    def __init__(
        self,
        bootstrap: Bootstrap,
        instance: str,
        agencies: Sequence[Principal],
        inbox: Inbox,
        clock: Clock,
        terms: Terms,
    ) -> None:
        self._bootstrap, self._instance = bootstrap, instance
        self._agencies = {topic_of(each.id): each for each in agencies}
        self._inbox, self._clock, self._terms = inbox, clock, terms
        self._away: str | None = "not reading the agencies' topics yet"
        self._pause = 0.0

    def not_ready(self) -> str | None:
        """Why what agencies publish is not read now; None when it is."""
        return self._away

    async def run(self) -> None:
        """Read until cancelled; after any failure, from the committed offsets on."""
        while True:
            consumer = self._consumer()
            measuring = asyncio.create_task(self._measure(consumer))
            try:
                await bounded(consumer.start(), 30)
                while True:
                    found = await self._read(consumer)
                    if found:
                        await self._hand_over(consumer, found)
                    self._away, self._pause = None, 0.1
            except Unavailable as error:
                self._away = f"reading the agencies' topics again from the committed offsets: {error}"
                log.warning("agencies' topics", detail=self._away)
            finally:
                measuring.cancel()
                await asyncio.wait([measuring])
                metrics.AGENCY_WAITING.clear()
                await close(consumer)
            await self._rest()

    async def _rest(self) -> None:
        """Longer each time, until something is handed over again."""
        await asyncio.sleep(random.uniform(self._pause / 2, self._pause))
        self._pause = min(2 * self._pause or 0.1, LONGEST_PAUSE)

    async def _read(self, consumer: AIOKafkaConsumer) -> Found:
        """What has come; with a record among it that aiokafka cannot read, all from the committed offsets on."""
        try:
            return await fetched(consumer, WAIT_SECONDS, MOST_RECORDS)
        except Illegible as error:
            log.warning("reading around", detail=str(error))
        return await read_around(self._bootstrap, consumer, await self._committed(consumer))

    async def _committed(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Where whoever comes after us would begin, in all that is assigned to us."""
        tps = list(consumer.assignment())
        if not tps:
            return {}
        begin = await bounded(consumer.beginning_offsets(tps), 10)
        committed = {tp: await bounded(consumer.committed(tp), 10) for tp in tps}
        return {tp: max(committed[tp] or 0, begin[tp]) for tp in tps}

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        """Tell how much is published and not handed over yet, in the topics that are ours now and in no others."""
        while True:
            await asyncio.sleep(MEASURE_SECONDS)
            waiting: Counter[str] = Counter()
            try:
                committed = await self._committed(consumer)
                ends = await bounded(consumer.end_offsets(list(committed)), 10) if committed else {}
                for tp, offset in committed.items():
                    waiting[tp.topic] += max(0, ends[tp] - offset)
            except Unavailable as error:
                log.warning("not known what waits", detail=str(error))
            metrics.AGENCY_WAITING.clear()
            for topic, count in waiting.items():
                metrics.AGENCY_WAITING.labels(topic).set(count)

    async def _hand_over(self, consumer: AIOKafkaConsumer, found: Found) -> None:
        taken: list[Taken] = []
        aside: list[Unreadable] = []
        now = self._clock.now()
        for tp, records in found.items():
            for number, record in enumerate(records):
                if number % AT_A_TIME == AT_A_TIME - 1:
                    await asyncio.sleep(0)
                read = self.read(tp, record, now)
                if isinstance(read, Taken):
                    taken.append(read)
                else:
                    aside.append(read)
        await self._inbox.set_aside(aside)
        await self._put(consumer, taken)
        await bounded(consumer.commit({tp: records[-1].offset + 1 for tp, records in found.items()}), 10)
        _count(found, taken, aside)

    async def _put(self, consumer: AIOKafkaConsumer, taken: Sequence[Taken]) -> None:
        """Put until each has its place. What has one is not put again: one inbox that takes nothing for an hour would
        fill all others, which are kept for ever, with repetitions.
        """
        while True:
            places = await self._inbox.put(taken, sum(len(each.value) for each in taken))
            failed = [place for place in places if isinstance(place, Unavailable)]
            if not failed:
                break
            taken = [each for each, place in zip(taken, places, strict=True) if isinstance(place, Unavailable)]
            self._away = f"{len(taken)} messages from the agencies' topics are not taken in yet: {failed[0]}"
            log.warning("agencies' topics", detail=self._away)
            await self._rest()
            await self._stay(consumer)
        consumer.resume(*consumer.paused())

    async def _stay(self, consumer: AIOKafkaConsumer) -> None:
        """Remain a member of the group, which we are only while we read, and read nothing more."""
        consumer.pause(*consumer.assignment())
        if await fetched(consumer, 0, MOST_RECORDS):
            raise Unavailable("the topics were shared out anew meanwhile")

    def read(self, tp: TopicPartition, record: Record, now: datetime) -> Taken | Unreadable:
        """What a record is: a message for an inbox, or nothing that can be read."""
        sender = self._agencies[tp.topic]
        try:
            return judge(of_record(record.headers, record.value), sender, now, self._terms)
        except Problem as problem:
            slug, detail = problem.slug, str(problem)
        except Exception as error:  # a bug of ours, seen in the log, the metrics and /v1/unreadable; the rest go on
            log.error("failed on a record", topic=tp.topic, offset=record.offset, exc_info=error)
            slug, detail = "internal-error", repr(error)
        log.info("set aside", topic=tp.topic, offset=record.offset, problem=slug, detail=detail[:500])
        return Unreadable(sender.id, tp.topic, tp.partition, record, slug, detail, now)

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **access_to(self._bootstrap).aiokafka(),
            group_id=GROUP,
            # No group_instance_id: after a kill, Kafka gives a static member its old assignment back without asking
            # what it subscribes to now, and a topic made in between is never read. A kill costs SESSION_MS instead.
            client_id=f"gateway-{self._instance}-agencies",
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # of a topic that nobody has read yet; doubling would be harmless
            isolation_level="read_uncommitted",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            metadata_max_age_ms=METADATA_MS,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 3,
            request_timeout_ms=REQUEST_MS,
        )
        # By pattern, because a topic that is missing when we begin is then taken up when it is made.
        consumer.subscribe(pattern=f"^({'|'.join(map(re.escape, self._agencies))})$")
        return consumer


def _count(found: Found, taken: Sequence[Taken], aside: Sequence[Unreadable]) -> None:
    """Count what is committed, each side by itself, so that a difference shows."""
    for tp, records in found.items():
        metrics.AGENCY_READ.labels(tp.topic).inc(len(records))
    for type_, count in Counter(each.message.type for each in taken).items():
        metrics.AGENCY_TAKEN.labels(type_).inc(count)
    for source, count in Counter(each.message.source for each in taken).items():
        metrics.HEARD.labels(source).inc(count)
    for (agency, reason), count in Counter((each.agency, each.reason) for each in aside).items():
        metrics.UNREADABLE.labels(agency, reason).inc(count)
    metrics.AGENCY_UNACCOUNTED.inc(sum(map(len, found.values())) - len(taken) - len(aside))
