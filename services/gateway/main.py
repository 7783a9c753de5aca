"""Composition root of the gateway."""

import asyncio

from schemas.catalogue import SERVICES
from services.gateway.agency_topics import AgencyTopics
from services.gateway.api import Gateway, build
from services.gateway.inbox import KafkaInbox
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.kit import clock, credentials, disk
from services.kit.observe import Health, observer, serve


async def main() -> None:
    """Run the gateway until cancelled. Raises CredentialsError when nobody could be let in."""
    settings = GatewaySettings()
    now = clock.load(settings.clock)
    doorkeeper = credentials.load(settings.agencies, settings.tokens, scenario=now.scenario_start is not None)
    inbox = KafkaInbox(settings.access, settings.most_waiting)
    outcomes = Outcomes(settings.access, SERVICES)
    gateway = Gateway(settings, doorkeeper, inbox, outcomes, now)
    agencies = AgencyTopics(settings.access, settings.instance, doorkeeper.on_kafka, inbox, now, gateway.terms)
    if settings.data:
        disk.watch(settings.data)
    health = Health()
    health.ready("inbox", inbox.not_ready)
    health.ready("outcomes", outcomes.not_ready)
    if doorkeeper.on_kafka:
        health.ready("agencies", agencies.not_ready)
    async with asyncio.TaskGroup() as behind:
        holding = [behind.create_task(inbox.run()), behind.create_task(_follow(inbox, outcomes))]
        if doorkeeper.on_kafka:
            holding.append(behind.create_task(_listen(inbox, agencies)))
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


async def _listen(inbox: KafkaInbox, agencies: AgencyTopics) -> None:
    await inbox.connected.wait()
    await agencies.run()
