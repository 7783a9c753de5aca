"""Over Kafka: where each message goes, and which outcome in the logs is whose."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scenarios.over_kafka import OverKafka
from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipts
from scenarios.script import Script
from scenarios.serang2019 import START
from schemas.deployment import UnitSighted
from schemas.envelope import LogEvent, encode, message_identity
from schemas.outcomes import Conflicting, Refused, Repeated
from schemas.registry import BY_CLASS
from services.kit.clock import Clock, steady
from services.kit.ledger.record import NO_HASH, Stored, pack_mark

SIGHTED = UnitSighted(unit="polres-serang-001", lat=-6.1, lon=106.2)
PLACE = ("deployment.events", 3)
NOW = Clock(START, datetime.now(UTC), steady(timedelta(days=1), 1))


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[Receipts]:
    made = Receipts(tmp_path / "receipts.jsonl", "small-2019")
    yield made
    made.close()


def script() -> Script:
    return Script("small-2019")


def player(plan: Plan, receipts: Receipts, now: Clock | None = None) -> OverKafka:
    return OverKafka(plan, receipts, "nowhere", {"polres-serang"}, now)


def outcome(offset: int, planned: Planned, data: Any, cause: int = 7, at: int | None = None) -> Stored:
    """A record of an event log."""
    entry = BY_CLASS[type(data)]
    event = LogEvent(
        specversion="1.0",
        id="x",
        source="/services/deployment",
        type=entry.type,
        subject=str(planned.key),
        dataschema=entry.dataschema,
        time=planned.send_at,
        recordedtime=planned.send_at,
        knowntime=planned.send_at,
        causationid=message_identity(planned.source, planned.id),
        data=data,
    )
    mark = pack_mark(offset if at is None else at, cause, 0, 1, NO_HASH, NO_HASH)
    return Stored(offset, b"", encode(event), mark)


def doubled() -> Plan:
    written = script()
    first = written.report(START, "polres-serang", SIGHTED)
    written.again(first, START + timedelta(hours=1))
    written.contradict(first, START + timedelta(hours=2), lat=-6.2)
    return written.plan()


def test_each_copy_of_a_message_gets_its_own_outcome(receipts: Receipts) -> None:
    plan = doubled()
    first, again, other = plan.messages
    playing = player(plan, receipts)
    playing._take(
        PLACE,
        [
            outcome(1, first, SIGHTED, cause=0),
            outcome(2, first, Conflicting(first=0, at=1), cause=1),
            outcome(3, first, Repeated(first=0, at=1), cause=2),
        ],
    )
    became = {step: (receipt.outcome, receipt.position) for step, receipt in receipts.by_step.items()}
    assert became == {
        first.step: ("accepted", "deployment.inbox/3@0"),
        other.step: ("conflicting", "deployment.inbox/3@1"),
        again.step: ("repeated", "deployment.inbox/3@2"),
    }
    assert all(receipts.by_step[each.step].met(each) for each in plan.messages)


def test_what_the_intake_repeats_is_nobodys_outcome(receipts: Receipts) -> None:
    written = script()
    written.report(START, "polres-serang", SIGHTED)
    plan = written.plan()
    repeated = outcome(2, plan.messages[0], Repeated(first=0, at=1))
    player(plan, receipts)._take(PLACE, [outcome(1, plan.messages[0], SIGHTED, cause=0), repeated])
    assert receipts.by_step[0].outcome == "accepted"


def test_a_record_that_is_not_where_it_says_is_no_outcome(receipts: Receipts) -> None:
    plan = doubled()
    player(plan, receipts)._take(PLACE, [outcome(5, plan.messages[0], SIGHTED, at=4)])
    assert receipts.by_step == {}


def test_a_refusal_is_told_with_its_reason(receipts: Receipts) -> None:
    plan = doubled()
    refused = outcome(1, plan.messages[0], Refused(reason="neutrality", detail="both"))
    player(plan, receipts)._take(PLACE, [refused])
    told = receipts.by_step[0]
    assert (told.status, told.outcome, told.reason, told.said) == (409, "refused", "neutrality", "both")


def test_a_second_run_finds_what_the_first_was_answered_and_who_is_still_open(tmp_path: Path) -> None:
    plan, path = doubled(), tmp_path / "receipts.jsonl"
    log = [outcome(1, plan.messages[0], SIGHTED, cause=0)]
    first = Receipts(path, plan.name)
    player(plan, first)._take(PLACE, log)
    first.close()
    second = Receipts(path, plan.name)
    again = outcome(2, plan.messages[0], Repeated(first=0, at=1), cause=1)
    player(plan, second)._take(PLACE, [*log, again])
    assert {step: receipt.outcome for step, receipt in second.by_step.items()} == {0: "accepted", 1: "repeated"}
    second.close()


@pytest.mark.parametrize(
    ("reason", "status"), [("invalid-json", 400), ("invalid-envelope", 400), ("unknown-type", 422)]
)
def test_what_was_set_aside_is_what_http_would_have_turned_away(receipts: Receipts, reason: str, status: int) -> None:
    written = script()
    written.unreadable(START, "polres-serang", b"{", status, "broken JSON")
    plan = written.plan()
    aside = Stored(4, None, b"{", [("agency", b"polres-serang"), ("reason", reason.encode())])
    player(plan, receipts)._take(("gateway.unreadable", 0), [aside])
    assert receipts.by_step[0].met(plan.messages[0])


def test_an_agency_speaks_through_its_own_topic_and_an_operator_through_the_players(receipts: Receipts) -> None:
    written = script()
    for principal in ("polres-serang", "posko-serang"):
        written.report(START, principal, SIGHTED)
    plan = written.plan()
    playing = player(plan, receipts, NOW)
    assert playing._record(plan.messages[0]) == ("agency.polres-serang", plan.messages[0].body)
    assert playing._record(plan.messages[1]) == ("agency.scenario-player", plan.messages[1].body)


def test_flat_out_every_message_goes_through_the_players_topic_and_says_when_it_is_taken_in(receipts: Receipts) -> None:
    written = script()
    written.report(START, "polres-serang", SIGHTED)
    written.unreadable(START + timedelta(hours=1), "polres-serang", b"{", 400, "broken JSON")
    good, bad = written.plan().messages
    playing = player(Plan("small-2019", (good, bad)), receipts)
    topic, value = playing._record(good)
    event = msgspec.json.decode(value)
    assert topic == "agency.scenario-player"
    assert datetime.fromisoformat(event["recordedtime"]) == good.send_at
    assert event["source"] == good.source == "/agencies/polres-serang"
    assert playing._record(bad) == ("agency.polres-serang", b"{")
