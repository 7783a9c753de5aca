"""The projector and logs that are not what they should be: it goes on where it may, and stops where it must."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from schemas.envelope import LogEvent, encode
from services.kit.ledger.fold import Fold
from services.kit.ledger.record import pack_mark
from services.projection.projector import Projector
from services.projection.store import SCHEMA, Store, new_pool
from tests.support.kafka_site import KafkaSite
from tests.support.ledger import NOON, Entry, message, run_until_answered, sighted, until, worker
from tests.support.pair import Pair


class Reading:
    """A site with one partition, and a database to project it into."""

    def __init__(self, site: KafkaSite, dsn: str) -> None:
        self.site, self.dsn = site, dsn
        self.place = (f"{site.decider.service}.events", 0)

    async def answer(self, count: int) -> None:
        for _ in range(count):
            await self.site.put(*message(sighted(), uuid.uuid4().hex))
        await run_until_answered(self.site, worker(self.site))

    async def fold(self) -> Fold:
        """The log as it stands, for those who append to it by hand."""
        fold = Fold()
        for record in await self.site.events():
            fold.take(record)
        return fold

    @asynccontextmanager
    async def projecting(self) -> AsyncIterator[Projector]:
        pool = await new_pool(self.dsn)
        projector = Projector(Store(pool), self.site.bootstrap, [self.site.decider.service])
        task = asyncio.create_task(projector.run())
        try:
            yield projector
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            pool.terminate()

    async def sql(self, statement: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": SCHEMA})
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def outcomes(self) -> int:
        try:
            return int((await self.sql("SELECT count(*) FROM outcomes"))[0][0])
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            return 0

    async def until_outcomes(self, count: int, projector: Projector) -> None:
        async def there() -> bool:
            return await self.outcomes() == count

        await until(there, lambda: (projector.trouble(), projector.ends))

    async def until_stopped(self, projector: Projector) -> str:
        async def stopped() -> bool:
            return self.place in projector.stopped

        await until(stopped, lambda: (projector.trouble(), projector.ends))
        return projector.stopped[self.place]


@pytest.fixture
async def reading(pair: Pair) -> AsyncIterator[Reading]:
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(pair.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    site = KafkaSite(pair.kafka)
    await site.start(genesis=True)
    yield Reading(site, f"{pair.postgres.rpartition('/')[0]}/{name}")
    await site.stop()


async def test_a_record_with_a_wrong_chain_is_void_and_raises_an_alarm(reading: Reading) -> None:
    await reading.answer(3)
    async with reading.projecting() as projector:
        await reading.until_outcomes(3, projector)
        fold = await reading.fold()
        forged = (b"unit/x", b"{}", pack_mark(fold.position, fold.next_cause, 0, 1, b"f" * 32, b"d" * 32))
        await reading.site.put_events([forged])
        await reading.answer(2)
        await reading.until_outcomes(5, projector)
        assert projector.trouble() is None
    [row] = await reading.sql("SELECT alarms, voids FROM positions")
    assert (row["alarms"], row["voids"]) == ([fold.position], 1)


async def test_records_that_landed_elsewhere_are_void(reading: Reading) -> None:
    await reading.answer(1)
    fold = await reading.fold()
    stray = (b"unit/x", b"{}", pack_mark(fold.position + 7, fold.next_cause, 0, 1, fold.head, b"d" * 32))
    await reading.site.put_events([stray])
    await reading.answer(1)
    async with reading.projecting() as projector:
        await reading.until_outcomes(2, projector)
    [row] = await reading.sql("SELECT alarms, voids FROM positions")
    assert (row["alarms"], row["voids"]) == ([], 1)


async def test_half_an_answer_is_not_projected(reading: Reading) -> None:
    await reading.answer(2)
    fold = await reading.fold()
    await reading.site.put_events(
        [(b"unit/x", b"{}", pack_mark(fold.position, fold.next_cause, 0, 2, fold.head, b"d" * 32))]
    )
    async with reading.projecting() as projector:
        await reading.until_outcomes(2, projector)

        async def all_read() -> bool:
            return projector.ends.get(reading.place) == fold.position + 1

        await until(all_read, lambda: projector.ends)
        assert projector.unprojected_age() > 0
    [row] = await reading.sql("SELECT next_offset, head FROM positions")
    assert (row["next_offset"], row["head"]) == (fold.position, fold.head)


async def test_an_event_newer_than_we_are_stops_the_partition_after_what_we_know(reading: Reading) -> None:
    await reading.answer(2)
    fold = await reading.fold()
    await reading.site.put_events([unknown_event(fold)])
    async with reading.projecting() as projector:
        assert "kalimaya.unit.teleported" in await reading.until_stopped(projector)
        await reading.until_outcomes(2, projector)
        assert projector.trouble() is not None


def unknown_event(fold: Fold) -> Entry:
    event = LogEvent(
        specversion="1.0", id="x", source="x", type="kalimaya.unit.teleported", subject="unit/x", dataschema="x",
        time=NOON, recordedtime=NOON, knowntime=NOON, causationid="/agencies/x#1", data={},
    )  # fmt: skip
    return b"unit/x", encode(event), pack_mark(fold.position, fold.next_cause, 0, 1, fold.head, b"d" * 32)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("log = 'another'", "the read model is of another log"),
        ("next_offset = 10000", "the read model is of another log"),
        ("head = sha256('another')", "LedgerBroken"),
    ],
)
async def test_a_read_model_of_another_log_is_left_alone(reading: Reading, change: str, said: str) -> None:
    await reading.answer(2)
    async with reading.projecting() as projector:
        await reading.until_outcomes(2, projector)
    await reading.sql(f"UPDATE positions SET {change}")
    await reading.answer(1)
    async with reading.projecting() as projector:
        assert said in await reading.until_stopped(projector)
        assert projector.trouble() is not None
    assert await reading.outcomes() == 2
