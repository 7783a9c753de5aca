"""The pair as two containers, for machines where a Docker engine answers."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

import asyncpg
from aiokafka.errors import KafkaError

from kalimaya.embedded.kafka import cluster_at, quiet_client_logs
from kalimaya.ports import free_ports

# Read when testcontainers is imported: its reaper wants an image and the engine's socket, and close() removes
# what was started.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
from testcontainers.core.container import DockerContainer

READY_SECONDS = 90.0
KAFKA_IMAGE = os.environ.get("KALIMAYA_TEST_KAFKA_IMAGE", "apache/kafka:4.4.0")
POSTGRES_IMAGE = os.environ.get("KALIMAYA_TEST_POSTGRES_IMAGE", "postgres:18")


class ContainerPair:
    """See `tests.support.pair.Pair`. On the host's network, so that a restart keeps its ports."""

    kind = "containers"

    def __init__(self) -> None:
        kafka_port, controller_port, postgres_port = free_ports(3)
        self.kafka = f"127.0.0.1:{kafka_port}"
        self.postgres = f"postgresql://postgres:tests@127.0.0.1:{postgres_port}/postgres"
        self._kafka = DockerContainer(KAFKA_IMAGE).with_kwargs(network_mode="host")
        for name, value in _broker_settings(kafka_port, controller_port).items():
            self._kafka.with_env(f"KAFKA_{name}", value)
        self._postgres = DockerContainer(POSTGRES_IMAGE).with_kwargs(network_mode="host")
        self._postgres.with_env("POSTGRES_PASSWORD", "tests")
        self._postgres.with_command(f"postgres -p {postgres_port} -c listen_addresses=127.0.0.1")
        quiet_client_logs()
        try:
            self._kafka.start()
            self._postgres.start()
            self._wait()
        except BaseException:
            self.close()
            raise

    def kill_kafka(self) -> None:
        """End the broker with SIGKILL and leave it down."""
        self._kafka.get_wrapped_container().kill()

    def start_kafka(self) -> None:
        """Start the broker again with the same data; returns when it serves."""
        self._kafka.get_wrapped_container().start()
        self._wait()

    def kill_postgres(self) -> None:
        """End the server with SIGKILL and leave it down."""
        self._postgres.get_wrapped_container().kill()

    def start_postgres(self) -> None:
        """Start the server again with the same data; returns when it serves."""
        self._postgres.get_wrapped_container().start()
        self._wait()

    def close(self) -> None:
        """End both and remove their data."""
        self._kafka.stop()
        self._postgres.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        # A loop of its own in a thread of its own, for the caller may be inside one already.
        while reason := _in_own_loop(self.kafka, self.postgres):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the containers are not ready: {reason}")
            time.sleep(0.2)


def _broker_settings(port: int, controller_port: int) -> dict[str, str]:
    return {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "LISTENERS": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "CONTROLLER_QUORUM_VOTERS": f"1@127.0.0.1:{controller_port}",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "BROKER_SESSION_TIMEOUT_MS": "3000",
        "BROKER_HEARTBEAT_INTERVAL_MS": "500",
    }


async def _why_not_ready(kafka: str, postgres: str) -> str | None:
    try:
        await cluster_at(kafka)
        await (await asyncpg.connect(postgres, timeout=3)).close()
    except (KafkaError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        return repr(error)
    return None


def _in_own_loop(kafka: str, postgres: str) -> str | None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, _why_not_ready(kafka, postgres)).result()
