"""Writes messages into the inboxes. Two implementations: Kafka's here, and one in memory in the tests."""

import asyncio
from collections.abc import Awaitable
from typing import NamedTuple, Protocol

import structlog

from schemas.catalogue import SERVICES
from schemas.envelope import encode, partition_of
from services.gateway.intake import Taken
from services.kit.ledger.kafka import bounded, close, producer
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import pack_stamp

log = structlog.get_logger(__name__)

ACK_SECONDS = 8.0
"""How long we wait for all in-sync replicas before we say that we do not know."""

PROBE_SECONDS = 1.0
"""How often we ask whether Kafka is there, so that /readyz tells even when nobody publishes."""


class Place(NamedTuple):
    """Where a message stands: the inbox of a service, a partition and an offset."""

    service: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.service}.inbox/{self.partition}@{self.offset}"


class Inbox(Protocol):
    """Takes messages in, safely or not at all as far as the caller is told."""

    def not_ready(self) -> str | None:
        """Why nothing can be taken in now; None when it can."""

    async def put(self, taken: Taken) -> Awaitable[Place]:
        """Hand a message over; messages handed over one after the other keep their order.

        Await what it returns for the place, known once all in-sync replicas have it. Both raise Unavailable: then it is
        unknown whether the message was written, and it is safe to send it again.
        """


class KafkaInbox:
    """Inboxes on Kafka; the partition is named here, because clients differ in their hash functions."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer = producer(bootstrap, "gateway")
        self._away: str | None = "not connected to Kafka yet"
        self.partitions: dict[str, int] = {}
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Connect, and again until it works; then hold the connection and watch it until cancelled."""
        try:
            while not self.connected.is_set():
                try:
                    await self._connect()
                except Unavailable as error:
                    self._say(f"not connected to Kafka: {error}")
                    await close(self._producer)
                    self._producer = producer(self._bootstrap, "gateway")
                    await asyncio.sleep(0.5)
            while True:
                self._say(await self._probe())
                await asyncio.sleep(PROBE_SECONDS)
        finally:
            await close(self._producer)

    def not_ready(self) -> str | None:
        return self._away

    async def put(self, taken: Taken) -> Awaitable[Place]:
        if not self.connected.is_set():
            raise Unavailable("not connected yet")
        key = taken.message.partitionkey
        partition = partition_of(key, self.partitions[taken.service])
        sent = await bounded(
            self._producer.send(
                f"{taken.service}.inbox",
                encode(taken.message),
                key=key.encode(),
                partition=partition,
                headers=pack_stamp(taken.stamp),
            ),
            ACK_SECONDS,
        )

        async def acknowledged() -> Place:
            return Place(taken.service, partition, int((await bounded(sent, ACK_SECONDS)).offset))

        return acknowledged()

    async def _connect(self) -> None:
        await bounded(self._producer.start(), 15)
        counts = {}
        for service in SERVICES:
            partitions = await bounded(self._producer.partitions_for(f"{service}.inbox"), 15)
            if not partitions:
                raise Unavailable(f"there is no topic {service}.inbox")
            counts[service] = len(partitions)
        self.partitions = counts
        self.connected.set()

    async def _probe(self) -> str | None:
        try:
            await bounded(self._producer.client.fetch_all_metadata(), 3)
        except Unavailable as error:
            return f"Kafka does not answer: {error}"
        return None

    def _say(self, away: str | None) -> None:
        if (away is None) != (self._away is None):
            log.warning("inbox", ready=away is None, detail=away)
        self._away = away
