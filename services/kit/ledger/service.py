"""Runs a decider over the partitions that this process owns: the one thing that a deciding service calls.

Group membership is advice (R10): it says which partitions to try, never what has been read. What protects the log from
two owners is the ledger itself.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

import structlog

from services.kit.decider import Decider
from services.kit.kafka_access import Bootstrap
from services.kit.ledger import metrics, topics
from services.kit.ledger.kafka import KafkaPair
from services.kit.ledger.log import Identity, Unavailable
from services.kit.ledger.membership import Membership, joined, told
from services.kit.ledger.worker import StoodDown, Worker
from services.kit.process import tune_collector

S = TypeVar("S")
log = structlog.get_logger(__name__)

STAND_DOWN_SECONDS = (5.0, 15.0)
STUCK_SECONDS = 60.0
MEASURE_EVERY_SECONDS = 2.0


class DecidingService(Generic[S]):
    """A decider, its workers, and what operators ask about them."""

    def __init__(self, decider: Decider[S], bootstrap: Bootstrap, instance: str, partitions: str) -> None:
        self._decider, self._bootstrap, self._instance, self._static = decider, bootstrap, instance, partitions
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._workers: dict[int, Worker[S]] = {}
        self._stopped: dict[int, str] = {}
        self._joined = False

    async def run(self) -> None:
        """Serve until cancelled."""
        identity = await self._identify()
        async with self._ownership(identity) as membership:
            tuning = asyncio.create_task(self._tune())
            try:
                while True:
                    owned = {p for _, p in membership.owned()} if membership else self._static_partitions(identity)
                    self._reconcile(owned, identity)
                    await asyncio.sleep(0)  # in its first step each task makes its worker, which is not ready yet
                    self._joined = True
                    await self._wait(membership)
            finally:
                tuning.cancel()
                await self._end()

    def not_live(self) -> str | None:
        """Why this process makes no progress though there is work; None when it does."""
        for partition, reason in self._stopped.items():
            return f"partition {partition} stopped: {reason}"
        for partition, worker in self._workers.items():
            if worker.stands_still() > STUCK_SECONDS:
                return f"partition {partition} has undecided messages and made no progress for {STUCK_SECONDS:.0f} s"
        return None

    def not_ready(self) -> str | None:
        """Why this process cannot serve yet; None when it can."""
        if not self._joined:
            return "not in the consumer group yet"
        behind = sorted(p for p, worker in self._workers.items() if not worker.ready)
        return f"partitions {behind} are not folded" if behind else self.not_live()

    async def _identify(self) -> Identity:
        while True:
            try:
                return await topics.identify(self._bootstrap, self._decider.service)
            except Unavailable as error:
                log.warning("waiting for the topics", service=self._decider.service, detail=str(error))
                await asyncio.sleep(1)

    @contextlib.asynccontextmanager
    async def _ownership(self, identity: Identity) -> AsyncIterator[Membership | None]:
        if self._static != "group":
            yield None
            return
        service = self._decider.service
        client_id = f"{service}-{self._instance}"
        async with joined(self._bootstrap, f"kalimaya.{service}", client_id, [f"{service}.inbox"]) as membership:
            yield membership

    def _static_partitions(self, identity: Identity) -> set[int]:
        named = told(self._static)
        return set(range(identity.partitions)) if named is None else named

    def _reconcile(self, owned: set[int], identity: Identity) -> None:
        for partition, task in list(self._tasks.items()):
            if task.done() and (partition not in owned or partition not in self._stopped):
                del self._tasks[partition]
        for partition in owned - self._tasks.keys():
            self._stopped.pop(partition, None)
            self._tasks[partition] = asyncio.create_task(self._own(partition, identity), name=f"partition {partition}")
        for partition in self._workers.keys() - owned:
            self._workers[partition].stop()

    async def _own(self, partition: int, identity: Identity) -> None:
        """Run workers for one partition until it is taken from us; a worker that stood down is followed by another."""
        service = self._decider.service
        stopped, owned = metrics.STOPPED.labels(service, partition), metrics.OWNED.labels(service, partition)
        stopped.set(0)
        while True:
            pair = KafkaPair(self._bootstrap, service, partition, f"{service}-{self._instance}-{partition}")
            worker = self._workers[partition] = Worker(self._decider, partition, pair, identity)
            owned.set(1)
            measuring = asyncio.create_task(_measure(worker))
            try:
                await worker.run()
                return
            except StoodDown as reason:
                log.warning("stood down", service=service, partition=partition, detail=str(reason))
            except Exception as error:  # a broken ledger or a bug: this partition stops, the others go on
                log.critical("partition stopped", service=service, partition=partition, exc_info=True)
                self._stopped[partition] = repr(error)
                stopped.set(1)
                return
            finally:
                measuring.cancel()
                owned.set(0)
                metrics.forget(service, partition)
                self._workers.pop(partition, None)
                await pair.close()
            await asyncio.sleep(random.uniform(*STAND_DOWN_SECONDS))

    async def _wait(self, membership: Membership | None) -> None:
        """Until membership changed, or a while has passed in which a task may have ended."""
        if membership is None:
            await asyncio.sleep(MEASURE_EVERY_SECONDS)
            return
        await membership.poll()
        await membership.wait()

    async def _tune(self) -> None:
        """Tune the collector once, when all is folded."""
        while True:
            await asyncio.sleep(MEASURE_EVERY_SECONDS)
            if self._workers and all(worker.ready for worker in self._workers.values()):
                tune_collector()
                return

    async def _end(self) -> None:
        for worker in self._workers.values():
            worker.stop()
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _measure(worker: Worker[Any]) -> None:
    """Look how far an inbox reaches, until cancelled; each for itself, so that one that hangs hides no other's lag."""
    while True:
        await asyncio.sleep(MEASURE_EVERY_SECONDS)
        with contextlib.suppress(Unavailable):  # the gauges stand still while the broker is away
            await worker.measure()
