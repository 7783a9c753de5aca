"""How large an operation is played."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a scenario's number of messages depends on.

    `patrol_fix`, `guard_fix`: time between positions of units that move, and of those that stand. `doubled`: one report
    in so many comes twice. `bursts`: times that a unit's reports of an hour arrive at once and shuffled.
    """

    villages: int
    patrol_fix: timedelta
    guard_fix: timedelta
    doubled: int
    bursts: int


SIZES = {
    "small": Size(
        villages=20,
        patrol_fix=timedelta(minutes=30),
        guard_fix=timedelta(hours=2),
        doubled=40,
        bursts=6,
    ),
}
