"""A gateway without Kafka: its real application over inboxes in memory, which real deciders answer."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema
from aiokafka import TopicPartition

from schemas.catalogue import SERVICES
from services.deployment.domain import DEPLOYMENT
from services.gateway.agency_topics import AgencyTopics
from services.gateway.api import Gateway, build
from services.gateway.inbox import Place
from services.gateway.intake import Taken
from services.gateway.outcomes import Outcomes
from services.gateway.settings import GatewaySettings
from services.gateway.unreadable import Unreadable
from services.incidents.domain import INCIDENTS
from services.kit.clock import Clock
from services.kit.credentials import Doorkeeper
from services.kit.decider import Decider
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import Record, pack_stamp
from services.kit.ledger.topics import topic_of
from services.kit.ledger.worker import Worker
from services.kit.principals import Grant, Principal
from services.logistics.domain import LOGISTICS
from tests.support.ledger import QUICK, MemorySite

DECIDERS: tuple[Decider[Any], ...] = (DEPLOYMENT, LOGISTICS, INCIDENTS)
NOW = datetime(2019, 11, 3, 5, 0, tzinfo=UTC)

POLRES = Principal(
    id="polres-serang",
    name="Polres Serang",
    kind="agency",
    grants=(Grant(types=("kalimaya.unit.*",), subjects=("unit/polres-serang-*",)),),
)


EVERYBODY = Principal(
    id="everybody",
    name="May say everything",
    kind="operator",
    grants=(Grant(types=("kalimaya.*",), subjects=("*",)),),
)
PLAYER = Principal(id="scenario-player", name="Player", kind="operator", grants=(), player=True, kafka=True)
PRINCIPALS = {each.id: each for each in (POLRES, EVERYBODY, PLAYER)}
TOKENS = {POLRES.id: "a-token", EVERYBODY.id: "every-token", PLAYER.id: "player-token"}


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

    async def put(self, taken: Sequence[Taken], held: int) -> list[Place | Unavailable]:
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
    """The application, a client with a token, and deciders that run while `deciding`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.inbox = MemoryInbox()
        self.outcomes = Outcomes("nowhere", SERVICES)
        self.settings = GatewaySettings(
            kafka="127.0.0.1:1", metrics_port=1, agencies=folder / "a", tokens=folder / "t", **settings
        )
        doorkeeper = Doorkeeper(PRINCIPALS, TOKENS, scenario=True)
        gateway = Gateway(self.settings, doorkeeper, self.inbox, self.outcomes, FixedClock())
        self.agencies = AgencyTopics("nowhere", "1", list(PRINCIPALS.values()), self.inbox, FixedClock(), gateway.terms)
        self.app = app = build(gateway)
        self.contract = app.openapi()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://gateway"
        )
        self._workers = {
            decider.service: Worker(decider, 0, site.pair(), site.identity, tuning=QUICK)
            for decider in DECIDERS
            for site in [self.inbox.sites[decider.service]]
        }

    async def deciding(self) -> None:
        """Decide what comes in, and let the gateway see the logs, until cancelled."""
        running = [asyncio.create_task(worker.run()) for worker in self._workers.values()]
        told = dict.fromkeys(self._workers, 0)
        try:
            while True:
                for service, count in told.items():
                    events = await self.inbox.sites[service].events()
                    for record in events[count:]:
                        self.outcomes._take(service, 0, record)
                    told[service] = len(events)
                await asyncio.sleep(0.005)
        finally:
            for task in running:
                task.cancel()

    def read(self, record: Record, agency: str = POLRES.id) -> Taken | Unreadable:
        """What the gateway makes of a record on an agency's topic."""
        return self.agencies.read(TopicPartition(topic_of(agency), 0), record, NOW)

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
