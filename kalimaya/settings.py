"""What an operator of the embedded mode may set, all by environment variables `KALIMAYA_<NAME>`.

It knows ports and folders. It knows nothing of what the services do with them.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, FilePath
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]
AGENCIES = PROJECT / "deploy" / "embedded" / "agencies.yaml"
HOST = "127.0.0.1"  # not a setting: the embedded mode has no passwords for Kafka and must not be reachable

DECIDING_SERVICES = ("deployment", "logistics", "incidents")
SERVICES = ("gateway", *DECIDING_SERVICES, "projection", *(f"{name}-watch" for name in DECIDING_SERVICES))

# The processes run in folders of their own, where a path as typed in the operator's would lead elsewhere.
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


class Settings(BaseSettings):
    """Ports, folders and sizes of the embedded mode."""

    model_config = SettingsConfigDict(env_prefix="KALIMAYA_", frozen=True)

    # Everything that a second start goes on from; another folder is another, independent operation.
    data: Folder = PROJECT / ".kalimaya"
    # Beside the data and not in it, so that starting afresh does not download Kafka again.
    kafka_libs: Folder = PROJECT / "build" / "kafka" / "libs"

    # Kafka's usual port; change it where another broker lives on this machine.
    kafka_port: int = Field(default=9092, ge=1, le=65535)
    # KRaft talks to itself here even with one node, so it needs a port of its own.
    kafka_controller_port: int = Field(default=9093, ge=1, le=65535)
    # 512 MiB carries the small scenario and the benchmarks; below 256m the broker collects all the time.
    kafka_heap: str = Field(default="512m", pattern=r"^\d+[kmgKMG]$")
    # Not 5432: a developer's own PostgreSQL is often there.
    postgres_port: int = Field(default=5433, ge=1, le=65535)
    # Of a read model elsewhere (--postgres), when its address does not hold the password.
    postgres_password_file: FilePath | None = None
    # Where the operational picture is read.
    picture_port: int = Field(default=8000, ge=1, le=65535)
    # Where agencies and operators send their messages.
    gateway_port: int = Field(default=8001, ge=1, le=65535)
    # First of eight in a row: gateway, deployment, logistics, incidents, projection, and the three watches.
    metrics_port: int = Field(default=9101, ge=1, le=65528)

    # A cold Kafka on a busy two-core machine took 12 s; past this something is wrong and the log says what.
    start_seconds: float = Field(default=90.0, gt=0)

    @property
    def bootstrap(self) -> str:
        """Kafka's address as clients want it."""
        return f"{HOST}:{self.kafka_port}"

    @property
    def logs(self) -> Path:
        """The folder with one log file a process."""
        return self.data / "logs"

    def metrics_port_of(self, service: str) -> int:
        """The port where a service answers `/metrics`, `/livez` and `/readyz`."""
        return self.metrics_port + SERVICES.index(service)

    def ports(self) -> list[tuple[int, str]]:
        """Every port that a start needs, each with the variable that moves it."""
        return [
            (self.kafka_port, "KALIMAYA_KAFKA_PORT"),
            (self.kafka_controller_port, "KALIMAYA_KAFKA_CONTROLLER_PORT"),
            (self.postgres_port, "KALIMAYA_POSTGRES_PORT"),
            (self.picture_port, "KALIMAYA_PICTURE_PORT"),
            (self.gateway_port, "KALIMAYA_GATEWAY_PORT"),
            *((self.metrics_port_of(name), "KALIMAYA_METRICS_PORT") for name in SERVICES),
        ]
