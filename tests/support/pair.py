"""The Kafka and PostgreSQL that integration tests talk to, with the means to kill and start each.

In containers where a Docker engine answers, otherwise the embedded pair as child processes. Both are real.
KALIMAYA_TEST_ON=containers takes nothing else.
"""

import os
import warnings
from typing import Protocol

import docker
from docker.errors import APIError, DockerException

from tests.support.containers import ContainerPair
from tests.support.embedded import EmbeddedPair


class Pair(Protocol):
    """A Kafka and a PostgreSQL, started, on free ports of the loopback."""

    kind: str
    """Containers or embedded, for the report of the run."""
    kafka: str
    """Bootstrap address."""
    postgres: str
    """Address of an administrator's database; tests CREATE DATABASE there."""

    def kill_kafka(self) -> None:
        """End the broker with SIGKILL and leave it down."""

    def start_kafka(self) -> None:
        """Start the broker again with the same data; returns when it serves."""

    def kill_postgres(self) -> None:
        """End the server with SIGKILL and leave it down."""

    def start_postgres(self) -> None:
        """Start the server again with the same data; returns when it serves."""

    def close(self) -> None:
        """End both and remove their data."""


def start_pair() -> Pair:
    """Start the pair this machine allows; an engine that cannot fetch the images counts as none."""
    if os.environ.get("KALIMAYA_TEST_ON") == "containers":
        return ContainerPair()
    if _docker_answers():
        try:
            return ContainerPair()
        except APIError as error:
            warnings.warn(f"no containers, so the embedded pair is used: {error}", stacklevel=2)
    return EmbeddedPair()


def _docker_answers() -> bool:
    try:
        client = docker.from_env(timeout=3)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except DockerException:
        return False
