"""What every answer stands on: one consistent look at the read model, its position, and the wait for a position."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import asyncpg
import msgspec
from fastapi import Depends, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import Field

from services.kit.clock import load
from services.kit.credentials import Doorkeeper, bearer
from services.kit.http import Problem
from services.projection.api.briefs_kept import ROWS, VERSIONS, KeptBriefs
from services.projection.api.picture_kept import Drawings
from services.projection.api.position import HEADER, MOST_CHARACTERS, PATTERN, Positions, Wanted, header, parse
from services.projection.api.times import EVER, PROVISIONAL, At, KnownAt, Times
from services.projection.api.turns import Turns
from services.projection.api.verbatim import Listed, as_stored
from services.projection.api.viewer import Viewer, viewer_of
from services.projection.arrivals import Arrivals, provisional
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.store import UNREACHABLE, Document, Store, one_look
from services.views.briefs import from_json

D = TypeVar("D")

OF_THE_PAST = {"at", "known_at"}
"""Who gives one of these asks for another time than now."""

RETRY_SECONDS = 2
NOTHING_READ = datetime.min.replace(tzinfo=UTC)
EARLIEST = NOTHING_READ + timedelta(days=366)
"""Before it nothing is judged, because no word can be some hours older than the beginning of all time."""
LOOK_EVERY_SECONDS = 0.25
"""A waiting client is woken by our own projector's commits; this is for those of another."""

PROBLEMS: dict[int | str, dict[str, Any]] = {
    304: {"description": "You have it already, as `If-None-Match` says."},
    401: {"description": "No token, or one that nobody has."},
    403: {"description": "This endpoint shows what your role does not read."},
    422: {"description": "A parameter is malformed."},
    500: {"description": "We failed, and have noted why."},
    503: {"description": "PostgreSQL is away; see Retry-After."},
    504: {"description": "`min_position` was not reached within `wait`."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing."}}


@dataclass(frozen=True, slots=True)
class Reading:
    """What handlers need of the process, set by the composition root as `app.state.reading`."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    store: Store
    projector: Projector
    settings: ProjectionSettings
    doorkeeper: Doorkeeper
    arrivals: Arrivals | None = None
    briefs: KeptBriefs = field(default_factory=KeptBriefs)
    drawings: Drawings = field(default_factory=Drawings)
    turns: Turns = field(default_factory=Turns)

    def now(self, positions: Positions) -> datetime:
        """The operation's time; the clock is read anew each time, because a scenario may start after us."""
        read_to = max((each.known for each in positions.values() if each.known), default=NOTHING_READ)
        return load(self.settings.clock).now(read_to)

    def provisional(self, positions: Positions, known_at: datetime) -> bool:
        """Whether a message that was recorded up to `known_at` may be missing in a read model at these positions."""
        return provisional(positions, {} if self.arrivals is None else self.arrivals.seen, known_at)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the read model: as of `positions`, judged at `now`, and only what `viewer` may see.

    `at` and `known_at` are the two times as they were asked for. If either was, `now` is the instant that is meant, and
    everything read is as it was; only then can the answer be `provisional`.
    """

    connection: Any
    positions: Positions
    now: datetime
    reading: Reading
    viewer: Viewer
    at: datetime | None = None
    known_at: datetime | None = None
    provisional: bool = False

    async def documents(self, kind: str, where: str = "true ORDER BY id", *arguments: Any) -> list[Document]:
        """The documents of one kind that the viewer sees. Raises Problem 403 for a kind that he does not read.

        `where` is our own SQL (condition, perhaps more), its arguments from $2 on. For another time it is held against
        the brief of a document, which must have what it asks for.
        """
        if self._times is None:
            rows = await self._rows("document", [kind], where, arguments)
            return [msgspec.json.decode(row["document"]) for row in rows]
        return [*(await self._folded(self._times, kind, where, arguments)).values()]

    async def listed(self, kind: str, where: str, *arguments: Any) -> Listed:
        """The same in JSON, by id: for answers that show them as they are."""
        if self._times is None:
            rows = await self._rows("id, document", [kind], where, arguments)
            return {row["id"]: as_stored(row["document"]) for row in rows}
        folded = await self._folded(self._times, kind, where, arguments)
        return {id_: msgspec.Raw(msgspec.json.encode(each)) for id_, each in folded.items()}

    async def _folded(self, times: Times, kind: str, where: str, arguments: Sequence[Any]) -> dict[str, Document]:
        ids = [row["id"] for row in await self._rows("id", [kind], where, arguments)]
        return await times.documents(self.connection, self.reading.turns, kind, ids)

    async def briefs(self, kinds: Sequence[str], where: str = "true", *arguments: Any) -> Mapping[str, Sequence[Any]]:
        """The briefs (views/briefs.py) of these kinds that the viewer sees, by kind and by id; the rest as above."""
        found: dict[str, list[Any]] = {kind: [] for kind in kinds}
        if self._times is None:
            versions = await self._rows(VERSIONS, kinds, f"{where} GROUP BY kind", arguments, ROWS)
            return {**found, **await self.reading.briefs.of(self.connection, versions)}
        pause = self.reading.turns.in_pieces()
        for row in await self._rows("kind, brief", kinds, f"{where} ORDER BY kind, id", arguments):
            found[row["kind"]].append(from_json(row["kind"], row["brief"]))
            await pause()
        return found

    async def _rows(
        self, columns: str, kinds: Sequence[str], where: str, arguments: Sequence[Any], entities: str = "entities"
    ) -> Sequence[Any]:
        for kind in kinds:
            self.require(kind)
        times, instants = self._times, list[datetime]()
        if times is not None:
            entities, instants = times.entities(len(arguments) + 2), [times.at, times.known_at]
        visible, more = self.visible("each", len(arguments) + len(instants) + 2)
        seen = f"SELECT * FROM {entities} AS each WHERE kind = ANY($1) AND {visible}"
        found: Sequence[Any] = await self.connection.fetch(
            f"SELECT {columns} FROM ({seen}) AS seen WHERE {where}", kinds, *arguments, *instants, *more
        )
        return found

    @property
    def of_the_past(self) -> bool:
        """Whether another time was asked for than now."""
        return self._times is not None

    @property
    def _times(self) -> Times | None:
        """None for the present, which is kept as it is."""
        return None if self.at is None and self.known_at is None else Times(self.now, self.known_at or EVER)

    def visible(self, row: str, first: int) -> tuple[str, list[Any]]:
        """SQL that is true for a row of a table with the columns of `entities` that the viewer sees, and its arguments.

        The arguments are `$first` and those after it. Whatever reads rows of entities otherwise than by `documents`
        has to ask by this.
        """
        return self.viewer.condition(row, first)

    def visible_subject(self, row: str, first: int) -> tuple[str, list[Any]]:
        """The same for a row of `outcomes` or `events`: whether he sent the message, or sees what it is about."""
        return self.viewer.condition_on_subject(row, first)

    def require(self, kind: str) -> None:
        """Raise Problem 403 unless the viewer may see any entity of this kind."""
        if kind not in self.viewer.kinds:
            detail = f"This shows what your role does not read ({kind})."
            raise Problem(403, "forbidden", "Not for your role", detail, {HEADER: header(self.positions)})

    async def document(self, kind: str, id_: str) -> Document:
        """One document. Raises Problem 404."""
        return self._found(kind, id_, await self.documents(kind, "id = $2", id_))

    async def one(self, kind: str, id_: str) -> msgspec.Raw:
        """The same in JSON."""
        return self._found(kind, id_, [*(await self.listed(kind, "id = $2", id_)).values()])

    def _found(self, kind: str, id_: str, found: Sequence[D]) -> D:
        if not found:
            raise self.not_found(f"No {kind} {id_} is known.")
        return found[0]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of whatever is answered by this look."""
        provisional = {} if self.known_at is None else {PROVISIONAL: str(self.provisional).lower()}
        return {HEADER: header(self.positions), **provisional}

    def not_found(self, detail: str) -> Problem:
        """The answer about a thing that is not in the read model."""
        return Problem(404, "not-found", "Not found", detail, {HEADER: header(self.positions)})


async def admitted(
    request: Request, _: Annotated[Any, Depends(HTTPBearer(scheme_name="token", auto_error=False))]
) -> Viewer:
    """Dependency of every endpoint. Raises Problem 401 for who has no token."""
    reading: Reading = request.app.state.reading
    return viewer_of(bearer(reading.doorkeeper, request.headers.get("authorization")))


Admitted = Annotated[Viewer, Depends(admitted)]


async def present(
    request: Request,
    response: Response,
    viewer: Admitted,
    min_position: Annotated[
        Annotated[str, Field(max_length=MOST_CHARACTERS, json_schema_extra={"pattern": PATTERN})] | None,
        Query(
            description="Wait until the read model has got there: `deployment.events/0@17` (the offset of the next "
            "record to read) or `deployment.inbox/0@17` (the outcome of that message is in); several by commas.",
        ),
    ] = None,
    wait: Annotated[float, Query(ge=0, le=10, allow_inf_nan=False, description="How long, in seconds.")] = 2,
) -> AsyncIterator[Snapshot]:
    """Dependency of endpoints that show how things stand now and know no other time."""
    reading: Reading = request.app.state.reading
    wanted = [] if min_position is None else parse(min_position)
    try:
        if wanted:
            await _until(reading, wanted, wait)
        async with (
            reading.pool.acquire(timeout=5) as connection,
            _first(reading.turns, request),
            one_look(connection),
        ):
            positions = await reading.store.positions(connection)
            response.headers[HEADER] = header(positions)
            yield Snapshot(connection, positions, reading.now(positions), reading, await viewer.looking(connection))
    except UNREACHABLE as error:
        raise Problem(
            503,
            "read-model-away",
            "The read model cannot be read",
            f"PostgreSQL is away or not ready: {type(error).__name__}",
            {"Retry-After": str(RETRY_SECONDS)},
        ) from error


def _first(turns: Turns, request: Request) -> AbstractAsyncContextManager[None]:
    """Whoever asks about the present goes before those who ask about the past."""
    return turns.quick() if OF_THE_PAST.isdisjoint(request.query_params) else contextlib.nullcontext()


async def _until(reading: Reading, wanted: Sequence[Wanted], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        next_commit = reading.projector.next_commit
        positions = await reading.store.positions()
        missing = [each for each in wanted if not each.reached(positions)]
        if not missing:
            return
        left = deadline - loop.time()
        if left <= 0:
            raise Problem(
                504,
                "not-reached",
                "The read model has not got there yet",
                f"{len(missing)} of {len(wanted)} places not reached in {seconds:g} s; ask again",
                {HEADER: header(positions), "Retry-After": "1"},
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(next_commit.wait(), min(left, LOOK_EVERY_SECONDS))


Present = Annotated[Snapshot, Depends(present, scope="function")]
"""Gone before the answer is sent: whoever takes it slowly does not hold a connection."""


async def look(response: Response, present: Present, at: At = None, known_at: KnownAt = None) -> Snapshot:
    """Dependency of every endpoint that shows state."""
    then = at_times(present, at, known_at)
    response.headers.update(then.headers)
    return then


def at_times(present: Snapshot, at: datetime | None, known_at: datetime | None) -> Snapshot:
    """The same look for these two times; the present one if there is none."""
    provisional = known_at is not None and present.reading.provisional(present.positions, known_at)
    now = max(at or known_at or present.now, EARLIEST)
    return replace(present, now=now, at=at, known_at=known_at, provisional=provisional)


Look = Annotated[Snapshot, Depends(look)]
