"""Holds the read model in PostgreSQL against a fresh fold of the logs.

A snapshot is taken first, with the positions it stands at; the logs are then folded up to exactly these positions. So
the comparison is exact on a running system too. It knows the tables' columns and nothing of what documents mean.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg
import msgspec

from kalimaya.audit.findings import Findings
from kalimaya.audit.kafka import Place, Unreachable
from kalimaya.audit.partition import PartitionChecker, WholeAnswer
from schemas.envelope import UnknownMessage
from services.kit.ledger.fold import Answer
from services.projection.digest import digest
from services.projection.store import HOLD, SCHEMA
from services.views.model import Model

T = TypeVar("T")
CONNECT_SECONDS = 5.0
QUERY_SECONDS = 120.0
"""Reading all entities of a long operation takes seconds; a database that needs longer does not answer."""

Key = tuple[str, str]
Documents = dict[Key, dict[str, Any]]
_from_json = msgspec.json.Decoder().decode
_to_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """How far one event-log partition was in the read model."""

    next_offset: int = 0
    next_cause: int = 0
    head: bytes = bytes(32)
    log: str | None = None
    voids: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The read model as it stood in one transaction. `outcomes`: rows by service, partition and kind."""

    positions: dict[Place, StoredPosition] = field(default_factory=dict)
    documents: Documents = field(default_factory=dict)
    outcomes: dict[tuple[str, int, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """Sizes and digests of the two, and how many events of the logs were not in the read model yet."""

    entities: int
    outcomes: int
    stored_digest: str
    folded_digest: str
    behind: int

    def document(self) -> dict[str, Any]:
        """For JSON."""
        said: dict[str, Any] = msgspec.to_builtins(self)
        return said | {"equal": self.stored_digest == self.folded_digest}


def snapshot(dsn: str) -> Snapshot:
    """The read model, as it is now. Raises Unreachable."""
    return _ask(_snapshot(dsn))


def positions(dsn: str) -> dict[Place, StoredPosition]:
    """Only how far it is. Raises Unreachable."""
    return _ask(_only_positions(dsn))


def _ask(asking: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(asking)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise Unreachable(f"the database has no read model: {error}; has the projection ever run?") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        raise Unreachable(f"PostgreSQL does not answer: {type(error).__name__}: {error}") from error


async def _connect(dsn: str) -> "asyncpg.Connection[Any]":
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        dsn, timeout=CONNECT_SECONDS, command_timeout=QUERY_SECONDS, server_settings={"search_path": SCHEMA}
    )
    return connection


async def _only_positions(dsn: str) -> dict[Place, StoredPosition]:
    connection = await _connect(dsn)
    try:
        return await _positions(connection)
    finally:
        await connection.close()


async def _positions(connection: "asyncpg.Connection[Any]") -> dict[Place, StoredPosition]:
    rows = await connection.fetch("SELECT topic, partition, next_offset, next_cause, head, log, voids FROM positions")
    return {
        Place(row["topic"], row["partition"]): StoredPosition(
            row["next_offset"], row["next_cause"], bytes(row["head"]), row["log"], row["voids"]
        )
        for row in rows
    }


async def _snapshot(dsn: str) -> Snapshot:
    connection = await _connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(HOLD)
            entities = await connection.fetch("SELECT kind, id, document FROM entities")
            outcomes = await connection.fetch(
                "SELECT service, partition, kind, count(*) AS rows FROM outcomes GROUP BY service, partition, kind"
            )
            return Snapshot(
                await _positions(connection),
                {(row["kind"], row["id"]): _from_json(row["document"]) for row in entities},
                {(row["service"], row["partition"], row["kind"]): row["rows"] for row in outcomes},
            )
    finally:
        await connection.close()


class Comparison:
    """Folds the answers of the logs up to where a snapshot stands, and says where the two differ."""

    def __init__(self, stored: Snapshot, findings: Findings) -> None:
        self._stored, self._findings = stored, findings
        self._model = Model()
        self._outcomes: dict[tuple[str, int, str], int] = {}
        self._reached: dict[Place, StoredPosition] = {}

    def take(self, service: str, partition: int, answer: WholeAnswer) -> None:
        """Fold an answer, unless the snapshot was taken before it."""
        place = Place(f"{service}.events", partition)
        stored = self._stored.positions.get(place, StoredPosition())
        if answer.records[-1].offset >= stored.next_offset:
            return
        whole = Answer(answer.cause, answer.offset, answer.digest, answer.records, answer.head)
        self._reached[place] = StoredPosition(stored.next_offset, answer.cause + 1, answer.head)
        try:
            outcome = self._model.apply(service, partition, whole).outcome
        except (UnknownMessage, msgspec.DecodeError) as error:
            detail = f"the answer to cause {answer.cause} cannot be folded: {error}"
            self._findings.add("read model", place.topic, partition, answer.offset, detail)
            return
        key = (service, partition, str(outcome.kind))
        self._outcomes[key] = self._outcomes.get(key, 0) + 1

    def finish(self, checkers: dict[tuple[str, int], PartitionChecker]) -> Compared:
        """Compare, once all logs have been fed at least up to the snapshot."""
        behind = 0
        for checker in checkers.values():
            place = Place(checker.events, checker.partition)
            behind += self._check_position(place, checker)
        fresh: Documents = {key: _from_json(_to_json(each)) for key, each in self._model.documents().items()}
        self._check_documents(fresh)
        self._check_outcomes()
        return Compared(
            len(self._stored.documents),
            sum(self._stored.outcomes.values()),
            _digest(self._stored.documents),
            _digest(fresh),
            behind,
        )

    def _check_position(self, place: Place, checker: PartitionChecker) -> int:
        stored = self._stored.positions.get(place, StoredPosition())
        if stored.next_offset > checker.events_position:
            detail = f"the read model has read up to {stored.next_offset}, the log ends at {checker.events_position}"
            self._findings.add("read model", place.topic, place.partition, stored.next_offset, detail)
        if stored.next_offset and stored.log not in (None, checker.log):
            detail = f"the read model was folded from log {stored.log}, this is {checker.log}"
            self._findings.add("read model", place.topic, place.partition, 0, detail)
        reached = self._reached.get(place)
        if reached and (stored.next_cause, stored.head) != (reached.next_cause, reached.head):
            detail = (
                f"at offset {stored.next_offset} the read model expects cause {stored.next_cause} after head "
                f"{stored.head.hex()[:12]}, the log says cause {reached.next_cause} after {reached.head.hex()[:12]}"
            )
            self._findings.add("read model", place.topic, place.partition, stored.next_offset, detail)
        return max(0, checker.events_position - stored.next_offset)

    def _check_documents(self, fresh: Documents) -> None:
        stored = self._stored.documents
        for key in sorted(stored.keys() | fresh.keys()):
            if stored.get(key) == fresh.get(key):
                continue
            name = "/".join(key)
            if key not in stored:
                detail = f"{name} follows from the logs but is not stored"
            elif key not in fresh:
                detail = f"{name} is stored but does not follow from the logs"
            else:
                fields = stored[key].keys() | fresh[key].keys()
                differ = sorted(f for f in fields if stored[key].get(f) != fresh[key].get(f))
                detail = f"{name} is not what follows from the logs: {', '.join(differ)}"
            self._findings.add("read model", "entities", None, None, detail)

    def _check_outcomes(self) -> None:
        stored, counted = self._stored.outcomes, self._outcomes
        for key in sorted(stored.keys() | counted.keys()):
            if stored.get(key, 0) != counted.get(key, 0):
                service, partition, kind = key
                detail = (
                    f"{stored.get(key, 0)} rows of {service}/{partition} say {kind}, {counted.get(key, 0)} outcomes do"
                )
                self._findings.add("read model", "outcomes", None, None, detail)


def _digest(documents: Documents) -> str:
    """The digest, or why there is none: a stored document may have been damaged in any way."""
    try:
        return digest(documents).hex
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"none: {error!r}"
