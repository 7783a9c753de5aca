"""Composition root of the projection: a projector that fills the read model, and the API that reads it."""

import asyncio

from schemas.catalogue import SERVICES
from services.kit import credentials
from services.kit.observe import Health, observer, serve
from services.projection.api.app import new_app
from services.projection.api.reading import Reading
from services.projection.arrivals import Arrivals
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.store import Store, new_pool
from services.projection.unreadable import UnreadableFollower


async def main() -> None:
    """Run until told to stop; Kafka and PostgreSQL may come and go. Raises CredentialsError when nobody could read."""
    settings = ProjectionSettings()
    pool = await new_pool(settings.postgres)
    store = Store(pool)
    projector = Projector(store, settings.kafka, SERVICES, f"projection-{settings.instance}")
    unreadable = UnreadableFollower(pool, store, settings.kafka, f"projection-{settings.instance}-unreadable")
    arrivals = Arrivals(settings.kafka, SERVICES, settings.clock, f"projection-{settings.instance}-arrivals")
    doorkeeper = credentials.load(settings.agencies, settings.tokens)
    app = new_app(Reading(pool, store, projector, settings, doorkeeper, arrivals))
    health = Health()
    health.live("projector", projector.stuck)
    health.ready("projector", projector.trouble)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(observer(health), settings.host, settings.metrics_port))
            tasks.create_task(serve(app, settings.host, settings.http_port))
            tasks.create_task(projector.run())
            tasks.create_task(unreadable.run())
            tasks.create_task(arrivals.run())
    finally:
        pool.terminate()
