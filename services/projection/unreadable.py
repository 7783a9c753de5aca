"""Follows gateway.unreadable and keeps what stands there, for /v1/unreadable. Beside the projector, not part of it.

Rows and position change in one transaction, under the condition that the position is still ours. A second follower is
no danger here: who loses reads on from where the other has come.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import structlog

from services.kit.kafka_access import Bootstrap
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.reader import LogReader
from services.kit.ledger.record import Record
from services.kit.ledger.topics import UNREADABLE
from services.projection import metrics
from services.projection.projector import CATCHABLE
from services.projection.store import Store

log = structlog.get_logger(__name__)

LARGEST_SHOWN = 65_536
"""Bytes of a record's value that are kept here: enough to see what it was. The whole stands in the topic."""
LARGEST_HEADER, MOST_HEADERS = 1024, 50
WAIT_SECONDS = 1.0
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """A record of gateway.unreadable, as it is stored; the fields are the table's columns."""

    topic: str
    partition: int
    offset: int
    position: int
    agency: str
    reason: str
    detail: str
    recordedtime: datetime | None
    headers: str
    size: int
    raw: bytes


class UnreadableFollower:
    """Runs beside the projector until cancelled, or until it has read up to `until`."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        store: Store,
        bootstrap: Bootstrap,
        client_id: str,
        until: int | None = None,
    ) -> None:
        self._pool, self._store, self._bootstrap, self._client_id = pool, store, bootstrap, client_id
        self._until = until

    async def run(self) -> None:
        """Follow; after any failure, from the stored position on."""
        while True:
            reader = LogReader(self._bootstrap, self._client_id)
            try:
                await self._store.migrate()
                await self._follow(reader)
                return
            except CATCHABLE as error:
                log.warning("following again", topic=UNREADABLE, detail=f"{type(error).__name__}: {error}")
            except OutOfRange as error:
                log.error("the topic is shorter than it was: from its beginning", topic=UNREADABLE, detail=str(error))
                await self._begin_again()
            finally:
                await reader.stop()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _follow(self, reader: LogReader) -> None:
        position = int(await self._pool.fetchval("SELECT next_offset FROM unreadable_position"))
        await reader.start({(UNREADABLE, 0): position})
        end = (await reader.ends())[UNREADABLE, 0]
        if end < position:
            raise OutOfRange(f"it ends at {end}, {position} records were read")
        while self._until is None or position < self._until:
            records = (await reader.read(WAIT_SECONDS)).get((UNREADABLE, 0), ())
            if self._until is not None:
                records = [record for record in records if record.offset < self._until]
            if records:
                await self._add([row_of(record) for record in records], position)
                position = records[-1].offset + 1
                metrics.UNREADABLE.inc(len(records))

    async def _add(self, rows: Sequence[Row], expected: int) -> None:
        """Add rows and move the position; a record that is there already stays as it is."""
        async with self._pool.acquire() as connection, connection.transaction():
            sql = "UPDATE unreadable_position SET next_offset = $2 WHERE next_offset = $1 RETURNING true"
            if not await connection.fetchval(sql, expected, rows[-1].position + 1):
                raise Unavailable("another follower has moved the position")
            await connection.executemany(
                "INSERT INTO unreadable VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
                [astuple(row) for row in rows],
            )

    async def _begin_again(self) -> None:
        try:
            await self._pool.execute("UPDATE unreadable_position SET next_offset = 0")
        except CATCHABLE as error:
            log.warning("following again", topic=UNREADABLE, detail=f"{type(error).__name__}: {error}")


def row_of(record: Record) -> Row:
    """A record as it is stored. One that is not the gateway's own is shown as what it is, a stranger's."""
    headers = [(name, value or b"") for name, value in record.headers]
    said = {name: value.decode("utf-8", "replace") for name, value in headers}
    value = record.value or b""
    topic, partition, offset = _place(said, record.offset)
    return Row(
        topic=topic,
        partition=partition,
        offset=offset,
        position=record.offset,
        agency=_plain(said.get("agency", "")),
        reason=_plain(said.get("reason", "foreign")),
        detail=_plain(said.get("detail", "not written by the gateway")),
        recordedtime=_instant(said.get("recordedtime", "")),
        headers=_encoded(headers),
        size=len(value),
        raw=value[:LARGEST_SHOWN],
    )


def _place(said: Mapping[str, str], position: int) -> tuple[str, int, int]:
    try:
        partition, offset = int(said["partition"]), int(said["offset"])
        if "reason" in said and 0 <= partition < 2**31 and 0 <= offset < 2**63:
            return _plain(said["topic"]), partition, offset
    except (KeyError, ValueError):
        pass
    return UNREADABLE, 0, position


def _instant(text: str) -> datetime | None:
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
    return found if found.tzinfo is not None else None


def _encoded(headers: Sequence[tuple[str, bytes]]) -> str:
    """The agency's own headers, which the gateway has put behind `of.`."""
    own: list[tuple[str, Any]] = [
        (_plain(name[3:]), b64encode(value[:LARGEST_HEADER]).decode())
        for name, value in headers
        if name.startswith("of.")
    ]
    return msgspec.json.encode(own[:MOST_HEADERS]).decode()


def _plain(value: str) -> str:
    """PostgreSQL's text cannot hold NUL."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
