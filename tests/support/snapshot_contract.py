"""The contract of snapshots (R11, ADR 0015): the same tests run on the log in memory and on Kafka."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from prometheus_client import REGISTRY

from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, pack_mark
from services.kit.ledger.snapshot import MANIFEST
from services.kit.ledger.worker import Worker
from tests.support.ledger import (
    QUICK,
    Site,
    answers,
    kinds,
    message,
    register,
    run_until_answered,
    sighted,
    until,
    worker,
)

KEEPING = replace(QUICK, snapshot_after=5)


def keeping(site: Site, **changes: Any) -> Worker[Any]:
    """A worker that keeps a snapshot after five answers."""
    made = worker(site, **changes)
    made._keeper._after = KEEPING.snapshot_after
    return made


def told(site: Site, result: str) -> float:
    """How many snapshots of this site became that."""
    labels = {"service": site.decider.service, "result": result}
    return REGISTRY.get_sample_value("kalimaya_snapshots_total", labels) or 0.0


async def kept(site: Site, count: int = 10, before: int = 0) -> None:
    """Messages of one unit, all answered, and a snapshot of that."""
    if before == 0:
        await site.put(*message(register(), "registered"))
    for n in range(before, before + count):
        await site.put(*message(sighted(n), f"m{n}"))
    written = told(site, "written")
    owner, messages = keeping(site), len(await site.inbox())
    running = asyncio.create_task(owner.run())
    await until(
        lambda: _is(lambda: told(site, "written") > written and owner.fold.next_cause == messages),
        lambda: (owner.fold, owner._keeper.__dict__),
    )
    owner.stop()
    await running


async def _is(condition: Callable[[], bool]) -> bool:
    return condition()


async def restarted(site: Site) -> Worker[Any]:
    """Another process over the same topics, when it has folded and answered what it found unanswered."""
    owner, messages = worker(site), len(await site.inbox())
    running = asyncio.create_task(owner.run())
    await until(
        lambda: _is(lambda: (owner.ready and owner.fold.next_cause >= messages) or running.done()), lambda: owner.fold
    )
    owner.stop()
    await running
    return owner


class SnapshotContract:
    """Subclasses provide the fixture `site`."""

    async def test_a_restart_goes_on_from_the_snapshot_and_knows_all_that_a_fold_knows(self, site: Site) -> None:
        await kept(site)
        for entry in (message(sighted(99), "later"), message(register("other"), "other")):
            await site.put(*entry)
        await run_until_answered(site, keeping(site))
        opened, folded = told(site, "opened"), worker(site)
        folded._opened = True
        again = await restarted(site)
        running = asyncio.create_task(folded.run())
        await until(lambda: _is(lambda: folded.ready), lambda: folded.fold)
        folded.stop()
        await running
        assert told(site, "opened") == opened + 1
        assert again.fold == folded.fold
        assert (again.desk.states, again.desk.seen) == (folded.desk.states, folded.desk.seen)
        assert (again.desk.known, again.desk.counts) == (folded.desk.known, folded.desk.counts)

    async def test_what_is_in_a_snapshot_is_repeated_and_refused_as_ever(self, site: Site) -> None:
        await kept(site)
        await site.put(*message(sighted(3), "m3"))
        await site.put(*message(sighted(4), "m3"))
        await site.put(*message(register(), "again"))
        await run_until_answered(site, worker(site))
        assert kinds(answers(await site.events()))[-3:] == [
            "message.repeated",
            "message.conflicting",
            "message.refused:already_registered",
        ]

    async def test_snapshots_follow_each_other_and_leave_nothing_behind(self, site: Site) -> None:
        for n in range(4):
            await kept(site, 10, before=n * 10)
        kept_now = await site.pair().load_snapshot()
        assert len(kept_now) == 3  # manifest, one piece of identities, one of aggregates
        assert len((await restarted(site)).desk.seen) == 41

    async def test_a_snapshot_of_other_logs_is_refused(self, site: Site) -> None:
        await kept(site)
        owner = worker(site)
        owner._keeper._identity = replace(site.identity, events_topic_id="another log")
        await self._refused(site, owner, "other logs")

    async def test_a_snapshot_of_other_code_is_refused(self, site: Site) -> None:
        await kept(site)
        owner = worker(site)
        owner._keeper._code = "another"
        await self._refused(site, owner, "another version", result="outdated")

    async def test_a_snapshot_with_a_changed_or_missing_piece_is_refused(self, site: Site) -> None:
        for spoil in (lambda content: content[:-1] + b"x", lambda _: None):
            await kept(site, before=0 if spoil(b"") else 100)
            pair = site.pair()
            for name, content in (await pair.load_snapshot()).items():
                if name != MANIFEST:
                    await pair.store_snapshot(name, spoil(content))
            await pair.close()
            await self._refused(site, worker(site), "its piece")

    async def test_a_snapshot_whose_manifest_is_changed_is_refused(self, site: Site) -> None:
        await kept(site)
        pair = site.pair()
        sealed = (await pair.load_snapshot())[MANIFEST]
        await pair.store_snapshot(MANIFEST, sealed.replace(b'"position":', b'"position":9'))
        await pair.close()
        await self._refused(site, worker(site), "not as it was written")

    async def test_an_owner_keeps_nothing_of_what_it_wrote_before_it_has_read_it_back(self, site: Site) -> None:
        await site.put(*message(register(), "a"))
        owner = keeping(site)
        await run_until_answered(site, owner)
        for n in range(10):
            await site.put(*message(sighted(n), f"m{n}"))
        looked: list[tuple[int, int]] = []
        keep = owner._keeper.keep

        def watched(desk: Any, fold: Any) -> None:
            looked.append((owner._read.position, fold.position))
            keep(desk, fold)

        owner._keeper.keep = watched  # type: ignore[method-assign]
        owner._stopping = False
        running = asyncio.create_task(owner.run())
        await until(lambda: _is(lambda: bool(looked)), lambda: owner.fold)
        owner.stop()
        await running
        assert all(read == kept for read, kept in looked)

    async def test_void_records_and_alarms_are_as_in_a_fold(self, site: Site) -> None:
        await kept(site)
        at = len(await site.events())
        await site.put_events([(b"k", b"{}", pack_mark(at, 11, 0, 1, NO_HASH, NO_HASH))])
        await site.put_events([(b"genesis", b"{}", pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH))])
        await kept(site, before=50)
        again = await restarted(site)
        assert (again.alarms, again.fold.voids) == ({at}, 2)

    async def _refused(self, site: Site, owner: Worker[Any], why: str, result: str = "refused") -> None:
        """It is told, and all is folded from the start all the same."""
        before = told(site, result)
        running = asyncio.create_task(owner.run())
        await until(lambda: _is(lambda: owner.ready), lambda: owner.fold)
        owner.stop()
        await running
        assert told(site, result) == before + 1, why
        assert owner.fold.next_cause == len(await site.inbox())
        assert owner.desk.counts["accepted"] == owner.fold.next_cause
