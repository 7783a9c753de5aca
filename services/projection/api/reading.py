"""What every answer stands on: one consistent look at the read model, its position, and the wait for a position."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import Depends, Query, Request, Response
from fastapi.security import HTTPBearer

from services.kit.clock import load
from services.kit.credentials import Doorkeeper, bearer
from services.kit.http import Problem
from services.projection.api.position import HEADER, Positions, Wanted, header, parse
from services.projection.api.viewer import Viewer, viewer_of
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.store import UNREACHABLE, Document, Store

RETRY_SECONDS = 2
NOTHING_READ = datetime.min.replace(tzinfo=UTC)
LOOK_EVERY_SECONDS = 0.25
"""A waiting client is woken by our own projector's commits; this is for those of another."""

PROBLEMS: dict[int | str, dict[str, Any]] = {
    304: {"description": "You have it already, as `If-None-Match` says."},
    401: {"description": "No token, or one that nobody has (problem document)."},
    403: {"description": "This endpoint shows what your role does not read (problem document)."},
    422: {"description": "A parameter is malformed (problem document)."},
    503: {"description": "PostgreSQL is away; see Retry-After (problem document)."},
    504: {"description": "`min_position` was not reached within `wait` (problem document)."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing (problem document)."}}


@dataclass(frozen=True, slots=True)
class Reading:
    """What handlers need of the process, set by the composition root as `app.state.reading`."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    store: Store
    projector: Projector
    settings: ProjectionSettings
    doorkeeper: Doorkeeper

    def now(self, positions: Positions) -> datetime:
        """The operation's time; the clock is read anew each time, because a scenario may start after us."""
        read_to = max((each.known for each in positions.values() if each.known), default=NOTHING_READ)
        return load(self.settings.clock).now(read_to)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the read model: as of `positions`, judged at `now`, and only what `viewer` may see."""

    connection: Any
    positions: Positions
    now: datetime
    reading: Reading
    viewer: Viewer

    async def documents(self, kind: str, where: str = "true ORDER BY id", *arguments: Any) -> list[Document]:
        """The documents of one kind that the viewer sees. Raises Problem 403 for a kind that he does not read.

        `where` is our own SQL (condition, perhaps more), its arguments from $2 on.
        """
        self.require(kind)
        visible, more = self.visible("each", len(arguments) + 2)
        seen = f"SELECT * FROM entities AS each WHERE kind = $1 AND {visible}"
        rows = await self.connection.fetch(
            f"SELECT document FROM ({seen}) AS seen WHERE {where}", kind, *arguments, *more
        )
        return [msgspec.json.decode(row["document"]) for row in rows]

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
        found = await self.documents(kind, "id = $2", id_)
        if not found:
            raise self.not_found(f"No {kind} {id_} is known.")
        return found[0]

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


async def look(
    request: Request,
    response: Response,
    viewer: Admitted,
    min_position: Annotated[
        str | None,
        Query(
            max_length=4000,
            description="Wait until the read model has got there: `deployment.events/0@17` (the offset of the next "
            "record to read) or `deployment.inbox/0@17` (the outcome of that message is in); several by commas.",
        ),
    ] = None,
    wait: Annotated[float, Query(ge=0, le=10, allow_inf_nan=False, description="How long, in seconds.")] = 2,
) -> AsyncIterator[Snapshot]:
    """Dependency of every endpoint that shows state."""
    reading: Reading = request.app.state.reading
    wanted = parse(min_position) if min_position else []
    try:
        if wanted:
            await _until(reading, wanted, wait)
        async with (
            reading.pool.acquire(timeout=5) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
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


async def _until(reading: Reading, wanted: Sequence[Wanted], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        next_commit = reading.projector.next_commit
        positions = await reading.store.positions(reading.pool)
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


Look = Annotated[Snapshot, Depends(look)]
