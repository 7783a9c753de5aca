"""A deciding service as processes: it shares its partitions, outlives kills, and two owners do no harm."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kalimaya.ports import free_ports
from schemas.catalogue import SERVICES
from schemas.envelope import partition_of
from services.kit.ledger import topics
from services.kit.ledger.kafka import KafkaPair, producer
from services.kit.ledger.record import Record
from tests.support.ledger import answers, identities, message, sighted, until
from tests.support.pair import Pair

PARTITIONS = 6


class Fleet:
    """Processes of the deployment service, and the topics that they share."""

    def __init__(self, bootstrap: str, logs: Path) -> None:
        self.bootstrap, self._logs = bootstrap, logs
        self.processes: list[subprocess.Popen[bytes]] = []
        self._writer = producer(bootstrap, "test")
        self._pairs = [KafkaPair(bootstrap, "deployment", p, "test") for p in range(PARTITIONS)]
        self._run, self.sent = uuid.uuid4().hex[:12], 0

    def start(self, instance: str, partitions: str = "group") -> tuple[subprocess.Popen[bytes], int]:
        (port,) = free_ports(1)
        environment = os.environ | {
            "KALIMAYA_KAFKA": self.bootstrap,
            "KALIMAYA_METRICS_PORT": str(port),
            "KALIMAYA_INSTANCE": instance,
            "KALIMAYA_PARTITIONS": partitions,
        }
        with (self._logs / f"{instance}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "services.deployment"], env=environment, stderr=log)
        self.processes.append(process)
        return process, port

    async def begin(self) -> None:
        await topics.create(self.bootstrap, SERVICES, PARTITIONS)
        await self._writer.start()

    async def send(self, count: int) -> None:
        for _ in range(count):
            unit = f"polres-serang-{self.sent % 40:03}"
            key, value, headers = message(sighted(self.sent, unit), f"{self._run}-{self.sent}")
            partition = partition_of(key.decode(), PARTITIONS)
            await self._writer.send_and_wait("deployment.inbox", value, key=key, headers=headers, partition=partition)
            self.sent += 1

    async def log(self, partition: int) -> list[Record]:
        pair, found = self._pairs[partition], []
        end = await pair.events_end()
        while len(found) < end:
            found += await pair.read_events(len(found), 0.5)
        return found

    async def answered(self) -> list[str]:
        """Our messages that have an answer, once for each answer; others have used these topics, too."""
        found = [each for p in range(PARTITIONS) for each in identities(answers(await self.log(p)))]
        return [each for each in found if f"#{self._run}-" in each]

    async def all_answered(self) -> bool:
        return len(await self.answered()) == self.sent

    async def void(self) -> int:
        """How many records do not count."""
        logs = [await self.log(p) for p in range(PARTITIONS)]
        return sum(len(log) - 1 - sum(map(len, answers(log))) for log in logs)  # one is genesis

    def last_words(self) -> Any:
        return [json.loads(line) for path in self._logs.glob("*.log") for line in path.read_text().splitlines()[-5:]]

    async def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        await self._writer.stop()
        for pair in self._pairs:
            await pair.close()


@pytest.fixture
async def fleet(pair: Pair, tmp_path: Path) -> AsyncIterator[Fleet]:
    made = Fleet(pair.kafka, tmp_path)
    await made.begin()
    yield made
    await made.end()


async def ready(port: int) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/readyz")).json()
        except httpx.HTTPError as error:
            return {"ok": False, "failing": repr(error)}


async def all_ready(fleet: Fleet, *ports: int) -> None:
    async def are() -> bool:
        return all([(await ready(port))["ok"] for port in ports])

    await until(are, fleet.last_words, 60)


@pytest.mark.timeout(400)  # half a minute beside all else
async def test_processes_share_the_work_are_killed_and_lose_and_double_nothing(fleet: Fleet) -> None:
    first, port = fleet.start("1")
    await all_ready(fleet, port, fleet.start("2")[1])
    killed = asyncio.Event()

    async def send_on() -> None:
        while not killed.is_set():
            await fleet.send(1)

    async def half_way() -> bool:
        return 100 < len(await fleet.answered()) < fleet.sent

    sending = asyncio.create_task(send_on())
    await until(half_way, fleet.last_words, 60)
    first.send_signal(signal.SIGKILL)
    killed.set()
    await sending
    await fleet.send(100)
    fleet.start("1")
    await until(fleet.all_answered, fleet.last_words, 60)
    assert len(set(await fleet.answered())) == fleet.sent


@pytest.mark.timeout(400)  # half a minute beside all else
async def test_two_processes_that_own_everything_write_void_records_and_nothing_else(fleet: Fleet) -> None:
    await all_ready(fleet, fleet.start("a", "all")[1], fleet.start("b", "all")[1])
    before = await fleet.void()

    async def competed() -> bool:
        await fleet.send(200)
        await until(fleet.all_answered, fleet.last_words, 60)
        return await fleet.void() > before

    await until(competed, fleet.last_words, 60)
    found = await fleet.answered()
    assert len(set(found)) == len(found) == fleet.sent


async def test_a_stop_by_signal_is_clean_and_prompt(fleet: Fleet) -> None:
    process, port = fleet.start("1")
    await all_ready(fleet, port)
    async with httpx.AsyncClient() as client:
        metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    assert "kalimaya_messages{" in metrics
    process.terminate()
    assert await asyncio.to_thread(process.wait, 15) == 0
