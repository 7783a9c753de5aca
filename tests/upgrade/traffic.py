"""Steady load into every partition, its receipts, and when each message is in the read model.

A *gap* of a partition is the time between two moments at which something new of it came into the read model; as
messages come to each partition four times a second, it is what a reader of the picture would notice.
"""

import asyncio
import contextlib
import uuid
from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import asyncpg
import httpx
import msgspec

from kalimaya.settings import DECIDING_SERVICES
from scenarios.plan import PLAYER
from schemas.envelope import partition_of
from services.projection.store import SCHEMA
from tests.chaos.load import Receipt, Receipts
from tests.chaos.site import PARTITIONS, Site
from tests.upgrade.release import SECOND

EVERY_SECONDS = 0.25
LOOK_SECONDS = 0.05
ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.2
SUBJECTS = 20
"""Units, shipments and incidents in each partition, which take turns."""
VILLAGE = "36.04.13.2009"
AGGREGATES = {"deployment": "unit/polres-serang", "logistics": "shipment/kirim", "incidents": "incident/kejadian"}

Place = tuple[str, int]
"""A service and a partition of its."""
PLACES: Sequence[Place] = [(service, partition) for service in DECIDING_SERVICES for partition in range(PARTITIONS)]

_json = msgspec.json.Encoder().encode


class Seen(NamedTuple):
    """Something new of a partition came into the read model at `at`, `gap` seconds after the last; `took`: how long ago
    each of these messages was sent.
    """

    at: float
    place: Place
    gap: float
    took: list[float]


class Figures(NamedTuple):
    """Of some time: messages projected, median and longest seconds from sending to picture, and the longest gap."""

    messages: int
    median: float
    slowest: float
    gap: float
    at: Place


class Traffic:
    """Sends until left, and then until all is known. `gateways`: whom the balancer knows, in turn.

    `second`: whether units report their arrival by the new version.
    """

    def __init__(self, site: Site, receipts: Path) -> None:
        self.gateways = [site.gateway]
        self.second = False
        self.sent = self.tries = 0
        self.seen: list[Seen] = []
        self._site, self._receipts = site, Receipts(receipts)
        self._headers = {"Authorization": f"Bearer {site.tokens[PLAYER]}"}
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)
        self._ids = {place: _ids(*place) for place in PLACES}
        self._waiting: defaultdict[Place, deque[tuple[int, float]]] = defaultdict(deque)
        self._newest = dict.fromkeys(PLACES, 0.0)
        """When the newest message that is in the read model was sent."""
        self._turn = count()
        self._sending: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: list[BaseException] = []

    async def __aenter__(self) -> "Traffic":
        self._tasks = [asyncio.create_task(self._look())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in (*self._tasks, *self._sending):
            each.cancel()
        await asyncio.gather(*self._tasks, *self._sending, return_exceptions=True)
        await self._client.aclose()
        self._receipts.close()

    # Sending.

    async def before(self, messages: int) -> None:
        """So many reports of units at once, to have something to fold; returns when they are known."""
        place = [place for place in PLACES if place[0] == "deployment"]
        for first in range(0, messages, 900):
            batch = [self._message(place[n % PARTITIONS], n // PARTITIONS) for n in range(first, first + 900)]
            await self._until_known(batch)

    def begin(self) -> None:
        """Send from now on."""
        self._tasks.append(asyncio.create_task(self._send()))

    async def end(self) -> None:
        """Send no more; returns when all that was sent is known."""
        self._tasks.pop().cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        self._check()

    async def say(self, gateway: str, message: dict[str, Any]) -> httpx.Response:
        """Ask one gateway to take a message in and to tell what became of it; without a receipt."""
        headers = self._headers | {"Content-Type": "application/cloudevents+json", "Prefer": "wait=10"}
        return await self._client.post(f"{gateway}/v1/messages", content=_json(message), headers=headers, timeout=20)

    def arrival(self, *, second: bool) -> dict[str, Any]:
        """The report of a unit's arrival by its first or second version."""
        return _message("deployment", self._ids["deployment", 0][0], second)

    async def _send(self) -> None:
        for number in count():
            batch = [self._message(place, number) for place in PLACES]
            sending = asyncio.create_task(self._until_known(batch))
            self._sending.add(sending)
            sending.add_done_callback(self._sent)
            await asyncio.sleep(EVERY_SECONDS)

    def _sent(self, sending: "asyncio.Task[None]") -> None:
        self._sending.discard(sending)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            self._failed.append(error)

    def _check(self) -> None:
        """Raise what ended our own sending or looking."""
        for error in self._failed:
            raise error
        for each in self._tasks:
            if each.done():
                each.result()

    def _message(self, place: Place, number: int) -> dict[str, Any]:
        return _message(place[0], self._ids[place][number % SUBJECTS], self.second)

    async def _until_known(self, batch: Sequence[dict[str, Any]]) -> None:
        open_, sent, tried = batch, monotonic(), 0
        self.sent += len(batch)
        while open_:
            tried += 1
            self.tries += len(open_)
            told = [self._told(*each, tried, sent) for each in zip(open_, await self._post(open_), strict=True)]
            self._receipts.add(told)
            open_ = [message for message, each in zip(open_, told, strict=True) if each.told == "unknown"]
            if open_:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _post(self, batch: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        gateway = self.gateways[next(self._turn) % len(self.gateways)]
        headers = self._headers | {"Content-Type": "application/cloudevents-batch+json"}
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):  # the balancer's next one will know
            answer = await self._client.post(f"{gateway}/v1/messages", content=_json(batch), headers=headers)
            results: list[dict[str, Any]] = answer.json()["results"]
            return results
        return [{"status": 0}] * len(batch)

    def _told(self, message: dict[str, Any], answer: dict[str, Any], tried: int, sent: float) -> Receipt:
        receipt = Receipt(source=message["source"], id=message["id"], key=None, over="http", told="unknown")
        receipt.tried, receipt.status, receipt.position = tried, answer["status"], answer.get("position")
        if receipt.position is not None:
            receipt.told = "ok"
            service, _, rest = receipt.position.partition(".inbox/")
            partition, _, offset = rest.partition("@")
            self._waiting[service, int(partition)].append((int(offset), sent))
        elif 400 <= receipt.status < 500:
            raise AssertionError(f"{message} was turned away: {answer}")
        return receipt

    # Looking.

    @property
    def waiting(self) -> int:
        """Messages that are acknowledged and not in the read model."""
        return sum(map(len, self._waiting.values()))

    async def well(self, since: float, seconds: float = 60) -> None:
        """Until a message sent after `since` is in the read model, of every partition. Raises TimeoutError."""
        deadline = monotonic() + seconds
        while late := [place for place, sent in self._newest.items() if sent < since]:
            self._check()
            if monotonic() > deadline:
                raise TimeoutError(f"nothing new in the picture of {late} for {seconds:.0f} s")
            await asyncio.sleep(LOOK_SECONDS)

    async def drained(self, seconds: float = 60) -> None:
        """Until all that is acknowledged is in the read model. Raises TimeoutError."""
        deadline = monotonic() + seconds
        while self.waiting:
            self._check()
            if monotonic() > deadline:
                raise TimeoutError(f"{self.waiting} messages are not in the picture after {seconds:.0f} s")
            await asyncio.sleep(LOOK_SECONDS)

    def figures(self, since: float, until: float) -> Figures:
        """What came into the read model between two moments."""
        seen = [each for each in self.seen if since <= each.at <= until]
        took = [seconds for each in seen for seconds in each.took]
        gap = max(seen, key=lambda each: each.gap)
        return Figures(len(took), median(took), max(took), gap.gap, gap.place)

    async def _look(self) -> None:
        connection: Any = await asyncpg.connect(self._site.postgres.dsn(), timeout=5, command_timeout=5)
        shown: defaultdict[Place, int] = defaultdict(int)
        last: dict[Place, float] = {}
        try:
            while True:
                rows = await connection.fetch(f"SELECT topic, partition, next_cause FROM {SCHEMA}.positions")
                now = monotonic()
                for row in rows:
                    place = row["topic"].removesuffix(".events"), row["partition"]
                    if row["next_cause"] > shown[place]:
                        shown[place] = row["next_cause"]
                        self.seen.append(
                            Seen(now, place, now - last.get(place, now), self._take(place, shown[place], now))
                        )
                        last[place] = now
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            connection.terminate()

    def _take(self, place: Place, next_cause: int, now: float) -> list[float]:
        """How long ago what is shown since the last look was sent."""
        waiting, kept, took = self._waiting[place], deque[tuple[int, float]](), []
        for offset, sent in waiting:
            if offset < next_cause:
                took.append(now - sent)
                self._newest[place] = max(self._newest[place], sent)
            else:
                kept.append((offset, sent))
        self._waiting[place] = kept
        return took


def _ids(service: str, partition: int) -> list[str]:
    """Ids whose aggregates are in this partition."""
    aggregate, _, stem = AGGREGATES[service].partition("/")
    found = (f"{stem}-{number}" for number in count(1))
    here = (id_ for id_ in found if partition_of(f"{aggregate}/{id_}", PARTITIONS) == partition)
    return [next(here) for _ in range(SUBJECTS)]


def _message(service: str, id_: str, second: bool) -> dict[str, Any]:
    envelope = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/agencies/polres-serang"}
    match service:
        case "deployment":
            arrived = envelope | {"type": "kalimaya.unit.arrived", "data": {"unit": id_, "post": VILLAGE}}
            if second:
                arrived |= {"dataschema": SECOND, "data": {"unit": id_, "post": VILLAGE, "by": "road"}}
            return arrived
        case "logistics":
            data = {"shipment": id_, "leg": "darat-1"}
            return envelope | {"source": "/agencies/dpmd-serang", "type": "kalimaya.leg.departed", "data": data}
        case _:
            data = {"incident": id_, "type": "protest", "severity": 3, "village": VILLAGE, "summary": "massa"}
            return envelope | {"type": "kalimaya.incident.reported", "data": data}
