"""The pace at which a plan is played when nobody says one: as fast as it can be without its messages coming late.

At one speed the busiest minutes of an operation of a hundred thousand messages are more than can be sent, answered and
projected in their time, and what comes late then looks like what the watches watch for.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from scenarios.plan import Plan
from services.kit.clock import Pace

MOST_A_SECOND = 120.0
"""Messages: two cores take in several times as many, with everything running on them."""
MINUTE = 60.0


def even(plan: Plan, start: datetime, end: datetime, fastest: float) -> Pace:
    """At most so many scenario seconds a second, and slower in every minute that would else be too busy."""
    busy = Counter(int((each.send_at - start).total_seconds() // MINUTE) for each in plan.messages)
    points = [(0.0, 0.0)]
    for minute in range(int((end - start) / timedelta(minutes=1))):
        wall, own = points[-1]
        points.append((wall + max(MINUTE / fastest, busy[minute] / MOST_A_SECOND), own + MINUTE))
    return tuple(_without_the_straight(points))


def _without_the_straight(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Only those between which the speed changes."""
    kept = points[:1]
    for here, after in pairwise(points[1:]):
        (x, y), (last_x, last_y), (next_x, next_y) = here, kept[-1], after
        if abs((y - last_y) * (next_x - x) - (next_y - y) * (x - last_x)) > 1e-6:
            kept.append(here)
    return [*kept, points[-1]]
