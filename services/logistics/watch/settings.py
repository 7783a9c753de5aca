"""The parameters of the rules that logistics watches."""

from datetime import timedelta

from pydantic import Field

from services.watch.settings import WatchSettings

DAY = timedelta(days=1)


class LogisticsWatchSettings(WatchSettings):
    """One parameter or more a rule."""

    leg_grace: timedelta = Field(default=timedelta(minutes=30), ge=timedelta(0), le=DAY)
    """leg_overdue: how late a leg may begin or end. Half an hour is a queue at a ferry or a word that comes late; a
    boat gets none of it when its tide is over."""

    handover_half_open_after: timedelta = Field(default=timedelta(minutes=45), ge=timedelta(0), le=DAY)
    """handover_half_open: how long the other half may take. Where the network comes and goes, 40 minutes are common."""

    unescorted_after: timedelta = Field(default=timedelta(minutes=5), ge=timedelta(0), le=DAY)
    """unescorted: time in which the carrier may put the word of the departure right, and not longer: the load moves."""

    separated_km: float = Field(default=10.0, ge=1, le=200)
    """escort_separated: how far the escort may be from the straight way to the leg's end. Roads bend, and of villages
    we know the centroid only: less would alarm on every way round a hill."""

    together_km: float = Field(default=8.0, ge=0.5, le=200)
    """escort_separated: so near it must come for the alert to be cleared; less than `separated_km`, so that an escort
    on the edge does not flutter."""

    fix_fresh: timedelta = Field(default=timedelta(minutes=15), ge=timedelta(minutes=1), le=DAY)
    """escort_separated: how old a fix may be to raise it. An older one tells where the escort was, and that nothing was
    heard since is for the rule unit_silent."""

    seal_reused_after: timedelta = Field(default=timedelta(minutes=5), ge=timedelta(0), le=DAY)
    """seal_reused: time in which a number typed wrongly may be put right by sealing again."""

    discrepancy_open_after: timedelta = Field(default=timedelta(minutes=30), ge=timedelta(0), le=DAY)
    """discrepancy_open: time in which those on the spot may look or count again."""

    ready_ahead: timedelta = Field(default=DAY, ge=timedelta(0), le=timedelta(days=14))
    """not_ready: so long before the day of the vote begins all must be there. One day: what is short then can still be
    printed and driven out."""

    return_grace: timedelta = Field(default=timedelta(hours=1), ge=timedelta(0), le=DAY)
    """not_returned: how much later than planned the boxes may be back; the store takes its time to receive them."""

    return_after_count: timedelta = Field(default=DAY, ge=timedelta(0), le=timedelta(days=14))
    """not_returned: how long after the count the boxes may be out when nobody planned their way back."""
