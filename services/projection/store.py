"""The read model in PostgreSQL: rows and positions, changed together or not at all.

It knows tables and transactions. It knows nothing of what the documents mean, beyond the columns that lists filter on.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import asyncpg
import msgspec
from msgspec import to_builtins

from schemas.catalogue import newest
from schemas.envelope import decode_data
from services.kit.ledger.reader import Place
from services.projection.history import Entity, Past, Version
from services.views import briefs
from services.views.area import Area
from services.views.facts import Fact
from services.views.model import Key, Outcome, from_document, listed, slot, subject_of, to_document

SCHEMA = "read_model"
"""Where the tables are. No statement names it: another `search_path` is another read model (rebuilding.py)."""
MIGRATION_LOCK = 3604
"""Any number, the same in every process: whoever migrates or swaps holds it."""
LOOK_SECONDS = 5.0
"""So long a look may take to begin: far longer than a swap, and whoever waits is soon told that PostgreSQL is away."""

IDLE_SECONDS = 10
"""PostgreSQL ends a transaction in which its client has asked for nothing for so long. Who is frozen, or on a machine
that lost its power, says no goodbye, and whoever takes his partitions over would wait for his locks."""

GONE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""By these PostgreSQL notices within half a minute that a client's machine is gone, whatever it was waiting for."""

LOOK = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE positions IN ACCESS SHARE MODE; "
    "SET LOCAL idle_in_transaction_session_timeout = '60s'"
)
"""How a transaction that looks more than once begins, in one round trip. Until it ends no rebuilt read model is swapped
in, and all its looks are into the same tables. The lock takes no snapshot: the one that follows is younger than any
swap. To render what was read may take longer than a writer may hold his locks."""

DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""All that asking PostgreSQL may raise."""
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
    OSError,
    TimeoutError,
)
"""PostgreSQL is away, or new and not migrated yet: waiting helps. What else it raises is a bug of ours.

InternalClientError is what asyncpg raises of a connection that PostgreSQL has just said farewell to, until it sees that
it is closed."""

Document = dict[str, Any]

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


class SecondWriter(Exception):
    """Somebody else has moved positions that we stood on, those of `places`."""

    def __init__(self, places: Mapping[Place, str]) -> None:
        super().__init__("; ".join(places.values()))
        self.places = places


class Swapped(Exception):
    """The tables are others than those that we began with: a rebuilt read model stands in their place."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far one partition of an event log is in the read model, always between whole answers.

    `table` is PostgreSQL's id of the table that says so: a rebuilt read model has another.
    """

    next_offset: int = 0
    next_cause: int = 0
    tail: int = -1
    head: bytes = bytes(32)
    known: datetime | None = None
    log: str | None = None
    voids: int = 0
    alarms: tuple[int, ...] = ()
    table: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One entity as it is stored; `place` is the one log that writes it."""

    key: Key
    place: Place
    entity: Entity
    document: Document


@dataclass(slots=True)
class Batch:
    """What one transaction adds.

    `moves`: by place, the position that must be found and the one to leave. `facts`: each with what it concerns.
    """

    moves: dict[Place, tuple[Position, Position]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    facts: list[tuple[Fact, Area]] = field(default_factory=list)

    def add(self, key: Key, place: Place, entity: Entity, versions: Iterable[Version]) -> None:
        """Add an entity as it is now, and the versions that it has got."""
        self.rows.append(Row(key, place, entity, to_document(entity.state)))
        self.versions += versions


async def new_pool(dsn: str, schema: str = SCHEMA) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool that connects when it is first used, so that PostgreSQL may come later than we do."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=8,
        timeout=5,
        command_timeout=20,
        server_settings={
            "search_path": schema,
            "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
            **GONE,
        },
        reset=_left_as_it_was,
    )


async def _left_as_it_was(connection: Any) -> None:
    """Nobody here changes a session, and an open transaction is rolled back before this: no round trip is needed."""


@contextlib.asynccontextmanager
async def one_look(connection: Any) -> AsyncIterator[None]:
    """As long as this lasts, whatever the connection reads is of the same read model at the same moment."""
    try:
        async with _given_up(connection):
            await connection.execute(LOOK, timeout=LOOK_SECONDS)
            yield
    except asyncpg.InterfaceError as error:
        if _is_lost(connection):
            raise asyncpg.ConnectionDoesNotExistError(f"lost between two questions: {error}") from error
        raise
    finally:
        if not _is_lost(connection):
            await connection.execute("ROLLBACK", timeout=LOOK_SECONDS)


@contextlib.asynccontextmanager
async def _given_up(connection: Any) -> AsyncIterator[None]:
    """Throws a connection away that was not answered in time: to end its transaction, or even to cancel what it was
    asked, would be to wait for the same server once more.
    """
    try:
        yield
    except (TimeoutError, asyncio.CancelledError, asyncpg.InternalClientError):
        connection.terminate()
        raise


def _is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # so lost that the pool has taken it back
        return True


class Store:
    """Reads and writes the read model. Every method may raise DATABASE_ERRORS."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", schema: str = SCHEMA) -> None:
        self._pool, self._schema = pool, schema

    async def migrate(self) -> None:
        """Bring the tables to the newest version, each step in a transaction of its own."""
        folder = files("services.projection").joinpath("migrations")
        steps = sorted((each.name, each.read_text()) for each in folder.iterdir() if each.name.endswith(".sql"))
        async with self._pool.acquire() as connection:
            for name, sql in [("", f"CREATE SCHEMA IF NOT EXISTS {self._schema}"), *steps]:
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
                    if name and await _is_done(connection, name):
                        continue
                    await connection.execute(sql)
                    if name:
                        await connection.execute("INSERT INTO migrations VALUES ($1)", name)

    async def begin(self, places: Iterable[Place], ours: Collection[Place]) -> dict[Place, Position]:
        """The positions of `ours`, to read on from; all `places` have one from then on.

        Waits for a transaction of a predecessor that is not quite over.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.executemany(
                """INSERT INTO positions VALUES ($1, $2, 0, 0, -1, $3, NULL, NULL, 0, '{}')
                   ON CONFLICT DO NOTHING""",
                [(topic, partition, bytes(32)) for topic, partition in sorted(places)],
            )
            rows = await connection.fetch(
                """SELECT p.tableoid, p.* FROM positions p
                   JOIN unnest($1::text[], $2::int[]) AS wanted (topic, partition) USING (topic, partition)
                   ORDER BY p.topic, p.partition FOR UPDATE OF p""",
                [topic for topic, _ in ours],
                [partition for _, partition in ours],
            )
        return {(row["topic"], row["partition"]): _position(row) for row in rows}

    async def identity(self) -> str:
        """Tells this read model from any other: PostgreSQL's own id, and the database."""
        sql = "SELECT system_identifier || '.' || current_database() FROM pg_control_system()"
        return str(await self._pool.fetchval(sql, timeout=5))

    async def positions(self, connection: Any = None) -> dict[Place, Position]:
        """How far the read model has got, as `connection` sees it; without one, as it is now. In bounded time."""
        if connection is None:
            async with self._pool.acquire(timeout=LOOK_SECONDS) as own, _given_up(own):
                return await self.positions(own)
        rows = await connection.fetch("SELECT tableoid, * FROM positions", timeout=LOOK_SECONDS)
        return {(row["topic"], row["partition"]): _position(row) for row in rows}

    async def load(self, keys: Sequence[Key]) -> dict[Key, Entity]:
        """These entities, as far as they exist."""
        if not keys:
            return {}
        rows = await self._pool.fetch(
            """SELECT kind, id, document, brief, first_at, last_at FROM entities
               JOIN unnest($1::text[], $2::text[]) AS wanted (kind, id) USING (kind, id)""",
            *_columns_of(keys),
        )
        return {(row["kind"], row["id"]): _entity(row) for row in rows}

    async def past(self, keys: Sequence[Key]) -> dict[Key, Past]:
        """What the read model holds of the past of these entities."""
        if not keys:
            return {}
        facts: defaultdict[Key, list[Fact]] = defaultdict(list)
        versions: defaultdict[Key, list[Version]] = defaultdict(list)
        sql = "SELECT * FROM events WHERE slot IS NULL AND subject = ANY($1) ORDER BY event_offset"
        for row in await self._pool.fetch(sql, list(map("/".join, keys))):
            fact = fact_of(row)
            facts[subject_of(fact)].append(fact)
        for row in await self._pool.fetch(
            """SELECT kind, id, at_from, known_from, event_offset, brief FROM versions
               JOIN unnest($1::text[], $2::text[]) AS wanted (kind, id) USING (kind, id) ORDER BY event_offset""",
            *_columns_of(keys),
        ):
            version = _version_of(row)
            versions[version.key].append(version)
        return {key: Past(facts[key], versions[key]) for key in keys}

    async def commit(self, batch: Batch) -> None:
        """Add a batch. Raises SecondWriter or Swapped, and adds nothing, when a position is not the expected one."""
        async with self._pool.acquire() as connection, connection.transaction():
            await _move(connection, batch.moves)
            if batch.rows:
                await connection.execute(_UPSERT, *_columns(batch.rows))
            if batch.versions:
                await connection.copy_records_to_table(
                    "versions", columns=_VERSION, records=map(_version, batch.versions)
                )
            if batch.outcomes:
                await connection.copy_records_to_table(
                    "outcomes", columns=_OUTCOME, records=[_outcome(o) for o in batch.outcomes]
                )
            if batch.facts:
                await connection.copy_records_to_table(
                    "events", columns=_EVENT, records=[_event(*each) for each in batch.facts]
                )


async def _is_done(connection: Any, name: str) -> bool:
    await connection.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)")
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM migrations WHERE name = $1)", name))


async def _move(connection: Any, moves: Mapping[Place, tuple[Position, Position]]) -> None:
    """Move positions, in the order of their places so that two writers cannot lock each other up."""
    places = sorted(moves)
    topics, partitions = [topic for topic, _ in places], [partition for _, partition in places]
    rows = await connection.fetch(
        """SELECT p.tableoid, p.topic, p.partition, p.next_offset, p.head FROM positions p
           JOIN unnest($1::text[], $2::int[]) AS wanted (topic, partition) USING (topic, partition)
           ORDER BY p.topic, p.partition FOR UPDATE OF p""",
        topics,
        partitions,
    )
    if any(row["tableoid"] != moves[row["topic"], row["partition"]][0].table for row in rows):
        raise Swapped("the read model was rebuilt")
    found = {(row["topic"], row["partition"]): (row["next_offset"], bytes(row["head"])) for row in rows}
    moved = {
        place: f"{place[0]}/{place[1]} stands at {found.get(place, ('nothing',))[0]}, we had left it at {p.next_offset}"
        for place, (p, _) in moves.items()
        if found.get(place) != (p.next_offset, p.head)
    }
    if moved:
        raise SecondWriter(moved)
    after = [moves[place][1] for place in places]
    await connection.executemany(
        """UPDATE positions SET next_offset = $3, next_cause = $4, tail = $5, head = $6, known = $7, log = $8,
                  voids = $9, alarms = $10 WHERE topic = $1 AND partition = $2""",
        [
            (*place, p.next_offset, p.next_cause, p.tail, p.head, p.known, p.log, p.voids, list(p.alarms))
            for place, p in zip(places, after, strict=True)
        ],
    )


def _position(row: Any) -> Position:
    return Position(
        next_offset=row["next_offset"],
        next_cause=row["next_cause"],
        tail=row["tail"],
        head=bytes(row["head"]),
        known=row["known"],
        log=row["log"],
        voids=row["voids"],
        alarms=tuple(row["alarms"]),
        table=row["tableoid"],
    )


def _columns_of(keys: Sequence[Key]) -> tuple[list[str], list[str]]:
    return [kind for kind, _ in keys], [id_ for _, id_ in keys]


def _entity(row: Any) -> Entity:
    kind = row["kind"]
    state = from_document(kind, _from_json(row["document"]))
    return Entity(state, briefs.from_json(kind, row["brief"]), row["first_at"], row["last_at"])


def _version_of(row: Any) -> Version:
    kind = row["kind"]
    brief = briefs.from_json(kind, row["brief"])
    return Version((kind, row["id"]), row["at_from"], row["known_from"], row["event_offset"], brief)


def fact_of(row: Any) -> Fact:
    """A fact as it was folded, from its row of `events`."""
    return Fact(
        data=decode_data(row["type"], _newest(row["type"]).dataschema, row["data"].encode()),
        type=row["type"],
        time=row["time"],
        recordedtime=row["recordedtime"],
        knowntime=row["knowntime"],
        source=row["source"],
        id=row["id"],
        service=row["service"],
        partition=row["partition"],
        offset=row["event_offset"],
        cause=row["cause"],
        subject=row["subject"],
    )


_newest = cache(newest)

# Arrays of arrays must be rectangular, so the two list columns travel as JSON.
_UPSERT = """
INSERT INTO entities (kind, id, service, partition, villages, districts, jurisdiction, agency, status, document,
                      brief, first_at, last_at)
SELECT kind, id, service, partition,
       ARRAY(SELECT jsonb_array_elements_text(villages)), ARRAY(SELECT jsonb_array_elements_text(districts)),
       jurisdiction, agency, status, document, brief, first_at, last_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::jsonb[], $6::jsonb[], $7::text[], $8::text[],
            $9::text[], $10::jsonb[], $11::jsonb[], $12::timestamptz[], $13::timestamptz[])
  AS fresh (kind, id, service, partition, villages, districts, jurisdiction, agency, status, document,
            brief, first_at, last_at)
ON CONFLICT (kind, id) DO UPDATE SET
  villages = excluded.villages, districts = excluded.districts, jurisdiction = excluded.jurisdiction,
  agency = excluded.agency, status = excluded.status, document = excluded.document,
  brief = excluded.brief, first_at = excluded.first_at, last_at = excluded.last_at
"""


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    found = [listed(row.key[0], row.document) for row in rows]
    return [
        [row.key[0] for row in rows],
        [row.key[1] for row in rows],
        [row.place[0].removesuffix(".events") for row in rows],
        [row.place[1] for row in rows],
        [_jsonb(each.villages) for each in found],
        [_jsonb(each.districts) for each in found],
        [each.jurisdiction for each in found],
        [each.agency for each in found],
        [each.status for each in found],
        [_jsonb(row.document) for row in rows],
        [_jsonb(row.entity.brief) for row in rows],
        [row.entity.first_at for row in rows],
        [row.entity.last_at for row in rows],
    ]


_VERSION = (
    "kind", "id", "at_from", "known_from", "event_offset", "villages", "districts", "jurisdiction", "agency", "status",
    "brief",
)  # fmt: skip


def _version(v: Version) -> tuple[Any, ...]:
    columns = listed(v.key[0], to_builtins(v.brief))
    return (
        *v.key, v.at_from, v.known_from, v.offset, columns.villages, columns.districts, columns.jurisdiction,
        columns.agency, columns.status, _jsonb(v.brief),
    )  # fmt: skip


_OUTCOME = (
    "service", "partition", "cause", "offset", "source", "id", "kind", "reason", "type", "subject",
    "time", "recordedtime", "knowntime", "detail",
)  # fmt: skip


def _outcome(o: Outcome) -> tuple[Any, ...]:
    return (
        o.service, o.partition, o.cause, o.offset, _text(o.source), _text(o.id), o.kind, o.reason and _text(o.reason),
        _text(o.type), _text(o.subject), o.time, o.recordedtime, o.knowntime, _jsonb(o.detail),
    )  # fmt: skip


_EVENT = (
    "service", "partition", "event_offset", "cause", "type", "subject",
    "time", "recordedtime", "knowntime", "source", "id", "data", "slot", "villages", "districts",
)  # fmt: skip


def _event(f: Fact, area: Area) -> tuple[Any, ...]:
    return (
        f.service, f.partition, f.offset, f.cause, f.type, _text("/".join(subject_of(f))),
        f.time, f.recordedtime, f.knowntime, _text(f.source), _text(f.id), _jsonb(f.data), slot(f),
        sorted(area.villages), sorted(area.districts),
    )  # fmt: skip


def _text(value: str) -> str:
    """PostgreSQL's text cannot hold NUL; the gateway lets none through, but others may have written to an inbox."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _jsonb(value: Any) -> str:
    encoded = _to_json(value).decode()
    return encoded if "\\u0000" not in encoded else _to_json(_without_nul(_from_json(encoded))).decode()


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return _text(value)
        case list():
            return [_without_nul(each) for each in value]
        case dict():
            return {_text(key): _without_nul(each) for key, each in value.items()}
        case _:
            return value
