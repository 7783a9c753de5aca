"""Composition root of the projection: a projector that fills its share of the read model, and the API that reads it."""

import asyncio

from schemas.catalogue import SERVICES
from services.kit import credentials
from services.kit.observe import Health, observer, serve
from services.kit.process import tune_collector
from services.projection.api.app import new_app
from services.projection.api.feed import Feed
from services.projection.api.reading import Reading
from services.projection.arrivals import Arrivals
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.share import Share
from services.projection.store import Store, new_pool
from services.projection.unreadable import UnreadableFollower


async def main() -> None:
    """Run until told to stop; Kafka and PostgreSQL may come and go. Raises CredentialsError when nobody could read."""
    settings = ProjectionSettings()
    tune_collector()
    pool = await new_pool(settings.database)
    store = Store(pool)
    share = Share(settings.partitions, store, settings.access, SERVICES, settings.instance)
    projector = Projector(store, settings.access, SERVICES, f"projection-{settings.instance}", share=share.has)
    unreadable = UnreadableFollower(pool, store, settings.access, f"projection-{settings.instance}-unreadable")
    arrivals = Arrivals(settings.access, SERVICES, settings.clock, f"projection-{settings.instance}-arrivals")
    doorkeeper = credentials.load(settings.agencies, settings.tokens)
    reading = Reading(pool, store, projector, settings, doorkeeper, arrivals)
    feed = Feed(reading)
    app = new_app(reading, feed)
    health = Health()
    health.live("projector", projector.stuck)
    health.ready("projector", projector.trouble)
    health.ready("group", share.not_ready)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(observer(health), settings.host, settings.metrics_port))
            tasks.create_task(serve(app, settings.host, settings.http_port))
            tasks.create_task(share.run())
            tasks.create_task(projector.run())
            tasks.create_task(unreadable.run())
            tasks.create_task(arrivals.run())
            tasks.create_task(feed.run())
    finally:
        pool.terminate()
