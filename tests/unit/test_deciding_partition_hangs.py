"""A process that owns several partitions, one of which hangs: the others neither wait for it nor are told of late."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.deployment.domain import DEPLOYMENT
from services.kit.ledger import service, topics
from services.kit.ledger.log import Identity
from services.kit.ledger.memory import MemoryPair, MemoryTopics
from services.kit.ledger.service import DecidingService
from tests.support.ledger import answers, genesis_entry, message, sighted, until

PARTITIONS, HUNG, MESSAGES = 4, 2, 20
OTHERS = [partition for partition in range(PARTITIONS) if partition != HUNG]
IDENTITY = Identity("inbox-id", "events-id", PARTITIONS)


class Logs:
    """The logs of all partitions. `hanging`: by partition, the call that does not come back until it is let."""

    def __init__(self, hanging: Mapping[int, str]) -> None:
        self.of = [MemoryTopics() for _ in range(PARTITIONS)]
        self.let = asyncio.Event()
        self._hanging = hanging
        for partition, each in enumerate(self.of):
            each.put_events([genesis_entry(IDENTITY, partition)])

    def pair(self, *of: Any) -> MemoryPair:
        """In place of Kafka's."""
        partition = of[2]
        pair = MemoryPair(self.of[partition])
        if partition in self._hanging:
            call = getattr(pair, self._hanging[partition])

            async def hang(*of: Any) -> Any:
                await self.let.wait()
                return await call(*of)

            setattr(pair, self._hanging[partition], hang)
        return pair

    def send(self) -> None:
        """Some messages for each partition."""
        for each in self.of:
            for n in range(MESSAGES):
                each.put_inbox(*message(sighted(n), f"{len(each.inbox)}"))

    def answered(self) -> list[int]:
        """Answers that stand in each event log."""
        return [len(answers(each.events)) for each in self.of]


def received(partition: int) -> float | None:
    """How far its inbox reaches, as the metrics say."""
    labels = {"service": "deployment", "partition": str(partition)}
    return REGISTRY.get_sample_value("kalimaya_messages_received", labels)


@asynccontextmanager
async def deciding(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A process that owns all partitions of these logs meanwhile."""

    async def identify(*_: Any) -> Identity:
        return IDENTITY

    monkeypatch.setattr(service, "KafkaPair", logs.pair)
    monkeypatch.setattr(service, "MEASURE_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(service, "tune_collector", lambda: None)
    monkeypatch.setattr(topics, "identify", identify)
    running = asyncio.create_task(DecidingService(DEPLOYMENT, "nowhere", "1", "all").run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("hanging", ["read_inbox", "append", "events_end", "read_events", "inbox_end", "load_snapshot"])
async def test_one_partition_that_hangs_holds_up_no_other_and_goes_on_by_itself(
    hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = Logs({HUNG: hanging})
    async with deciding(logs, monkeypatch):
        for n in (1, 2):
            logs.send()
            await until(lambda n=n: are([logs.answered()[p] for p in OTHERS], n * MESSAGES), logs.answered, 5)
        assert hanging == "inbox_end" or logs.answered()[HUNG] == 0
        logs.let.set()
        await until(lambda: are(logs.answered(), 2 * MESSAGES), logs.answered, 10)


async def test_one_partition_that_does_not_say_how_far_it_reaches_hides_the_lag_of_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs = Logs({HUNG: "inbox_end", **dict.fromkeys(OTHERS, "read_inbox")})
    async with deciding(logs, monkeypatch):
        for n in (1, 2):
            logs.send()
            await until(
                lambda n=n: are(list(map(received, OTHERS)), n * MESSAGES), lambda: list(map(received, OTHERS)), 5
            )
        logs.let.set()


async def are(found: list[Any], wanted: int) -> bool:
    return set(found) == {wanted}
