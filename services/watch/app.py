"""Composition root of every watch: a Faust app of one worker around a Worker of ours, and what is seen of it.

Faust brings the records, the membership of the group and the timer. What else it offers is not used (docs/adr/0008):
its tables and committed offsets, because nobody could tell whether they fit the logs, and its serializers, because one
malformed value would stop an agent.
"""

import asyncio
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import faust
import structlog
from faust.sensors.prometheus import setup_prometheus_sensors
from faust.types import TP, StreamT
from faust.types.auth import CredentialsT
from pydantic import ValidationError

from services.kit.kafka_access import MECHANISM, KafkaAccess
from services.kit.ledger import topics
from services.kit.ledger.kafka import bounded
from services.kit.ledger.log import Unavailable
from services.kit.ledger.reader import Place
from services.kit.ledger.record import Stored
from services.kit.observe import Health, observer, serve
from services.kit.process import begin, told_settings
from services.watch.rules import Watch
from services.watch.settings import WatchSettings
from services.watch.worker import Worker

log = structlog.get_logger(__name__)

FEW = 500
"""So many records missing at a tick, the stream may still bring; for more our own reader is seven times as fast."""

STREAM_SECONDS = 1.0
"""How long a tick waits for the stream to bring them."""


def run_watch(watch: Watch[Any], settings: type[WatchSettings]) -> None:
    """Run a watch as a process until it is told to stop; settings come from the environment."""
    try:
        found = settings()
        begin(found)
    except ValidationError as error:
        sys.exit(told_settings(error))
    with TemporaryDirectory(prefix=f"kalimaya-{watch.service}-watch-") as nothing_of_worth:
        app = WatchApp(watch, found, nothing_of_worth).app
        execute(app)


def execute(app: faust.App) -> NoReturn:
    """Run an app until it is told to stop."""
    worker = faust.Worker(app, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None  # it writes to a terminal that is not there
    worker.execute_from_commandline()


class WatchApp:
    """The Faust app of one watch. It ticks while this worker owns every partition of the logs that the watch reads."""

    def __init__(self, watch: Watch[Any], settings: WatchSettings, folder: str) -> None:
        self._watch, self._settings = watch, settings
        self._known_places: list[Place] = []
        self.worker = Worker(watch, settings, settings.access, settings.clock)
        self._moved = asyncio.Event()
        self.app = app = faust.App(
            f"{watch.service}-watch",
            broker=[f"kafka://{address}" for address in settings.kafka.split(",")],
            broker_credentials=_credentials(settings.access),
            datadir=folder,
            autodiscover=False,
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            consumer_auto_offset_reset="latest",
            broker_session_timeout=settings.session_seconds,
            broker_heartbeat_interval=settings.session_seconds / 3,
            broker_rebalance_timeout=settings.session_seconds * 2,
        )
        setup_prometheus_sensors(app)  # into the registry that our own /metrics shows
        events = [f"{service}.events" for service in watch.reads]
        raw = app.topic(*events, value_type=bytes, value_serializer="raw", key_serializer="raw", acks=False)
        app.agent(raw, concurrency=1, name="follow")(self._follow)
        app.timer(settings.tick, name="tick")(self._tick)
        app.task(self._observe)

    async def _follow(self, stream: StreamT[bytes]) -> None:
        """What the stream brings, as far as it is next; `take` raises nothing, for Faust would go on without a word."""
        async for event in stream.events():
            message = event.message
            headers = message.headers or ()
            pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
            record = Stored(message.offset, message.key, message.value, pairs, int(message.timestamp * 1000))
            self.worker.following.take((message.topic, message.partition), record)
            self._moved.set()

    async def _tick(self) -> None:
        owned = {(tp.topic, tp.partition) for tp in self.app.consumer.assignment()}
        try:
            places = await self._places()
            if owned != {*places}:
                why = f"this worker owns {len(owned)} of {len(places)} log partitions; is another one running?"
                self.worker.idle(why, len(owned))
                return
            ends = await self._ends(places)
        except Unavailable as error:
            self.worker.idle(f"Kafka does not tell where the logs end: {error}", len(owned))
            return
        behind = await self._wait_for_stream(ends)
        await self.worker.tick(ends, len(owned))
        await self._skip(behind)

    async def _places(self) -> list[Place]:
        """Every partition of the logs that the watch reads; their number is frozen."""
        if not self._known_places:
            self._known_places = await topics.places(self._settings.access, self._watch.reads, "events")
        return self._known_places

    async def _ends(self, places: Iterable[Place]) -> dict[Place, int]:
        stood = {place: self.worker.following.position(place) for place in places}
        found = await bounded(self.app.consumer.highwaters(*(TP(*place) for place in places)), 10)
        ends = {(tp.topic, tp.partition): end for tp, end in found.items()}
        self.worker.following.check(stood, ends)
        return ends

    async def _wait_for_stream(self, ends: dict[Place, int]) -> dict[Place, int]:
        """Let the stream bring the last few records; what is missing still, the tick reads itself."""
        following = self.worker.following
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_SECONDS):
                while following.begun and 0 < sum(following.behind(ends).values()) <= FEW:
                    self._moved.clear()
                    await self._moved.wait()
        return following.behind(ends)

    async def _skip(self, behind: Iterable[Place]) -> None:
        """Let the stream go on behind what was read for it."""
        positions = {TP(*place): self.worker.following.position(place) for place in behind}
        if positions:
            with suppress(Unavailable):
                await bounded(self.app.consumer.seek_wait(positions), 10)

    async def _observe(self) -> None:
        health = Health()
        health.live("watch", self.worker.not_live)
        health.ready("watch", self.worker.not_ready)
        try:
            await serve(observer(health), self._settings.host, self._settings.metrics_port)
        except OSError as error:  # Faust would go on without: then nobody could see whether it works
            log.critical("cannot be observed", detail=str(error))
            os._exit(1)


def _credentials(access: KafkaAccess) -> CredentialsT | None:
    """How Faust's own clients get in."""
    match access.security:
        case "plaintext":
            return None
        case "ssl":
            return faust.SSLCredentials(access.tls())
        case "sasl_ssl":
            return faust.SASLCredentials(
                username=access.user, password=access.password(), ssl_context=access.tls(), mechanism=MECHANISM
            )
