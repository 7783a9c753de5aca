"""The player: it gives up on nothing, repeats nothing that is answered, and keeps the order that outcomes need."""

import asyncio
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from scenarios import play, serang2019
from scenarios.plan import Plan
from scenarios.play import Player
from scenarios.receipts import Receipts
from scenarios.script import Script
from scenarios.sender import Sender
from scenarios.serang2019 import START
from scenarios.summary import summarise
from schemas.deployment import AssignUnit, RegisterUnit, UnitSighted
from services.kit.clock import Clock, steady
from tests.support.flaky_gateway import FlakyGateway
from tests.support.rehearsal import PRINCIPALS, Rehearsal

UNIT = "polres-serang-001"
SIGHTED = UnitSighted(unit=UNIT, lat=-6.1, lon=106.2)
REGISTER = RegisterUnit(unit=UNIT, name="Regu 1", agency="polres-serang", strength={"polri": 2}, callsign="SATU")
ASSIGN = AssignUnit(
    unit=UNIT,
    assignment="jaga",
    duty="guard",
    target_kind="post",
    target="36.04.13.2009",
    start=START,
    end=START + timedelta(hours=1),
    headcount={"polri": 2},
)
SILENT = Console(quiet=True)


@pytest.fixture(scope="module")
def whole() -> Plan:
    return serang2019.make("small", 2019)


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[Receipts]:
    made = Receipts(tmp_path / "receipts.jsonl", "small-2019")
    yield made
    made.close()


def script() -> Script:
    return Script("small-2019")


async def played(plan: Plan, gateway: FlakyGateway, receipts: Receipts, now: Clock | None = None) -> Sender:
    transport = httpx.MockTransport(gateway.answer)
    async with httpx.AsyncClient(base_url="http://gateway", transport=transport) as client:
        sender = Sender(client, {name: name for name in PRINCIPALS}, plan.name)
        await Player(plan, sender, receipts, now).play()
    return sender


async def test_whatever_is_lost_on_the_way_everything_becomes_what_is_planned(whole: Plan, receipts: Receipts) -> None:
    gateway, undisturbed = FlakyGateway(whole, faults=0.12), Rehearsal()
    undisturbed.play(whole.messages)
    sender = await played(whole, gateway, receipts)
    assert min(gateway.faults_met.values()) > 0, gateway.faults_met
    assert sender.retries > 0
    assert summarise(whole, receipts, SILENT) == 0
    assert gateway.rehearsal.digest() == undisturbed.digest()


async def test_nothing_is_sent_before_what_it_waits_for_is_answered(whole: Plan, receipts: Receipts) -> None:
    gateway = FlakyGateway(whole, faults=0.05)
    gateway.on_arrival = lambda each: early.extend(step for step in each.after if step not in receipts.by_step)
    early: list[int] = []
    await played(whole, gateway, receipts)
    assert early == []


async def test_a_second_run_goes_on_where_the_first_was_killed(whole: Plan, tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    first, gateway = Receipts(path, whole.name), FlakyGateway(whole)
    running = asyncio.create_task(played(whole, gateway, first))
    async with asyncio.timeout(30):
        while len(first.by_step) < 500:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    first.close()
    answered, arrived = set(first.by_step), len(gateway.arrived)
    path.write_bytes(path.read_bytes() + b'{"plan":"small-2019","ste')
    second = Receipts(path, whole.name)
    await played(whole, gateway, second)
    assert 500 <= len(answered) < len(whole.messages)
    assert len(gateway.arrived) - arrived == len(whole.messages) - len(answered)
    assert summarise(whole, second, SILENT) == 0
    second.close()
    again = Receipts(path, whole.name)
    assert again.by_step.keys() == {each.step for each in whole.messages}
    again.close()


async def test_a_third_run_sends_nothing(receipts: Receipts) -> None:
    written = script()
    written.report(START, "polres-serang", SIGHTED)
    plan = written.plan()
    gateway = FlakyGateway(plan)
    await played(plan, gateway, receipts)
    await played(plan, gateway, receipts)
    assert len(gateway.arrived) == 1


async def test_only_an_order_and_what_a_copy_rests_on_wait_for_their_outcomes(receipts: Receipts) -> None:
    written = script()
    written.order(START, "posko-serang", REGISTER)
    written.report(START, "polres-serang", SIGHTED)
    doubled = written.report(START + timedelta(hours=1), "polres-serang", SIGHTED)
    written.again(doubled, doubled.send_at + timedelta(hours=1))
    plan = written.plan()
    gateway = FlakyGateway(plan)
    await played(plan, gateway, receipts)
    assert gateway.waited == [True, False, True, True]
    assert summarise(plan, receipts, SILENT) == 0


async def test_an_order_is_sent_again_until_its_outcome_is_told(receipts: Receipts) -> None:
    written = script()
    written.order(START, "posko-serang", REGISTER)
    written.order(START, "posko-serang", ASSIGN)
    plan = written.plan()
    gateway = FlakyGateway(plan, script=["untold", "away", "lost", "unreachable"])
    await played(plan, gateway, receipts)
    told = receipts.by_step[0]
    assert (told.outcome, told.first) == ("repeated", "accepted")
    assert receipts.by_step[1].outcome == "accepted"
    assert summarise(plan, receipts, SILENT) == 0


async def test_each_message_is_sent_when_the_clock_shows_its_moment(receipts: Receipts) -> None:
    written = script()
    for hours in (1, 3):
        written.report(START + timedelta(hours=hours), "polres-serang", SIGHTED)
    plan = written.plan()
    now = Clock(START, datetime.now(UTC), steady(timedelta(hours=9), 36_000))
    gateway = FlakyGateway(plan)
    early: list[int] = []
    gateway.on_arrival = lambda each: early.extend([each.step] if datetime.now(UTC) < now.wall_at(each.send_at) else [])
    await played(plan, gateway, receipts, now)
    assert len(gateway.arrived) == 2
    assert early == []


async def test_what_became_other_than_planned_is_counted_and_named(receipts: Receipts) -> None:
    written = script()
    written.order(START, "posko-serang", REGISTER)
    written.order(START, "posko-serang", ASSIGN, refused="neutrality")
    plan = written.plan()
    await played(plan, FlakyGateway(plan), receipts)
    console = Console(record=True, width=200, file=io.StringIO())
    assert summarise(plan, receipts, console) == 1
    assert "planned refused neutrality, became accepted" in console.export_text()


async def test_what_was_not_answered_is_counted_and_named(receipts: Receipts) -> None:
    written = script()
    written.report(START, "polres-serang", SIGHTED)
    plan = written.plan()
    console = Console(record=True, width=200, file=io.StringIO())
    assert summarise(plan, receipts, console) == 1
    assert "was not answered" in console.export_text()


async def test_the_summary_tells_outcomes_by_type_of_message_and_in_all(whole: Plan, receipts: Receipts) -> None:
    await played(whole, FlakyGateway(whole), receipts)
    console = Console(record=True, width=200, file=io.StringIO())
    summarise(whole, receipts, console)
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in console.export_text().splitlines() if line.split()}
    assert told["unit.cancel_assignment"] == "2 refused, 2 accepted"
    assert told["no"] == "message 4 HTTP 422, 3 HTTP 400"
    expected = Counter(
        f"HTTP {each.expect}" if isinstance(each.expect, int) else each.expect for each in whole.messages
    )
    assert told["all"] == ", ".join(f"{count:,} {kind}" for kind, count in expected.most_common())


def test_receipts_of_another_plan_are_not_taken_for_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    path.write_text('{"plan": "small-1", "step": 0, "source": "/agencies/kpps", "id": "x", "status": 202}\n')
    with pytest.raises(ValueError, match="small-1"):
        Receipts(path, "small-2019")


def test_the_plan_can_be_written_down_without_tokens_or_a_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Plan
) -> None:
    out = tmp_path / "plan.jsonl"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["play", "--size", "small", "--seed", "2019", "--messages-only", str(out)])
    play.main()
    assert [json.loads(line)["step"] for line in out.read_text().splitlines()] == list(range(len(whole.messages)))
    assert list(tmp_path.iterdir()) == [out]
