"""Looks how far the inboxes go, so that the API can tell whether something that was recorded may not be read yet.

The event logs say what was decided. What was recorded and waits for its decision stands in the inboxes alone, and what
is on its way there nowhere: the gateway stamps a message before it hands it to Kafka.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from services.kit.clock import load
from services.kit.kafka_access import Bootstrap
from services.kit.ledger import topics
from services.kit.ledger.log import Unavailable
from services.kit.ledger.reader import LogReader, Place
from services.projection.store import Position

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
UNDER_WAY = timedelta(seconds=60)
"""By then a message that was stamped stands in its inbox or never will: the gateway waits 8 s, its client gives up
within 40, and the clocks of several gateways differ by less than what is left."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was recorded before `until` stands in the inbox before offset `end`."""

    end: int
    until: datetime


class Arrivals:
    """Runs until cancelled. `seen`: by the event log of each inbox; empty before the first look."""

    def __init__(self, bootstrap: Bootstrap, services: Sequence[str], clock: Path | None, client_id: str) -> None:
        self._bootstrap, self._services, self._clock, self._client_id = bootstrap, services, clock, client_id
        self.seen: Mapping[Place, Arrived] = {}

    async def run(self) -> None:
        """Look again and again; while Kafka is away, what was seen last stays as it is."""
        while True:
            reader = LogReader(self._bootstrap, self._client_id)
            try:
                await reader.start(dict.fromkeys(await self._inboxes()))
                while True:
                    until = load(self._clock).now(ago=UNDER_WAY)
                    ends = await reader.ends()
                    self.seen = {
                        (topic.replace(".inbox", ".events"), partition): Arrived(end, until)
                        for (topic, partition), end in ends.items()
                    }
                    await asyncio.sleep(EVERY_SECONDS)
            except (Unavailable, ValueError) as error:
                log.warning("cannot see the inboxes", detail=str(error))
            finally:
                await reader.stop()
            await asyncio.sleep(EVERY_SECONDS)

    async def _inboxes(self) -> list[Place]:
        return await topics.places(self._bootstrap, self._services, "inbox")


def provisional(positions: Mapping[Place, Position], seen: Mapping[Place, Arrived], known_at: datetime) -> bool:
    """Whether a message that was recorded up to `known_at` may be missing in a read model at these positions.

    A partition misses none once it has an outcome that was known later, because known times never go back; or if all
    that its inbox held at a look after that instant has been decided and read. When in doubt, it may.
    """
    return not positions or not all(
        _has_all(position, seen.get(place), known_at) for place, position in positions.items()
    )


def _has_all(position: Position, arrived: Arrived | None, known_at: datetime) -> bool:
    if position.known is not None and position.known > known_at:
        return True
    return arrived is not None and arrived.until > known_at and position.next_cause >= arrived.end
