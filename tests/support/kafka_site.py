"""A site of the ledger's tests on a real Kafka: topics of its own, one partition."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.deployment.domain import DEPLOYMENT
from services.kit.decider import Decider
from services.kit.ledger import topics
from services.kit.ledger.kafka import KafkaPair, producer
from services.kit.ledger.log import Identity, LogPair
from services.kit.ledger.record import Record
from tests.support.ledger import Entry


class KafkaSite:
    """Topics `<service>.inbox` and `<service>.events` with a service name made for one test."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.decider: Decider[Any] = replace(DEPLOYMENT, service=f"t{uuid.uuid4().hex[:12]}")
        self.identity = Identity("", "", 1)
        self._pair = KafkaPair(bootstrap, self.decider.service, 0, "test")
        self._producer = producer(bootstrap, "test")

    async def start(self, *, genesis: bool) -> None:
        service = self.decider.service
        if genesis:
            await topics.create(self.bootstrap, [service], partitions=1)
        else:
            names = [f"{service}.{kind}" for kind in ("inbox", "events", "snapshots")]
            topics._create(self.bootstrap, names, 1, 1)
        self.identity = await topics.once_known(self.bootstrap, service)
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()
        await self._pair.close()

    def pair(self) -> LogPair:
        return KafkaPair(self.bootstrap, self.decider.service, 0, "test")

    async def put(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> int:
        return await self._send("inbox", key, value, headers)

    async def put_events(self, entries: Sequence[Entry]) -> int:
        offsets = [await self._send("events", *entry) for entry in entries]
        return offsets[0]

    async def inbox(self) -> Sequence[Record]:
        found: list[Record] = []
        end = await self._pair.inbox_end()
        while len(found) < end:
            found += await self._pair.read_inbox(len(found), 0.5)
        return found

    async def events(self) -> Sequence[Record]:
        found: list[Record] = []
        end = await self._pair.events_end()
        while len(found) < end:
            found += await self._pair.read_events(len(found), 0.5)
        return found

    async def _send(self, kind: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> int:
        told = await self._producer.send_and_wait(
            f"{self.decider.service}.{kind}", value, key=key, headers=headers, partition=0
        )
        return int(told.offset)
