"""How messages are handed to Kafka: in order within a partition, and nothing behind what failed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from aiokafka.structs import RecordMetadata

from services.gateway import inbox
from services.gateway.inbox import KafkaInbox, Place
from services.gateway.intake import judge
from services.kit.ledger.log import Unavailable
from tests.support.gateway import NOW, POLRES, Door, sighting

ROOM = 10_000_000


class Producer:
    """Acknowledges batches at the offsets that follow, or fails on the one that it is told to."""

    def __init__(self, failing: int | None = None) -> None:
        self.sizes: list[int] = []
        self._failing = failing
        self._next = 100

    async def send_batch(self, batch: Any, topic: str, partition: int) -> "asyncio.Future[RecordMetadata]":
        return self._acknowledged(batch.record_count(), topic, partition)

    async def send(self, topic: str, value: bytes, **of: Any) -> "asyncio.Future[RecordMetadata]":
        return self._acknowledged(1, topic, of["partition"])

    def _acknowledged(self, count: int, topic: str, partition: int) -> "asyncio.Future[RecordMetadata]":
        told: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if len(self.sizes) == self._failing:
            told.set_exception(KafkaTimeoutError())
        else:
            told.set_result(RecordMetadata(topic, partition, None, self._next, -1, 0, 0))  # type: ignore[arg-type]
        self.sizes.append(count)
        self._next += count
        return told


async def put(monkeypatch: pytest.MonkeyPatch, producer: Producer, count: int) -> list[Place | Unavailable]:
    monkeypatch.setattr(inbox, "producer", lambda *_: producer)
    made = KafkaInbox("nowhere", ROOM)
    made.partitions = {"deployment": 1}
    made.connected.set()
    taken = [judge(sighting(str(number), correlationid="c" * 200), POLRES, NOW) for number in range(count)]
    return await made.put(taken, 1)


async def test_each_message_is_told_its_own_place_over_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = Producer()
    places = await put(monkeypatch, producer, 3000)
    assert len(producer.sizes) > 1
    assert places == [Place("deployment", 0, 100 + number) for number in range(3000)]


async def test_nothing_behind_a_batch_that_failed_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = Producer(failing=1)
    places = await put(monkeypatch, producer, 6000)
    known = [place for place in places if isinstance(place, Place)]
    assert len(producer.sizes) == 2
    assert len(known) == producer.sizes[0]
    assert all(isinstance(place, Unavailable) for place in places[len(known) :])


async def test_before_kafka_is_there_nothing_is_tried(tmp_path: Path) -> None:
    taken = judge(sighting(), POLRES, NOW)
    (place,) = await KafkaInbox("nowhere", ROOM).put([taken], 1)
    assert isinstance(place, Unavailable)
    door = Door(tmp_path)
    door.inbox.away = True
    results = (await door.post([sighting("a"), sighting("b")], batch=True)).json()["results"]
    assert [each["status"] for each in results] == [503, 503]
