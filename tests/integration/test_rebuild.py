"""`kalimaya rebuild` on a real Kafka and a real PostgreSQL: whatever happened before and meanwhile, the same rows."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from schemas.catalogue import SERVICES
from services.kit.ledger.fold import Fold
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.topics import UNREADABLE
from services.projection import rebuilding
from services.projection.digest import digest
from services.projection.projector import Projector
from services.projection.rebuilding import BESIDE, AnotherRebuild, CannotRebuild, Compared, Plan
from services.projection.store import SCHEMA, Store, new_pool, one_look
from services.projection.unreadable import UnreadableFollower
from tests.integration.test_projection_logs import unknown_event
from tests.support.deciding import Deciding, deciding, sightings, small_scenario
from tests.support.kafka_site import KafkaSite
from tests.support.ledger import until
from tests.support.pair import Pair
from tests.support.read_model import asked, new_database
from tests.support.rehearsal import PARTITIONS

Rows = dict[str, list[str]]
UNITS = 20
UNIT = "polres-serang-001"
MANY = 3000
"""So many that a rebuild is seen half-way."""


def silent(doing: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


class Site:
    """The logs of all three services, with the small scenario in them, and a database."""

    def __init__(self, pair: Pair, decided: Deciding, dsn: str) -> None:
        self.pair, self.decided, self.dsn = pair, decided, dsn
        self.plan = Plan(pair.kafka, dsn, SERVICES)

    async def sql(self, statement: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": SCHEMA})
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def rows(self, dsn: str | None = None) -> Rows:
        """Every row of every table, as PostgreSQL writes it."""
        connection = await asyncpg.connect(dsn or self.dsn)
        try:
            tables = await connection.fetch(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::regnamespace", SCHEMA
            )
            return {
                name: [row[0] for row in await connection.fetch(f"SELECT t::text FROM {SCHEMA}.{name} t ORDER BY 1")]
                for name in sorted(row["relname"] for row in tables)
                if name != "migrations"
            }
        finally:
            await connection.close()

    async def digest(self) -> str:
        found = await self.sql("SELECT kind, id, document FROM entities")
        return digest({(row["kind"], row["id"]): msgspec.json.decode(row["document"]) for row in found}).hex

    async def schemas(self) -> set[str]:
        found = await self.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read_model%'")
        return {row["nspname"] for row in found}

    @asynccontextmanager
    async def projecting(
        self, dsn: str | None = None, share: Callable[[Place], bool] = lambda _: True
    ) -> AsyncIterator[tuple[Projector, httpx.AsyncClient]]:
        """A projector at work, and its API."""
        pool = await new_pool(dsn or self.dsn)
        store = Store(pool)
        projector = Projector(store, self.pair.kafka, SERVICES, share=share)
        task = asyncio.create_task(projector.run())
        async with asked(pool, store, projector, self.pair, dsn or self.dsn) as api:
            try:
                yield projector, api
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                pool.terminate()

    async def all_projected(self, api: httpx.AsyncClient, seconds: float = 60) -> None:
        """Wait until the outcome of every message is in."""
        positions = [f"{topic}/{partition}@{offset}" for (topic, partition), offset in self.decided.sent.items()]
        told: list[Any] = []

        async def there() -> bool:
            answer = await api.get("/v1/status", params={"min_position": ",".join(positions), "wait": 5})
            told[:] = [answer.status_code, answer.text[:2000]]
            return answer.status_code == 200

        await until(there, lambda: told, seconds)

    async def projected(self, dsn: str | None = None) -> Rows:
        """The rows that a projector makes which nobody disturbs; without an address, in a database of its own."""
        dsn = dsn or await new_database(self.pair)
        async with self.projecting(dsn) as (_, api):
            await self.all_projected(api)
            await self.all_set_aside(dsn)
        return await self.rows(dsn)

    async def all_set_aside(self, dsn: str) -> None:
        """Bring in what nobody can read; other tests may have written some."""
        reader = LogReader(self.pair.kafka, "test")
        await reader.start({(UNREADABLE, 0): 0})
        end = (await reader.ends())[UNREADABLE, 0]
        await reader.stop()
        pool = await new_pool(dsn)
        await UnreadableFollower(pool, Store(pool), self.pair.kafka, "test", end).run()
        pool.terminate()

    async def is_readable(self, api: httpx.AsyncClient) -> bool:
        answer = await api.get("/v1/units", params={"limit": UNITS})
        return answer.status_code == 200 and len(answer.json()["items"]) == UNITS

    def start(self, *options: str, kafka: str = "", postgres: str = "") -> subprocess.Popen[str]:
        """`kalimaya rebuild`, as a process."""
        addresses = ["--kafka", kafka or self.pair.kafka, "--postgres", postgres or self.dsn]
        return subprocess.Popen(
            [sys.executable, "-m", "kalimaya", "rebuild", *addresses, *options],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    async def command(self, *options: str, **addresses: str) -> "subprocess.CompletedProcess[str]":
        """The same, to its end."""
        process = self.start(*options, **addresses)
        stdout, stderr = await asyncio.to_thread(process.communicate, timeout=60)
        return subprocess.CompletedProcess([], process.returncode, stdout, stderr)

    async def half_way(self) -> subprocess.Popen[str]:
        """A rebuild that has read some of the logs and not all, and stands still until SIGCONT."""
        connection = await asyncpg.connect(self.dsn)
        total = await connection.fetchval(f"SELECT sum(next_offset) FROM {SCHEMA}.positions")
        process = self.start()

        async def some() -> bool:
            try:
                found = await connection.fetchval(f"SELECT sum(next_offset) FROM {BESIDE}.positions")
            except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
                return False
            return 0 < (found or 0) < total

        async def stands() -> bool:
            nonlocal process
            if process.poll() is not None:
                process = self.start()
            if await some():
                process.send_signal(signal.SIGSTOP)
                if await some():
                    return True
                process.send_signal(signal.SIGCONT)
            return False

        await until(stands, lambda: "never seen half-way", 60)
        await connection.close()
        return process


@pytest.fixture
async def site(pair: Pair) -> AsyncIterator[Site]:
    async with deciding(pair.kafka) as decided:
        await decided.send(small_scenario())
        made = Site(pair, decided, await new_database(pair))
        await made.projected()  # so that everything is decided
        yield made


@asynccontextmanager
async def reading(api: httpx.AsyncClient) -> AsyncIterator[list[float]]:
    """Somebody who reads without a pause: each answer is whole, and none is older than the one before. Its seconds."""
    seconds: list[float] = []

    async def read() -> None:
        reached: dict[str, int] = {}
        while True:
            began = monotonic()
            answer = await api.get("/v1/units", params={"limit": UNITS})
            seconds.append(monotonic() - began)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["items"]) == UNITS
            now = dict(each.split("@") for each in answer.headers["Kalimaya-Position"].split(","))
            assert all(int(now[place]) >= offset for place, offset in reached.items()), (reached, now)
            reached = {place: int(offset) for place, offset in now.items()}

    task = asyncio.create_task(read())
    try:
        yield seconds
    finally:
        await asyncio.sleep(0)
        task.cancel()
        done = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(done, asyncio.CancelledError), done


@pytest.mark.timeout(600)
async def test_five_rebuilds_give_the_same_rows_and_the_same_digest(site: Site) -> None:
    """Empty, interrupted half-way, with two workers, while it is being loaded, and after a planted corruption."""
    await rebuilding.rebuild(site.plan, silent)
    await as_projected(site)
    await interrupted(site)
    await as_projected(site)
    await with_two_workers(site)
    await as_projected(site)
    await while_loading(site)
    await as_projected(site)
    await corrupted(site)
    await as_projected(site)


async def as_projected(site: Site) -> None:
    """The rows are those of a projector that nobody has disturbed, and nothing is left behind."""
    assert await site.rows() == await site.projected()
    assert await site.schemas() == {SCHEMA}
    assert await rebuilding.check(site.plan, silent) == Compared(sum(map(len, (await site.rows()).values())), 0, [])


async def interrupted(site: Site) -> None:
    """Told to stop half-way, then killed half-way, then left alone."""
    await site.decided.send(sightings(MANY))
    await site.projected(site.dsn)
    for signum, code in ((signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = await site.rows()
        process = await site.half_way()
        process.send_signal(signum)
        process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(process.wait, 30) == code
        assert await site.schemas() == ({SCHEMA, BESIDE} if signum == signal.SIGKILL else {SCHEMA})
        assert await site.rows() == before
    await site.sql("SELECT pg_advisory_xact_lock($1)", rebuilding.REBUILD_LOCK)  # once PostgreSQL misses who was killed
    await rebuilding.rebuild(site.plan, silent)


async def with_two_workers(site: Site) -> None:
    """Each projects its partitions, and goes on in the tables that were swapped in."""

    def even(place: Place) -> bool:
        return place[1] % 2 == 0

    def odd(place: Place) -> bool:
        return not even(place)

    async with site.projecting(share=even) as (one, api), site.projecting(share=odd) as (two, _):
        await rebuilding.rebuild(site.plan, silent)
        await site.decided.send(sightings(60))
        await site.all_projected(api)
        assert (one.lost, two.lost, one.trouble(), two.trouble()) == ({}, {}, None, None)
        await until(lambda: caught_up(one, two), lambda: (one.unprojected_age(), two.unprojected_age()))


async def caught_up(*projectors: Projector) -> bool:
    return all(each.unprojected_age() == 0 for each in projectors)


async def while_loading(site: Site) -> None:
    """The live projector has nothing yet, messages come all the time, and somebody reads."""
    await site.sql(f"DROP SCHEMA {SCHEMA} CASCADE")

    async def load() -> None:
        for _ in range(20):
            await site.decided.send(sightings(60))
            await asyncio.sleep(0.05)

    async with site.projecting() as (projector, api):
        loading = asyncio.create_task(load())
        await until(lambda: site.is_readable(api), projector.trouble)
        async with reading(api) as seconds:
            waited = [(await rebuilding.rebuild(site.plan, silent)).readers_waited for _ in range(3)]
            await loading
            await site.all_projected(api)
        assert (projector.lost, projector.trouble()) == ({}, None)
    assert min(waited) < 1, waited
    assert max(seconds) < 10


async def corrupted(site: Site) -> None:
    """Rows changed, added and lost while a projector runs that has read them: the check names them, a rebuild mends."""
    async with site.projecting() as (_, api):
        await site.all_projected(api)
        planted = "jsonb_set(document, '{registration,name}', '\"planted\"')"
        await site.sql(f"UPDATE entities SET document = {planted} WHERE id = $1", UNIT)
        await site.decided.send(sightings(40))
        await site.all_projected(api)
        another = '(jsonb_populate_record(e, \'{"id": "planted"}\')).*'
        await site.sql(f"INSERT INTO entities SELECT {another} FROM entities e WHERE id = $1", UNIT)
        await site.sql("DELETE FROM outcomes WHERE service = 'logistics' AND partition = 0 AND cause = 1")
        found = await rebuilding.check(site.plan, silent)
        assert {(each.table, each.key, each.how) for each in found.first} == {
            ("entities", f"unit/{UNIT}", "is not what follows from the logs: document"),
            ("entities", "unit/planted", "is stored but does not follow from the logs"),
            ("outcomes", "logistics/0/1", "follows from the logs but is not stored"),
        }
        assert found.different == 3
        await rebuilding.rebuild(site.plan, silent)
        await site.decided.send(sightings(40))
        await site.all_projected(api)


async def test_who_looks_sees_one_read_model_to_the_end_and_nobody_else_waits_for_him(site: Site) -> None:
    await site.projected(site.dsn)
    slow = await asyncpg.connect(site.dsn, server_settings={"search_path": SCHEMA})
    table = "SELECT tableoid FROM entities LIMIT 1"
    [before] = await site.sql(table)
    async with site.projecting() as (_, api):
        async with one_look(slow):
            said: list[str] = []
            swapping = asyncio.create_task(rebuilding.rebuild(site.plan, lambda doing, *_: said.append(doing)))
            await until(lambda: waits(said, 1), lambda: said, 60)
            async with reading(api) as seconds:
                await until(lambda: waits(said, 4), lambda: said, 60)
            assert sorted(seconds)[-2] < 3, seconds  # a stall makes one of them long, waiting for `slow` at least two
            assert await slow.fetchval(table) == before["tableoid"]
        await swapping
        assert await slow.fetchval(table) != before["tableoid"]
        await slow.close()


async def waits(said: list[str], times: int) -> bool:
    return said.count("waiting for long reads to end") >= times


async def test_one_rebuild_at_a_time(site: Site) -> None:
    holder = await asyncpg.connect(site.dsn)
    await holder.execute("SELECT pg_advisory_lock($1)", rebuilding.REBUILD_LOCK)
    with pytest.raises(AnotherRebuild):
        await rebuilding.rebuild(site.plan, silent)
    told = await site.command()
    assert (told.returncode, told.stderr) == (3, "Another rebuild of this read model is at work.\n")
    await holder.close()


async def test_what_cannot_be_folded_is_not_swapped_in_and_nothing_is_left(pair: Pair) -> None:
    alone = KafkaSite(pair.kafka)
    await alone.start(genesis=True)
    fold = Fold()
    for record in await alone.events():
        fold.take(record)
    await alone.put_events([unknown_event(fold)])
    dsn = await new_database(pair)
    with pytest.raises(CannotRebuild, match=r"events/0 cannot be folded: .*kalimaya\.unit\.teleported"):
        await rebuilding.rebuild(Plan(pair.kafka, dsn, [alone.decider.service]), silent)
    connection = await asyncpg.connect(dsn)
    assert await connection.fetch("SELECT FROM pg_namespace WHERE nspname LIKE 'read_model%'") == []
    await connection.close()
    await alone.stop()


async def test_a_newer_read_model_is_left_alone(site: Site) -> None:
    await site.projected(site.dsn)
    await site.sql("INSERT INTO migrations VALUES ('9999_of_tomorrow.sql')")
    with pytest.raises(CannotRebuild, match="9999_of_tomorrow"):
        await rebuilding.rebuild(site.plan, silent)
    with pytest.raises(CannotRebuild, match="no read model of this version"):
        await rebuilding.check(site.plan, silent)
    assert await site.schemas() == {SCHEMA}


async def test_the_command(site: Site) -> None:
    told = await site.command("--json")
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)["records"] > 2000
    told = await site.command("--check")
    assert (told.returncode, told.stdout.startswith("Nothing differs in ")) == (0, True)
    await site.sql("DELETE FROM outcomes WHERE service = 'incidents' AND partition = 1 AND cause = 0")
    told = await site.command("--check")
    assert told.returncode == 1
    assert "outcomes incidents/1/0 follows from the logs but is not stored\n1 rows differ" in told.stdout
    told = await site.command(kafka="127.0.0.1:1")
    assert (told.returncode, told.stderr.startswith("Not done: the logs cannot be read: ")) == (2, True)
    told = await site.command(postgres="postgresql://127.0.0.1:1/nowhere")
    assert (told.returncode, told.stderr.startswith("Not done: the database: ")) == (2, True)


async def test_a_projector_that_stopped_because_of_its_tables_goes_on_in_the_rebuilt_ones(site: Site) -> None:
    await site.projected(site.dsn)
    await site.sql("UPDATE positions SET log = 'another' WHERE topic = 'deployment.events'")
    async with site.projecting() as (projector, api):

        async def stopped() -> bool:
            return len(projector.stopped) == PARTITIONS

        await until(stopped, projector.trouble)
        await rebuilding.rebuild(site.plan, silent)
        await site.decided.send(sightings(20))
        await site.all_projected(api)
        assert projector.trouble() is None
