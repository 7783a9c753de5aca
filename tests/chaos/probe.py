"""Probes of the whole way: small messages into every partition, and when each is decided and in the read model.

What is watched are the event logs and the read model's positions themselves, by connections that no fault touches.
"""

import asyncio
import contextlib
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import asyncpg
import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from kalimaya.settings import DECIDING_SERVICES
from scenarios.plan import PLAYER
from schemas.envelope import partition_of
from services.projection.store import SCHEMA
from tests.chaos.checker import Record, mark_of
from tests.chaos.site import PARTITIONS, Site

EVERY_SECONDS = 0.25
LOOK_SECONDS = 0.02
ANSWER_SECONDS = 5.0
EACH = 100
"""Messages about one thing; then it is another one's turn, because nothing in life is reported thousands of times."""

Place = tuple[str, int]
"""A service and a partition of its."""

_json = msgspec.json.Encoder().encode


@dataclass
class Batch:
    """A message into each partition, sent together. Times are of this process's monotonic clock; None: not yet."""

    sent: float
    positions: dict[Place, int] = field(default_factory=dict)
    decided: float | None = None
    projected: float | None = None


class Probe:
    """Sends batches all the time; `batches`: those that were taken in whole, in the order of their sending."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._answered: defaultdict[Place, int] = defaultdict(int)
        self._shown: defaultdict[Place, int] = defaultdict(int)
        self.batches: list[Batch] = []
        self._sent = 0
        self._keys: dict[Place, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Probe":
        self._tasks = [asyncio.create_task(each()) for each in (self._send, self._follow, self._look)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._tasks:
            each.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def recovered(self, since: float, seconds: float) -> tuple[float, float] | None:
        """Seconds from `since` until a batch sent after it was decided, and one projected, in every partition.

        None when that took longer than `seconds`. Raises what ended our own looking.
        """
        while monotonic() - since < seconds:
            if broken := next((each for each in self._tasks if each.done()), None):
                broken.result()
            self._settle()
            later = [each for each in self.batches if each.sent >= since]
            decided = [each.decided for each in later if each.decided is not None]
            projected = [each.projected for each in later if each.projected is not None]
            if projected:
                return min(decided) - since, min(projected) - since
            await asyncio.sleep(LOOK_SECONDS)
        return None

    def behind(self) -> str:
        """Which partitions have not decided or projected the oldest batch that is open."""
        still = next((each for each in self.batches if each.projected is None), None)
        if still is None:
            return "no batch was taken in whole" if not self.batches else "nothing is open"
        ago = f"sent {monotonic() - still.sent:.0f} s ago"
        undecided = [place for place, at in still.positions.items() if self._answered[place] <= at]
        unseen = [place for place, at in still.positions.items() if self._shown[place] <= at]
        return f"{ago}, not decided in {undecided}, not projected in {unseen}"

    def forget(self) -> None:
        """Let go of all batches so far."""
        self.batches.clear()

    async def _send(self) -> None:
        client = httpx.AsyncClient(base_url=self._site.gateway, timeout=ANSWER_SECONDS, trust_env=False)
        async with client, asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._batch(client))
                await asyncio.sleep(EVERY_SECONDS)

    async def _batch(self, client: httpx.AsyncClient) -> None:
        batch = Batch(monotonic())
        if self._sent % EACH == 0:
            self._keys = {place: _key(*place, self._sent // EACH) for place in _places()}
        self._sent += 1
        body = _json([_message(service, key) for (service, _), key in self._keys.items()])
        headers = {
            "Authorization": f"Bearer {self._site.tokens[PLAYER]}",
            "Content-Type": "application/cloudevents-batch+json",
        }
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):  # the next batch is on its way
            answer = await client.post("/v1/messages", content=body, headers=headers)
            for each in answer.json()["results"]:
                service, _, rest = each["position"].partition(".inbox/")
                partition, _, offset = rest.partition("@")
                batch.positions[service, int(partition)] = int(offset)
        if len(batch.positions) == len(self._keys):
            self.batches.append(batch)

    def _settle(self) -> None:
        """Note of each batch when it was first seen decided and projected."""
        now = monotonic()
        for each in self.batches:
            if each.decided is None and _past(self._answered, each.positions):
                each.decided = now
            if each.projected is None and _past(self._shown, each.positions):
                each.projected = now
                each.decided = each.decided or now

    async def _follow(self) -> None:
        """Read the event logs as they grow."""
        while True:
            reader = AIOKafkaConsumer(bootstrap_servers=self._site.bootstrap, retry_backoff_ms=50, fetch_max_wait_ms=50)
            tps = [TopicPartition(f"{service}.events", partition) for service, partition in _places()]
            reader.assign(tps)
            with contextlib.suppress(KafkaError, OSError, TimeoutError):  # a broker is away: begin again
                await reader.start()
                await reader.seek_to_end(*tps)
                while True:
                    for tp, records in (await reader.getmany(timeout_ms=100)).items():
                        for record in records:
                            self._take(tp, record)
                    self._settle()
            await reader.stop()
            await asyncio.sleep(LOOK_SECONDS)

    def _take(self, tp: TopicPartition, record: Record) -> None:
        mark = mark_of(record)
        if mark is not None and mark[0] == record.offset:
            place = tp.topic.removesuffix(".events"), tp.partition
            self._answered[place] = max(self._answered[place], mark[1] + 1)

    async def _look(self) -> None:
        """Ask the read model how far it is."""
        while True:
            try:
                await self._look_on()
            except Exception as error:  # whatever a client makes of a killed server: shown, and asked again
                print(f"  (the read model does not answer: {type(error).__name__})", flush=True)
                await asyncio.sleep(5 * LOOK_SECONDS)

    async def _look_on(self) -> None:
        connection: Any = await asyncpg.connect(self._site.postgres.dsn(), timeout=2, command_timeout=2)
        try:
            while True:
                asking = connection.fetch(f"SELECT topic, partition, next_cause FROM {SCHEMA}.positions")
                for row in await asyncio.wait_for(asking, 3):
                    self._shown[row["topic"].removesuffix(".events"), row["partition"]] = row["next_cause"]
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            connection.terminate()


def _past(stands: dict[Place, int], positions: dict[Place, int]) -> bool:
    return all(stands[place] > offset for place, offset in positions.items())


def _places() -> list[Place]:
    return [(service, partition) for service in DECIDING_SERVICES for partition in range(PARTITIONS)]


def _key(service: str, partition: int, turn: int) -> str:
    """An id whose aggregate is in this partition."""
    aggregate = {"deployment": "unit", "logistics": "shipment", "incidents": "incident"}[service]
    return next(
        id_
        for id_ in map(f"probe-{turn}-{{}}".format, range(10_000))
        if partition_of(f"{aggregate}/{id_}", PARTITIONS) == partition
    )


def _message(service: str, id_: str) -> dict[str, Any]:
    """A message about this aggregate; what its outcome is does not matter."""
    envelope = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/agencies/polres-serang"}
    match service:
        case "deployment":
            return envelope | {"type": "kalimaya.unit.sighted", "data": {"unit": id_, "lat": -6.1, "lon": 106.2}}
        case "logistics":
            data = {"shipment": id_, "package": "kotak-01", "seals": ["KS-000101"]}
            return envelope | {"type": "kalimaya.package.seal", "data": data}
        case _:
            data = {"incident": id_, "type": "protest", "severity": 3, "village": "36.04.13.2009", "summary": "massa"}
            return envelope | {"type": "kalimaya.incident.reported", "data": data}
