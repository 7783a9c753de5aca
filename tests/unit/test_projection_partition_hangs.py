"""A projector of several partitions, one of which gives nothing: the others are in the picture as ever."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from services.deployment.domain import DEPLOYMENT
from services.kit.ledger import topics
from services.kit.ledger.log import Identity
from services.kit.ledger.memory import MemoryPair
from services.kit.ledger.reader import Place
from services.kit.ledger.record import Record
from services.kit.ledger.worker import Worker
from services.projection import projector
from services.projection.projector import Projector
from tests.simulation.broker import Broker, SimulatedLog, SimulatedReader
from tests.simulation.faults import Faults
from tests.simulation.store import MemoryStore
from tests.support.ledger import QUICK, genesis_entry, message, sighted, until

PARTITIONS, HUNG, MESSAGES = 4, 2, 20
IDENTITY = Identity("inbox-id", "events-id", PARTITIONS)


class Picture:
    """Logs that are decided, and a projector of them that is given nothing of one partition until it is let."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        faults = Faults(Random(1), lambda _: None)
        faults.over = True
        self.let = False
        self.broker = Broker(loop, Random(1), faults, lambda _: None)
        for partition in range(PARTITIONS):
            log = self.broker.logs["deployment", partition] = SimulatedLog(f"deployment/{partition}", self.broker)
            log.put_events([genesis_entry(IDENTITY, partition)])
        self.store = MemoryStore(self.broker)
        self.projector = Projector(self.store, "nowhere", ["deployment"])  # type: ignore[arg-type]

    def reader(self, *_: Any) -> SimulatedReader:
        """In place of Kafka's."""
        picture = self

        class Slow(SimulatedReader):
            def _found(self, most: int) -> dict[Place, Sequence[Record]]:
                kept = {} if picture.let else {HELD_BACK: self._next.pop(HELD_BACK)}
                try:
                    return super()._found(most)
                finally:
                    self._next |= kept

        return Slow(self.broker)

    def missing(self) -> list[int]:
        """By partition, how many of its events are not in the picture."""
        logs = self.broker.logs.items()
        return [len(log.events) - self.store.reached((f"{name}.events", number)) for (name, number), log in logs]

    def send(self) -> None:
        """Some messages for each partition."""
        for log in self.broker.logs.values():
            for n in range(MESSAGES):
                log.put_inbox(*message(sighted(n), f"{len(log.inbox)}"))

    def answered(self) -> list[int]:
        """By partition, the answers in its event log; each is one event here, behind the genesis record."""
        return [len(log.events) - 1 for log in self.broker.logs.values()]

    def lag(self) -> tuple[list[int], float]:
        """What is missing, and for how long it has been, as the metrics say."""
        return self.missing(), self.projector.unprojected_age()


HELD_BACK = ("deployment.events", HUNG)


@asynccontextmanager
async def projected(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Picture]:
    """All of it at work."""
    made = Picture(asyncio.get_running_loop())

    async def places(*_: Any) -> list[Place]:
        return [("deployment.events", partition) for partition in range(PARTITIONS)]

    monkeypatch.setattr(topics, "places", places)
    monkeypatch.setattr(projector, "LogReader", made.reader)
    monkeypatch.setattr(projector, "MEASURE_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(projector, "WAIT_SECONDS", 0.05)
    workers: Mapping[int, Worker[Any]] = {
        number: Worker(DEPLOYMENT, number, MemoryPair(log), IDENTITY, tuning=QUICK)
        for (_, number), log in made.broker.logs.items()
    }
    running = [asyncio.create_task(each.run()) for each in (*workers.values(), made.projector)]
    try:
        yield made
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_a_partition_of_which_nothing_comes_holds_up_no_other_and_is_told_as_lag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with projected(monkeypatch) as picture:
        for n in (1, 2):
            picture.send()
            await until(lambda n=n: asyncio.sleep(0, set(picture.answered()) == {n * MESSAGES}), picture.answered, 5)
            waiting = [0, 0, n * MESSAGES + 1, 0]
            await until(lambda w=waiting: asyncio.sleep(0, picture.missing() == w), picture.missing, 5)
        await until(lambda: asyncio.sleep(0, picture.projector.unprojected_age() > 0.2), picture.lag, 5)
        picture.let = True
        await until(lambda: asyncio.sleep(0, picture.lag() == ([0] * PARTITIONS, 0.0)), picture.lag, 5)


async def test_a_database_that_hangs_just_when_it_is_looked_at_hides_no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    async with projected(monkeypatch) as picture:
        picture.let = True
        picture.send()
        await until(lambda: asyncio.sleep(0, picture.missing() == [0] * PARTITIONS), picture.missing, 5)
        looks, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def not_in_time() -> None:
            looks.release()
            await go_on.wait()
            raise TimeoutError

        monkeypatch.setattr(picture.store, "positions", not_in_time)
        await looks.acquire()
        monkeypatch.setattr(picture.store, "commit", lambda _: asyncio.get_running_loop().create_future())
        picture.send()
        await until(lambda: asyncio.sleep(0, picture.projector.unprojected_age() > 1), picture.lag, 5)
        go_on.set()
        await looks.acquire()
        assert picture.projector.unprojected_age() > 1  # these logs' records were appended in 1970


async def test_who_looks_at_the_logs_goes_on_after_whatever_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    async with projected(monkeypatch) as picture:
        picture.let, positions, went_wrong = True, picture.store.positions, list[int]()

        async def fails_once() -> Any:
            if not went_wrong:
                went_wrong.append(1)
                raise AssertionError("planted")
            return await positions()

        picture.send()
        await until(lambda: asyncio.sleep(0, picture.missing() == [0] * PARTITIONS), picture.missing, 5)
        monkeypatch.setattr(picture.store, "positions", fails_once)
        await until(lambda: asyncio.sleep(0, bool(went_wrong)), lambda: went_wrong, 5)
        picture.send()
        there = {(f"{name}.events", number): 2 * MESSAGES + 1 for name, number in picture.broker.logs}
        picture.let = False
        await until(lambda: asyncio.sleep(0, picture.projector.ends == there), lambda: picture.projector.ends, 5)
