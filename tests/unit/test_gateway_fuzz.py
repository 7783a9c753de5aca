"""Whatever is sent, by whatever way: no failure of ours, and every message is accounted for.

Good messages of every kind are spoilt in their structure or their bytes, and sent over HTTP (alone, in batches, in
binary mode) and as records of an agency's topic. Taken in + answered with a problem + set aside = sent, and each that
was taken in has one outcome.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import httpx
import pytest
import structlog

from services.gateway.intake import Taken
from services.kit.ledger.record import Stored
from tests.support.examples import events
from tests.support.gateway import Door
from tests.support.ledger import answers, until
from tests.support.size import SIZE, sized

SENT = sized(100_000)
SEED = 2019 if SIZE < 1 else SystemRandom().randrange(10**9)
BATCH = 20

JUNK: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**53 - 1, 2**53, 1.5, 1e308, float("nan"), float("inf"), "", " ", "\0", "x" * 300,
    "\ud800", "é", "👮", "36.04.99.2001", "36.04.13.2009", "2019-11-03T05:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2019-13-03", "../..", "urn:kalimaya:schema:unit.sighted:9", [], {}, [[]], {"": {}},
    ["x"] * 600, {"polri": -1}, {"polri": 10**9},
]  # fmt: skip
TOKENS = [
    b"NaN", b"-Infinity", b"1e999", b"\\u0000", b"\\ud800", b"\xff", b"\x00", b"[" * 40, b'"', b"{", b"}", b",", b"\\",
    b"9007199254740993", b"\xef\xbb\xbf", b"null", b"-", b"0x1", b"//", b'"id":"twice",',
]  # fmt: skip


def parts_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from parts_of(value[key])


def spoil_structure(event: dict[str, Any], random: Random) -> dict[str, Any]:
    spoilt = deepcopy(event)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        container, key = random.choice(list(parts_of(spoilt)) or [(spoilt, "id")])
        match random.randrange(6):
            case 0 | 1 | 2:
                container[key] = deepcopy(random.choice(JUNK))
            case 3:
                del container[key]
            case 4 if isinstance(container, dict):
                container[random.choice(("nik", "Unit", "x" * 21, "", "data_base64", "time", "é"))] = container[key]
            case 4 | 5:
                container[key] = [container[key]] * random.randrange(3)
    return spoilt


def spoil_bytes(body: bytes, random: Random) -> bytes:
    spoilt = bytearray(body)
    for _ in range(random.choice((1, 1, 2, 5))):
        at = random.randrange(len(spoilt) + 1)
        match random.randrange(5):
            case 0:
                spoilt[at:at] = random.choice(TOKENS)
            case 1:
                del spoilt[at : at + random.randrange(1, 30)]
            case 2:
                spoilt[at : at + 1] = bytes([random.randrange(256)])
            case 3:
                spoilt[at:at] = spoilt[: random.randrange(60)]
            case 4:
                del spoilt[at:]
    return bytes(spoilt)


async def raw_post(door: Door, body: bytes, headers: list[tuple[bytes, bytes]]) -> httpx.Response:
    """POST with headers that no well-bred client would send."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/messages",
        "raw_path": b"/v1/messages",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in headers],
    }
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        told.append(message)

    await door.app(scope, receive, send)
    content = b"".join(each.get("body", b"") for each in told)
    return httpx.Response(told[0]["status"], headers=told[0]["headers"], content=content)


class Fuzz:
    """Spoilt messages, sent by every way, and what was said of each."""

    def __init__(self, door: Door) -> None:
        self._door, self._random = door, Random(SEED)
        self._examples = list(events())
        self._number = 0
        self.said: Counter[str] = Counter()

    def event(self) -> dict[str, Any]:
        """A message, mostly spoilt; a few have an id that came before."""
        self._number += 1
        event = dict(self._random.choice(self._examples))
        if self._random.random() < 0.9:
            event = event | {"id": f"fuzz-{self._number}"}
        return event if self._random.random() < 0.1 else spoil_structure(event, self._random)

    def body(self, value: Any) -> bytes:
        body = json.dumps(value, ensure_ascii=self._random.random() < 0.5).encode("utf-8", "surrogatepass")
        return spoil_bytes(body, self._random) if self._random.random() < 0.4 else body

    async def alone(self) -> None:
        await self._post(self.body(self.event()), [(b"content-type", b"application/cloudevents+json")], 1)

    async def in_a_batch(self) -> None:
        body = self.body([self.event() for _ in range(BATCH)])
        await self._post(body, [(b"content-type", b"application/cloudevents-batch+json")], BATCH)

    async def binary(self) -> None:
        headers, body = self._apart(b"ce-")
        await self._post(body, headers, 1)

    async def record(self) -> None:
        """On an agency's topic, structured or binary."""
        headers, body = self._apart(b"ce_") if self._random.random() < 0.5 else ([], self.body(self.event()))
        named = [(name.decode("utf-8", "replace"), value) for name, value in headers]
        self._number += 1
        read = self._door.read(Stored(self._number, None, body, named), "everybody")
        if isinstance(read, Taken):
            await self._door.inbox.put([read], 1)
            self.said["taken in"] += 1
        else:
            assert read.reason != "internal-error", (SEED, read.detail, named, body)
            await self._door.inbox.set_aside([read])
            self.said["set aside"] += 1

    def _apart(self, prefix: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
        event = self.event()
        data = event.pop("data", None)
        headers = [(b"content-type", b"application/json")]
        for name, value in event.items():
            text = str(value).encode("utf-8", "surrogatepass")
            text = spoil_bytes(text, self._random) if self._random.random() < 0.05 else text
            headers.append((prefix + name.encode(), text))
        return headers, self.body(data)

    async def _post(self, body: bytes, headers: list[tuple[bytes, bytes]], count: int) -> None:
        answer = await raw_post(self._door, body, [*headers, (b"authorization", b"Bearer every-token")])
        told = answer.json()
        results = told.get("results")
        statuses = [answer.status_code] * count if results is None else [each["status"] for each in results]
        # A spoilt batch may hold fewer or more than we put in; what it held is answered one by one.
        self.said["sent by spoiling"] += len(statuses) - count
        for status in statuses:
            assert status == 202 or 400 <= status < 500, (SEED, told, headers, body)
            self.said["taken in" if status == 202 else "answered with a problem"] += 1
        if self._random.random() < 0.02:
            self._door.documented(answer)


@pytest.fixture
async def fuzz(tmp_path: Path) -> AsyncIterator[Fuzz]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield Fuzz(Door(tmp_path))
    structlog.reset_defaults()


@pytest.mark.timeout(3000)
async def test_whatever_is_sent_is_accounted_for(fuzz: Fuzz) -> None:
    ways: list[tuple[Callable[[], Any], int]] = [
        (fuzz.alone, 1), (fuzz.binary, 1), (fuzz.record, 1), (fuzz.record, 1), (fuzz.in_a_batch, BATCH)
    ]  # fmt: skip
    sent = turn = 0
    while sent < SENT:
        way, count = ways[-1] if turn % 40 == 0 else ways[turn % 4]
        await way()
        sent, turn = sent + count, turn + 1

    said, inbox = fuzz.said, fuzz._door.inbox
    assert said["taken in"] + said["answered with a problem"] + said["set aside"] == sent + said["sent by spoiling"]
    assert min(said["taken in"], said["answered with a problem"], said["set aside"]) > SENT / 50, said
    assert len(inbox.aside) == said["set aside"]
    assert sum(len(site.topics.inbox) for site in inbox.sites.values()) == said["taken in"]
    await every_one_has_one_outcome(fuzz._door)


async def every_one_has_one_outcome(door: Door) -> None:
    deciding = asyncio.create_task(door.deciding())

    def decided() -> dict[str, tuple[int, int]]:
        sites = door.inbox.sites.items()
        return {name: (len(answers(site.topics.events)), len(site.topics.inbox)) for name, site in sites}

    async def all_decided() -> bool:
        await asyncio.sleep(0.2)
        return all(answered == waiting for answered, waiting in decided().values())

    try:
        await until(all_decided, decided, 2000)
    finally:
        deciding.cancel()
