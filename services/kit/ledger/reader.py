"""Reads many partitions at once, for those who follow the logs: projection, gateway, watch.

It gives records as they stand; which of them count is the reader rule's to say (fold.py).
"""

from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.kit.kafka_access import Bootstrap
from services.kit.ledger.kafka import FETCH_BYTES, bounded, close, consumer, read_on
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import Record

Place = tuple[str, int]
"""A topic and a partition of it."""

PREFETCH_BACKOFF = 0.002
"""aiokafka holds a node's next fetch back by up to 100 ms while any of its partitions has unread records; this
private setting took the median delay from 14 to 5 ms (guarded by tests/integration/test_aiokafka_traps.py)."""

FETCH_WAIT_MS = 50
"""How long a broker may hold a fetch back when nothing is new. A node has one fetch at a time, and one that was sent
while records of a partition lay unread does not ask for it: what comes there next waits until the fetch is answered.
With Kafka's 500 ms the median from publishing to the picture was 380 ms as soon as one service alone was busy."""


class LogReader:
    """Follows partitions from given offsets. `fetch_bytes`: how much of a partition is fetched at once.

    All methods may raise Unavailable; then stop it and start a new one.
    """

    def __init__(self, bootstrap: Bootstrap, client_id: str, fetch_bytes: int = FETCH_BYTES) -> None:
        self._bootstrap, self._client_id, self._fetch_bytes = bootstrap, client_id, fetch_bytes
        self._consumer: AIOKafkaConsumer | None = None
        self._next: dict[TopicPartition, int] = {}

    async def start(self, positions: Mapping[Place, int | None]) -> None:
        """Begin at these offsets; None means at the end, as it is now."""
        fresh = consumer(self._bootstrap, self._client_id, FETCH_WAIT_MS, self._fetch_bytes)
        tps = {place: TopicPartition(*place) for place in positions}
        self._consumer = fresh
        await bounded(fresh.start(), 15)
        fresh._fetcher._prefetch_backoff = PREFETCH_BACKOFF
        ends: Mapping[TopicPartition, int] = {}
        if None in positions.values():
            ends = await bounded(fresh.end_offsets(list(tps.values())), 10)
        fresh.assign(list(tps.values()))  # in one step with the seeking: see kafka.begin_at
        self._next = {tps[place]: ends[tps[place]] if at is None else at for place, at in positions.items()}
        for tp, offset in self._next.items():
            fresh.seek(tp, offset)

    async def read(self, wait: float, most: int = 5000) -> Mapping[Place, Sequence[Record]]:
        """What has come, as soon as there is something; empty after `wait` seconds. Raises OutOfRange."""
        got = await read_on(self._bootstrap, self._following(), self._next, wait, most)
        self._next |= {tp: records[-1].offset + 1 for tp, records in got.items() if records}
        return {(tp.topic, tp.partition): records for tp, records in got.items() if records}

    async def ends(self, places: Iterable[Place] | None = None) -> Mapping[Place, int]:
        """The offset that each partition's next record will get; of those that are read, or of any others."""
        following = self._following()
        tps = following.assignment() if places is None else [TopicPartition(*place) for place in places]
        ends = await bounded(following.end_offsets(list(tps)), 10)
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}

    def _following(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise Unavailable("it has been stopped")
        return self._consumer

    async def stop(self) -> None:
        """Let go, in bounded time."""
        if self._consumer is not None:
            gone, self._consumer = self._consumer, None
            await close(gone)
