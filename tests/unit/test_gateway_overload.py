"""More at the gateway's door than Kafka takes: one partition that hangs leaves room for all others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.errors import KafkaTimeoutError
from aiokafka.structs import RecordMetadata

from schemas.catalogue import SERVICES
from schemas.envelope import partition_of
from services.gateway import inbox, metrics
from services.gateway.api import Gateway, build
from services.gateway.inbox import KafkaInbox
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.kit.credentials import Doorkeeper
from tests.support.gateway import POLRES, PRINCIPALS, TOKENS, FixedClock, sighting
from tests.support.ledger import until

PARTITIONS = 6
HUNG = 2
MOST_HELD, MOST_WAITING = 40_000, 10_000
FOREVER = 60.0
"""Seconds: whoever waits for the partition that hangs is not answered before the producer gives up."""

UNITS = {partition_of(f"unit/{id_}", PARTITIONS): id_ for id_ in (f"{POLRES.id}-{n:03}" for n in range(40))}
"""A unit in each partition."""


class Producer:
    """Acknowledges at once what is for any partition but one; what is for that, it gives up when told to."""

    def __init__(self) -> None:
        self.give_up, self.let = asyncio.Event(), False
        self._next = 0

    async def send(self, topic: str, value: bytes, **of: Any) -> "asyncio.Task[RecordMetadata]":
        return await self._send(topic, of["partition"], 1)

    async def send_batch(self, batch: Any, topic: str, partition: int) -> "asyncio.Task[RecordMetadata]":
        return await self._send(topic, partition, batch.record_count())

    async def _send(self, topic: str, partition: int, count: int) -> "asyncio.Task[RecordMetadata]":
        return asyncio.create_task(self._acknowledged(topic, partition, count))

    async def _acknowledged(self, topic: str, partition: int, count: int) -> RecordMetadata:
        if partition == HUNG and not self.let:
            await self.give_up.wait()
            raise KafkaTimeoutError
        self._next += count
        return RecordMetadata(topic, partition, None, self._next - count, -1, 0, 0)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Producer, httpx.AsyncClient]]:
    """The application over a producer of which one partition hangs, and a client with a token."""
    producer = Producer()
    monkeypatch.setattr(inbox, "producer", lambda *_: producer)
    monkeypatch.setattr(inbox, "ACK_SECONDS", FOREVER)
    settings = GatewaySettings(
        kafka="127.0.0.1:1", metrics_port=1, agencies=folder / "a", tokens=folder / "t", most_held=MOST_HELD
    )
    made = KafkaInbox("nowhere", MOST_WAITING)
    made.partitions = dict.fromkeys(SERVICES, PARTITIONS)
    made.connected.set()
    doorkeeper = Doorkeeper(PRINCIPALS, TOKENS, scenario=True)
    app = build(Gateway(settings, doorkeeper, made, Outcomes("nowhere", SERVICES), FixedClock()))
    headers = {"Authorization": f"Bearer {TOKENS[POLRES.id]}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield producer, client


def about(partition: int, id_: str) -> dict[str, Any]:
    return sighting(id_, data={"unit": UNITS[partition], "lat": -6.1, "lon": 106.2})


async def post(client: httpx.AsyncClient, *events: dict[str, Any]) -> httpx.Response:
    """One message, or a batch."""
    kind, body = ("cloudevents", events[0]) if len(events) == 1 else ("cloudevents-batch", list(events))
    return await client.post("/v1/messages", json=body, headers={"Content-Type": f"application/{kind}+json"})


async def test_one_partition_that_hangs_is_answered_503_and_all_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = metrics.HELD_BYTES._value
    async with serving(tmp_path, monkeypatch) as (producer, client):
        to_hung = [asyncio.create_task(post(client, about(HUNG, f"hung-{n}"))) for n in range(200)]
        await asyncio.sleep(0)
        for n in range(50):
            partition = (HUNG + 1 + n % (PARTITIONS - 1)) % PARTITIONS
            answer = await post(client, about(partition, f"other-{n}"))
            assert answer.status_code == 202, answer.text

        async def only_what_is_held_waits() -> bool:
            return sum(not each.done() for each in to_hung) < MOST_WAITING / 100

        await until(only_what_is_held_waits, lambda: to_hung)
        at_once = [each.result() for each in to_hung if each.done()]
        assert {answer.json()["type"].rpartition(":")[2] for answer in at_once} == {"overloaded"}
        assert len(at_once) < len(to_hung)
        assert 0 < held.get() <= MOST_WAITING
        producer.give_up.set()
        told = await asyncio.gather(*to_hung)
        assert all((each.status_code, each.headers["retry-after"].isdigit()) == (503, True) for each in told)
        assert held.get() == 0
        producer.let = True
        assert (await post(client, about(HUNG, "again"))).status_code == 202


async def test_of_a_batch_only_what_is_for_the_partition_that_hangs_is_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [about(partition, f"{n}-{partition}") for n in range(6) for partition in range(PARTITIONS)]
    async with serving(tmp_path, monkeypatch) as (producer, client):
        first = asyncio.create_task(post(client, *batch))
        await until(holding, lambda: first)
        for _ in range(8):
            answer = await post(client, *batch)
            assert (answer.status_code, answer.headers["retry-after"], first.done()) == (200, "1", False)
            assert statuses(answer) == [503 if n % PARTITIONS == HUNG else 202 for n in range(len(batch))]
        producer.give_up.set()
        answer = await first
        assert statuses(answer) == [503 if n % PARTITIONS == HUNG else 202 for n in range(len(batch))]
        assert answer.headers["retry-after"] == "2"
        producer.let = True
        answer = await post(client, *batch)
        assert set(statuses(answer)) == {202}
        assert "retry-after" not in answer.headers


def statuses(answer: httpx.Response) -> list[int]:
    return [each["status"] for each in answer.json()["results"]]


async def holding() -> bool:
    return bool(metrics.HELD_BYTES._value.get() > MOST_WAITING / 2)
