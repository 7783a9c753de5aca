"""Districts in which no mass organisation (ormas) was met before the vote."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.places import VILLAGES
from schemas.types import DistrictCode, VillageCode
from services.incidents.watch.settings import IncidentsWatchSettings
from services.views.engagement import Engagement, latest_word
from services.views.operation import file_in_force, vote_begins
from services.watch.rules import Breach
from services.watch.tables import Tables

HOUR = timedelta(hours=1)


def district_not_engaged(tables: Tables, now: datetime, parameters: IncidentsWatchSettings) -> Iterator[Breach]:
    """So long before the vote no meeting was held in a district in which villages vote, by the file in force.

    A meeting that is held or told of later clears it, after the vote as well; so does the end of the operation's last
    stage. Before a file is adopted nothing is asked of any district.
    """
    operation = tables.operation()
    if operation is None:
        return
    file = file_in_force(operation)
    since = vote_begins(file) - parameters.engage_before_vote
    if not since <= now < max(each.end for each in file.stages):
        return
    engaged = {district for _, district in tables.each(Engagement, engaged_district)}
    for district, villages in by_district(each.village for each in file.villages).items():
        if district not in engaged:
            numbers = {"before_vote_hours": parameters.engage_before_vote / HOUR, "villages_count": len(villages)}
            yield Breach(subject=district, since=since, numbers=numbers, villages=tuple(villages))


def engaged_district(engagement: Engagement) -> DistrictCode:
    """Where the meeting was, by the latest word on it."""
    return latest_word(engagement).district


def by_district(villages: Iterator[VillageCode]) -> dict[DistrictCode, list[VillageCode]]:
    """Villages by their district."""
    found: defaultdict[DistrictCode, list[VillageCode]] = defaultdict(list)
    for code in villages:
        found[VILLAGES[code].district_code].append(code)
    return found
