"""The parameters of the rules on incidents, each with the reason for its default."""

from datetime import timedelta

from pydantic import Field

from services.watch.settings import WatchSettings

NONE = timedelta(0)


class IncidentsWatchSettings(WatchSettings):
    """Read from environment variables KALIMAYA_<NAME>; a duration is written as ISO 8601 (PT10M) or in seconds."""

    acknowledge_severity_1: timedelta = Field(default=timedelta(minutes=15), gt=NONE)
    """Within this somebody sees to an incident of severity 1: a call to the polsek, and one to whoever can come."""

    acknowledge_severity_2: timedelta = Field(default=timedelta(minutes=45), gt=NONE)
    """Severity 2: a round of the radio, and time to ask back."""

    acknowledge_severity_3: timedelta = Field(default=timedelta(hours=1), gt=NONE)
    """Severity 3: the posko's hourly look at its list."""

    acknowledge_severity_4: timedelta = Field(default=timedelta(hours=2), gt=NONE)
    """Severity 4: nothing grows worse by it, but it is not to be forgotten within a watch of the posko."""

    escalate: bool = True
    """Whether an incident that is not acknowledged in time is handed up; never in a scenario faster than life, whose
    own escalations would be refused after ours."""

    cluster_count: int = Field(default=3, ge=2, le=20)
    """So many incidents in one district make a cluster (docs/domain.md: three)."""

    cluster_window: timedelta = Field(default=timedelta(hours=2), gt=NONE, le=timedelta(hours=4))
    """Within this they happened."""

    cluster_quiet: timedelta = Field(default=timedelta(hours=4), ge=timedelta(hours=4), le=timedelta(days=2))
    """A cluster is over when none has been added for so long; a patrol that was sent there stays for a half-shift.
    Never less than the window may be, so that what made one cluster cannot make the next."""

    grave_open: timedelta = Field(default=timedelta(hours=3), gt=NONE)
    """An incident of severity 1 that lasts longer needs more than was sent; the polda's reserve is there by then."""

    engage_before_vote: timedelta = Field(default=timedelta(days=1), gt=NONE, le=timedelta(days=30))
    """So long before the vote every district is to be engaged: the last day on which a meeting can still be called."""

    def acknowledge_within(self, severity: int) -> timedelta:
        """How long an incident of a severity (1 to 4) may wait until somebody sees to it."""
        limit: timedelta = getattr(self, f"acknowledge_severity_{severity}")
        return limit
