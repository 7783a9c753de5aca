"""A read model that shows the golden logs, and the API over it."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx

from schemas.catalogue import SERVICES
from services.kit import clock
from services.kit.ledger.fold import Fold
from services.kit.principals import Principal, Reads
from services.projection.history import Past, advance
from services.projection.projector import Projector
from services.projection.store import Batch, Position, Store, new_pool
from services.views.facts import Fact
from services.views.model import Key, read, subject_of
from tests.support import golden
from tests.support.pair import Pair
from tests.support.read_model import POSKO, asked, new_database

STORE_KEEPER = Principal(
    id="gudang", name="Gudang", kind="operator", grants=(), reads=Reads(role="logistics", areas="all")
)
"""A reader who does not see everything."""


@asynccontextmanager
async def showing_the_golden_logs(pair: Pair, folder: Path, now: datetime) -> AsyncIterator[httpx.AsyncClient]:
    """The API over them, at an hour that does not pass; for POSKO, and for STORE_KEEPER."""
    dsn = await new_database(pair)
    pool = await new_pool(dsn)
    store = Store(pool)
    await store.migrate()
    for service in SERVICES:
        place = (f"{service}.events", 0)
        await store.commit(_batch(service, (await store.begin([place], [place]))[place]))
    hours = folder / "clock.json"
    clock.start(hours, now, None)
    projector = Projector(store, pair.kafka, SERVICES)
    async with asked(pool, store, projector, pair, dsn, (POSKO, STORE_KEEPER), clock=hours) as client:
        yield client
    pool.terminate()


def _batch(service: str, before: Position) -> Batch:
    """A whole golden log."""
    batch, by_key, fold, place = Batch(), defaultdict[Key, list[Fact]](list), Fold(), (f"{service}.events", 0)
    known = None
    for entry in golden.events(service):
        answer = fold.take(entry.record)
        if answer is not None:
            outcome, facts = read(service, 0, answer)
            known = outcome.knowntime
            batch.outcomes.append(outcome)
            for each in facts:
                by_key[subject_of(each)].append(each)
    for key, own in by_key.items():
        entity, versions, areas = advance(key, None, own, Past())
        batch.add(key, place, entity, versions)
        batch.facts += zip(own, areas, strict=True)
    end = Position(
        next_offset=fold.position,
        next_cause=fold.next_cause,
        tail=fold.tail,
        head=fold.head,
        known=known,
        log=fold.genesis and fold.genesis.log,
        table=before.table,
    )
    batch.moves[place] = (before, end)
    return batch
