"""The read model in memory, as far as a projector needs it: what it keeps is what PostgreSQL would give back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import msgspec

from services.kit.ledger.reader import Place
from services.projection.history import Entity, Past, Version
from services.projection.store import Batch, Position, SecondWriter
from services.views import briefs
from services.views.facts import Fact
from services.views.model import Key, Outcome, from_document, slot, subject_of
from tests.simulation.broker import Broker
from tests.simulation.faults import Fault

_to_json, _from_json = msgspec.json.encode, msgspec.json.decode


class MemoryStore:
    """Shared by all projectors; each commit happens as a whole at one moment, or not at all."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.moved: dict[Place, Position] = {}
        self.entities: dict[Key, tuple[bytes, Any]] = {}
        self.outcomes: list[Outcome] = []
        self.versions: defaultdict[Key, list[Version]] = defaultdict(list)
        self._facts: defaultdict[Key, list[Fact]] = defaultdict(list)

    async def migrate(self) -> None:
        """There are no tables."""

    async def begin(self, places: Iterable[Place], ours: Iterable[Place]) -> dict[Place, Position]:
        await self._broker.travel()
        for place in places:
            self.moved.setdefault(place, Position(table=1))
        return {place: self.moved[place] for place in sorted(ours)}

    async def positions(self) -> dict[Place, Position]:
        await self._broker.travel()
        return dict(self.moved)

    async def load(self, keys: Sequence[Key]) -> dict[Key, Entity]:
        await self._broker.travel()
        return {key: self._entity(key) for key in keys if key in self.entities}

    async def past(self, keys: Sequence[Key]) -> dict[Key, Past]:
        if keys:
            await self._broker.travel()
        return {key: Past(list(self._facts[key]), list(self.versions[key])) for key in keys}

    async def commit(self, batch: Batch) -> None:
        await self._broker.travel()
        if self._broker.faults.strike(Fault.FAILED_COMMIT):
            raise asyncpg.PostgresConnectionError("gone before the commit")
        self._apply(batch)
        await self._broker.travel()
        if self._broker.faults.strike(Fault.UNSEEN_COMMIT):
            raise asyncpg.PostgresConnectionError("gone after the commit")

    def reached(self, place: Place) -> int:
        """Up to where a log is in the read model."""
        return self.moved.get(place, Position()).next_offset

    def document(self, key: Key) -> Any:
        """An entity's document, as JSON gives it back."""
        return _from_json(self.entities[key][0])

    def _apply(self, batch: Batch) -> None:
        left = {
            place: f"{place} stands at {self.moved[place].next_offset}, we had left it at {was.next_offset}"
            for place, (was, _) in batch.moves.items()
            if (self.moved[place].next_offset, self.moved[place].head) != (was.next_offset, was.head)
        }
        if left:
            raise SecondWriter(left)
        self.moved |= {place: after for place, (_, after) in batch.moves.items()}
        for row in batch.rows:
            entity = row.entity
            self.entities[row.key] = (
                _to_json(row.document), (_to_json(entity.brief), entity.first_at, entity.last_at)
            )  # fmt: skip
        for version in batch.versions:
            self.versions[version.key].append(version)
        self.outcomes += batch.outcomes
        for fact, _ in batch.facts:
            if slot(fact) is None:
                self._facts[subject_of(fact)].append(fact)

    def _entity(self, key: Key) -> Entity:
        document, (brief, first_at, last_at) = self.entities[key]
        state = from_document(key[0], _from_json(document))
        return Entity(state, briefs.from_json(key[0], brief.decode()), first_at, last_at)
