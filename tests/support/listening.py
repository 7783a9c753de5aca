"""One who listens to /v1/changes, comes back with his last id whenever he is dropped, and keeps what he was told."""

import asyncio
import contextlib
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(slots=True)
class Frame:
    """A server-sent event; without `data` it only moves the id."""

    event: str = ""
    id: str | None = None
    data: dict[str, Any] | None = None


@dataclass
class Listener:
    """Filters are the query's. `told` are the positions of the changes, in the order in which they came."""

    url: str
    token: str
    filters: dict[str, str] = field(default_factory=dict)
    last_id: str | None = "deployment@0"
    told: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    async def listen(self, client: httpx.AsyncClient) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._once(client)
            except httpx.HTTPError as error:
                self.dropped[type(error).__name__] += 1
            await asyncio.sleep(0.2)

    async def _once(self, client: httpx.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= {"Last-Event-ID": self.last_id} if self.last_id else {}
        async with client.stream("GET", f"{self.url}/v1/changes", params=self.filters, headers=headers) as response:
            if response.status_code != 200:
                self.dropped[str(response.status_code)] += 1
                return
            self.connections += 1
            async for frame in frames(response):
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.id is not None:
            self.last_id = frame.id
        if frame.event == "changed" and frame.data is not None:
            self.told.append(frame.data["position"])
        elif frame.event == "dropped" and frame.data is not None:
            self.dropped[frame.data["reason"]] += 1


async def frames(response: httpx.Response) -> AsyncIterator[Frame]:
    """The frames of a stream; a half one at its end does not count."""
    frame = Frame()
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        match name:
            case "":
                if not line:
                    yield frame
                    frame = Frame()
            case "event":
                frame.event = value
            case "id":
                frame.id = value
            case "data":
                frame.data = json.loads(value)


@asynccontextmanager
async def listening(listeners: Sequence[Listener]) -> AsyncIterator[None]:
    """All of them listen meanwhile."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=httpx.Timeout(5, read=25, pool=None), limits=limits) as client:
        tasks = [asyncio.create_task(each.listen(client)) for each in listeners]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in tasks:
                if not task.cancelled() and (error := task.exception()) is not None:
                    raise error


@asynccontextmanager
async def not_reading(url: str, token: str) -> AsyncIterator[asyncio.StreamReader]:
    """A reader of everything who takes nothing until he is read from, with little room for it in between."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    at = httpx.URL(url)
    await asyncio.get_running_loop().sock_connect(small, (at.host, at.port))
    reader, writer = await asyncio.open_connection(sock=small, limit=4096)
    writer.write(b"GET /v1/changes HTTP/1.0\r\nAuthorization: Bearer %b\r\n\r\n" % token.encode())
    await asyncio.sleep(0)
    await reader.readuntil(b"\n\n")
    try:
        yield reader
    finally:
        writer.close()
