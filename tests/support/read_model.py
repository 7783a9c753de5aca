"""A read model in a real PostgreSQL that shows given facts, and the API over it."""

import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from services.kit.credentials import Doorkeeper
from services.kit.principals import Principal, Reads
from services.projection.api.app import new_app
from services.projection.api.reading import Reading
from services.projection.history import Past, advance
from services.projection.projector import Projector
from services.projection.settings import ProjectionSettings
from services.projection.store import Batch, Store, new_pool
from services.views import area
from services.views.facts import Fact
from services.views.model import Key, Outcome, subject_of
from tests.support.pair import Pair

PLACE = ("incidents.events", 0)
NOWHERE = Path("/dev/null")
POSKO = Principal(id="posko", name="Posko", kind="operator", grants=(), reads=Reads(role="command", areas="all"))
"""A reader who sees everything; his token is his id."""


async def new_database(pair: Pair) -> str:
    """The address of a database of one's own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(pair.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    return f"{pair.postgres.rpartition('/')[0]}/{name}"


def batch_of(facts: Iterable[Fact]) -> Batch:
    """What a first batch with these facts adds, all of them from one log; in the order of their offsets."""
    batch, by_key = Batch(), defaultdict[Key, list[Fact]](list)
    for each in sorted(facts, key=lambda each: each.offset):
        by_key[subject_of(each)].append(each)
    for key, own in by_key.items():
        entity, versions, areas = advance(key, None, own, Past())
        batch.add(key, PLACE, entity, versions)
        batch.facts += zip(own, areas, strict=True)
    return batch


@asynccontextmanager
async def showing(
    facts: Iterable[Fact],
    pair: Pair,
    dsn: str,
    readers: Iterable[Principal] = (POSKO,),
    messages: Iterable[Fact] = (),
    **settings: Any,
) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model in this database that shows these facts, folded in this order.

    `messages`: facts whose messages are there with their outcomes, too.
    """
    pool = await new_pool(dsn)
    store = Store(pool)
    await store.migrate()
    await store.begin([PLACE], [PLACE])
    told = [*messages]
    batch = batch_of(facts)
    known = [each for each, _ in batch.facts]
    batch.facts += [(each, area.NOWHERE) for each in told if each not in known]
    batch.outcomes = [accepted(each) for each in told]
    await store.commit(batch)
    projector = Projector(store, pair.kafka, ["incidents"])
    async with asked(pool, store, projector, pair, dsn, readers, **settings) as client:
        yield client
    pool.terminate()


def accepted(fact: Fact) -> Outcome:
    """The outcome of the message that brought about this fact and no other."""
    return Outcome(
        source=fact.source,
        id=fact.id,
        service=fact.service,
        partition=fact.partition,
        cause=fact.cause,
        offset=fact.offset,
        kind="accepted",
        reason=None,
        type=fact.type,
        subject="/".join(subject_of(fact)),
        time=fact.time,
        recordedtime=fact.recordedtime,
        knowntime=fact.knowntime,
        detail={},
    )


def asked(
    pool: Any,
    store: Store,
    projector: Projector,
    pair: Pair,
    dsn: str,
    readers: Iterable[Principal] = (POSKO,),
    **settings: Any,
) -> httpx.AsyncClient:
    """A client of the API over this read model, with the token of the first of those who may read."""
    principals = {each.id: each for each in readers}
    doorkeeper = Doorkeeper(principals, {id_: id_ for id_ in principals})
    told = ProjectionSettings(
        kafka=pair.kafka, metrics_port=0, postgres=dsn, agencies=NOWHERE, tokens=NOWHERE, **settings
    )
    transport = httpx.ASGITransport(new_app(Reading(pool, store, projector, told, doorkeeper)))
    return httpx.AsyncClient(
        transport=transport, base_url="http://picture", timeout=30, headers=token_of(next(iter(principals)))
    )


def token_of(reader: str) -> dict[str, str]:
    """The header that proves a reader."""
    return {"Authorization": f"Bearer {reader}"}


async def ids(client: httpx.AsyncClient, path: str, key: str, **filters: Any) -> str:
    """The ids in a list, in its order."""
    response = await client.get(path, params=filters)
    assert response.status_code == 200, response.text
    return " ".join(each[key] for each in response.json()["items"])
