"""Changes as server-sent events: what happened, as soon as the picture shows it, to whoever keeps listening."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.projection import metrics
from services.projection.api import vector
from services.projection.api.alerts import under
from services.projection.api.event_rows import Wanted
from services.projection.api.feed import Feed, Reader
from services.projection.api.reading import Present
from services.projection.api.words import (
    DistrictFilter,
    JurisdictionFilter,
    KindFilter,
    VectorText,
    VillageFilter,
)

router = APIRouter(tags=["changes"])

SEND_SECONDS = 30.0
"""A reader whose network takes nothing for so long is let go; before that he is told that he was too slow."""


class EventStream(Response):
    """Frames as they come, until there are no more, the reader has gone, or nothing can be sent to him."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, reader: Reader) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed, self._reader = feed, reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        leaving = asyncio.create_task(self._until_gone(receive))
        frames = self._feed.frames(self._reader)
        try:
            await self._send_all(frames, send)
        except TimeoutError:
            metrics.DROPPED_READERS.labels("stuck").inc()
        finally:
            leaving.cancel()
            await frames.aclose()

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._reader.end("gone")

    async def _send_all(self, frames: AsyncGenerator[bytes, None], send: Send) -> None:
        async for chunk in frames:
            if chunk:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": b""})


STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events `changed` and, as the last one, `dropped` with a `reason`.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": "event: changed\nid: deployment@17.4,logistics@9.2,incidents@3.1\n"
                'data: {"kind":"unit","id":"polres-serang-007","type":"kalimaya.unit.sighted",'
                '"subject":"unit/polres-serang-007","position":"deployment.events/0@16",'
                '"time":"2019-11-03T00:00:00Z","knowntime":"2019-11-03T00:00:02Z"}\n\n',
            }
        },
    }
}


@router.get("/v1/changes", status_code=200, response_class=EventStream, responses=STREAM)
async def changes(
    request: Request,
    look: Present,
    kind: KindFilter = None,
    village: VillageFilter = None,
    district: DistrictFilter = None,
    jurisdiction: JurisdictionFilter = None,
    since: Annotated[
        VectorText | None,
        Query(
            description="Begin behind this id, or behind a `Kalimaya-Position`; with what comes from now on if none."
        ),
    ] = None,
    last_event_id: Annotated[
        VectorText | None, Header(description="The last id that you have; it goes before `since`.")
    ] = None,
) -> Response:
    """Every change of what you may see, once, as server-sent events; after the last id that you have none is missing.

    `changed` says what happened (`type`) to which entity (`kind`, `id`), where that stands in the logs, its source's
    `time`, and from when it could be known. The entity is read from its own endpoint, which shows the change by now.
    The event's id is a vector of positions. To follow the picture read it first, and begin with its
    `Kalimaya-Position`; keep to the same filters when you come back.

    When nothing else comes for ten seconds, a frame without data does, and moves your id. `dropped` is the last event
    and says why, for instance that you read too slowly.
    """
    wanted = Wanted(
        kinds=kind and frozenset(kind),
        village=village,
        district=district,
        under=None if jurisdiction is None else frozenset(await under(look, jurisdiction)),
    )
    for each in kind or ():
        look.require(each)
    begin = last_event_id or since
    told = vector.parse(begin) if begin else vector.at(look.positions)
    return EventStream(request.app.state.feed, Reader(look.viewer, wanted, told, jurisdiction))
