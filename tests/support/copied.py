"""A cluster in memory: the logs of all services, with what is needed to copy them and to judge the copy."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kalimaya.audit.findings import Findings
from kalimaya.audit.format import LogRecord
from kalimaya.audit.kafka import Place
from kalimaya.audit.logs import LogsChecker
from kalimaya.audit.partition import Logs
from kalimaya.copy.restamp import Entry
from kalimaya.copy.run import Copy, begun_at, prepare, write
from services.kit.ledger.fold import Fold
from services.kit.ledger.log import Identity, Unavailable
from services.kit.ledger.memory import MemoryPair, MemoryTopics
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Record, Stored, pack_mark
from services.kit.ledger.topics import genesis_value
from services.kit.ledger.worker import Worker
from services.projection.digest import Digest, digest
from services.views.model import Model
from tests.support import rehearsal
from tests.support.ledger import QUICK, until
from tests.support.rehearsal import DECIDERS


def untold(*_: object) -> None:
    """Nobody listens."""


@dataclass
class Cluster:
    """One partition count for all services. `most`: appends that work; then it is away. `told`: hears of each."""

    name: str
    partitions: int
    logs: dict[tuple[str, int], MemoryTopics] = field(default_factory=dict)
    most: int | None = None
    told: Callable[[str], None] = untold

    def at(self, service: str, partition: int) -> MemoryTopics:
        return self.logs.setdefault((service, partition), MemoryTopics())

    def identity(self, service: str) -> Identity:
        return Identity(f"{self.name}-{service}-inbox", f"{self.name}-{service}-events", self.partitions)

    def begin(self) -> "Cluster":
        """With genesis records, as an operation of its own."""
        for service in DECIDERS:
            for partition in range(self.partitions):
                value = genesis_value(self.name, partition, self.identity(service))
                marked = pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH)
                self.at(service, partition).put_events([(b"genesis", value, marked)])
        return self

    def receive(self, records: Iterable[rehearsal.Record]) -> None:
        """Put messages into their inboxes."""
        for each in records:
            self.at(each.service, each.partition).put_inbox(each.key, each.value, each.headers)

    # The target of a copy.

    def pair(self, service: str, partition: int) -> MemoryPair:
        return MemoryPair(self.at(service, partition))

    async def append(self, topic: str, partition: int, entries: Sequence[Entry]) -> int:
        if self.most is not None:
            self.most -= 1
            if self.most < 0:
                raise Unavailable("the cluster is away")
        service, _, kind = topic.rpartition(".")
        there = self.at(service, partition)
        log = there.inbox if kind == "inbox" else there.events
        self.told(topic)
        base = len(log)
        log += [Stored(base + n, e.key, e.value, e.headers, e.timestamp) for n, e in enumerate(entries)]
        return base

    async def copy_to(self, target: "Cluster", service: str) -> Copy:
        """`kalimaya copy` of one service."""
        (done,) = await self.copy_all(target, service)
        return done

    async def copy_all(self, target: "Cluster", *services: str) -> list[Copy]:
        """The same of several."""
        plans = []
        for service in services:
            pairs = [self.pair(service, partition) for partition in range(self.partitions)]
            begun = await begun_at(target.pair(service, 0))
            plans.append(await prepare(service, pairs, begun, target.partitions, untold))
        return await write(plans, target, {service: target.identity(service) for service in services}, untold)

    async def decide(self, seconds: float = 30) -> None:
        """Run the real workers until every message has its outcome."""
        workers = [
            Worker(DECIDERS[service], p, self.pair(service, p), self.identity(service), tuning=QUICK)
            for service, p in self.logs
        ]
        running = [asyncio.create_task(each.run()) for each in workers]

        async def answered() -> bool:
            for each in running:
                if each.done():
                    each.result()
            pairs = zip(workers, self.logs.values(), strict=True)
            return all(each.fold.next_cause == len(logs.inbox) for each, logs in pairs)

        try:
            await until(answered, lambda: [each.fold for each in workers], seconds)
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def contents(self) -> dict[tuple[str, int], tuple[list[Stored], list[Stored]]]:
        """What stands in each partition's inbox and events."""
        return {place: (there.inbox, there.events) for place, there in self.logs.items()}

    def audit(self, service: str) -> Findings:
        """What `kalimaya audit` finds wrong with the logs of a service."""
        findings = Findings()
        identity = self.identity(service)
        logs = Logs(service, self.partitions, identity.inbox_topic_id, identity.events_topic_id)
        checker = LogsChecker([logs], findings, {}, lambda *_: None)
        ends = {}
        for partition in range(self.partitions):
            there = self.at(service, partition)
            for kind, records in (("inbox", there.inbox), ("events", there.events)):
                place = Place(f"{service}.{kind}", partition)
                ends[place] = len(records)
                for record in records:
                    checker.take(place, _audited(record))
        checker.finish(ends)
        return findings

    def answers(self) -> Iterable[tuple[str, int, Any]]:
        """Every answer that counts, with its service and partition."""
        for (service, partition), there in self.logs.items():
            fold = Fold()
            for record in there.events:
                answer = fold.take(record)
                if answer is not None:
                    yield service, partition, answer

    def digest(self) -> Digest:
        """That of the picture which follows from these logs."""
        model = Model()
        for answer in self.answers():
            model.apply(*answer)
        return digest(model.documents())


def _audited(record: Record) -> LogRecord:
    return LogRecord(record.offset, record.timestamp, record.key, record.value, tuple(record.headers))
