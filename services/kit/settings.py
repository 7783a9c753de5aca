"""Settings that every process has. A service adds its own in a subclass; nothing else reads the environment."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class KitSettings(BaseSettings):
    """Read from environment variables KALIMAYA_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="KALIMAYA_", frozen=True, extra="ignore")

    kafka: str
    """Bootstrap address; no default, so that nobody writes to a cluster by accident."""

    host: str = "127.0.0.1"
    """Address to listen on; loopback unless somebody decides otherwise."""

    metrics_port: int
    """Port of /metrics, /livez and /readyz; every process on a machine needs its own."""

    clock: Path | None = None
    """File of the scenario's clock; without it the wall clock is the operation's."""

    log_level: str = "INFO"
    """Lowest level that is logged."""

    instance: str = "1"
    """Names this process among those of its service; keep it over restarts and the group does not rebalance."""

    partitions: str = "group"
    """`group`: as the consumer group says; `all` or `0,1,2`: owned without asking."""
