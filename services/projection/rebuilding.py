"""Folds a second read model from the logs, beside the live one, and swaps it in or says where the two differ.

The second stands in a schema of its own, made by the same migrations and filled by the same followers. What it asks of
a table, and of whoever reads or writes one, is in ADR 0005; it knows none by name but those that hold positions.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg

from services.kit.kafka_access import Bootstrap
from services.kit.ledger import topics
from services.kit.ledger.log import Unavailable
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.topics import UNREADABLE
from services.projection.projector import Projector
from services.projection.store import DATABASE_ERRORS, MIGRATION_LOCK, SCHEMA, Store, new_pool
from services.projection.unreadable import UnreadableFollower

BESIDE = "read_model_beside"
REBUILD_LOCK = 3605
"""Any number: whoever rebuilds holds it, for as long as its connection lives."""
LOCK_MS = 250
"""Readers that come while we wait for older ones wait with us, so we give up soon and try again."""
SWAP_SECONDS = 60.0
AWAY_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1
NEARLY = 500
"""With no more records than this to go, the rest is read while other projectors wait."""

SHOWN = 20
"""Rows of a table that are named when they differ."""

POSITIONS = {"positions": "topic, partition", "unreadable_position": f"'{UNREADABLE}' AS topic, 0 AS partition"}
"""The tables that say how far each follower has come; it moves its own first in every transaction."""

Offsets = Mapping[Place, int]
Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many records of how many are read."""


class AnotherRebuild(Exception):
    """Another one is at work on this database."""


class CannotRebuild(Exception):
    """Why nothing was swapped, or cannot be compared; the live read model is as it was."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the logs and the read model are, and whose logs."""

    kafka: Bootstrap
    postgres: str
    services: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild read, in records and seconds, and for how many seconds projectors and then readers waited."""

    records: int
    seconds: float
    writers_waited: float
    readers_waited: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what follows from the logs, by its primary key."""

    table: str
    key: str
    how: str


@dataclass(frozen=True, slots=True)
class Compared:
    """How many rows were compared, how many differ, and the first of those."""

    rows: int
    different: int
    first: Sequence[Difference]


async def rebuild(plan: Plan, tell: Progress) -> Rebuilt:
    """Fold anew and swap. Raises AnotherRebuild, CannotRebuild, Unavailable, and what asyncpg raises."""
    async with _beside(plan, tell) as beside:
        return await beside.swap()


async def check(plan: Plan, tell: Progress) -> Compared:
    """Fold anew and compare. Raises AnotherRebuild, CannotRebuild, Unavailable, and what asyncpg raises."""
    async with _beside(plan, tell) as beside:
        return await beside.compare()


@contextlib.asynccontextmanager
async def _beside(plan: Plan, tell: Progress) -> AsyncIterator["_Beside"]:
    """A second read model, empty at first. What a rebuild that was killed has left is dropped; we leave nothing."""
    # Were we frozen while all writers wait, they would wait for us for ever.
    bounds = {"idle_in_transaction_session_timeout": "60s"}
    connection = await asyncpg.connect(plan.postgres, timeout=5, command_timeout=60, server_settings=bounds)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", REBUILD_LOCK):
            raise AnotherRebuild
        await connection.execute(f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE")
        pool = await new_pool(plan.postgres, BESIDE)
        try:
            await Store(pool, BESIDE).migrate()
            yield _Beside(plan, connection, pool, tell)
        finally:
            pool.terminate()
            with contextlib.suppress(*DATABASE_ERRORS):
                await connection.execute(f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE")
    finally:
        connection.terminate()


class _Beside:
    """The second read model. `connection` holds the lock and those on the live one, so it must not be lost."""

    def __init__(self, plan: Plan, connection: Any, pool: Any, tell: Progress) -> None:
        self._plan, self._connection, self._pool, self._tell = plan, connection, pool, tell
        self._began = monotonic()

    async def swap(self) -> Rebuilt:
        """Catch up; let writers wait, and read what they have written last; let readers wait, and swap."""
        await self._catch_up()
        deadline = monotonic() + SWAP_SECONDS
        while True:
            try:
                async with self._writers_waiting():
                    writers = monotonic()
                    await self._fold(await self._live())
                    readers = monotonic()
                    await self._exchange()
                done, records = monotonic(), sum((await self._stands(SCHEMA)).values())
                return Rebuilt(records, done - self._began, done - writers, done - readers)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
                if monotonic() > deadline:
                    raise CannotRebuild(f"others held the read model's tables for {SWAP_SECONDS:.0f} s") from error
                self._tell("waiting for long reads to end", 0, 0)
                await asyncio.sleep(random.uniform(0.5, 1.5))
                await self._catch_up()

    async def compare(self) -> Compared:
        """Fold up to where the live one stands, and hold the two together as they are at one instant."""
        if await self._migrations(SCHEMA) != await self._migrations(BESIDE):
            raise CannotRebuild("there is no read model of this version to compare")
        await self._fold(await self._live())
        looking = await asyncpg.connect(self._plan.postgres, timeout=5)
        try:
            async with looking.transaction(isolation="repeatable_read", readonly=True):
                async with self._writers_waiting():
                    await self._fold(await self._live())
                    await looking.execute("SELECT 1")  # takes the snapshot
                self._tell("comparing", 0, 0)
                found = [await _compare(looking, table) for table in await _tables(looking)]
        finally:
            looking.terminate()
        return Compared(
            sum(each.rows for each in found),
            sum(each.different for each in found),
            [one for each in found for one in each.first],
        )

    async def _catch_up(self) -> None:
        to_go = NEARLY
        while to_go >= NEARLY:
            await self._fold(await self._ends())
            to_go = sum((await self._ends()).values()) - sum((await self._stands(BESIDE)).values())

    async def _fold(self, until: Offsets) -> None:
        """Read up to these offsets; with fresh followers, which remember nothing but what is stored."""
        stands = await self._stands(BESIDE)
        if all(stands.get(place, 0) >= offset for place, offset in until.items()):
            return
        store = Store(self._pool, BESIDE)
        projector = Projector(store, self._plan.kafka, self._plan.services, "rebuild", until=until)
        followers = [projector.run()]
        if (UNREADABLE, 0) in until:
            end = until[UNREADABLE, 0]
            followers.append(UnreadableFollower(self._pool, store, self._plan.kafka, "rebuild", end).run())
        folding = asyncio.gather(*followers)
        try:
            await self._watch(projector, folding, until)
        finally:
            folding.cancel()
            await asyncio.gather(folding, return_exceptions=True)

    async def _watch(self, projector: Projector, folding: "asyncio.Future[Any]", until: Offsets) -> None:
        there = sum(offset for (topic, _), offset in until.items() if topic != UNREADABLE)
        read, moved = -1, monotonic()
        while not folding.done():
            await asyncio.wait({folding}, timeout=LOOK_EVERY_SECONDS)
            if projector.read != read:
                read, moved = projector.read, monotonic()
            self._tell("folding", read, there)
            for (topic, partition), reason in projector.stopped.items():
                raise CannotRebuild(f"{topic}/{partition} cannot be folded: {reason}")
            if projector.lost or self._connection.is_closed():
                raise CannotRebuild("the connection that held the lock was lost, or another rebuild has begun")
            if monotonic() - moved > AWAY_SECONDS:
                raise Unavailable(projector.trouble() or f"nothing came for {AWAY_SECONDS:.0f} s")
        folding.result()

    @contextlib.asynccontextmanager
    async def _writers_waiting(self) -> AsyncIterator[None]:
        """A transaction in which nobody else moves a position, and so nobody writes; readers go on."""
        async with self._connection.transaction():
            for table in await self._position_tables(SCHEMA):
                await self._connection.execute(f"LOCK TABLE {SCHEMA}.{table} IN EXCLUSIVE MODE")
            yield

    async def _exchange(self) -> None:
        """Within the writers' wait: nobody sees a moment without a read model, or a part of one."""
        execute = self._connection.execute
        await execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        if newer := await self._migrations(SCHEMA) - await self._migrations(BESIDE):
            raise CannotRebuild(f"the read model is of a newer version than this command: {', '.join(sorted(newer))}")
        await execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
        if "positions" in await self._position_tables(SCHEMA):
            await execute(f"LOCK TABLE {SCHEMA}.positions IN ACCESS EXCLUSIVE MODE")  # waits for all looks (LOOK)
        await execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        await execute(f"ALTER SCHEMA {BESIDE} RENAME TO {SCHEMA}")

    # Where things stand.

    async def _ends(self) -> Offsets:
        """Where the logs end now."""
        places = await topics.places(self._plan.kafka, self._plan.services, "events")
        if await topics.exists(self._plan.kafka, UNREADABLE):
            places.append((UNREADABLE, 0))
        reader = LogReader(self._plan.kafka, "rebuild")
        try:
            await reader.start({})
            return await reader.ends(places)
        finally:
            await reader.stop()

    async def _live(self) -> Offsets:
        """How far the live one has come. One that says more than there is in the logs is not to be believed."""
        stands = await self._stands(SCHEMA)
        return {place: min(end, stands.get(place, 0)) for place, end in (await self._ends()).items()}

    async def _stands(self, schema: str) -> Offsets:
        found = {}
        for table in await self._position_tables(schema):
            for row in await self._connection.fetch(f"SELECT {POSITIONS[table]}, next_offset FROM {schema}.{table}"):
                found[row["topic"], row["partition"]] = row["next_offset"]
        return found

    async def _position_tables(self, schema: str) -> list[str]:
        sql = "SELECT to_regclass($1) IS NOT NULL"
        return [each for each in POSITIONS if await self._connection.fetchval(sql, f"{schema}.{each}")]

    async def _migrations(self, schema: str) -> set[str]:
        if not await self._connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.migrations"):
            return set()
        return {row["name"] for row in await self._connection.fetch(f"SELECT name FROM {schema}.migrations")}


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the second read model, with the columns of its key and all of them, quoted."""

    name: str
    key: Sequence[str]
    columns: Sequence[str]


async def _tables(connection: Any) -> list[_Table]:
    rows = await connection.fetch(
        """SELECT c.relname AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns,
                  coalesce(array_agg(quote_ident(a.attname) ORDER BY a.attnum)
                           FILTER (WHERE a.attnum = ANY (i.indkey)), '{}') AS key
           FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
           WHERE c.relkind = 'r' AND c.relnamespace = $1::regnamespace AND c.relname <> 'migrations'
           GROUP BY c.relname ORDER BY c.relname""",
        BESIDE,
    )
    if keyless := [row["name"] for row in rows if not row["key"]]:
        raise CannotRebuild(f"tables without a primary key cannot be compared: {', '.join(keyless)}")
    return [_Table(row["name"], row["key"], row["columns"]) for row in rows]


async def _compare(connection: Any, table: _Table) -> Compared:
    differ = [f"CASE WHEN l.{each} IS DISTINCT FROM r.{each} THEN {_literal(each)} END" for each in table.columns]
    joined = " AND ".join(f"l.{each} = r.{each}" for each in table.key)
    rows = await connection.fetch(
        f"""SELECT concat_ws('/', {", ".join(f"coalesce(l.{each}, r.{each})" for each in table.key)}) AS key,
                   l.{table.key[0]} IS NULL AS missing, r.{table.key[0]} IS NULL AS extra,
                   array_remove(ARRAY[{", ".join(differ)}], NULL) AS changed, count(*) OVER () AS different
            FROM {SCHEMA}.{table.name} l FULL JOIN {BESIDE}.{table.name} r ON {joined}
            WHERE num_nonnulls({", ".join(differ)}) > 0 ORDER BY key LIMIT {SHOWN}"""
    )
    return Compared(
        await connection.fetchval(f"SELECT count(*) FROM {BESIDE}.{table.name}"),
        rows[0]["different"] if rows else 0,
        [Difference(table.name, row["key"], _how(row)) for row in rows],
    )


def _how(row: Any) -> str:
    if row["missing"]:
        return "follows from the logs but is not stored"
    if row["extra"]:
        return "is stored but does not follow from the logs"
    return f"is not what follows from the logs: {', '.join(row['changed'])}"


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
