"""All three deciding services at work on real topics, in this process, and the small scenario for them to decide."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from scenarios import serang2019
from schemas.catalogue import SERVICES
from schemas.envelope import partition_of
from services.kit.ledger import topics
from services.kit.ledger.kafka import KafkaPair, producer
from services.kit.ledger.worker import Worker
from tests.support.ledger import message, sighted
from tests.support.rehearsal import DECIDERS, PARTITIONS, Record, judge_each


@cache
def small_scenario() -> list[Record]:
    """What stands in the inboxes when the small scenario has been played."""
    judged = judge_each(serang2019.make("small", 2019).messages)
    return [each for _, each in sorted(judged.items()) if isinstance(each, Record)]


def sightings(count: int) -> list[Record]:
    """Reports that nobody has sent before, of some of the scenario's units."""
    found = []
    for n in range(count):
        key, value, headers = message(sighted(n % 500, f"polres-serang-{n % 40:03}"), uuid.uuid4().hex)
        found.append(Record("deployment", partition_of(key.decode(), PARTITIONS), key, value, headers))
    return found


class Deciding:
    """Deciders of every partition; `sent` inbox positions, as `min_position` takes them."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._writer = producer(bootstrap, "test")
        self._pairs: list[KafkaPair] = []
        self._workers: list[Worker[Any]] = []
        self.sent: dict[tuple[str, int], int] = {}

    async def begin(self) -> None:
        await topics.create(self._bootstrap, SERVICES, PARTITIONS)
        await topics.create_intake(self._bootstrap, [])
        await self._writer.start()
        for service in SERVICES:
            identity = await topics.identify(self._bootstrap, service)
            for partition in range(PARTITIONS):
                pair = KafkaPair(self._bootstrap, service, partition, "test")
                self._pairs.append(pair)
                self._workers.append(Worker(DECIDERS[service], partition, pair, identity))

    async def send(self, records: Iterable[Record]) -> None:
        """Put these into their inboxes, in order."""
        sending = [
            await self._writer.send(
                f"{each.service}.inbox", each.value, key=each.key, headers=each.headers, partition=each.partition
            )
            for each in records
        ]
        for told in await asyncio.gather(*sending):
            self.sent[told.topic, told.partition] = told.offset

    async def work(self) -> None:
        """Decide until cancelled."""
        await asyncio.gather(*(worker.run() for worker in self._workers))

    async def end(self) -> None:
        await self._writer.stop()
        for pair in self._pairs:
            await pair.close()


@asynccontextmanager
async def deciding(bootstrap: str) -> AsyncIterator[Deciding]:
    """Deciders at work."""
    made = Deciding(bootstrap)
    await made.begin()
    working = asyncio.create_task(made.work())
    try:
        yield made
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await made.end()
