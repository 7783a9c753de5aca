"""Which partitions this process projects, and what it sees of those that others project.

What a worker should project is advice; the condition on the positions is what keeps two from harm (ADR 0005).
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

import structlog

from services.kit.kafka_access import Bootstrap
from services.kit.ledger import topics
from services.kit.ledger.log import Unavailable
from services.kit.ledger.membership import Membership, joined, told
from services.kit.ledger.reader import Place
from services.projection.store import DATABASE_ERRORS, Store

log = structlog.get_logger(__name__)


class Share:
    """This worker's share of all partitions, as the settings or the group say."""

    def __init__(
        self, partitions: str, store: Store, bootstrap: Bootstrap, services: Sequence[str], instance: str
    ) -> None:
        self._store, self._bootstrap, self._services = store, bootstrap, services
        self._client_id = f"projection-{instance}"
        self._by_group = partitions == "group"
        self._named = None if self._by_group else told(partitions)
        self._membership: Membership | None = None

    def has(self, place: Place) -> bool:
        """Whether this worker should project a partition."""
        if self._by_group:
            return self._membership is not None and place in self._membership.owned()
        return self._named is None or place[1] in self._named

    def not_ready(self) -> str | None:
        """Why it is not known yet what to project; None when it is."""
        return "not in the consumer group yet" if self._by_group and self._membership is None else None

    async def run(self) -> None:
        """Be a member of the group until cancelled; returns at once when the partitions are named."""
        if not self._by_group:
            return
        group = f"kalimaya.projection.{await self._read_model()}"
        logs = [f"{service}.events" for service in self._services]
        async with joined(self._bootstrap, group, self._client_id, logs) as self._membership:
            while True:
                await self._membership.poll()
                await self._membership.wait()

    async def _read_model(self) -> str:
        """What tells this read model from any other that is filled from the same logs. The logs exist by then, too."""
        while True:
            try:
                for service in self._services:
                    await topics.identify(self._bootstrap, service)
                return await self._store.identity()
            except (Unavailable, *DATABASE_ERRORS) as error:
                log.warning("waiting for topics and PostgreSQL", detail=f"{type(error).__name__}: {error}")
                await asyncio.sleep(1)


class Seen:
    """A partition as a bystander sees it, from looks now and then at where it stands and where its log ends."""

    def __init__(self) -> None:
        self._next, self._looked = -1, monotonic()
        self._still_since: float | None = None
        self._mark: tuple[int, float] | None = None

    def look(self, next_offset: int, end: int) -> None:
        """Note one look."""
        now = monotonic()
        if next_offset >= end:
            self._still_since = self._mark = None
        else:
            if self._still_since is None or next_offset != self._next:
                self._still_since = now
            if self._mark is None or next_offset >= self._mark[0]:
                self._mark = end, now
        self._next, self._looked = next_offset, now

    @property
    def age(self) -> float:
        """For how many seconds, at least, an event has waited; 0 when none did at the last look but one."""
        return 0.0 if self._mark is None else self._looked - self._mark[1]

    @property
    def still(self) -> float:
        """For how many seconds it has not moved though there was more to read."""
        return 0.0 if self._still_since is None else self._looked - self._still_since
