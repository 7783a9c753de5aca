"""The load: scenario messages at a fixed rate over HTTP and Kafka, and what their publisher was told of each try.

A try ends in *ok* (the gateway named the message's place, or Kafka acknowledged it to the agencies' topic), *failed*
(4xx: it is no message) or *unknown* (no answer, or 5xx), and an unknown one is tried again under the same id. Every try
is a line of the receipts, written before anything follows from it. The rate does not wait for answers, unless so much
is under way that a publisher would wait, too.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from scenarios.plan import PLAYER, Planned

TOGETHER = 30
"""Messages in one POST, or handed to the Kafka producer at once."""
WAITING_SHARE = 5
"""One POST of so many asks for the outcome, and so is promised one."""
ANSWER_SECONDS = 20.0
BATCH_BYTES = 262_144
LONGEST_PAUSE = 5.0
AT_ONCE = 40
"""Sendings under way; who would be one more waits with the publisher, or all would drown in second tries."""
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


class Receipt(msgspec.Struct, kw_only=True):
    """One try of one message. `position`: where it was told to stand, in an inbox or in the player's topic.

    Its names are those that `kalimaya audit --receipts` reads; `key` is the partition key, None for what is no message.
    """

    source: str
    id: str
    key: str | None
    over: str
    told: str
    tried: int = 1
    status: int = 0
    position: str | None = None
    outcome: str | None = None


class Receipts:
    """The append-only file of what the publisher was told."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._encode = msgspec.json.Encoder().encode

    def add(self, receipts: Sequence[Receipt]) -> None:
        """Keep what was told; it is in the file when this returns."""
        self._file.write(b"".join(self._encode(each) + b"\n" for each in receipts))
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Load:
    """Sends `messages` at `rate` a second until all are known."""

    def __init__(
        self,
        messages: Sequence[Planned],
        rate: float,
        gateway: str,
        kafka: str,
        tokens: Mapping[str, str],
        receipts: Receipts,
        seed: int,
    ) -> None:
        self._messages, self._rate, self._tokens, self._receipts = messages, rate, tokens, receipts
        self._random = random.Random(seed)
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._places = asyncio.Semaphore(AT_ONCE)
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=2)
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=2, pool=None)
        self._client = httpx.AsyncClient(base_url=gateway, limits=limits, timeout=timeout, trust_env=False)
        self.told: Counter[str] = Counter()
        """Tries by what was told, and messages `sent` and `known`."""
        self.latest = 0.0
        """Seconds that the last sending began after it was due."""

    async def run(self) -> None:
        """Send everything; returns when all is known."""
        begin = monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                for first in range(0, len(self._messages), TOGETHER):
                    together = self._messages[first : first + TOGETHER]
                    due = begin + (first + len(together)) / self._rate
                    await asyncio.sleep(max(0.0, due - monotonic()))
                    self.latest = monotonic() - due
                    self.told["sent"] += len(together)
                    for each in self._sendings(together, first // TOGETHER):
                        tasks.create_task(each)
        finally:
            await self._client.aclose()
            await self._drop(self._producer)
            self._receipts.close()

    @property
    def open(self) -> int:
        """Messages that are sent and of which nothing is known."""
        return self.told["sent"] - self.told["known"]

    def _sendings(self, together: Sequence[Planned], number: int) -> list[Any]:
        """What is no message goes alone, over HTTP, as its principal; the rest as one, over HTTP and Kafka in turn."""
        messages = [each for each in together if each.key is not None]
        sendings = [self._until_known([each], over="alone") for each in together if each.key is None]
        over = "kafka" if number % 2 else "wait" if number // 2 % WAITING_SHARE == 0 else "http"
        return [*sendings, *([self._until_known(messages, over)] if messages else [])]

    async def _until_known(self, together: Sequence[Planned], over: str) -> None:
        open_, pause, tried = list(together), 0.2, 0
        while open_:
            tried += 1
            try_ = self._publish if over == "kafka" else self._post
            async with self._places:
                told = await try_(open_, over, tried)
            self._receipts.add(told)
            self.told.update(each.told for each in told)
            open_ = [planned for planned, each in zip(open_, told, strict=True) if each.told == "unknown"]
            self.told["known"] += len(told) - len(open_)
            if open_:
                await asyncio.sleep(self._random.uniform(pause / 2, pause))
                pause = min(2 * pause, LONGEST_PAUSE)

    # Over HTTP.

    async def _post(self, together: Sequence[Planned], over: str, tried: int) -> list[Receipt]:
        alone = over == "alone"
        token = self._tokens[together[0].principal if alone else PLAYER]
        kind = "application/cloudevents+json" if alone else "application/cloudevents-batch+json"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        if over == "wait":
            headers["Prefer"] = "wait=10"
        body = together[0].body if alone else b"[" + b",".join(each.body for each in together) + b"]"
        answers = await self._answers(body, headers, len(together))
        return [_receipt(each, answer, tried) for each, answer in zip(together, answers, strict=True)]

    async def _answers(self, body: bytes, headers: Mapping[str, str], count: int) -> list[dict[str, Any]]:
        try:
            answer = await self._client.post("/v1/messages", content=body, headers=headers)
            told = msgspec.json.decode(answer.content)
        except (httpx.HTTPError, msgspec.DecodeError):
            return [{"status": 0}] * count
        if answer.status_code == 200 and "results" in told:
            results: list[dict[str, Any]] = told["results"]
            return results
        return [told | {"status": answer.status_code}] * count

    # Over Kafka.

    async def _publish(self, together: Sequence[Planned], over: str, tried: int) -> list[Receipt]:
        topic, producer, sent = f"agency.{PLAYER}", None, []
        try:
            producer = await self._started()
            for each in together:
                sending = producer.send(topic, each.body, partition=0, headers=STRUCTURED)
                sent.append(await asyncio.wait_for(sending, ANSWER_SECONDS))
        except (KafkaError, OSError, TimeoutError):
            await self._renew(producer)
        told = []
        for number, each in enumerate(together):
            position = None
            if number < len(sent):
                with contextlib.suppress(KafkaError, OSError, TimeoutError, asyncio.CancelledError):
                    acknowledged = await asyncio.wait_for(asyncio.shield(sent[number]), ANSWER_SECONDS)
                    position = f"{topic}/0@{acknowledged.offset}"
            known = "unknown" if position is None else "ok"
            receipt = Receipt(source=each.source, id=each.id, key=each.key, over=over, told=known)
            receipt.tried, receipt.position = tried, position
            told.append(receipt)
        return told

    async def _started(self) -> AIOKafkaProducer:
        async with self._renewing:
            if self._producer is None:
                fresh = AIOKafkaProducer(
                    bootstrap_servers=self._kafka,
                    client_id="publisher",
                    acks="all",
                    request_timeout_ms=10_000,
                    max_batch_size=BATCH_BYTES,
                )
                try:
                    await asyncio.wait_for(fresh.start(), 10)
                except BaseException:
                    await self._drop(fresh)
                    raise
                self._producer = fresh
            return self._producer

    async def _renew(self, failed: AIOKafkaProducer | None) -> None:
        """After an error, with a fresh producer; who comes second finds it done."""
        if failed is not None and failed is self._producer:
            self._producer = None
            await self._drop(failed)

    async def _drop(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None:
            stopping = asyncio.ensure_future(producer.stop())
            await asyncio.wait({stopping}, timeout=2)
            if not stopping.done():
                stopping.cancel()
                with contextlib.suppress(Exception, asyncio.CancelledError):  # we drop it either way
                    await asyncio.wait_for(producer._sender.close(), 2)
                    await asyncio.wait_for(producer.client.close(), 2)


def _receipt(planned: Planned, answer: Mapping[str, Any], tried: int) -> Receipt:
    """What an answer of the gateway tells of a message."""
    status, position, outcome = answer["status"], answer.get("position"), answer.get("outcome")
    if position is not None:
        told = "ok"
    elif 400 <= status < 500 and status not in (408, 429):
        told = "failed"
    else:
        told = "unknown"
    return Receipt(
        source=planned.source,
        id=planned.id,
        key=planned.key,
        over="http",
        told=told,
        tried=tried,
        status=status,
        position=position,
        outcome=outcome and outcome["kind"],
    )
