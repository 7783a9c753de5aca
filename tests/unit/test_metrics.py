"""What processes tell Prometheus of messages: conserved at every scrape, late when they were, and by whom they came."""

import json
from collections.abc import Callable
from math import isnan
from pathlib import Path
from time import time

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from schemas.outcomes import OutcomeKind
from services.gateway import agency_topics
from services.gateway.intake import Taken
from services.kit import disk
from services.kit.ledger import metrics
from services.kit.ledger.desk import OUTCOMES
from services.kit.ledger.fold import Fold
from services.kit.ledger.record import Stored
from services.projection.metrics import projected
from tests.support.gateway import Door, sighting
from tests.support.ledger import MemorySite, message, run_until_answered, sighted, worker

AT = {"service": "metrics-test", "partition": "0"}


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def unaccounted() -> float:
    """What the alert ConservationBroken looks at."""
    outcomes = sum(value("kalimaya_messages", **AT, outcome=each) for each in OUTCOMES)
    return value("kalimaya_messages_received", **AT) - outcomes - value("kalimaya_messages_in_flight", **AT)


def accepted(count: int) -> dict[OutcomeKind, int]:
    return {**dict.fromkeys(OUTCOMES, 0), "accepted": count}


def test_a_scrape_between_two_looks_at_the_inbox_finds_all_messages() -> None:
    gauges = metrics.Gauges(*AT.values())
    gauges.inbox(5)
    gauges.state(accepted(3), Fold(next_cause=3), 0)
    assert (value("kalimaya_messages_in_flight", **AT), unaccounted()) == (2, 0)
    gauges.state(accepted(9), Fold(next_cause=9), 0)
    assert (value("kalimaya_messages_in_flight", **AT), unaccounted()) == (0, 0)
    gauges.inbox(12)
    assert (value("kalimaya_messages_in_flight", **AT), unaccounted()) == (3, 0)
    gauges.state(accepted(9), Fold(next_cause=10), 0)
    assert unaccounted() == 1


def rise(name: str, **labels: str) -> Callable[[], float]:
    before = value(name, **labels)
    return lambda: value(name, **labels) - before


async def test_a_message_that_waited_in_the_inbox_is_answered_late(monkeypatch: pytest.MonkeyPatch) -> None:
    site, now = MemorySite(), time()
    monkeypatch.setattr("services.kit.ledger.worker.time", lambda: now)
    for number, waited in enumerate((0.0, 30.0, 0.2)):
        entry = message(sighted(), f"{number}")
        site.topics.inbox.append(Stored(number, *entry, timestamp=int((now - waited) * 1000)))
    of = site.decider.service
    answered, late = rise("kalimaya_answered_total", service=of), rise("kalimaya_answered_late_total", service=of)
    await run_until_answered(site, worker(site))
    assert (answered(), late()) == (3, 1)


def test_an_answer_that_stood_in_its_log_is_projected_late() -> None:
    answers, late = rise("kalimaya_projected_answers_total"), rise("kalimaya_projected_answers_late_total")
    projected([1_000, 8_900, 9_000, 9_900], now=10.0)
    assert (answers(), late()) == (4, 2)


async def test_who_was_heard_and_who_was_turned_away(tmp_path: Path) -> None:
    door = Door(tmp_path)
    polres = "/agencies/polres-serang"
    heard = rise("kalimaya_gateway_heard_total", source=polres)
    invalid = rise("kalimaya_gateway_problems_total", problem="invalid-envelope", source=polres)
    unknown = rise("kalimaya_gateway_problems_total", problem="unauthenticated", source="nobody")
    await door.post([sighting("a"), sighting("b", id=""), sighting("c")], batch=True)
    await door.post([], token="no-such-token")
    assert (heard(), invalid(), unknown()) == (2, 1, 1)


def test_who_was_heard_over_kafka_was_heard_as_well(tmp_path: Path) -> None:
    heard = rise("kalimaya_gateway_heard_total", source="/agencies/polres-serang")
    record = Stored(0, None, json.dumps(sighting()).encode(), [("content-type", b"application/cloudevents+json")])
    taken = Door(tmp_path).read(record)
    assert isinstance(taken, Taken)
    agency_topics._count({TopicPartition("agency.polres-serang", 0): [record]}, [taken], [])
    assert heard() == 1


@pytest.mark.parametrize("name", ["kalimaya_disk_free_bytes", "kalimaya_disk_size_bytes"])
def test_the_disk_is_looked_at_by_each_scrape(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    disk.watch(folder)
    missing = value(name, folder=str(folder))
    assert isnan(missing)
    folder.mkdir()
    assert value(name, folder=str(folder)) > 0
