"""The feed of changes: one look at the read model for all readers, who each get what they asked for.

It looks when our own projector has committed, and now and then for the commits of another process. A reader who comes
back is first told from the tables what he has missed, and then joins the others. It knows no HTTP: readers are given
frames of server-sent events as bytes.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
import structlog

from services.projection import metrics
from services.projection.api import vector
from services.projection.api.briefs import OPERATIONS
from services.projection.api.event_rows import COLUMNS, EVERYTHING, Wanted, place_of, position_of, rows
from services.projection.api.reading import LOOK_EVERY_SECONDS, Reading
from services.projection.api.vector import Vector
from services.projection.api.viewer import Viewer
from services.projection.store import DATABASE_ERRORS, one_look

log = structlog.get_logger(__name__)

PAGE = 1_000
"""Events of one look: small enough that readers are served between two, however much there is to catch up."""
MOST_WAITING = 5_000
"""Changes kept for a reader who does not read: some 2.5 MB, seconds of an operation played flat out."""
CHUNK_BYTES = 32_768
COALESCE_SECONDS = 0.02
"""Between two looks, so that a burst of commits becomes one frame a reader and not many."""
HEARTBEAT_SECONDS = 10.0
NOT_REACHED_SECONDS = 10.0
RETRY_MILLISECONDS = 1_000
TURNS = 3
"""How many readers may have something read for them at once: the pool is shared with projector and API."""

Reason = Literal["slow", "shutting_down", "read_model_away", "not_reached", "area_changed"]
REASONS: dict[Reason, str] = {
    "slow": f"You read too slowly: more than {MOST_WAITING} changes were waiting. Come back with the last id.",
    "shutting_down": "This process ends. Come back with the last id.",
    "read_model_away": "PostgreSQL is away. Come back with the last id.",
    "not_reached": "The read model has not got as far as your id, which may be of other logs.",
    "area_changed": "The villages of this jurisdiction have changed. Come back with the last id.",
}

_columns = f"{COLUMNS}, CASE WHEN subject LIKE 'post/%' THEN data ->> 'jurisdiction' END AS jurisdiction"
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Change:
    """An event on its way to readers. `jurisdiction`: what a post's event says of its village's."""

    kind: str
    subject: str
    villages: frozenset[str]
    districts: frozenset[str]
    jurisdiction: str | None
    frame: bytes


class Reader:
    """One who reads changes, and may see what `viewer` may. `since`: the vector up to which he knows everything."""

    def __init__(self, viewer: Viewer, wanted: Wanted, since: Vector, jurisdiction: str | None = None) -> None:
        self.viewer = viewer
        self._wanted, self._jurisdiction = wanted, jurisdiction
        self._districts = frozenset(code[:8] for code in wanted.under or ())
        self.since = dict(since)
        self.waiting: deque[Change] = deque()
        self.woken = asyncio.Event()
        self.ended: Reason | Literal["gone"] | None = None

    @property
    def wanted(self) -> Wanted:
        """What he asked for."""
        return self._wanted

    def offer(self, changes: Sequence[Change]) -> None:
        """Keep for him what he wants of these; too much ends him."""
        if self.ended:
            return
        last = None if self._wanted.under is None else self._outdating(changes)
        found = [each for each in changes[: None if last is None else last + 1] if self._wants(each)]
        if found:
            self.waiting.extend(found)
            self.woken.set()
        if len(self.waiting) > MOST_WAITING:
            self.end("slow")
        elif last is not None:
            self.end("area_changed")

    def end(self, reason: "Reason | Literal['gone']") -> None:
        """He gets no more; what waits for him he will ask for when he comes back."""
        if self.ended is None:
            self.ended = reason
            if reason != "area_changed":
                self.waiting.clear()
        self.woken.set()

    def take(self) -> list[Change]:
        """What waits for him, not more than a chunk at once."""
        taken, size = list[Change](), 0
        while self.waiting and size < CHUNK_BYTES:
            taken.append(self.waiting.popleft())
            size += len(taken[-1].frame)
        return taken

    def _wants(self, change: Change) -> bool:
        wanted = self._wanted
        return (
            (wanted.district is None or wanted.district in change.districts)
            and (wanted.kinds is None or change.kind in wanted.kinds)
            and (wanted.village is None or wanted.village in change.villages)
            and (wanted.under is None or self._is_under(wanted.under, change))
        )

    def _is_under(self, villages: frozenset[str], change: Change) -> bool:
        if change.villages:
            return not villages.isdisjoint(change.villages)
        return not self._districts.isdisjoint(change.districts)

    def _outdating(self, changes: Sequence[Change]) -> int | None:
        """Which of these is the first after which other villages may be under the jurisdiction."""
        return next((n for n, each in enumerate(changes) if self._outdated_by(each)), None)

    def _outdated_by(self, change: Change) -> bool:
        if change.kind in OPERATIONS:
            return True
        named, under = change.jurisdiction, self._wanted.under or frozenset()
        return named is not None and (named == self._jurisdiction) == under.isdisjoint(change.villages)


class Feed:
    """Looks and tells readers, as long as it runs and there is one."""

    def __init__(self, reading: Reading) -> None:
        for reason in (*get_args(Reason), "stuck"):  # nobody dropped shows as 0, and not like nobody who counts
            metrics.DROPPED_READERS.labels(reason)
        self._reading = reading
        self._present: set[Reader] = set()
        self._joined: set[Reader] = set()
        self._vector: dict[tuple[str, int], int] | None = None
        self._arrival, self._looked = asyncio.Event(), asyncio.Event()
        self._turns = asyncio.Semaphore(TURNS)
        self._closing = False

    async def run(self) -> None:
        """Look until cancelled; then every reader is told that this is the end."""
        try:
            while True:
                if not self._present:
                    self._vector = None
                    self._arrival.clear()
                    await self._arrival.wait()
                next_commit = self._reading.projector.next_commit
                if not await self._look_if_possible():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY_SECONDS):
                            await next_commit.wait()
                await asyncio.sleep(COALESCE_SECONDS)
        finally:
            self._closing = True
            for reader in self._present:
                reader.end("shutting_down")

    async def _look_if_possible(self) -> bool:
        """Look once; whether there may be more to see at once."""
        try:
            return await self._look()
        except DATABASE_ERRORS as error:
            log.warning("the feed cannot look", reason=type(error).__name__, detail=str(error))
            return False

    async def _look(self) -> bool:
        async with self._looking() as (connection, positions):
            if self._vector is None:
                self._move(positions, ())
                return False
            if vector.covers(self._vector, positions):
                return False
            found = await rows(connection, self._vector, positions, EVERYTHING, PAGE, columns=_columns)
        after = dict(self._vector)
        changes = [_change(each, after) for each in found]
        more = len(found) == PAGE
        self._move(after if more else _farther(after, positions), changes)
        return more

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[tuple[Any, dict[tuple[str, int], int]]]:
        """One look at the tables, and how far they are. No rebuilt read model comes between."""
        async with (
            self._reading.pool.acquire(timeout=5) as connection,
            one_look(connection),
        ):
            yield connection, vector.at(await self._reading.store.positions(connection))

    def _move(self, after: dict[tuple[str, int], int], changes: Sequence[Change]) -> None:
        """Without a pause between, so that who joins sees the one with the other."""
        self._vector = after
        for reader in self._joined:
            reader.offer(changes)
        looked, self._looked = self._looked, asyncio.Event()
        looked.set()

    # One reader.

    async def frames(self, reader: Reader) -> AsyncGenerator[bytes, None]:
        """What a reader is sent, until he is gone or dropped; the last event then says why."""
        if self._closing:
            reader.end("shutting_down")
        self._present.add(reader)
        self._arrival.set()
        metrics.READERS.set(len(self._present))
        try:
            yield b"retry: %d\n" % RETRY_MILLISECONDS + _heartbeat(reader.since)
            async for chunk in self._missed(reader):
                yield chunk
            while reader.ended is None or reader.waiting:
                if not reader.waiting and await self._is_quiet(reader):
                    yield _heartbeat(self._vector or reader.since)
                yield await self._shown(reader, reader.take())
        finally:
            self._present.discard(reader)
            self._joined.discard(reader)
            metrics.READERS.set(len(self._present))
        if reader.ended is not None and reader.ended != "gone":
            metrics.DROPPED_READERS.labels(reader.ended).inc()
            yield _dropped(reader.ended)

    async def _is_quiet(self, reader: Reader) -> bool:
        """Wait until something waits for him; whether nothing does for so long that a heartbeat is due."""
        reader.woken.clear()
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await reader.woken.wait()
        except TimeoutError:
            return not reader.waiting  # something may have come just now
        return False

    async def _shown(self, reader: Reader, changes: Sequence[Change]) -> bytes:
        """The frames of those of these changes whose entities he may see now."""
        if not changes or reader.viewer.commands:
            return _joined(changes)
        try:
            async with self._turns, self._reading.pool.acquire(timeout=5) as connection:
                return _joined(await _seen(connection, reader.viewer, changes))
        except DATABASE_ERRORS:
            reader.end("read_model_away")
            return b""

    async def _missed(self, reader: Reader) -> AsyncIterator[bytes]:
        """What came between his vector and ours; at the end he has joined the others, unless he was ended."""
        deadline = asyncio.get_running_loop().time() + NOT_REACHED_SECONDS
        while reader.ended is None and reader not in self._joined:
            if self._vector is None or not vector.covers(self._vector, reader.since):
                await self._until_looked(reader, deadline)
            elif await self._may_read():
                yield await self._page(reader, self._vector)
            else:
                yield _heartbeat(reader.since)

    async def _may_read(self) -> bool:
        """Wait for one's turn to read the tables, not longer than until the next heartbeat."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                return await self._turns.acquire()
        return False

    async def _until_looked(self, reader: Reader, deadline: float) -> None:
        looked = self._looked
        try:
            async with asyncio.timeout_at(deadline):
                await looked.wait()
        except TimeoutError:
            reader.end("not_reached")

    async def _page(self, reader: Reader, ours: Vector) -> bytes:
        """The next of what he has missed; his vector goes along. After the last of it he has joined the others.

        He joins before the tables are read, so that what comes meanwhile waits for him behind this page.
        """
        self._joined.add(reader)
        try:
            async with self._looking() as (connection, positions):
                if not vector.covers(positions, ours):
                    reader.end("not_reached")
                    return b""
                found = await rows(connection, reader.since, ours, reader.wanted, PAGE, columns=_columns)
                changes = [_change(each, reader.since) for each in found]
                seen = await _seen(connection, reader.viewer, changes)
        except DATABASE_ERRORS:
            reader.end("read_model_away")
            return b""
        finally:
            self._turns.release()
        if len(found) == PAGE:
            self._joined.discard(reader)
            reader.waiting.clear()
        return _joined(seen)


def _change(row: Mapping[str, Any], after: dict[tuple[str, int], int]) -> Change:
    """The change that an event is; `after` is moved past it, and its id."""
    after[place_of(row)] = row["event_offset"] + 1
    kind, _, id_ = row["subject"].partition("/")
    data = {
        "kind": kind,
        "id": id_,
        "type": row["type"],
        "subject": row["subject"],
        "position": position_of(row),
        "time": row["time"],
        "knowntime": row["knowntime"],
    }
    frame = b"event: changed\nid: %b\ndata: %b\n\n" % (vector.write(after).encode(), _json(data))
    villages, districts = frozenset(row["villages"]), frozenset(row["districts"])
    return Change(kind, row["subject"], villages, districts, row["jurisdiction"], frame)


async def _seen(connection: Any, viewer: Viewer, changes: Sequence[Change]) -> Sequence[Change]:
    seen = await viewer.seen(connection, {each.subject for each in changes})
    return [each for each in changes if each.subject in seen]


def _joined(changes: Sequence[Change]) -> bytes:
    return b"".join(each.frame for each in changes)


def _farther(one: Vector, other: Vector) -> dict[tuple[str, int], int]:
    return {place: max(one.get(place, 0), other.get(place, 0)) for place in {*one, *other}}


def _heartbeat(at: Vector) -> bytes:
    """A frame without data: it moves the reader's id, and no event comes of it."""
    return b": still here\nid: %b\n\n" % vector.write(at).encode()


def _dropped(reason: Reason) -> bytes:
    return b"event: dropped\ndata: %b\n\n" % _json({"reason": reason, "detail": REASONS[reason]})
