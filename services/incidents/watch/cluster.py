"""Incidents that heap up in one district."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.places import VILLAGES
from schemas.types import DistrictCode, IncidentId, VillageCode
from services.incidents.watch.counted import duplicates
from services.incidents.watch.settings import IncidentsWatchSettings
from services.views.incident import Incident, account
from services.watch.rules import Breach
from services.watch.tables import Tables

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, order=True)
class Happened:
    """When and where an incident happened, by its first and its latest report."""

    at: datetime
    incident: IncidentId
    village: VillageCode


def happened(incident: Incident) -> Happened | None:
    """None when no report tells it, or it is closed: that is how one that never happened is taken back."""
    seen = account(incident)
    if incident.status == "closed" or seen.latest is None or incident.first_reported_at is None:
        return None
    return Happened(incident.first_reported_at, incident.incident, seen.latest.village)


def cluster(tables: Tables, now: datetime, parameters: IncidentsWatchSettings) -> Iterator[Breach]:
    """So many incidents happened in one district within the window, of whatever type; resolved ones count as well.

    By the time of what happened, whenever it was told: what comes late may make a cluster, and what is linked as a
    duplicate, closed or said to be elsewhere is taken out of it. It stands until for `cluster_quiet` none was added;
    since that is longer than the window, the incidents of one that is over never make another. A cluster of which we
    hear only after that is none any more.
    """
    for district, several in by_district(tables).items():
        run = last_run(several, parameters)
        if run and now < run[-1].at + parameters.cluster_quiet:
            yield Breach(
                subject=district,
                since=run[parameters.cluster_count - 1].at,
                numbers={"incidents_count": len(run), "window_minutes": parameters.cluster_window / MINUTE},
                villages=tuple(sorted({each.village for each in run})),
            )


def by_district(tables: Tables) -> dict[DistrictCode, list[Happened]]:
    """The incidents that count, by district, in the order in which they happened."""
    others = duplicates(tables)
    found: defaultdict[DistrictCode, list[Happened]] = defaultdict(list)
    for incident, each in tables.each(Incident, happened):
        if each is not None and incident.incident not in others:
            found[VILLAGES[each.village].district_code].append(each)
    return {district: sorted(several) for district, several in found.items()}


def last_run(several: Sequence[Happened], parameters: IncidentsWatchSettings) -> Sequence[Happened]:
    """The last cluster of a district's incidents, from its first to its last; one that is added soon enough is its."""
    count, first, last = parameters.cluster_count, 0, -1
    for end in range(count - 1, len(several)):
        begin = end - count + 1
        if several[end].at - several[begin].at > parameters.cluster_window:
            continue
        if last < 0 or several[end].at - several[last].at >= parameters.cluster_quiet:
            first = begin
        last = end
    return several[first : last + 1]
