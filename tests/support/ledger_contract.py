"""The contract of the ledger: the same tests run on the log in memory and on Kafka."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from schemas.deployment import UnitRegistered
from schemas.envelope import UnknownMessage
from services.kit.ledger import desk
from services.kit.ledger.fold import Fold, LedgerBroken
from services.kit.ledger.log import Identity
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Record, pack_mark
from tests.support.ledger import (
    NOON,
    Site,
    answers,
    days,
    identities,
    kinds,
    message,
    raising_on,
    register,
    run_until_answered,
    sighted,
    until,
    worker,
)


async def folded(site: Site) -> Fold:
    """The log as a reader has it."""
    fold = Fold()
    for record in await site.events():
        fold.take(record)
    return fold


async def answered_to_another(site: Site) -> None:
    """The log's last answer is to another message than the one that stands in the inbox."""
    await site.put(*message(register(), "a"))
    await run_until_answered(site, worker(site))
    fold = await folded(site)
    event = (await site.events())[-1]
    await site.put(*message(sighted(), "b"))
    await site.put_events(
        [(event.key or b"", event.value or b"", pack_mark(fold.position, 1, 0, 1, fold.head, bytes(31) + b"x"))]
    )


class LedgerContract:
    """Subclasses provide the fixtures `site` and `bare_site` (no genesis record)."""

    async def test_each_message_is_answered_once_and_in_order(self, site: Site) -> None:
        for n in range(50):
            await site.put(*message(sighted(n), f"m{n}"))
        await run_until_answered(site, worker(site))
        assert identities(answers(await site.events())) == [f"/agencies/polres-serang#m{n}" for n in range(50)]

    async def test_every_kind_of_outcome(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        await site.put(*message(register(), "b"))
        await site.put(*message(sighted(1), "c", authorised=False))
        await site.put(*message(sighted(1), "d", time=NOON + days(2)))
        await site.put(*message(sighted(1), "e", time=NOON - days(61)))
        await site.put(*message(sighted(1), "f", time=NOON + days(0.9)))
        await site.put(*message(sighted(1), "f", time=NOON + days(0.9)))
        await site.put(*message(sighted(2), "f"))
        await site.put(b"x", b"not ours", [])
        await run_until_answered(site, worker(site))
        found = answers(await site.events())
        assert kinds(found) == [
            "unit.registered",
            "message.refused:already_registered",
            "message.rejected:not_authorised",
            "message.rejected:time_out_of_range",
            "message.rejected:time_out_of_range",
            "unit.sighted",
            "message.repeated",
            "message.conflicting",
            "message.rejected:unreadable",
        ]
        assert found[6][0]["data"]["first"] == 5

    async def test_a_new_worker_goes_on_where_the_log_ends(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        await run_until_answered(site, worker(site))
        await site.put(*message(register(), "b"))
        await site.put(*message(register(), "a"))
        await run_until_answered(site, worker(site))
        assert kinds(answers(await site.events())) == [
            "unit.registered",
            "message.refused:already_registered",
            "message.repeated",
        ]

    async def test_two_owners_at_once_lose_and_double_nothing(self, site: Site) -> None:
        async def feed() -> None:
            for n in range(200):
                await site.put(*message(sighted(n), f"m{n}"))
                await asyncio.sleep(0.001)

        feeding = asyncio.create_task(feed())
        rivals = [worker(site), worker(site), worker(site)]
        for rival in rivals:
            rival._tuning = replace(rival._tuning, stand_down_after=10_000)
        tasks = [asyncio.create_task(rival.run()) for rival in rivals]
        await feeding

        async def all_answered() -> bool:
            return len(answers(await site.events())) == 200

        await until(all_answered, lambda: [rival.fold.next_cause for rival in rivals])
        for rival in rivals:
            rival.stop()
        await asyncio.wait(tasks, timeout=10)
        events = await site.events()
        assert identities(answers(events)) == [f"/agencies/polres-serang#m{n}" for n in range(200)]
        assert len(events) >= 201

    async def test_records_that_do_not_count_are_skipped_and_counted(self, site: Site) -> None:
        await site.put_events([(b"k", b"{}", [])])
        await site.put_events([(b"k", b"{}", [("mark", b"short")])])
        await site.put_events([(b"k", b"{}", pack_mark(77, 0, 0, 1, NO_HASH, NO_HASH))])
        await site.put_events([(b"genesis", b"{}", pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH))])
        await site.put(*message(register(), "a"))
        owner = worker(site)
        await run_until_answered(site, owner)
        assert owner.fold.voids == 4
        assert kinds(answers(await site.events())) == ["unit.registered"]

    async def test_right_place_but_wrong_chain_is_void_after_one_more_fold_and_alarms(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        await run_until_answered(site, worker(site))
        at = len(await site.events())
        await site.put_events([(b"k", b"{}", pack_mark(at, 1, 0, 1, NO_HASH, NO_HASH))])
        await site.put(*message(sighted(), "b"))
        owner = worker(site)
        await run_until_answered(site, owner)
        assert owner.alarms == {at}
        assert kinds(answers(await site.events())) == ["unit.registered", "unit.sighted"]

    async def test_an_empty_log_stops_the_partition(self, bare_site: Site) -> None:
        with pytest.raises(LedgerBroken, match="empty"):
            await worker(bare_site).run()

    async def test_a_log_without_genesis_stops_the_partition(self, bare_site: Site) -> None:
        await bare_site.put_events([(b"k", b"{}", pack_mark(0, 0, 0, 1, NO_HASH, NO_HASH))])
        with pytest.raises(LedgerBroken, match="genesis"):
            await worker(bare_site).run()

    async def test_the_genesis_of_other_topics_stops_the_partition(self, site: Site) -> None:
        owner = worker(site)
        owner._identity = Identity("another inbox", "another log", 1)
        with pytest.raises(LedgerBroken, match="other logs"):
            await owner.run()

    async def test_an_answer_torn_at_the_end_stops_the_partition(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        await run_until_answered(site, worker(site))
        fold = await folded(site)
        await site.put_events([(b"k", b"{}", pack_mark(fold.position, 1, 0, 2, fold.head, NO_HASH))])
        with pytest.raises(LedgerBroken, match="torn"):
            await worker(site).run()

    async def test_a_message_that_breaks_the_decider_is_answered_internal_error_and_the_rest_go_on(
        self, site: Site
    ) -> None:
        await site.put(*message(register("u-1"), "a"))
        await site.put(*message(register("u-2"), "b"))
        await site.put(*message(register("u-3"), "c"))
        await run_until_answered(site, worker(site, decider=raising_on(site.decider, "u-2")))
        assert kinds(answers(await site.events())) == [
            "unit.registered",
            "message.rejected:internal_error",
            "unit.registered",
        ]

    async def test_several_messages_of_one_batch_that_break_the_decider_are_each_answered(self, site: Site) -> None:
        for n in range(6):
            await site.put(*message(register(f"u-{n}"), f"m{n}"))
        await run_until_answered(site, worker(site, decider=raising_on(site.decider, "u-1", "u-2", "u-4")))
        registered, failed = "unit.registered", "message.rejected:internal_error"
        assert kinds(answers(await site.events())) == [registered, failed, failed, registered, failed, registered]

    async def test_a_message_of_a_later_release_stops_the_partition_and_waits_for_who_knows_it(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await site.put(*message(register("u-1"), "a"))
        await site.put(*message(sighted(), "b"))
        unknown = "kalimaya.unit.sighted", "urn:kalimaya:schema:unit.sighted:1"
        with monkeypatch.context() as the_release_before:
            the_release_before.delitem(desk._INTAKE, unknown)
            with pytest.raises(UnknownMessage, match=unknown[1]):
                await asyncio.wait_for(worker(site).run(), 20)
        await run_until_answered(site, worker(site))
        assert kinds(answers(await site.events())) == ["unit.registered", "unit.sighted"]

    async def test_an_evolve_that_raises_on_the_log_stops_the_partition(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        await run_until_answered(site, worker(site))

        def evolve(state: Any, event: Any) -> Any:
            raise RuntimeError("a planted bug")

        with pytest.raises(RuntimeError, match="planted"):
            await worker(site, decider=replace(site.decider, evolve=evolve)).run()

    async def test_an_answer_larger_than_a_batch_becomes_too_large(self, site: Site) -> None:
        def decide(state: Any, order: Any) -> Any:
            if order.unit == "u-big":
                return [
                    UnitRegistered(unit="u-big", name="x" * 1000, agency="a", strength={"polri": 1}, callsign="c")
                ] * 2000
            return site.decider.decide(state, order)

        for unit in ("u-1", "u-big", "u-2"):
            await site.put(*message(register(unit), unit))
        await run_until_answered(site, worker(site, decider=replace(site.decider, decide=decide)))
        assert kinds(answers(await site.events())) == [
            "unit.registered",
            "message.rejected:too_large",
            "unit.registered",
        ]

    async def test_an_answer_of_several_events_is_whole(self, site: Site) -> None:
        def decide(state: Any, order: Any) -> Any:
            made = site.decider.decide(state, order)
            return [*made, *made]

        for n in range(20):
            await site.put(*message(register(f"u-{n}"), f"m{n}"))
        await run_until_answered(site, worker(site, decider=replace(site.decider, decide=decide)))
        assert [len(each) for each in answers(await site.events())] == [2] * 20

    async def test_an_inbox_that_is_another_than_the_log_answers_stops_the_partition(self, site: Site) -> None:
        await answered_to_another(site)
        with pytest.raises(LedgerBroken, match="not the message"):
            await worker(site).run()

    async def test_an_inbox_that_could_not_be_read_at_first_is_held_against_the_log_all_the_same(
        self, site: Site
    ) -> None:
        await answered_to_another(site)
        owner = worker(site)
        read_inbox, tries = owner._logs.read_inbox, 0

        async def slow_at_first(offset: int, wait: float) -> Sequence[Record]:
            nonlocal tries
            tries += 1
            return await read_inbox(offset, wait) if tries > 1 else ()

        owner._logs.read_inbox = slow_at_first  # type: ignore[method-assign]
        with pytest.raises(LedgerBroken, match="not the message"):
            await asyncio.wait_for(owner.run(), 20)

    async def test_a_log_that_answers_more_than_the_inbox_holds_stops_the_partition(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        await run_until_answered(site, worker(site))
        fold = await folded(site)
        event = (await site.events())[-1]
        await site.put_events(
            [
                (event.key or b"", event.value or b"", pack_mark(fold.position, 1, 0, 1, fold.head, NO_HASH)),
            ]
        )
        with pytest.raises(LedgerBroken):
            await worker(site).run()

    async def test_an_idle_owner_notices_what_another_wrote(self, site: Site) -> None:
        idle = worker(site)
        running = asyncio.create_task(idle.run())

        async def ready() -> bool:
            return idle.ready

        await until(ready, lambda: idle.fold)
        await site.put_events([(b"k", b"a stranger's", [])])

        async def noticed() -> bool:
            return idle.fold.voids == 1

        await until(noticed, lambda: idle.fold)
        idle.stop()
        await running
