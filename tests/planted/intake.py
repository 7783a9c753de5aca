"""The gateway's intake over an inbox that loses batches and acknowledgements, and the audit of what it told.

Each message is sent again under the same id until its sender is told a place, as the publishers' guide asks. What
senders were told stands in receipts; then a real worker answers the inbox, and the audit holds the receipts against it.
"""

import asyncio
import random
from typing import Any
from unittest.mock import patch

import msgspec
from aiokafka.errors import KafkaTimeoutError
from aiokafka.structs import RecordMetadata

from kalimaya.audit.findings import Finding, Findings
from kalimaya.audit.kafka import Place
from kalimaya.audit.logs import LogsChecker
from kalimaya.audit.partition import Logs
from kalimaya.audit.receipts import read
from services.gateway import inbox
from services.gateway.inbox import KafkaInbox
from services.gateway.intake import Taken, judge
from services.kit.ledger.log import Unavailable
from services.kit.ledger.memory import MemoryTopics
from tests.support.gateway import NOW, POLRES, sighting
from tests.support.ledger import MemorySite, run_until_answered, worker

MESSAGES = 20
LOST, UNSEEN = 0.2, 0.2
"""How often a batch never arrives, and how often its acknowledgement does not."""


class LossyProducer:
    """Hands over what it is given after some time, or not."""

    def __init__(self, topics: MemoryTopics, dice: random.Random) -> None:
        self._topics, self._dice = topics, dice

    async def send(self, topic: str, value: bytes, **of: Any) -> "asyncio.Future[RecordMetadata]":
        told: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        told.add_done_callback(lambda done: done.exception())  # whoever does not look misses nothing
        asyncio.get_running_loop().call_soon(self._deliver, told, topic, value, of)
        return told

    def _deliver(self, told: "asyncio.Future[RecordMetadata]", topic: str, value: bytes, of: dict[str, Any]) -> None:
        chance = self._dice.random()
        if chance < LOST:
            told.set_exception(KafkaTimeoutError())
            return
        offset = self._topics.put_inbox(of["key"], value, of["headers"])
        if chance < LOST + UNSEEN:
            told.set_exception(KafkaTimeoutError())
        else:
            told.set_result(RecordMetadata(topic, of["partition"], None, offset, -1, 0, 0))  # type: ignore[arg-type]


def found_wrong(seed: int) -> list[Finding]:
    """What the audit finds after an intake with these faults."""
    return asyncio.run(_operate(random.Random(seed)))


async def _operate(dice: random.Random) -> list[Finding]:
    site = MemorySite()
    with patch.object(inbox, "producer", lambda *_: LossyProducer(site.topics, dice)):
        door = KafkaInbox("nowhere", 10_000_000)
    door.partitions = {"deployment": 1}
    door.connected.set()
    receipts: list[bytes] = []
    for number in range(MESSAGES):
        await _send(door, judge(sighting(str(number)), POLRES, NOW), receipts)
    await run_until_answered(site, worker(site))
    findings = Findings()
    logs = Logs("deployment", 1, site.identity.inbox_topic_id, site.identity.events_topic_id)
    checker = LogsChecker([logs], findings, read(receipts, findings), lambda *_: None)
    read_whole = {"inbox": site.topics.inbox, "events": site.topics.events}
    for kind, records in read_whole.items():
        for record in records:
            checker.take(Place(f"deployment.{kind}", 0), record)  # type: ignore[arg-type]
    checker.finish({Place(f"deployment.{kind}", 0): len(records) for kind, records in read_whole.items()})
    return findings.kept


async def _send(door: KafkaInbox, taken: Taken, receipts: list[bytes]) -> None:
    told: Any = Unavailable("not sent yet")
    while isinstance(told, Unavailable):
        (told,) = await door.put([taken], 1)
        said = {"status": 503} if isinstance(told, Unavailable) else {"status": 202, "position": str(told)}
        message = {"source": taken.message.source, "id": taken.message.id}
        receipts.append(msgspec.json.encode(message | said) + b"\n")
