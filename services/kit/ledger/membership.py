"""Which partitions this process should work on: all, some, or what its consumer group gives it.

That is advice (R10): it says which partitions to try, never what has been read, and two owners do no harm.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.kit.kafka_access import Bootstrap, access_to
from services.kit.ledger.kafka import REQUEST_MS, bounded, close
from services.kit.ledger.log import Unavailable
from services.kit.ledger.reader import Place

log = structlog.get_logger(__name__)

SESSION_MS = 6_000
POLL_EVERY_SECONDS = 2.0
MOST_FAILED = 3
"""So many polls in a row may fail."""


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Knows which partitions the group gives us. Its listener only sets a flag and never awaits work."""

    def __init__(self, bootstrap: Bootstrap, group: str, client_id: str, topics: Sequence[str]) -> None:
        self.changed = asyncio.Event()
        self._bootstrap, self._group, self._client_id, self._topics = bootstrap, group, client_id, topics
        self._consumer = self._fresh()
        self._failed = 0

    def _fresh(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **access_to(self._bootstrap).aiokafka(),
            group_id=self._group,
            group_instance_id=self._client_id,
            client_id=f"{self._client_id}-member",
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 3,
            request_timeout_ms=REQUEST_MS,  # above the session's, for so long a join may be held
        )

    async def start(self) -> None:
        self._consumer.subscribe(self._topics, listener=self)
        await bounded(self._consumer.start(), 30)

    def owned(self) -> set[Place]:
        found: set[Place] = self._consumer.assignment()
        return found

    async def poll(self) -> None:
        """Stay a member: one that fetches nothing for `max_poll_interval_ms` is silently never let in again.

        An error once is in the log, and aiokafka's own routine tries again. Always the same one is what that routine
        has ended with; then we join anew.
        """
        if self._failed >= MOST_FAILED:
            await self._join_anew()
            return
        try:
            await self._consumer.getmany(timeout_ms=0)
            self._failed = 0
        except KafkaError as error:
            self._failed += 1
            log.warning("member of the group", group=self._group, detail=repr(error), times=self._failed)

    async def _join_anew(self) -> None:
        await close(self._consumer)
        self._consumer = self._fresh()
        try:
            await self.start()
            self._failed = 0
        except Unavailable as error:
            log.warning("joining the group anew", group=self._group, detail=str(error))

    async def wait(self) -> None:
        """Until something changed, or a while has passed and it is time for another poll."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_EVERY_SECONDS):  # `wait_for` loses cancellations (see `bounded`)
                await self.changed.wait()
        self.changed.clear()

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self.changed.set()

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._consumer.pause(*assigned)  # membership only: records are read by consumers without a group
        self.changed.set()

    async def stop(self) -> None:
        await close(self._consumer)


@contextlib.asynccontextmanager
async def joined(bootstrap: Bootstrap, group: str, client_id: str, topics: Sequence[str]) -> AsyncIterator[Membership]:
    """A membership that has begun, however long the broker was away."""
    while True:
        membership = Membership(bootstrap, group, client_id, topics)
        try:
            await membership.start()
            break
        except Unavailable as error:
            log.warning("waiting for the group", group=group, detail=str(error))
            await membership.stop()
            await asyncio.sleep(1)
    try:
        yield membership
    finally:
        await membership.stop()


def told(partitions: str) -> set[int] | None:
    """The partitions that a setting names; None for all of them. Not for `group`."""
    return None if partitions == "all" else {int(partition) for partition in partitions.split(",")}
