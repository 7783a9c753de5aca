"""The ledger's contract on a real Kafka."""

from collections.abc import AsyncIterator

import pytest

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
