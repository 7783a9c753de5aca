"""When the operation's days begin and end, in local time.

Facts: the meeting on 30 October, polling on 3 November 2019. The hours are synthetic.
"""

from datetime import datetime, timedelta, timezone

WIB = timezone(timedelta(hours=7), "WIB")
"""Asia/Jakarta: seven hours ahead of UTC, without summer time."""


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of the operation by its day of the month: 29 to 31 are in October, the others in November 2019."""
    return datetime(2019, 10 if day >= 29 else 11, day, hour, minute, tzinfo=WIB)


START, END = at(29, 0), at(6, 0)
"""From midnight to the midnight after 5 November."""
MEETING = at(30, 10)
GUARD_FROM, GUARD_TO = at(2, 15), at(3, 20)
POLLS_OPEN, POLLS_CLOSE = at(3, 7), at(3, 13)
MINUTE = timedelta(minutes=1)
TYPED = timedelta(seconds=20)
"""Between two orders of one operator: they come from his program, which has a list."""
