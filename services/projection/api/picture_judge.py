"""How the picture is judged: at which instant, and how old a word may be. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MOVING = ("under_way", "arrived")
"""Stages in which a shipment should be heard of: before it stands in a store, after that it is delivered."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The instant for which the picture is drawn, and how old a word may be.

    `polls_open` is when the vote begins: what a check found before it grows no older after it, for it is the last one.
    """

    now: datetime
    presence: timedelta
    shipment: timedelta
    incident: timedelta
    readiness: timedelta
    polls_open: datetime | None = None

    def checked_lately(self, at: datetime) -> bool:
        """Whether a check of then still proves something."""
        until = self.now if self.polls_open is None else min(self.now, self.polls_open)
        return until - at <= self.readiness
