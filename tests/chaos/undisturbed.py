"""What there would be if nothing had gone wrong: the outcomes of the same inbox, and the picture that follows.

The rules and the views are the product's own: what they say is for their tests. That they said the same under faults is
what is shown here.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from services.kit.ledger.desk import Desk, Limits
from services.projection.digest import digest
from services.projection.store import SCHEMA
from services.views.model import Model
from tests.chaos.checker import Answer, Record
from tests.support.rehearsal import DECIDERS

_from_json = msgspec.json.Decoder().decode
_to_json = msgspec.json.Encoder().encode


class Undisturbed:
    """Decides each partition's inbox afresh, in one go, and folds what stands in the logs."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.decided = 0
        self._model = Model()

    def take(self, service: str, partition: int, inbox: Sequence[Record], answered: Sequence[Answer]) -> None:
        """A partition: its inbox, and the answers that count."""
        desk = Desk(DECIDERS[service], partition, Limits())
        for message, answer in zip(inbox, answered, strict=False):
            expected = list(desk.decide(message, answer.offset).records)
            desk.commit()
            self.decided += 1
            if expected != [(each.key, each.value) for each in answer.records]:
                self.wrong.append(f"{service}.events/{partition}@{answer.offset} is not what is decided undisturbed")
            self._model.apply(service, partition, answer)  # type: ignore[arg-type]

    def digest(self) -> str:
        """The digest of the picture that follows from the logs."""
        documents = {key: _from_json(_to_json(each)) for key, each in self._model.documents().items()}
        return digest(documents).hex


async def stored_digest(dsn: str) -> str:
    """The digest of the read model."""
    connection: Any = await asyncpg.connect(dsn, timeout=10, command_timeout=120)
    try:
        rows = await connection.fetch(f"SELECT kind, id, document FROM {SCHEMA}.entities")
    finally:
        await connection.close()
    return digest({(row["kind"], row["id"]): _from_json(row["document"]) for row in rows}).hex
