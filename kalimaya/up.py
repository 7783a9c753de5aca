"""Starts the whole system on one machine and keeps it up: the composition root of `kalimaya up`.

Order: ports, Kafka and PostgreSQL, topics, clock, services, scenario. Each step says how long it took.
"""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from kalimaya import curl
from kalimaya.embedded.kafka import KafkaNode, quiet_client_logs
from kalimaya.embedded.postgres import PostgresServer
from kalimaya.playback import Playback
from kalimaya.ports import require_free
from kalimaya.process import Child
from kalimaya.running import claim, write_processes
from kalimaya.settings import AGENCIES, DECIDING_SERVICES, HOST, PROJECT, SERVICES, Settings
from kalimaya.supervisor import Supervisor
from services.kit import clock, credentials
from services.kit.ledger import topics
from services.kit.principals import load_principals

PARTITIONS = 6


class Up:
    """One run of the system, from the first check to the last child's end."""

    def __init__(self, settings: Settings, console: Console, playback: Playback | None, engines: bool) -> None:
        self._settings = settings
        self._engines = engines
        self._console = console
        self._playback = playback
        self._kafka = KafkaNode(
            home=settings.data / "kafka",
            libs=settings.kafka_libs,
            port=settings.kafka_port,
            controller_port=settings.kafka_controller_port,
            heap=settings.kafka_heap,
        )
        self._postgres = PostgresServer(home=settings.data / "postgres", port=settings.postgres_port)
        self._supervisor = Supervisor(
            start_seconds=settings.start_seconds,
            on_change=partial(write_processes, settings.data),
            say=lambda line: console.print(f"  [yellow]{line}[/]", highlight=False),
        )

    @property
    def _picture(self) -> str:
        return f"http://{HOST}:{self._settings.picture_port}/v1/picture"

    async def run(self) -> None:
        """Start everything, stay until a signal, stop everything. Raises what made the start fail."""
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopping
        finally:
            starting.cancel()
            if self._supervisor.children:
                with self._step("Stopping"):
                    await self._supervisor.stop()

    async def _start(self) -> None:
        settings, supervisor = self._settings, self._supervisor
        began = time.monotonic()
        require_free(settings.ports())
        _fresh_logs(settings.logs)
        with self._step("Folders of Kafka and PostgreSQL"):
            prepare = (self._kafka.prepare, self._postgres.prepare)
            await asyncio.gather(*(asyncio.to_thread(one) for one in prepare))
        with self._step("PostgreSQL"):
            await supervisor.start(self._postgres.child(settings.logs / "postgres.log"))
        with self._step("Kafka"):
            await supervisor.start(self._kafka.child(settings.logs / "kafka.log"))
        if self._engines:
            self._console.print(f"Kafka at {settings.bootstrap}, PostgreSQL at {self._postgres.dsn()}", highlight=False)
            return
        with self._step("Topics"):
            await self._create_topics()
        tokens = credentials.ensure(settings.data / "tokens.json", AGENCIES)
        if self._playback:
            self._playback.start_clock(settings)
        else:
            clock.keep_wall(settings.data / "clock.json")
        with self._step("Services: " + ", ".join(SERVICES)):
            await supervisor.start(*(self._service(name) for name in SERVICES))
        self._console.print(f"Up after {time.monotonic() - began:.1f} s: {self._picture}", highlight=False)
        if self._playback:
            await supervisor.finish(self._playback.player(settings))
        show_where(settings, self._console, tokens)

    async def _create_topics(self) -> None:
        bootstrap, first = self._settings.bootstrap, DECIDING_SERVICES[0]
        there = await topics.exists(bootstrap, f"{first}.events")  # a copy may have brought another count
        count = (await topics.identify(bootstrap, first)).partitions if there else PARTITIONS
        await topics.create(bootstrap, DECIDING_SERVICES, partitions=count, replication=1)
        publishing = [each.id for each in load_principals(AGENCIES).values() if each.kafka]
        await topics.create_intake(self._settings.bootstrap, publishing)

    def _service(self, name: str) -> Child:
        settings = self._settings
        http = {"gateway": settings.gateway_port, "projection": settings.picture_port}
        environment = {
            "KALIMAYA_KAFKA": settings.bootstrap,
            "KALIMAYA_KAFKA_SECURITY": "plaintext",
            "KALIMAYA_POSTGRES": self._postgres.dsn(),
            "KALIMAYA_HOST": HOST,
            "KALIMAYA_DATA": str(settings.data),
            "KALIMAYA_METRICS_PORT": str(settings.metrics_port_of(name)),
            "KALIMAYA_CLOCK": str(settings.data / "clock.json"),
            "KALIMAYA_AGENCIES": str(AGENCIES),
            "KALIMAYA_TOKENS": str(settings.data / "tokens.json"),
            "KALIMAYA_PICTURE_URL": f"http://{HOST}:{settings.picture_port}",
        }
        readyz = f"http://{HOST}:{settings.metrics_port_of(name)}/readyz"
        if name in http:
            environment["KALIMAYA_HTTP_PORT"] = str(http[name])
        return Child(
            name=name,
            argv=(sys.executable, "-m", f"services.{name.replace('-', '.')}"),
            env=environment,
            cwd=PROJECT,
            log=settings.logs / f"{name}.log",
            probe=partial(ready_at, readyz),
            readyz=readyz,
        )

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        began = time.monotonic()
        with self._console.status(f"{title} ..."):
            yield
        self._console.print(f"  {title}: {time.monotonic() - began:.1f} s", highlight=False)


def up(settings: Settings, console: Console, playback: Playback | None, engines: bool = False) -> None:
    """Run the system, or its two engines alone, in the foreground until a signal, and play what is given.

    Raises AlreadyRunningError for a second one.
    """
    quiet_client_logs()
    with claim(settings.data):
        asyncio.run(Up(settings, console, playback, engines).run())


def show_where(settings: Settings, console: Console, tokens: Mapping[str, str]) -> None:
    """Print where everything is and what can be tried, by whom of agencies.yaml has a token here."""
    picture, gateway = f"http://{HOST}:{settings.picture_port}", f"http://{HOST}:{settings.gateway_port}"
    places = {
        "picture": f"{picture}/v1/picture",
        "picture's API": f"{picture}/docs",
        "posko's token": tokens.get(curl.READER, f"none: agencies.yaml has no {curl.READER}"),
        "gateway": f"{gateway}/v1/messages",
        "gateway's API": f"{gateway}/docs",
        "data and logs": f"{settings.data}, {settings.logs}",
    }
    console.print()
    for name, place in places.items():
        console.print(f"  {name:<15} {place}", highlight=False, soft_wrap=True)
    for service in SERVICES:
        url = f"http://{HOST}:{settings.metrics_port_of(service)}/metrics"
        console.print(f"  {'metrics':<15} {url}  {service}", highlight=False)
    for what, who, command in (
        ("Read the picture as the posko does", curl.READER, partial(curl.read, picture)),
        ("Send a report of your own", curl.PUBLISHER, partial(curl.publish, gateway)),
    ):
        if who in tokens:
            console.print(f"\n{what}:\n")
            console.print(command(tokens[who]), markup=False, highlight=False, soft_wrap=True)
        else:
            console.print(f"\n{what}: no example, for agencies.yaml has no {who}.", highlight=False, soft_wrap=True)
    console.print("\nCtrl-C stops everything; the next start goes on with the same data.\n")


async def ready_at(readyz: str) -> str | None:
    """Ask a service whether it is ready: None when it is, otherwise what it said."""
    try:
        async with httpx.AsyncClient(timeout=3, trust_env=False) as client:
            answer = await client.get(readyz)
    except httpx.HTTPError as error:
        return f"{readyz} does not answer ({type(error).__name__})"
    return None if answer.is_success else answer.text[:300]


def _fresh_logs(folder: Path) -> None:
    """Begin new log files and keep those of the run before, so that they do not grow for ever."""
    shutil.rmtree(folder / "before", ignore_errors=True)
    (folder / "before").mkdir(parents=True)
    for log in folder.glob("*.log"):
        log.rename(folder / "before" / log.name)
