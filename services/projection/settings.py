"""What the projection can be told, each with the reason for its default."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, FilePath

from services.kit.settings import KitSettings
from services.projection.address import with_password


class ProjectionSettings(KitSettings):
    """Read from environment variables KALIMAYA_<NAME>."""

    postgres: str
    """Address of the read model's database; no default, so that nobody fills a wrong one."""

    postgres_password_file: FilePath | None = None
    """File with its password, where `postgres` has none: environments are shown and inherited."""

    http_port: int = Field(default=8000, ge=1, le=65535)
    """Where the picture is read."""

    agencies: Path
    """File that says who may read what (the gateway's agencies.yaml); no default, nothing is shown by default."""

    tokens: Path
    """File with the token of each principal; no default, because there are no default secrets."""

    stale_presence: timedelta = timedelta(hours=6)
    """A headcount is taken at the change of guard; older than half a twelve-hour shift it proves nothing any more."""

    stale_shipment: timedelta = timedelta(hours=6)
    """The longest leg of the operation, store to island by road and boat, takes less than this."""

    stale_incident: timedelta = timedelta(hours=2)
    """An open incident of which nobody has said a word for this long needs a call, whatever its severity."""

    stale_readiness: timedelta = timedelta(hours=36)
    """District heads check once a day, late in the afternoon: what was found before the eve of the vote is too old when
    the polls open, and one check that comes half a day late is not."""

    @property
    def database(self) -> str:
        """The address with the password in it. Raises OSError when that cannot be read."""
        return with_password(self.postgres, self.postgres_password_file)
