"""Incidents that wait: nobody has acknowledged them, or they are grave and still open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.types import VillageCode
from services.incidents.watch.counted import duplicates
from services.incidents.watch.settings import IncidentsWatchSettings
from services.views.incident import OPEN, Incident, account
from services.watch.rules import Breach
from services.watch.tables import Tables

GRAVEST = 1
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An incident that nobody has acknowledged: since when we know of it, how grave it is, and whom it concerns."""

    known_since: datetime
    severity: int
    villages: tuple[VillageCode, ...]


def waiting(incident: Incident) -> Waiting | None:
    """None when it is acknowledged, or only orders are known: those tell no severity, and nobody waits."""
    seen = account(incident)
    if incident.acknowledged or seen.severity is None or seen.latest is None or incident.recordedtime is None:
        return None
    return Waiting(known_since=incident.recordedtime, severity=seen.severity, villages=(seen.latest.village,))


def unacknowledged(tables: Tables, now: datetime, parameters: IncidentsWatchSettings) -> Iterator[Breach]:
    """Nobody has seen to an incident within its severity's time; handing it up is not seeing to it.

    A report may come hours late: nobody can acknowledge what he was not told, so the time runs from when the first
    report was taken in. The severity is the latest report's, and one that is lower does not clear the alert (two
    sources that differ would make it flutter): only an acknowledgement does.
    """
    for incident, wait in tables.each(Incident, waiting):
        if wait is None:
            continue
        within = parameters.acknowledge_within(wait.severity)
        since, subject = wait.known_since + within, subject_of(incident)
        if now >= since or tables.stands("unacknowledged", subject):
            numbers = {"severity_grade": wait.severity, "allowed_minutes": within / MINUTE}
            yield Breach(subject=subject, since=since, numbers=numbers, villages=wait.villages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An incident that is not resolved, since when, and how grave it is; `judged` by a triage, not by reports alone."""

    since: datetime
    severity: int | None
    judged: bool
    villages: tuple[VillageCode, ...]


def still_open(incident: Incident) -> Open | None:
    """None when it is resolved, or no report tells when it happened. A reopened one is open since then."""
    seen = account(incident)
    if incident.status not in OPEN or seen.latest is None or incident.first_reported_at is None:
        return None
    reopened = [each.as_of for each in incident.reopenings[-1:]]
    return Open(
        since=max([incident.first_reported_at, *reopened]),
        severity=seen.severity,
        judged=incident.triage is not None,
        villages=(seen.latest.village,),
    )


def grave_open(tables: Tables, now: datetime, parameters: IncidentsWatchSettings) -> Iterator[Breach]:
    """An incident of severity 1 is still open so long after it happened, or was reopened. A duplicate is not counted.

    Once the alert stands, a further report that is less grave does not clear it: a triage does, a resolution, a link.
    """
    others = duplicates(tables)
    for incident, found in tables.each(Incident, still_open):
        if found is None or incident.incident in others:
            continue
        since, subject = found.since + parameters.grave_open, subject_of(incident)
        held = not found.judged and tables.stands("grave_open", subject)
        if held or (found.severity == GRAVEST and now >= since):
            numbers = {"allowed_minutes": parameters.grave_open / MINUTE}
            yield Breach(subject=subject, since=since, numbers=numbers, villages=found.villages)


def subject_of(incident: Incident) -> str:
    """What alerts on an incident are about."""
    return f"incident/{incident.incident}"
