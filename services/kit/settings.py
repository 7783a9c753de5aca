"""Settings that every process has. A service adds its own in a subclass; nothing else reads the environment."""

from pathlib import Path

from pydantic import FilePath, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.kafka_access import KafkaAccess, Security, on_this_machine


class KafkaSettings(BaseSettings):
    """Where Kafka is and how to get in (docs/security.md). Read from environment variables KALIMAYA_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="KALIMAYA_", frozen=True, extra="ignore")

    kafka: str
    """Bootstrap address; no default, so that nobody writes to a cluster by accident."""

    kafka_security: Security | None = None
    """`plaintext`, `ssl` or `sasl_ssl`; without it `plaintext` on this machine, and beyond it has to be said."""

    kafka_ca: FilePath | None = None
    """Whose certificates are trusted, PEM; without it those that the system trusts."""

    kafka_certificate: FilePath | None = None
    """With `ssl`: the certificate that says who this process is, PEM."""

    kafka_key: FilePath | None = None
    """The key of that certificate, PEM, without a passphrase."""

    kafka_user: str | None = None
    """With `sasl_ssl`: the name to authenticate as, by SCRAM-SHA-512."""

    kafka_password_file: FilePath | None = None
    """File with its password. There is no setting for a password: environments are shown and inherited."""

    @property
    def access(self) -> KafkaAccess:
        """All of this as clients take it."""
        return KafkaAccess(
            bootstrap=self.kafka,
            security=self.kafka_security or "plaintext",
            ca=self.kafka_ca,
            certificate=self.kafka_certificate,
            key=self.kafka_key,
            user=self.kafka_user,
            password_file=self.kafka_password_file,
        )

    @model_validator(mode="after")
    def _fits_together(self) -> "KafkaSettings":
        if self.kafka_security is None and not on_this_machine(self.kafka):
            raise ValueError(
                f"KALIMAYA_KAFKA is {self.kafka}, not on this machine: say KALIMAYA_KAFKA_SECURITY=ssl or sasl_ssl, "
                "or plaintext where nobody else can reach the wire"
            )
        try:
            _ = self.access
        except ValueError as error:
            raise ValueError(f"KALIMAYA_KAFKA_*: {error}") from error
        return self


class KitSettings(KafkaSettings):
    """Read from environment variables KALIMAYA_<NAME>."""

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
