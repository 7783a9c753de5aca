"""A gateway without Kafka: its real application over inboxes in memory, which real deciders answer."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema

from schemas.catalogue import SERVICES
from services.deployment.domain import DEPLOYMENT
from services.gateway.api import Gateway, build
from services.gateway.credentials import Doorkeeper, Grant, Principal
from services.gateway.inbox import Place
from services.gateway.intake import Taken
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.gateway.unreadable import Unreadable
from services.kit.clock import Clock
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import pack_stamp
from services.kit.ledger.worker import Worker
from tests.support.ledger import QUICK, MemorySite

NOW = datetime(2019, 11, 3, 5, 0, tzinfo=UTC)

POLRES = Principal(
    id="polres-serang",
    name="Polres Serang",
    kind="agency",
    grants=(Grant(types=("kalimaya.unit.*",), subjects=("unit/polres-serang-*",)),),
)


class MemoryInbox:
    """The Inbox port in memory: a partition a service; which of them are decided is the test's to say."""

    def __init__(self) -> None:
        self.sites = {service: MemorySite() for service in SERVICES}
        self.aside: list[Unreadable] = []
        self.away = False
        self.lost_acks = False
        self.tried = 0

    @property
    def site(self) -> MemorySite:
        """Deployment's."""
        return self.sites["deployment"]

    def not_ready(self) -> str | None:
        return None

    async def put(self, taken: Sequence[Taken]) -> list[Place | Unavailable]:
        return [await self._put(each) for each in taken]

    async def _put(self, taken: Taken) -> Place | Unavailable:
        if self.away:
            return Unavailable("the broker is away")
        key = taken.message.partitionkey.encode()
        self.tried += 1
        offset = await self.sites[taken.service].put(key, taken.value, pack_stamp(taken.stamp))
        return Unavailable("no acknowledgement") if self.lost_acks else Place(taken.service, 0, offset)

    async def set_aside(self, records: Sequence[Unreadable]) -> None:
        if self.away:
            raise Unavailable("the broker is away")
        self.aside += records


class FixedClock(Clock):
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Door:
    """The application, a client with a token, and a decider that runs while `deciding`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.inbox = MemoryInbox()
        self.outcomes = Outcomes("nowhere", ["deployment"])
        self.settings = GatewaySettings(
            kafka="nowhere", metrics_port=1, agencies=folder / "a", tokens=folder / "t", **settings
        )
        doorkeeper = Doorkeeper({POLRES.id: POLRES}, {POLRES.id: "a-token"})
        app = build(Gateway(self.settings, doorkeeper, self.inbox, self.outcomes, FixedClock()))
        self.contract = app.openapi()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://gateway"
        )
        self._worker = Worker(DEPLOYMENT, 0, self.inbox.site.pair(), self.inbox.site.identity, tuning=QUICK)

    async def deciding(self) -> None:
        """Decide what comes in, and let the gateway see the log, until cancelled."""
        running = asyncio.create_task(self._worker.run())
        told = 0
        try:
            while True:
                events = await self.inbox.site.events()
                for record in events[told:]:
                    self.outcomes._take("deployment", 0, record)
                told = len(events)
                await asyncio.sleep(0.005)
        finally:
            running.cancel()

    async def post(
        self, body: Any, *, token: str | None = "a-token", prefer: str = "", batch: bool = False
    ) -> httpx.Response:
        """POST /v1/messages; the answer is held to what OpenAPI says of it."""
        headers = {"Content-Type": f"application/cloudevents{'-batch' if batch else ''}+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if prefer:
            headers["Prefer"] = prefer
        content = json.dumps(body).encode() if isinstance(body, dict | list) else body
        answer = await self.client.post("/v1/messages", content=content, headers=headers)
        self.documented(answer)
        return answer

    def documented(self, answer: httpx.Response) -> None:
        """Fails unless the contract has this status, content type and document."""
        described = self.contract["paths"]["/v1/messages"]["post"]["responses"][str(answer.status_code)]["content"]
        schema = described[answer.headers["content-type"]]["schema"]
        root = {**schema, "components": self.contract["components"]}
        jsonschema.Draft202012Validator(root).validate(answer.json())


def sighting(id_: str = "a", **changes: Any) -> dict[str, Any]:
    """A good message: a position of one of the sender's units."""
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": "anything",
        "type": "kalimaya.unit.sighted",
        "time": "2019-11-03T12:00:00+07:00",
        "data": {"unit": "polres-serang-001", "lat": -6.1, "lon": 106.2},
    }
    return {name: value for name, value in (event | changes).items() if value is not ...}
