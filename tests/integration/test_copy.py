"""A copy from and to a real Kafka: byte for byte what the copy in memory is, and clean to the audit."""

import asyncio
import uuid
from dataclasses import replace

import pytest

from kalimaya.audit.run import Plan, audit
from kalimaya.copy.kafka import KafkaTarget, make
from kalimaya.copy.run import copy_service
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger.kafka import KafkaPair
from services.kit.ledger.memory import Fault
from tests.support import copied
from tests.support.copied import Cluster
from tests.support.deciding import small_scenario
from tests.support.pair import Pair


def untold(*_: object) -> None:
    """Nobody looks at the bar."""


async def test_it_is_the_same_on_kafka_as_in_memory(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    service = f"t{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(copied, "DECIDERS", {service: replace(DEPLOYMENT, service=service)})
    old = Cluster("old", 6).begin()
    old.receive(replace(each, service=service) for each in small_scenario() if each.service == "deployment")
    old.at(service, 0).put_inbox(b"stranger", b"not JSON", [("no", None)])
    old.at(service, 1).faults.append(Fault.DOUBLE_APPEND)
    await old.decide()

    identity = await make(pair.kafka, service, 4, 1)
    kafka, memory = KafkaTarget(pair.kafka), Cluster("again", 4)
    try:
        for _ in range(2):  # the second finds nothing to do, and everything right
            await copy_service(service, [old.pair(service, p) for p in range(6)], kafka, identity, untold)
        result = await asyncio.to_thread(audit, Plan(pair.kafka, [service]), untold)
        assert result.findings.kept == []
        assert result.total.received == sum(len(old.at(service, p).inbox) for p in range(6))
        assert result.total.in_flight == 0
        pairs = [KafkaPair(pair.kafka, service, partition, "test") for partition in range(4)]
        try:
            done = await copy_service(service, pairs, memory, memory.identity(service), untold)
        finally:
            for each in pairs:
                await each.close()
        assert done.late == 0
        assert memory.audit(service).kept == []
        assert memory.digest() == old.digest()
    finally:
        await kafka.close()
