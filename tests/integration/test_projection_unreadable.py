"""What the gateway set aside is shown once, as it came, on a real Kafka and a real PostgreSQL."""

import asyncio
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from schemas.catalogue import SERVICES
from services.gateway.unreadable import Unreadable
from services.kit.ledger import topics
from services.kit.ledger.kafka import producer
from services.kit.ledger.record import Stored
from services.projection.projector import Projector
from services.projection.store import SCHEMA, Store, new_pool
from services.projection.unreadable import UnreadableFollower
from tests.support.ledger import until
from tests.support.pair import Pair
from tests.support.read_model import asked

NOW = datetime(2019, 11, 3, 5, tzinfo=UTC)
Headers = Sequence[tuple[str, bytes]]


class Site:
    """gateway.unreadable, a fresh database, and an agency nobody else is."""

    def __init__(self, pair: Pair, dsn: str, client: AIOKafkaProducer) -> None:
        self.pair, self.dsn, self._client = pair, dsn, client
        self.agency = f"a{uuid.uuid4().hex[:8]}"

    async def set_aside(
        self, offset: int, value: bytes, headers: Headers = (), detail: str = "no JSON", agency: str | None = None
    ) -> None:
        agency = agency or self.agency
        record = Stored(offset, None, value, headers)
        aside = Unreadable(agency, f"agency.{agency}", 0, record, "invalid-json", detail, NOW)
        await self.write(*aside.entry())

    async def write(self, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        await self._client.send_and_wait(topics.UNREADABLE, value, key=key, headers=headers, partition=0)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[httpx.AsyncClient]:
        """A follower at work, and the API."""
        pool = await new_pool(self.dsn)
        store = Store(pool)
        task = asyncio.create_task(UnreadableFollower(pool, store, self.pair.kafka, "test").run())
        projector = Projector(store, self.pair.kafka, SERVICES)
        async with asked(pool, store, projector, self.pair, self.dsn) as client:
            try:
                yield client
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                pool.terminate()

    async def shown(self, client: httpx.AsyncClient, count: int, **params: Any) -> list[dict[str, Any]]:
        """This agency's records, once there are so many."""
        answer: list[Any] = []

        async def there() -> bool:
            response = await client.get("/v1/unreadable", params={"agency": self.agency} | params)
            answer[:] = [response.status_code, response.text]
            return response.status_code == 200 and len(response.json()["items"]) >= count

        await until(there, lambda: answer, 30)
        items: list[dict[str, Any]] = httpx.Response(200, text=answer[1]).json()["items"]
        return items


@pytest.fixture
async def site(pair: Pair) -> AsyncIterator[Site]:
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(pair.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    await topics.create_intake(pair.kafka, [])
    client = producer(pair.kafka, "test")
    await client.start()
    yield Site(pair, f"{pair.postgres.rpartition('/')[0]}/{name}", client)
    await client.stop()


async def test_a_record_is_shown_as_it_came_with_where_it_stood_and_why(site: Site) -> None:
    await site.set_aside(7, b"\xff\x00", [("ce_id", b"caf\xc3\xa9"), ("x", b"\xff")], detail="not UTF-8 at byte 0")
    async with site.following() as client:
        (shown,) = await site.shown(client, 1)
    assert shown["position"].startswith("gateway.unreadable/0@")
    assert {name: shown[name] for name in ("agency", "written", "reason", "detail", "size", "raw", "headers")} == {
        "agency": site.agency,
        "written": f"agency.{site.agency}/0@7",
        "reason": "invalid-json",
        "detail": "not UTF-8 at byte 0",
        "size": 2,
        "raw": {"base64": "/wA=", "text": None},
        "headers": [
            {"name": "ce_id", "base64": "Y2Fmw6k=", "text": "café"},
            {"name": "x", "base64": "/w==", "text": None},
        ],
    }
    assert datetime.fromisoformat(shown["recordedtime"]) == NOW


async def test_the_same_record_twice_is_shown_once_and_a_restart_shows_nothing_again(site: Site) -> None:
    for offset in (1, 2, 1):
        await site.set_aside(offset, b"x")
    async with site.following() as client:
        await site.shown(client, 2)
    await site.set_aside(2, b"x")
    await site.set_aside(3, b"x")
    async with site.following() as client:
        shown = await site.shown(client, 3)
    assert [each["written"].rpartition("@")[2] for each in shown] == ["3", "2", "1"]


async def test_pages_go_back_from_the_newest(site: Site) -> None:
    for offset in range(5):
        await site.set_aside(offset, b"x")
    async with site.following() as client:
        await site.shown(client, 5)
        found, cursor = [], None
        while True:
            params = {"agency": site.agency, "limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/unreadable", params=params)).json()
            found += [each["written"].rpartition("@")[2] for each in page["items"]]
            if (cursor := page["next"]) is None:
                break
        everybody = (await client.get("/v1/unreadable", params={"limit": 1000})).json()["items"]
        assert (await client.get("/v1/unreadable", params={"cursor": "x"})).status_code == 422
    assert found == ["4", "3", "2", "1", "0"]
    assert len(everybody) >= 5


async def test_nul_in_any_place_and_a_large_record_stop_nothing(site: Site) -> None:
    await site.set_aside(1, b"a\x00b", [("n\x00", b"\x00")], detail="a \x00 in the detail")
    await site.set_aside(2, "é".encode() * 500_000)
    async with site.following() as client:
        large, nul = await site.shown(client, 2)
    assert (nul["raw"]["text"], nul["detail"]) == ("a\x00b", "a \N{REPLACEMENT CHARACTER} in the detail")
    assert nul["headers"] == [{"name": "n\N{REPLACEMENT CHARACTER}", "base64": "AA==", "text": "\x00"}]
    assert (large["size"], len(b64decode(large["raw"]["base64"]))) == (1_000_000, 65_536)
    assert large["raw"]["text"] == "é" * 32_768


async def test_what_a_stranger_wrote_to_the_topic_is_shown_as_such(site: Site) -> None:
    marker = uuid.uuid4().hex.encode()
    await site.write(None, marker, [("agency", site.agency.encode()), ("partition", b"x")])
    async with site.following() as client:
        (shown,) = await site.shown(client, 1)
    assert (shown["reason"], shown["raw"]["text"]) == ("foreign", marker.decode())
    assert shown["written"] == shown["position"]


async def test_another_follower_may_have_moved_the_position(site: Site) -> None:
    await site.set_aside(1, b"x")
    async with site.following() as client, site.following():
        await site.shown(client, 1)
        for offset in range(2, 8):
            await site.set_aside(offset, b"x")
        assert len(await site.shown(client, 7)) == 7


async def test_a_topic_shorter_than_what_was_read_is_read_from_its_beginning(site: Site) -> None:
    await site.set_aside(1, b"x")
    async with site.following() as client:
        await site.shown(client, 1)
    connection = await asyncpg.connect(site.dsn)
    await connection.execute(f"UPDATE {SCHEMA}.unreadable_position SET next_offset = 1000000")
    await connection.close()
    await site.set_aside(2, b"x")
    async with site.following() as client:
        assert len(await site.shown(client, 2)) == 2
