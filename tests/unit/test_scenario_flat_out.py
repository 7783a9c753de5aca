"""Flat out: no message waits for an answer, and each becomes what is planned, whatever is lost on the way."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from scenarios import serang2019
from scenarios.flat_out import BATCH_BYTES, BATCH_MESSAGES, LANES, FlatOut, batches, lane_of
from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipts
from scenarios.sender import Sender
from scenarios.summary import summarise
from tests.support.flaky_gateway import FlakyGateway
from tests.support.rehearsal import PRINCIPALS, Rehearsal

SILENT = Console(quiet=True)


@pytest.fixture(scope="module")
def whole() -> Plan:
    return serang2019.make("small", 2019)


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[Receipts]:
    made = Receipts(tmp_path / "receipts.jsonl", "small-2019")
    yield made
    made.close()


async def played(plan: Plan, gateway: FlakyGateway, receipts: Receipts) -> list[datetime]:
    """Play the plan; the times that were said to be reached, one after the other."""
    reached: list[datetime] = []
    transport = httpx.MockTransport(gateway.answer)
    async with httpx.AsyncClient(base_url="http://gateway", transport=transport) as client:
        sender = Sender(client, {name: name for name in PRINCIPALS}, plan.name, flat_out=True)
        await FlatOut(plan, sender, receipts, reached.append).play()
    return reached


def first(gateway: FlakyGateway, planned: Planned) -> int:
    """The step as which the gateway knows a message: its first copy's."""
    return gateway.planned[planned.principal, planned.body].step


@pytest.mark.parametrize("faults", [0.0, 0.3])
async def test_everything_becomes_what_is_planned_and_the_picture_is_the_same(
    whole: Plan, receipts: Receipts, faults: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.flat_out.ROUND", 200)
    gateway, undisturbed = FlakyGateway(whole, faults), Rehearsal()
    undisturbed.play(whole.messages)
    await played(whole, gateway, receipts)
    assert (sum(gateway.faults_met.values()) > 0) == (faults > 0)
    assert summarise(whole, receipts, SILENT) == 0
    assert gateway.rehearsal.digest() == undisturbed.digest()


async def test_each_message_says_that_it_was_taken_in_at_the_moment_of_its_sending(
    whole: Plan, receipts: Receipts
) -> None:
    gateway = FlakyGateway(whole)
    await played(whole, gateway, receipts)
    expected = [(first(gateway, each), each.send_at) for each in whole.messages if each.key is not None]
    assert sorted(gateway.recorded) == sorted(expected)


async def test_what_is_no_message_goes_by_itself_and_in_its_principals_own_name(
    whole: Plan, receipts: Receipts
) -> None:
    await played(whole, FlakyGateway(whole), receipts)
    no_message = [each for each in whole.messages if each.key is None]
    assert [receipts.by_step[each.step].status for each in no_message] == [each.expect for each in no_message]
    assert all(len(batch) == 1 for batch in batches(whole.messages) if any(each.key is None for each in batch))


async def test_what_one_outcome_may_depend_on_arrives_before_it(whole: Plan, receipts: Receipts) -> None:
    gateway = FlakyGateway(whole, faults=0.1)
    arrived: set[int] = set()
    early: list[int] = []

    def arrive(each: Planned) -> None:
        early.extend(step for step in each.after if first(gateway, whole.messages[step]) not in arrived)
        arrived.add(each.step)

    gateway.on_arrival = arrive
    await played(whole, gateway, receipts)
    assert early == []
    lanes = {each.step: lane_of(each) for each in whole.messages}
    assert set(lanes.values()) == set(range(LANES))
    assert all(lanes[step] == lanes[each.step] for each in whole.messages for step in each.after)


def test_a_batch_is_as_large_as_the_gateway_takes_and_loses_nothing() -> None:
    full = serang2019.make("full", 2019)
    made = list(batches(full.messages[: len(full.messages) // 4]))
    assert [each for batch in made for each in batch] == list(full.messages[: len(full.messages) // 4])
    assert max(map(len, made)) == BATCH_MESSAGES
    assert max(sum(len(each.body) for each in batch) for batch in made) <= BATCH_BYTES


async def test_the_clock_is_told_how_far_everybody_has_come_and_at_the_end_the_last_moment(
    whole: Plan, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.flat_out.ROUND", 100)
    reached = await played(whole, FlakyGateway(whole, faults=0.05), receipts)
    assert reached == sorted(reached)
    assert len(reached) == -(-len(whole.messages) // 100)
    assert reached[-1] == whole.messages[-1].send_at


async def test_no_lane_is_more_than_a_round_ahead_of_another(
    whole: Plan, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.flat_out.ROUND", 100)
    gateway = FlakyGateway(whole, faults=0.1)
    ahead: list[int] = []
    gateway.on_arrival = lambda each: ahead.append(each.step // 100 - behind())

    def behind() -> int:
        return next((step // 100 for step in range(len(whole.messages)) if step not in receipts.by_step), 10**9)

    await played(whole, gateway, receipts)
    assert max(ahead) == 1


async def test_a_second_run_goes_on_where_the_first_was_killed(
    whole: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.flat_out.ROUND", 100)
    path, gateway = tmp_path / "receipts.jsonl", FlakyGateway(whole)
    first = Receipts(path, whole.name)
    running = asyncio.create_task(played(whole, gateway, first))
    async with asyncio.timeout(30):
        while len(first.by_step) < 500:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    first.close()
    second = Receipts(path, whole.name)
    assert 500 <= len(second.by_step) < len(whole.messages)
    await played(whole, gateway, second)
    assert summarise(whole, second, SILENT) == 0
    second.close()
