"""The two times that an answer can be asked for, and how the read model answers for them.

`at`: what was so at an instant. `known_at`: by what could be known at one. What lists are made of is looked up among
the versions of briefs (history.py); a whole document is folded from its facts when it is asked for.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query

from schemas.types import Instant
from services.projection.api.turns import Turns
from services.projection.store import Document, fact_of
from services.views.facts import Fact
from services.views.model import Key, fold_all, subject_of, to_document

PROVISIONAL = "Kalimaya-Provisional"
"""Header of every answer to `known_at`."""

EVER = datetime.max.replace(tzinfo=UTC)

At = Annotated[
    Instant | None,
    Query(description="What was so at this instant, judged by it; without it, at `known_at`, or now."),
]
KnownAt = Annotated[
    Instant | None,
    Query(
        description="By what could be known at this instant; without it, by all that we know now. The answer says in "
        f"`{PROVISIONAL}` whether something that was recorded by then may still be missing in it."
    ),
]


@dataclass(frozen=True, slots=True)
class Times:
    """The facts that count for an answer: those that happened by `at` and were known by `known_at`."""

    at: datetime
    known_at: datetime = EVER

    def entities(self, number: int) -> str:
        """SQL that stands for the table `entities` as it was; $1 are the kinds, $`number` and the next our instants.

        It has the columns that lists filter on. For a document stands the brief, which is a part of it.
        """
        return f"""(SELECT entities.kind, entities.id, held.* FROM entities CROSS JOIN LATERAL (
            SELECT villages, districts, jurisdiction, agency, status, brief, brief AS document FROM versions
            WHERE versions.kind = entities.kind AND versions.id = entities.id
              AND at_from <= ${number} AND known_from <= ${number + 1}
            ORDER BY at_from DESC, known_from DESC, event_offset DESC LIMIT 1) held
            WHERE entities.kind = ANY($1))"""

    async def documents(self, connection: Any, turns: Turns, kind: str, ids: Sequence[str]) -> dict[str, Document]:
        """The documents of these entities by id, in this order, folded from the facts that count."""
        facts: defaultdict[Key, list[Fact]] = defaultdict(list)
        found: dict[str, Document] = {}
        rows = await connection.fetch(_FACTS, [f"{kind}/{id_}" for id_ in ids], self.at, self.known_at)
        pause = turns.in_pieces()
        for fact in map(fact_of, rows):
            facts[subject_of(fact)].append(fact)
            await pause()
        for id_ in ids:
            state = fold_all(kind, facts[kind, id_])
            if state is not None:
                found[id_] = to_document(state)
            await pause()
        return found


# Of the facts that replace one another the last one is read, of each slot; ties are broken as `Fact.order` breaks them.
_FACTS = """
SELECT * FROM (
    SELECT * FROM events
    WHERE subject = ANY($1) AND slot IS NULL AND at <= $2 AND knowntime <= $3
    UNION ALL
    SELECT last.* FROM unnest($1::text[]) AS wanted (subject), unnest(ARRAY['position', 'position_ahead']) AS own (slot)
    CROSS JOIN LATERAL (
        SELECT * FROM events
        WHERE events.subject = wanted.subject AND events.slot = own.slot AND at <= $2 AND knowntime <= $3
        ORDER BY at DESC, source COLLATE "C" DESC, id COLLATE "C" DESC LIMIT 1) AS last
) AS counting ORDER BY event_offset
"""
