"""One Apache Kafka node (KRaft): its folder, its format, its process and the proof that it is ours.

Must not know of topics; those belong to the ledger.
"""

import base64
import logging
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from string import Template

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from kalimaya.process import Child
from services.kit.kafka_access import Bootstrap, access_to

TEMPLATES = Path(__file__).resolve().parents[2] / "deploy" / "embedded"
# Compiling less and collecting simply brings the node up in under 3 s on two cores.
JVM_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


class KafkaSetupError(Exception):
    """Kafka cannot be prepared here; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaNode:
    """Where the node keeps its data and listens. `heap` as the JVM wants it, such as `512m`."""

    home: Path
    libs: Path
    port: int
    controller_port: int
    heap: str = "512m"

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def cluster_id(self) -> str:
        """The id that this data folder was formatted with; raises FileNotFoundError before `prepare`."""
        return (self.home / "cluster-id").read_text().strip()

    def prepare(self) -> None:
        """Write the settings, and format the folder the first time (about 1.5 s). May be repeated."""
        if not (self.libs / "kafka_2.13-4.4.0.jar").exists():
            raise KafkaSetupError(f"Kafka's jars are not in {self.libs}: run `make setup`, which fetches them.")
        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.home / "cluster-id").exists():
            new_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # A leading dash would be read as an option by the format tool.
            (self.home / "cluster-id").write_text(new_id.replace("-", "k"))
        (self.home / "server.properties").write_text(self.settings())
        if not (self.home / "log" / "meta.properties").exists():
            self._format()

    def settings(self) -> str:
        """What is in its `server.properties`."""
        return Template((TEMPLATES / "server.properties").read_text()).substitute(
            log_dir=self.home / "log", port=self.port, controller_port=self.controller_port
        )

    def child(self, log: Path | None = None) -> Child:
        """The process to run, after `prepare`."""
        return Child(
            name="kafka",
            argv=self._java(f"-Xmx{self.heap}", "kafka.Kafka", str(self.home / "server.properties")),
            cwd=self.home,
            log=log,
            probe=self.probe,
            stop_seconds=30.0,
        )

    async def probe(self) -> str | None:
        """None when a broker answers and it is the one of this data folder."""
        try:
            found = await cluster_at(self.bootstrap)
        except (KafkaError, OSError) as error:
            return f"no answer on port {self.port} ({type(error).__name__})"
        if found != self.cluster_id:
            return f"port {self.port} is answered by another Kafka (cluster {found}), not by ours"
        return None

    def first_controllers(self) -> tuple[str, ...]:
        """How the format is told who elects the controller."""
        return ("--standalone",)

    def _format(self) -> None:
        properties = str(self.home / "server.properties")
        arguments = ("format", "-t", self.cluster_id, "-c", properties, "--ignore-formatted", *self.first_controllers())
        done = subprocess.run(
            self._java("-Xmx256m", "kafka.tools.StorageTool", *arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise KafkaSetupError(f"Kafka's folder {self.home} could not be formatted:\n{done.stdout}{done.stderr}")

    def _java(self, heap: str, main: str, *arguments: str) -> tuple[str, ...]:
        java = shutil.which("java")
        if java is None:
            raise KafkaSetupError("Kafka needs Java 17: apt-get install openjdk-17-jre-headless")
        logging_flag = f"-Dlog4j2.configurationFile={TEMPLATES / 'log4j2.yaml'}"
        return (java, heap, *JVM_FLAGS, logging_flag, "-cp", f"{self.libs}/*", main, *arguments)


async def cluster_at(bootstrap: Bootstrap) -> str:
    """The id of the cluster that answers there; raises KafkaError or OSError when none does."""
    admin = AIOKafkaAdminClient(**access_to(bootstrap).aiokafka(), request_timeout_ms=3000)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


def quiet_client_logs() -> None:
    """Stop aiokafka from reporting every refused connection while a node is on its way up."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
