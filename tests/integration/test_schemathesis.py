"""The API against its own contract: schemathesis asks what the OpenAPI document allows, and what it does not."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from kalimaya.ports import free_ports
from tests.support.golden_model import showing_the_golden_logs
from tests.support.pair import Pair

ROOT = Path(__file__).parents[2]
STREAM = "/v1/changes"
"""Left out: an answer to it does not end."""


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The app on a port of its own."""
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


@pytest.mark.timeout(400)
async def test_all_checks_of_schemathesis(pair: Pair, tmp_path: Path) -> None:
    async with showing_the_golden_logs(pair, tmp_path, datetime(2019, 11, 3, 9, tzinfo=UTC)) as client:
        transport = client._transport
        assert isinstance(transport, httpx.ASGITransport)
        async with served(transport.app) as address:
            process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("schemathesis"),
                *("run", f"{address}/openapi.json", "--checks", "all", "--exclude-path", STREAM),
                *("--header", client.headers["authorization"].join(("Authorization: ", ""))),
                *("--max-examples", str(10), "--seed", "2019", "--continue-on-failure", "--no-color"),
                stdout=asyncio.subprocess.PIPE,
                cwd=tmp_path,
                env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
            )
            said, _ = await process.communicate()
    if process.returncode:
        pytest.fail(said.decode())
