"""Composition root of every deciding service: a decider, its ledger, and what is seen of it from outside."""

import asyncio
from typing import Any

from services.kit.decider import Decider
from services.kit.ledger.service import DecidingService
from services.kit.observe import Health, observer, serve
from services.kit.process import run
from services.kit.settings import KitSettings


def run_decider(decider: Decider[Any]) -> None:
    """Run a decider as a process until it is told to stop; settings come from the environment."""

    async def main() -> None:
        settings = KitSettings()
        service = DecidingService(decider, settings.access, settings.instance, settings.partitions)
        health = Health()
        health.live("ledger", service.not_live)
        health.ready("ledger", service.not_ready)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(observer(health), settings.host, settings.metrics_port))
            tasks.create_task(service.run())

    run(main)
