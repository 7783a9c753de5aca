"""The parameters of the rules that deployment watches."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.watch.settings import WatchSettings

Span = Annotated[timedelta, Field(gt=timedelta(), le=timedelta(days=2))]
Pause = Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=2))]
Distance = Annotated[float, Field(gt=0, le=50_000)]


class DeploymentWatchSettings(WatchSettings):
    """Read from environment variables KALIMAYA_<NAME>; durations as ISO 8601 (PT10M) or in seconds, distances in m."""

    under_strength_lead: Pause = timedelta(hours=1)
    """How long before its window a post is looked at: H-1 hour is when somebody else can still be sent there."""

    under_strength_count: Span = timedelta(hours=6)
    """After so long a count of heads is stale; as the picture has it (KALIMAYA_STALE_PRESENCE)."""

    arrival_overdue_after: Pause = timedelta(minutes=30)
    """After the begin of a duty at a post: a drive across the regency takes about so much longer than planned."""

    unit_silent_after: Span = timedelta(minutes=90)
    """Without any word of a unit on duty. Those with a device report every few minutes, others by radio at their calls;
    a shorter time sounds for every lost network, a longer one is too late to send somebody to look.
    """

    left_post_after: Pause = timedelta(minutes=5)
    """The word of relief comes from another unit, often some minutes after that of leaving."""

    off_post_metres: Distance = 2_000.0
    """How far a unit's fix may be from the middle of its post's village, beside its accuracy. A village is two or three
    kilometres across and its post need not be in the middle.
    """

    off_post_back_metres: Distance = 1_500.0
    """How near it has to come for the alert to be cleared; less than the other, so that a fix at the edge, which is
    never twice the same, does not raise and clear it in turn.
    """

    spot_unpatrolled_after: Span = timedelta(hours=7)
    """Without a visit while a patrol is due: it goes out for eight hours and is to see each spot once, so this leaves
    an hour in which it can still be sent there.
    """

    crossing_lead: Span = timedelta(hours=2)
    """How long before its duty on an island a unit is to be at sea; from Karangantu to Pulau Tunda it takes about 2 h
    (the operation's meeting).
    """
