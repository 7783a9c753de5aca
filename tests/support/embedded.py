"""The embedded pair for tests: children of the test process, in a folder that goes when the tests end."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

from kalimaya.embedded.kafka import KafkaNode, quiet_client_logs
from kalimaya.embedded.postgres import PostgresServer
from kalimaya.ports import free_ports
from kalimaya.process import Child, end, last_lines, spawn, wait_ready
from kalimaya.settings import Settings

READY_SECONDS = 90.0

T = TypeVar("T")


class EmbeddedPair:
    """See `tests.support.pair.Pair`. May be used from any thread, inside or outside an event loop."""

    kind = "embedded pair, no containers"

    def __init__(self) -> None:
        kafka_port, controller_port, postgres_port = free_ports(3)
        self._folder = Path(tempfile.mkdtemp(prefix="kalimaya-tests-"))
        node = KafkaNode(
            home=self._folder / "kafka",
            libs=Settings().kafka_libs,
            port=kafka_port,
            controller_port=controller_port,
        )
        server = PostgresServer(home=self._folder / "postgres", port=postgres_port)
        node.prepare()
        server.prepare()
        with (server.folder / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\n")  # kills of processes lose nothing by it; a slow disk costs minutes
        quiet_client_logs()
        self.kafka = node.bootstrap
        self.postgres = server.dsn("postgres")
        self._children = Children()
        self._kafka = node.child(self._folder / "kafka.log")
        self._postgres = server.child(self._folder / "postgres.log")
        self.start_postgres()
        self.start_kafka()

    def kill_kafka(self) -> None:
        """End the broker with SIGKILL and leave it down."""
        self._children.kill(self._kafka)

    def start_kafka(self) -> None:
        """Start the broker again with the same data; returns when it serves."""
        self._children.start(self._kafka)

    def kill_postgres(self) -> None:
        """End the server with SIGKILL and leave it down."""
        self._children.kill(self._postgres)

    def start_postgres(self) -> None:
        """Start the server again with the same data; returns when it serves."""
        self._children.start(self._postgres)

    def close(self) -> None:
        """End both and remove their data."""
        self._children.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Children:
    """Children started and killed by hand, from one thread that lives as long as they do.

    The thread matters: the kernel ends a child when the *thread* that started it ends.
    """

    def __init__(self) -> None:
        self._processes: dict[str, tuple[Child, asyncio.subprocess.Process]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pair", daemon=True)
        self._thread.start()

    def start(self, child: Child) -> None:
        """Returns when it is ready. One that ends is started again: what a killed PostgreSQL forked keeps its shared
        memory for a moment."""
        deadline = monotonic() + READY_SECONDS
        while True:
            process = self._run(spawn(child))
            self._processes[child.name] = child, process
            reason = self._run(wait_ready(child, process, deadline - monotonic()))
            if reason is None:
                return
            if process.returncode is None or monotonic() > deadline:
                raise RuntimeError(f"{child.name}: {reason}\n{last_lines(child.log)}")
            sleep(0.2)

    def kill(self, child: Child) -> None:
        _, process = self._processes[child.name]
        self._loop.call_soon_threadsafe(process.kill)
        self._run(process.wait())

    def close(self) -> None:
        for child, process in self._processes.values():
            self._run(end(child, process))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
