"""The read model as PostgreSQL has it, one partition of the event logs at a time, each in one transaction.

It knows the tables' columns and nothing of what documents mean.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from kalimaya.audit.kafka import Place, Unreachable
from services.projection.store import DATABASE_ERRORS, LOOK, SCHEMA

T = TypeVar("T")
CONNECT_SECONDS = 5.0
QUERY_SECONDS = 120.0
"""A database that needs longer for one question does not answer."""
ROWS = 50
"""Documents that are fetched at once: some are 60 KB."""

Key = tuple[str, str]
"""Kind and id of an entity."""


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """How far one event-log partition was in the read model."""

    next_offset: int = 0
    next_cause: int = 0
    head: bytes = bytes(32)
    log: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """What is stored of one partition. `documents` as JSON, in the order of their keys; `outcomes`: rows by kind."""

    position: StoredPosition = field(default_factory=StoredPosition)
    outcomes: dict[str, int] = field(default_factory=dict)
    documents: Iterator[tuple[Key, str | bytes]] = field(default_factory=lambda: iter(()))


class ReadModel:
    """A connection to the read model. Whatever is asked of it may raise Unreachable."""

    def __init__(self, dsn: str) -> None:
        self._runner = asyncio.Runner()
        try:
            self._connection: asyncpg.Connection[Any] = self._ask(_connect(dsn))
        except Unreachable:
            self._runner.close()
            raise

    def close(self) -> None:
        """Let go."""
        self._connection.terminate()
        self._runner.close()

    def positions(self) -> dict[Place, StoredPosition]:
        """How far it is, now."""
        rows = self._ask(
            self._connection.fetch("SELECT topic, partition, next_offset, next_cause, head, log FROM positions")
        )
        return {Place(row["topic"], row["partition"]): _position(row) for row in rows}

    @contextmanager
    def partition(self, service: str, number: int) -> Iterator[StoredPartition]:
        """One partition as it stands now, for as long as this lasts."""
        try:
            self._ask(self._connection.execute(LOOK))
            position = self.positions().get(Place(f"{service}.events", number), StoredPosition())
            query = "SELECT kind, count(*) AS rows FROM outcomes WHERE service = $1 AND partition = $2 GROUP BY kind"
            outcomes = self._ask(self._connection.fetch(query, service, number))
            counted = {row["kind"]: row["rows"] for row in outcomes}
            yield StoredPartition(position, counted, self._documents(service, number))
        finally:
            if not self._connection.is_closed():
                self._ask(self._connection.execute("ROLLBACK"))

    def _documents(self, service: str, number: int) -> Iterator[tuple[Key, str]]:
        query = (
            "SELECT kind, id, document FROM entities WHERE service = $1 AND partition = $2 "
            'ORDER BY kind COLLATE "C", id COLLATE "C"'
        )
        cursor = self._ask(self._cursor(query, service, number))
        while rows := self._ask(cursor.fetch(ROWS)):
            for row in rows:
                yield (row["kind"], row["id"]), row["document"]

    async def _cursor(self, query: str, *arguments: object) -> Any:
        return await self._connection.cursor(query, *arguments)

    def strays(self, known: Collection[tuple[str, int]]) -> list[str]:
        """Rows that are said to follow from partitions which do not exist, as `table: rows service/partition`."""
        query = " UNION ALL ".join(
            f"SELECT '{table}' AS found, service, partition, count(*) AS rows FROM {table} GROUP BY service, partition"
            for table in ("entities", "outcomes")
        )
        return [
            f"{row['found']}: {row['rows']} rows of {row['service']}/{row['partition']}"
            for row in self._ask(self._connection.fetch(query))
            if (row["service"], row["partition"]) not in known
        ]

    def _ask(self, asking: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(asking)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise Unreachable(f"the database has no read model: {error}; has the projection ever run?") from error
        except (*DATABASE_ERRORS, ValueError) as error:
            raise Unreachable(f"PostgreSQL does not answer: {type(error).__name__}: {error}") from error


async def _connect(dsn: str) -> "asyncpg.Connection[Any]":
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        dsn, timeout=CONNECT_SECONDS, command_timeout=QUERY_SECONDS, server_settings={"search_path": SCHEMA}
    )
    return connection


def _position(row: Any) -> StoredPosition:
    return StoredPosition(row["next_offset"], row["next_cause"], bytes(row["head"]), row["log"])
