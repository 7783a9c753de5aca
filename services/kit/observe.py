"""What a process shows of itself: /metrics for Prometheus, /livez and /readyz for whoever restarts and routes."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

Check = Callable[[], str | None]
"""None when all is well, otherwise a sentence that says why not."""


class Health:
    """The checks of one process, by name."""

    def __init__(self) -> None:
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}

    def live(self, name: str, check: Check) -> None:
        """Add a reason for which this process should be restarted."""
        self._live[name] = check

    def ready(self, name: str, check: Check) -> None:
        """Add a reason for which this process should get no work."""
        self._ready[name] = check

    def not_live(self) -> dict[str, str]:
        """What is wrong, by check; empty when nothing is."""
        return _failing(self._live)

    def not_ready(self) -> dict[str, str]:
        """What is wrong, by check; empty when nothing is."""
        return _failing(self._live | self._ready)


def _failing(checks: dict[str, Check]) -> dict[str, str]:
    return {name: reason for name, check in checks.items() if (reason := check()) is not None}


def observer(health: Health) -> ASGIApp:
    """An app with /metrics, /livez and /readyz; the latter two are 200, or 503 and say why."""

    def answer(failing: dict[str, str]) -> JSONResponse:
        return JSONResponse({"ok": not failing, "failing": failing}, 503 if failing else 200)

    async def livez(_: Request) -> JSONResponse:
        return answer(health.not_live())

    async def readyz(_: Request) -> JSONResponse:
        return answer(health.not_ready())

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve HTTP until cancelled, then finish what is under way (at most 5 s). Raises OSError for a taken port."""
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server((host, port), backlog=2048) as listening:
        await _until_cancelled(server, listening)


async def _until_cancelled(server: uvicorn.Server, listening: socket.socket) -> None:
    serving = asyncio.ensure_future(server._serve([listening]))  # not serve(): that takes over the signals
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
