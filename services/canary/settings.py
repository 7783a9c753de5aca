"""Settings of the canary."""

from pydantic import Field, FilePath

from services.kit.settings import KitSettings


class CanarySettings(KitSettings):
    """Read from environment variables KALIMAYA_<NAME>."""

    gateway_url: str = "http://127.0.0.1:8001"
    """Where messages are sent; set it to the way that agencies take, with what stands before the gateway."""

    picture_url: str = "http://127.0.0.1:8000"
    """Where the picture is read, by the way that operators take."""

    token_file: FilePath
    """File with the token of the principal `canary`, and nothing else: it needs nobody else's."""

    every: float = Field(default=60.0, ge=1)
    """Seconds from one round to the next: 4,320 messages a day in all, and an alert within minutes."""
