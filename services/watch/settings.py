"""Settings that every watch has. A service adds the parameters of its rules in a subclass, each with its reason."""

from pydantic import Field

from services.kit.settings import KitSettings


class WatchSettings(KitSettings):
    """Read from environment variables KALIMAYA_<NAME>; a duration is written as ISO 8601 (PT10M) or in seconds."""

    tick: float = Field(default=2.0, gt=0, le=60)
    """Seconds of wall time from one look at the rules to the next: an alert comes at most this and 2 s late."""

    session_seconds: float = Field(default=6.0, ge=6, le=60)
    """After so long without a sign of life Kafka gives a worker's partitions to the next; the least that it takes."""
