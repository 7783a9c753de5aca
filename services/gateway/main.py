"""Composition root of the gateway."""

import asyncio

from schemas.catalogue import SERVICES
from services.gateway import credentials
from services.gateway.api import Gateway, build
from services.gateway.inbox import KafkaInbox
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.kit import clock
from services.kit.observe import Health, observer, serve


async def main() -> None:
    """Run the gateway until cancelled. Raises CredentialsError when nobody could be let in."""
    settings = GatewaySettings()
    doorkeeper = credentials.load(settings.agencies, settings.tokens)
    inbox = KafkaInbox(settings.kafka)
    outcomes = Outcomes(settings.kafka, SERVICES)
    gateway = Gateway(settings, doorkeeper, inbox, outcomes, clock.load(settings.clock))
    health = Health()
    health.ready("inbox", inbox.not_ready)
    health.ready("outcomes", outcomes.not_ready)
    async with asyncio.TaskGroup() as behind:
        holding = [behind.create_task(inbox.run()), behind.create_task(_follow(inbox, outcomes))]
        try:
            async with asyncio.TaskGroup() as doors:
                doors.create_task(serve(observer(health), settings.host, settings.metrics_port))
                doors.create_task(serve(build(gateway), settings.host, settings.http_port))
        finally:  # last, because requests under way still need Kafka's acknowledgement
            for task in holding:
                task.cancel()


async def _follow(inbox: KafkaInbox, outcomes: Outcomes) -> None:
    await inbox.connected.wait()
    outcomes.expect(inbox.partitions)
    await outcomes.run()
