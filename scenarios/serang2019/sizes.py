"""How large an operation is played."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a scenario's number of messages depends on.

    `patrol_fix`, `guard_fix`: time between positions of units that move, and of the police that stand at a post;
    `post_fix`: of the others who stand there. `visit`: time between the spots at which a patrol stops. `contents`:
    kinds of package for each polling station, of those in CONTENTS. `inspected`: how many of them a camat inspects.
    `incidents`, `warnings`: so many happen or are given, beside those of the story. `cut_off`: phones that find no
    network for hours. `doubled`: one report in so many comes twice. `bursts`: times that a unit's reports of two hours
    arrive at once and shuffled. `fastest`: how many times as fast as life it is played at most, unless told otherwise.
    """

    villages: int
    patrol_fix: timedelta
    guard_fix: timedelta
    post_fix: timedelta | None
    visit: timedelta
    contents: int
    inspected: int
    incidents: int
    warnings: int
    cut_off: int
    doubled: int
    bursts: int
    fastest: float


SIZES = {
    "small": Size(
        villages=20,
        patrol_fix=timedelta(minutes=80),
        guard_fix=timedelta(hours=7),
        post_fix=None,
        visit=timedelta(hours=4),
        contents=2,
        inspected=1,
        incidents=12,
        warnings=4,
        cut_off=1,
        doubled=40,
        bursts=6,
        fastest=11_520,
    ),
    "full": Size(
        villages=150,
        patrol_fix=timedelta(minutes=5),
        guard_fix=timedelta(minutes=10),
        post_fix=timedelta(minutes=15),
        visit=timedelta(minutes=40),
        contents=8,
        inspected=2,
        incidents=250,
        warnings=60,
        cut_off=6,
        doubled=50,
        bursts=60,
        fastest=576,
    ),
}
