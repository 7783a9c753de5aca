"""The ledger's contract on a real Kafka."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.kit.ledger import kafka
from services.kit.ledger.kafka import KafkaPair
from tests.support.kafka_site import KafkaSite
from tests.support.ledger_contract import LedgerContract
from tests.support.pair import Pair
from tests.support.snapshot_contract import SnapshotContract


@pytest.fixture
async def site(pair: Pair) -> AsyncIterator[KafkaSite]:
    made = KafkaSite(pair.kafka)
    await made.start(genesis=True)
    yield made
    await made.stop()


@pytest.fixture
async def bare_site(pair: Pair) -> AsyncIterator[KafkaSite]:
    made = KafkaSite(pair.kafka)
    await made.start(genesis=False)
    yield made
    await made.stop()


class TestKafka(LedgerContract):
    pass


class TestSnapshots(SnapshotContract):
    pass


async def test_who_reads_and_who_asks_for_the_end_at_once_use_one_consumer(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two, and the one that stays may never have been told where to read: the partition stood still until a restart."""
    started: list[Any] = []

    def counted(*told: Any) -> Any:
        started.append(consumer(*told))
        return started[-1]

    consumer = kafka.consumer
    monkeypatch.setattr(kafka, "consumer", counted)
    offset = await site.put(b"key", b"value", [])
    pair = KafkaPair(site.bootstrap, site.decider.service, 0, "both")
    (record,), end = await asyncio.gather(pair.read_inbox(offset, 5), pair.inbox_end())
    assert (record.offset, end, len(started)) == (offset, offset + 1, 1)
    assert not await pair.read_inbox(offset + 1, 0.1)
    await pair.close()
