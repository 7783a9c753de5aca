"""Composition root of the canary."""

import asyncio
import time
from datetime import UTC, datetime

import httpx
import structlog

from services.canary import metrics
from services.canary.flight import ORDERS, WAIT_SECONDS, Lost, fly
from services.canary.settings import CanarySettings
from services.kit.observe import Health, observer, serve

log = structlog.get_logger(__name__)


async def main() -> None:
    """Send a canary to each service again and again until cancelled."""
    settings = CanarySettings()
    headers = {"Authorization": f"Bearer {settings.token_file.read_text().strip()}"}
    async with httpx.AsyncClient(headers=headers, timeout=WAIT_SECONDS + 5) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(observer(Health()), settings.host, settings.metrics_port))
        for service in ORDERS:
            metrics.SEEN.labels(service).set_to_current_time()  # so that one that never comes is missed, too
            tasks.create_task(_again_and_again(client, settings, service))


async def _again_and_again(client: httpx.AsyncClient, settings: CanarySettings, service: str) -> None:
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await _once(client, settings, service)
        await asyncio.sleep(began + settings.every - loop.time())


async def _once(client: httpx.AsyncClient, settings: CanarySettings, service: str) -> None:
    began = time.monotonic()
    try:
        await fly(client, settings.gateway_url, settings.picture_url, service, datetime.now(UTC))
    except Lost as lost:
        metrics.LOST.labels(service, lost.where).inc()
        log.warning("a canary was lost", service=service, where=lost.where, detail=lost.detail)
        return
    metrics.SECONDS.labels(service).observe(time.monotonic() - began)
    metrics.SEEN.labels(service).set_to_current_time()
