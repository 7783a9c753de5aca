"""Villages that are about to vote and lack what they need, or of which nobody knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from schemas.types import VillageCode
from services.logistics.watch.settings import DAY, LogisticsWatchSettings
from services.views.operation import file_in_force
from services.views.readiness import FIRST, Readiness, state_of, unchecked
from services.watch.rules import Breach
from services.watch.tables import Tables

JAKARTA = ZoneInfo("Asia/Jakarta")


@dataclass(frozen=True, slots=True)
class Lack:
    """What a village lacks, and the check that found it first; None when it is checks that it lacks."""

    found: datetime | None
    numbers: dict[str, float]


UNCHECKED = Lack(None, {"unchecked_count": len(FIRST), "short_count": 0, "wanting_pieces": 0})


def not_ready(tables: Tables, now: datetime, parameters: LogisticsWatchSettings) -> Iterator[Breach]:
    """A village that votes is short of something by the last check of it, or was not checked, when it must be ready.

    From `ready_ahead` before the day of the vote, in Asia/Jakarta, by the operation file in force; without one nothing
    is due. It ends with that day, because what the vote lacked then can no longer be brought. Checks are few and each
    is a word of its own, so that nothing flutters.
    """
    operation = tables.operation()
    if operation is None:
        return
    file = file_in_force(operation)
    day = datetime.combine(file.polling_day, time(), JAKARTA)
    due, over = day - parameters.ready_ahead, day + DAY
    if not due <= now < over:
        return
    for voting in file.villages:
        lack = _lack(tables, voting.village)
        if lack is not None:
            since = due if lack.found is None else max(due, lack.found)
            yield Breach(subject=voting.village, since=since, numbers=lack.numbers, villages=(voting.village,))


def _lack(tables: Tables, village: VillageCode) -> Lack | None:
    if tables.one(Readiness, village) is None:
        return UNCHECKED
    return tables.derived(Readiness, village, lacking)


def lacking(readiness: Readiness) -> Lack | None:
    """What a village lacks by its checks; None when it is ready."""
    state = state_of(readiness)
    if state == "ok":
        return None
    short = [each for each in readiness.items.values() if each.short_by]
    numbers: dict[str, float] = {
        "unchecked_count": len(unchecked(readiness)),
        "short_count": len(short),
        "wanting_pieces": sum(each.short_by for each in short),
    }
    return Lack(min((each.as_of for each in short), default=None), numbers)
