"""A read model in a real PostgreSQL that shows given facts, and the API over it."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import httpx

from services.projection.api.app import new_app
from services.projection.api.reading import Reading
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.store import Batch, Row, Store, new_pool
from services.views.facts import Fact
from services.views.model import subject_of
from tests.support.facts import folded
from tests.support.pair import Pair

PLACE = ("incidents.events", 0)


async def new_database(pair: Pair) -> str:
    """The address of a database of one's own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(pair.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    return f"{pair.postgres.rpartition('/')[0]}/{name}"


@asynccontextmanager
async def showing(facts: Iterable[Fact], pair: Pair, dsn: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model in this database that shows these facts, folded in this order."""
    facts = tuple(facts)
    pool = await new_pool(dsn)
    store = Store(pool)
    await store.migrate()
    await store.begin([PLACE])
    rows = [Row(key, PLACE, each) for key, each in folded(facts).documents().items()]
    await store.commit(Batch(rows=rows, facts=[replace(each, subject="/".join(subject_of(each))) for each in facts]))
    told = ProjectionSettings(kafka=pair.kafka, metrics_port=0, postgres=dsn, **settings)
    app = new_app(Reading(pool, store, Projector(store, pair.kafka, ["incidents"]), told))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://picture") as client:
        yield client
    pool.terminate()


async def ids(client: httpx.AsyncClient, path: str, key: str, **filters: Any) -> str:
    """The ids in a list, in its order."""
    response = await client.get(path, params=filters)
    assert response.status_code == 200, response.text
    return " ".join(each[key] for each in response.json()["items"])
