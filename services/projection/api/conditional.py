"""Conditional requests and compression (RFC 9110 sections 8.8.3, 12.5.3 and 13.1.2), around the whole API; its times.

The ETag is a digest of the body before it is compressed, because much of what we answer turns with time alone and no
position tells of it. It is a weak one, so that it stands for the body in either coding. An answer that is streamed
passes as it is. How long we took for any other stands in its `Server-Timing`, in milliseconds.
"""

import asyncio
import gzip
import re
from hashlib import sha256
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.projection import metrics
from services.projection.api.negotiation import quality

LEAST_BYTES = 500
"""What is shorter gains nothing by compression: it is one packet anyway."""
LEVEL = 4
"""Of gzip, for the picture of 150 villages: 5 % of its size in a few milliseconds; 9 takes three times as long."""
INLINE_BYTES = 65_536
"""What is longer is compressed in a thread, so that other requests do not wait for it."""
COMPRESSED_ALREADY = ("application/pdf", "image/", "application/gzip", "application/zip")

_TAG = re.compile(r'(?:W/)?("[^"]*")')


class Conditional:
    """Middleware of an ASGI app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            await self._app(scope, receive, _Sender(scope, send).send)
        else:
            await self._app(scope, receive, send)


class _Sender:
    """Holds the beginning of an answer back until its body tells what becomes of it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._asked, self._send = scope, Headers(scope=scope), send
        self._start: Message | None = None
        self._began = perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
            if _is_stream(message):
                await self._let_pass()
        elif message["type"] == "http.response.body" and self._start is not None and not message.get("more_body"):
            await self._whole(self._start, message.get("body", b""))
        else:
            await self._let_pass()
            await self._send(message)

    async def _let_pass(self) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)

    async def _whole(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(raw=start["headers"])
        etag = f'W/"{sha256(body).hexdigest()[:32]}"'
        headers["ETag"] = etag
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.add_vary_header("Accept-Encoding")
        if _matches(self._asked.get("if-none-match"), etag):
            for name in ("Content-Length", "Content-Type"):
                del headers[name]
            start["status"], body = 304, b""
        elif len(body) >= LEAST_BYTES and self._takes_gzip(headers):
            body = await _compressed(body)
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
        self._start = None
        headers["Server-Timing"] = f"total;dur={1000 * self._took():.1f}"
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    def _took(self) -> float:
        """Seconds until the answer is ready to be sent."""
        seconds, route = perf_counter() - self._began, self._scope.get("route")
        metrics.REQUEST_SECONDS.labels(getattr(route, "path", "")).observe(seconds)
        return seconds

    def _takes_gzip(self, headers: Headers) -> bool:
        if "content-encoding" in headers or headers.get("content-type", "").startswith(COMPRESSED_ALREADY):
            return False
        return quality(self._asked.get("accept-encoding", ""), "gzip", "x-gzip", "*") > 0


def _is_stream(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/event-stream")


def _matches(if_none_match: str | None, etag: str) -> bool:
    """By weak comparison: W/ does not count."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(if_none_match)


async def _compressed(body: bytes) -> bytes:
    if len(body) < INLINE_BYTES:
        return gzip.compress(body, LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
