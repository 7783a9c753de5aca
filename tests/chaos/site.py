"""The whole system for chaos: brokers, PostgreSQL and every service under the product's own supervisor.

It is what `kalimaya up` starts, with a proxy before each broker and PostgreSQL, a clock file for each process that
reads one, and disks that can be full. Whatever dies is started again by the supervisor, as in life.
"""

import asyncio
import contextlib
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from kalimaya.embedded.kafka import quiet_client_logs
from kalimaya.embedded.postgres import PostgresServer
from kalimaya.ports import free_ports
from kalimaya.process import Child, end, spawn
from kalimaya.settings import AGENCIES, DECIDING_SERVICES, HOST, PROJECT, SERVICES, Settings
from kalimaya.supervisor import State, Supervised, Supervisor
from kalimaya.up import ready_at
from services.kit import clock, credentials
from services.kit.ledger import topics
from services.kit.principals import load_principals
from tests.chaos.brokers import PORTS_EACH, Broker, brokers, prepare_all
from tests.chaos.proxy import Proxies
from tests.support.disk import Disk

PARTITIONS = 6
TIMED = ("gateway", "projection", *(f"{service}-watch" for service in DECIDING_SERVICES))
"""Processes that read a clock."""
SICK = "tests.chaos.sick"
RELOAD = re.compile(r'"event": "(reload|stood down|fold once more from the start)"|"reason": "(\w+)"')


class Site:
    """One operation in `folder`, on `count` brokers, with a scenario's clock.

    `disks`: whether Kafka's and PostgreSQL's data lie on file systems of their own. `bug`: planted in every service.
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        pace: clock.Pace,
        start: datetime,
        *,
        disks: bool = False,
        bug: str | None = None,
    ) -> None:
        self.folder, self.disks, self._bug = folder, disks, bug
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        ports = free_ports(PORTS_EACH * count + 4 + len(SERVICES) + 12)
        take = iter(ports[PORTS_EACH * count :])
        self.nodes: Sequence[Broker] = brokers(folder, Settings().kafka_libs, ports[: PORTS_EACH * count])
        self.postgres = PostgresServer(home=folder / "postgres", port=next(take))
        self._postgres_through = next(take)
        self.http = {"gateway": next(take), "projection": next(take)}
        self.metrics = {name: next(take) for name in SERVICES}
        self._spare = list(take)
        self.data = folder / "data"
        self.said: list[str] = []
        self.extras: list[asyncio.subprocess.Process] = []
        self.supervisor = Supervisor(start_seconds=120, say=self.said.append)
        self._pace, self._start = pace, start
        self.proxies: Proxies

    @property
    def bootstrap(self) -> str:
        """The brokers' own doors."""
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def through(self) -> str:
        """The brokers' doors behind the proxies."""
        return ",".join(f"{HOST}:{node.through}" for node in self.nodes)

    @property
    def gateway(self) -> str:
        """Where messages are sent."""
        return f"http://{HOST}:{self.http['gateway']}"

    def clock_file(self, name: str) -> Path:
        """The clock of a process; deciders read none."""
        return self.folder / "clocks" / f"{name}.json"

    # Start and end.

    async def start(self) -> None:
        """Start everything, in the order of `kalimaya up`. Raises StartFailedError."""
        quiet_client_logs()
        for name in self.disk_names() if self.disks else ():
            self.disk(name).mount()
        prepare_all(self.nodes)
        self.postgres.prepare()
        doors = {node.name: (node.through, node.door) for node in self.nodes}
        self.proxies = Proxies(doors | {"postgres": (self._postgres_through, self.postgres.port)})
        await self.supervisor.start(self.postgres.child(self.logs / "postgres.log"))
        await self.supervisor.start(*(node.child(self.logs / f"{node.name}.log") for node in self.nodes))
        replication = len(self.nodes)
        await topics.create(self.bootstrap, DECIDING_SERVICES, partitions=PARTITIONS, replication=replication)
        publishing = [each.id for each in load_principals(AGENCIES).values() if each.kafka]
        await topics.create_intake(self.bootstrap, publishing, replication=replication)
        self.data.mkdir()
        self.tokens = credentials.ensure(self.data / "tokens.json", AGENCIES)
        for name in TIMED:
            clock.start(self.clock_file(name), self._start, self._pace)
        await self.supervisor.start(*(self.child(name) for name in SERVICES))

    async def stop(self) -> None:
        """End everything that we started, and let go of its disks."""
        for process in self.extras:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        for one in self.supervisor.children:
            with contextlib.suppress(ProcessLookupError, AttributeError):
                one.process.send_signal(signal.SIGCONT)
        await self.supervisor.stop()
        if hasattr(self, "proxies"):
            self.proxies.close()
        for name in self.disk_names() if self.disks else ():
            await asyncio.to_thread(self.disk(name).unmount)

    def child(self, service: str, instance: str = "1", **settings: str) -> Child:
        """A service as a child; another `instance` of it has ports of its own and is nobody's to restart."""
        own = instance == "1"
        metrics = self.metrics[service] if own else self._spare_port()
        environment = {
            "KALIMAYA_KAFKA": self.through,
            "KALIMAYA_POSTGRES": replace(self.postgres, port=self._postgres_through).dsn(),
            "KALIMAYA_HOST": HOST,
            "KALIMAYA_METRICS_PORT": str(metrics),
            "KALIMAYA_AGENCIES": str(AGENCIES),
            "KALIMAYA_TOKENS": str(self.data / "tokens.json"),
            "KALIMAYA_INSTANCE": instance,
        }
        if service in TIMED:
            environment["KALIMAYA_CLOCK"] = str(self.clock_file(service))
        if service in self.http:
            environment["KALIMAYA_HTTP_PORT"] = str(self.http[service] if own else self._spare_port())
        module = (f"services.{service.replace('-', '.')}",) if self._bug is None else (SICK, service, self._bug)
        return Child(
            name=service if own else f"{service}-{instance}",
            argv=(sys.executable, "-m", *module),
            env=environment | settings,
            cwd=PROJECT,
            log=self.logs / f"{service}{'' if own else '-others'}.log",
            probe=partial(ready_at, f"http://{HOST}:{metrics}/readyz"),
            readyz=f"http://{HOST}:{metrics}/readyz",
        )

    @contextlib.asynccontextmanager
    async def extra(self, child: Child, *, kill: bool = False) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process beside the supervised ones, for as long as this lasts; ended by SIGKILL or asked to go."""
        process = await spawn(child)
        self.extras.append(process)
        try:
            yield process
        finally:
            if process.returncode is None:
                if kill:
                    process.kill()
                    await process.wait()
                else:
                    await end(replace(child, stop_seconds=8), process)
            self.extras.remove(process)

    async def leave(self, *names: str) -> None:
        """End supervised processes for good."""
        for one in map(self.one, names):
            if one.keeper is not None:
                one.keeper.cancel()
                await asyncio.gather(one.keeper, return_exceptions=True)
            if one.process is not None:
                await end(one.child, one.process)

    def _spare_port(self) -> int:
        """Taken in turn: what had it last is gone by then."""
        self._spare.append(self._spare.pop(0))
        return self._spare[-1]

    # What is under way.

    def one(self, name: str) -> Supervised:
        """A supervised process."""
        return next(each for each in self.supervisor.children if each.child.name == name)

    def pid(self, name: str) -> int | None:
        """Its process number, None while it does not run."""
        process = self.one(name).process
        return process.pid if process is not None and process.returncode is None else None

    async def ready(self, name: str, seconds: float) -> bool:
        """Wait until the supervisor has seen a process ready; whether it has in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.one(name).state is not State.READY or self.pid(name) is None:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    async def metric(self, child: Child, name: str, label: str = "") -> float | None:
        """The sum of a metric's lines of a service, of those with this label; None when it does not answer."""
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                shown = (await client.get(f"http://{HOST}:{child.env['KALIMAYA_METRICS_PORT']}/metrics")).text
        except httpx.HTTPError:
            return None
        lines = [line for line in shown.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in lines if label in line)

    async def share(self, service: str, child: Child) -> float | None:
        """What a process of this service has of its work: partitions of a decider, what a projection has projected."""
        decides = service in DECIDING_SERVICES
        return await self.metric(child, "kalimaya_partition_owned" if decides else "kalimaya_projected_answers_total")

    async def leads(self, name: str) -> int | None:
        """How many partitions a broker leads; None if nobody says."""
        number = next(node.number for node in self.nodes if node.name == name)
        try:
            return (await asyncio.to_thread(_leaders, self.bootstrap))[number]
        except KafkaException:
            return None

    def reloads(self) -> Mapping[str, int]:
        """What made deciders drop what they had and read on, by reason, from their logs."""
        found: Counter[str] = Counter()
        for service in DECIDING_SERVICES:
            for log in self.logs.glob(f"{service}*.log"):
                with log.open(errors="replace") as lines:
                    for line in lines:
                        said = dict.fromkeys(each for pair in RELOAD.findall(line) for each in pair if each)
                        if "reload" in said:
                            found[next((each for each in said if each != "reload"), "unknown")] += 1
                        elif said and "not accepted" not in line:
                            found[next(iter(said))] += 1
        return dict(found)

    # Disks.

    def disk_names(self) -> list[str]:
        """Whose data lie on a file system of its own."""
        return [*(node.name for node in self.nodes), "postgres"]

    def disk(self, name: str) -> Disk:
        """The file system on which its data lie."""
        return Disk(self.folder / name)


def _leaders(bootstrap: str) -> Counter[int]:
    """Partitions by the node that leads them. Raises KafkaException."""
    topics = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=5).topics.values()
    return Counter(partition.leader for topic in topics for partition in topic.partitions.values())


@contextlib.contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder that goes in the end, if it ends well; PostgreSQL's account may enter it, too."""
    folder = Path(tempfile.mkdtemp(prefix=f"kalimaya-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    except BaseException:
        print(f"logs and data are in {folder}", flush=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
