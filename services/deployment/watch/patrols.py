"""Whether patrols go round the vulnerable spots."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from schemas.places import ISLANDS, VILLAGES
from schemas.types import DistrictCode, VillageCode, village_of
from services.deployment.watch.duties import released
from services.deployment.watch.settings import DeploymentWatchSettings
from services.views.post import Post
from services.views.unit import Assignment, Unit, standing
from services.watch.rules import Breach
from services.watch.tables import Tables


def spot_unpatrolled(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """Patrols are due in a district, and none has visited a vulnerable village there for some time.

    Vulnerable is a village of which the newest plan says `rawan` or `sangat_rawan` for any of its posts. The time runs
    from the last visit by anybody, or from the begin of the patrols that are due if that was later; an alert that
    stands is not cleared by another patrol's begin, but by a visit or when no patrol is due. A village on an island is
    no patrol's spot: its guard is all that gets there.
    """
    due = _patrols(tables, now)
    if not due:
        return
    visited = _visited(tables)
    for village in _spots(tables):
        patrols = due.get(VILLAGES[village].district_code)
        if not patrols:
            continue
        begin, last = min(max(each.start, each.as_of) for each in patrols), visited.get(village)
        unseen_from = max(begin, last or begin)
        if last is not None and tables.stands("spot_unpatrolled", village):
            unseen_from = last
        late = unseen_from + parameters.spot_unpatrolled_after
        if now >= late:
            yield Breach(
                subject=village,
                since=late,
                numbers={
                    "allowed_minutes": parameters.spot_unpatrolled_after.total_seconds() / 60,
                    "patrols_count": len(patrols),
                },
                villages=(village,),
            )


def _patrols(tables: Tables, now: datetime) -> Mapping[DistrictCode, list[Assignment]]:
    found: defaultdict[DistrictCode, list[Assignment]] = defaultdict(list)
    for unit, duties in tables.each(Unit, _patrol_duties):
        for each in duties:
            if each.start <= now < each.end and not released(unit, now):
                found[each.target].append(each)
    return found


def _patrol_duties(unit: Unit) -> tuple[Assignment, ...]:
    return tuple(each for each in standing(unit) if each.duty == "patrol" and each.target_kind == "area")


def _visited(tables: Tables) -> Mapping[VillageCode, datetime]:
    found: dict[VillageCode, datetime] = {}
    for unit in tables.all(Unit):
        for village, patrol in unit.patrols.items():
            if village not in found or found[village] < patrol.as_of:
                found[village] = patrol.as_of
    return found


def _spots(tables: Tables) -> list[VillageCode]:
    return sorted({village_of(post.post) for post, spot in tables.each(Post, _is_spot) if spot} - ISLANDS.keys())


def _is_spot(post: Post) -> bool:
    newest = post.versions[max(post.versions, key=int)]
    return newest.vulnerability in ("rawan", "sangat_rawan")
