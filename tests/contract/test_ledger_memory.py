"""The ledger's contract on the log in memory, and the faults that only that log can be made to have."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import pytest
from prometheus_client import REGISTRY

from services.kit.ledger.log import Unavailable
from services.kit.ledger.memory import Fault
from services.kit.ledger.record import Record
from services.kit.ledger.worker import StoodDown
from tests.support.ledger import (
    MemorySite,
    answers,
    identities,
    kinds,
    message,
    register,
    run_until_answered,
    sighted,
    until,
    worker,
)
from tests.support.ledger_contract import LedgerContract
from tests.support.snapshot_contract import SnapshotContract, keeping, kept, restarted, told


@pytest.fixture
def site() -> MemorySite:
    return MemorySite()


@pytest.fixture
def bare_site() -> MemorySite:
    return MemorySite(genesis=False)


class TestMemory(LedgerContract):
    pass


OF_SITE = {"service": "deployment", "partition": "0"}


class TestSnapshots(SnapshotContract):
    pass


async def test_a_snapshot_of_a_tail_that_the_log_has_lost_is_refused(site: MemorySite) -> None:
    await kept(site)
    site.topics.truncate_events(5)
    for n in range(20):
        await site.put_events([(b"k", b"a stranger's", [("n", b"%d" % n)])])
    before = told(site, "refused")
    again = await restarted(site)
    assert told(site, "refused") == before + 1
    assert again.fold.next_cause == 11


async def test_a_start_while_the_snapshots_are_away_folds_the_log(site: MemorySite) -> None:
    await kept(site)
    owner = worker(site)

    async def away() -> NoReturn:
        raise Unavailable("the broker is away")

    owner._logs.load_snapshot = away  # type: ignore[method-assign]
    running = asyncio.create_task(owner.run())
    await until(lambda: asyncio.sleep(0, owner.ready), lambda: owner.fold)
    owner.stop()
    await running
    assert owner.fold.next_cause == 11


@pytest.mark.parametrize("error", [Unavailable("the broker is away"), RuntimeError("a planted bug")])
async def test_a_snapshot_that_cannot_be_written_is_counted_and_the_work_goes_on(
    site: MemorySite, error: Exception
) -> None:
    async def failing(name: str, content: bytes | None) -> NoReturn:
        raise error

    owner = keeping(site)
    store = owner._logs.store_snapshot
    owner._logs.store_snapshot = failing  # type: ignore[method-assign]
    running = asyncio.create_task(owner.run())
    failed, written = told(site, "failed"), told(site, "written")
    for n in range(3):
        for m in range(6):
            await site.put(*message(sighted(m), f"{n}-{m}"))
        await until(lambda n=n: asyncio.sleep(0, told(site, "failed") > failed + n), lambda: owner.fold)
        assert REGISTRY.get_sample_value("kalimaya_unsnapshotted_answers", OF_SITE) == 6 * (n + 1)
    owner._logs.store_snapshot = store  # type: ignore[method-assign]
    for m in range(6):
        await site.put(*message(sighted(m), f"last-{m}"))
    await until(lambda: asyncio.sleep(0, told(site, "written") > written), lambda: owner.fold)
    owner.stop()
    await running
    assert owner.fold.next_cause == 24


async def test_a_snapshot_that_is_being_written_when_the_log_is_folded_anew_is_given_up(site: MemorySite) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(name: str, content: bytes | None) -> None:
        begun.set()
        await go_on.wait()

    for n in range(6):
        await site.put(*message(sighted(n), f"m{n}"))
    owner = keeping(site)
    owner._logs.store_snapshot = slow  # type: ignore[method-assign]
    running = asyncio.create_task(owner.run())
    await asyncio.wait_for(begun.wait(), 10)
    writing = owner._keeper._writing
    assert writing is not None
    owner._keeper.begin_anew()
    go_on.set()
    await asyncio.wait({writing})
    assert writing.cancelled()
    owner.stop()
    await running


@pytest.mark.parametrize("fault", list(Fault))
async def test_one_fault_of_an_append_loses_and_doubles_nothing(site: MemorySite, fault: Fault) -> None:
    for n in range(5):
        await site.put(*message(sighted(n), f"m{n}"))
    site.topics.faults.append(fault)
    await run_until_answered(site, worker(site))
    site.topics.release_late()
    await site.put(*message(sighted(), "last"))
    await run_until_answered(site, worker(site))
    assert identities(answers(await site.events())) == [
        f"/agencies/polres-serang#{each}" for each in ("m0", "m1", "m2", "m3", "m4", "last")
    ]


async def test_a_late_batch_that_lands_just_where_it_expected_counts_once(site: MemorySite) -> None:
    await site.put(*message(register(), "a"))
    site.topics.faults.append(Fault.LATE_BATCH)
    owner = worker(site)

    async def landing() -> None:
        site.topics.release_late()
        await site.put(*message(register(), "b"))

    owner._logs.renew = landing  # type: ignore[method-assign]  # after it gave the batch up, before it tries again
    running = asyncio.create_task(owner.run())

    async def answered() -> bool:
        return len(answers(await site.events())) == 2

    await until(answered, lambda: owner.fold)
    owner.stop()
    await running
    assert kinds(answers(await site.events())) == ["unit.registered", "message.refused:already_registered"]
    assert len(await site.events()) == 3, "genesis and two answers: nothing was written twice"


async def test_a_log_that_lost_its_tail_is_folded_again_and_answered_again(site: MemorySite) -> None:
    for n in range(10):
        await site.put(*message(sighted(n), f"m{n}"))
    owner = worker(site)
    running = asyncio.create_task(owner.run())

    async def answered() -> bool:
        return len(answers(await site.events())) == 10

    await until(answered, lambda: owner.fold)
    site.topics.truncate_events(4)
    await until(answered, lambda: owner.fold)
    owner.stop()
    await running
    assert len(await site.events()) == 11


async def test_an_owner_that_writes_on_a_chain_that_is_there_no_more_notices_when_it_is_idle(site: MemorySite) -> None:
    await site.put(*message(sighted(0), "m0"))
    owner = worker(site)
    running = asyncio.create_task(owner.run())

    async def answered() -> bool:
        return len(answers(await site.events())) == len(site.topics.inbox)

    await until(answered, lambda: owner.fold)
    site.topics.truncate_events(1)
    await site.put_events([(b"k", b"a stranger's", [])])  # the log is as long as the owner left it
    await site.put(*message(sighted(1), "m1"))
    await until(answered, lambda: owner.fold)
    assert owner.alarms
    owner.stop()
    await running


async def test_a_batch_that_fills_what_a_lost_tail_left_is_not_built_upon(site: MemorySite) -> None:
    await site.put(*message(sighted(0), "m0"))
    owner = worker(site)
    running = asyncio.create_task(owner.run())

    async def answered(count: int) -> bool:
        return len(answers(await site.events())) == count

    await until(partial(answered, 1), lambda: owner.fold)
    site.topics.truncate_events(1)
    await site.put(*message(sighted(1), "m1"))
    await until(partial(answered, 2), lambda: owner.fold)
    owner.stop()
    await running
    assert identities(answers(await site.events())) == [f"/agencies/polres-serang#m{n}" for n in range(2)]


async def test_while_the_broker_is_away_nothing_is_answered_and_afterwards_everything(site: MemorySite) -> None:
    owner = worker(site)
    running = asyncio.create_task(owner.run())
    site.topics.away = True
    for n in range(3):
        await site.put(*message(sighted(n), f"m{n}"))
    await asyncio.sleep(0)
    assert len(await site.events()) == 1
    site.topics.away = False

    async def answered() -> bool:
        return len(answers(await site.events())) == 3

    await until(answered, lambda: owner.fold)
    owner.stop()
    await running


async def test_an_owner_that_keeps_losing_to_another_stands_down(site: MemorySite) -> None:
    loser, winner = worker(site), worker(site)
    losing = asyncio.create_task(loser.run())
    winning = asyncio.create_task(winner.run())
    n = 0
    while not losing.done() and not winning.done():
        await site.put(*message(sighted(n), f"m{n}"))
        await asyncio.sleep(0.002)
        n += 1
        assert n < 5000
    loser.stop()
    winner.stop()
    results = await asyncio.gather(losing, winning, return_exceptions=True)
    assert any(isinstance(result, StoodDown) for result in results)


@pytest.mark.parametrize("seed", range(60))
async def test_any_run_of_faults_and_rivals_gives_each_message_one_answer(site: MemorySite, seed: int) -> None:
    dice = random.Random(seed)
    owners = [worker(site) for _ in range(dice.choice((1, 2, 3)))]
    tasks = {asyncio.create_task(owner.run()) for owner in owners}
    for n in range(60):
        await site.put(*message(sighted(n), f"m{n}"))
        if dice.random() < 0.2:
            site.topics.faults.append(dice.choice(list(Fault)))
        if dice.random() < 0.1:
            site.topics.release_late()
        if dice.random() < 0.05 and len(site.topics.events) > 1:
            site.topics.truncate_events(dice.randrange(1, len(site.topics.events)))
        if dice.random() < 0.3:
            await asyncio.sleep(dice.random() * 0.005)

    async def struck() -> bool:
        """Each fault that was planned; for which there must be something to write, and who writes it."""
        if all(task.done() for task in tasks):
            owners.append(worker(site))
            tasks.add(asyncio.create_task(owners[-1].run()))
        n = len(site.topics.inbox)
        await site.put(*message(sighted(n), f"m{n}"))
        return not site.topics.faults

    await until(struck, lambda: site.topics)
    site.topics.release_late()
    for owner in owners:
        owner.stop()
    await asyncio.wait(tasks, timeout=10)
    for task in tasks:
        assert task.done()
        assert task.exception() is None or isinstance(task.exception(), StoodDown)
    await run_until_answered(site, worker(site))
    found = answers(await site.events())
    assert identities(found) == [f"/agencies/polres-serang#m{n}" for n in range(len(site.topics.inbox))]
    assert set(kinds(found)) == {"unit.sighted"}


async def test_a_log_that_becomes_shorter_while_it_is_read_does_not_hang_its_reader(site: MemorySite) -> None:
    for n in range(3):
        await site.put(*message(sighted(n), f"m{n}"))
    await run_until_answered(site, worker(site))
    owner = worker(site)
    reads = owner._logs.read_events

    async def cut_while_reading(offset: int, wait: float) -> Sequence[Record]:
        site.topics.truncate_events(2)
        return await reads(offset, wait)

    owner._logs.read_events = cut_while_reading  # type: ignore[method-assign]
    running = asyncio.create_task(owner.run())

    async def ready() -> bool:
        return owner.ready

    await until(ready, lambda: owner.fold)
    owner.stop()
    await running


@pytest.mark.parametrize("raises", [True, False], ids=["fails", "finds nothing"])
async def test_who_cannot_read_the_inbox_is_seen_to_stand_still(site: MemorySite, raises: bool) -> None:
    owner = worker(site)
    reads, broken = owner._logs.read_inbox, True

    async def not_read(offset: int, wait: float) -> Sequence[Record]:
        if not broken:
            return await reads(offset, wait)
        await asyncio.sleep(0.01)
        if raises:
            raise Unavailable("the partition has no leader")
        return ()

    owner._logs.read_inbox = not_read  # type: ignore[method-assign]
    running = asyncio.create_task(owner.run())
    await until(lambda: asyncio.sleep(0, owner.ready), lambda: owner.fold)
    await owner.measure()
    assert (owner.undecided_age(), owner.stands_still()) == (0, 0), "nothing waits"
    await site.put(*message(sighted(), "m"))
    await owner.measure()
    await asyncio.sleep(0.2)
    assert owner.undecided_age() >= 0.2
    assert owner.stands_still() >= 0.2
    broken = False

    async def answered() -> bool:
        return len(answers(await site.events())) == 1

    await until(answered, lambda: owner.fold)
    await until(lambda: asyncio.sleep(0, owner.undecided_age() == 0), owner.undecided_age)
    assert owner.stands_still() == 0
    owner.stop()
    await running
