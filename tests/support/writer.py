"""A read model in a real PostgreSQL to which a test adds facts, as a projector does; and the API over it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx

from kalimaya.ports import free_ports
from schemas.catalogue import SERVICES
from services.kit.credentials import Doorkeeper
from services.kit.observe import serve
from services.kit.principals import Principal
from services.projection.api.app import new_app
from services.projection.api.feed import Feed
from services.projection.api.reading import Reading
from services.projection.history import Entity, Past, advance
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.store import Batch, Position, Row, Store, new_pool
from services.views.facts import Fact
from services.views.model import Key, subject_of, to_document
from tests.support.pair import Pair
from tests.support.read_model import NOWHERE, POSKO, token_of


class Writer:
    """Adds facts, each batch in one transaction, each fact at the end of its log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entities: dict[Key, Entity] = {}
        self._pasts: defaultdict[Key, Past] = defaultdict(Past)
        self._positions: dict[tuple[str, int], Position] = {}

    async def begin(self) -> None:
        """Create the tables, and a position of one partition of each log."""
        await self._store.migrate()
        places = [(f"{service}.events", 0) for service in SERVICES]
        self._positions = await self._store.begin(places, places)

    async def add(self, *facts: Fact) -> list[str]:
        """Add these; their positions."""
        batch, rows, told = Batch(), dict[Key, Row](), list[str]()
        after = dict(self._positions)
        for each in facts:
            place = (f"{each.service}.events", 0)
            offset, known = after[place].next_offset, after[place].known or each.knowntime
            landed = replace(each, offset=offset, cause=offset, knowntime=max(each.knowntime, known))
            after[place] = replace(
                after[place],
                next_offset=landed.offset + 1,
                next_cause=landed.cause + 1,
                tail=landed.offset,
                known=landed.knowntime,
            )
            told.append(f"{place[0]}/0@{landed.offset}")
            key = subject_of(landed)
            entity, versions, (area,) = advance(key, self._entities.get(key), [landed], self._pasts[key])
            self._entities[key] = entity
            batch.versions += versions
            batch.facts.append((landed, area))
            rows[key] = Row(key, place, entity, to_document(entity.state))
        batch.rows = list(rows.values())
        batch.moves = {p: (self._positions[p], after[p]) for p in after if after[p] is not self._positions[p]}
        await self._store.commit(batch)
        self._positions = after
        return told


@asynccontextmanager
async def serving(
    pair: Pair, dsn: str, readers: Iterable[Principal] = (POSKO,), **settings: Any
) -> AsyncIterator[tuple[Writer, httpx.AsyncClient]]:
    """An empty read model in this database, and its API on a port, streams included. Nobody projects but the writer.

    The client has the token of the first of those who may read.
    """
    pool = await new_pool(dsn)
    store = Store(pool)
    writer = Writer(store)
    await writer.begin()
    told = ProjectionSettings(
        kafka=pair.kafka, metrics_port=0, postgres=dsn, agencies=NOWHERE, tokens=NOWHERE, **settings
    )
    principals = {each.id: each for each in readers}
    doorkeeper = Doorkeeper(principals, {id_: id_ for id_ in principals})
    reading = Reading(pool, store, Projector(store, pair.kafka, SERVICES), told, doorkeeper)
    feed = Feed(reading)
    (port,) = free_ports(1)
    tasks = [asyncio.create_task(each) for each in (feed.run(), serve(new_app(reading, feed), "127.0.0.1", port))]
    try:
        headers = token_of(next(iter(principals)))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, headers=headers) as client:
            yield writer, client
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        pool.terminate()


async def positions(client: httpx.AsyncClient, **filters: Any) -> Sequence[str]:
    """Where the events of the history stand, page by page."""
    found: list[str] = []
    while True:
        response = await client.get("/v1/events", params=filters)
        assert response.status_code == 200, response.text
        found += [each["position"] for each in response.json()["items"]]
        filters["cursor"] = response.json()["next"]
        if filters["cursor"] is None:
            return found
