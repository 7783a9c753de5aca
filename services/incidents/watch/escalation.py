"""An incident that nobody acknowledges climbs: polsek, polres, polda, once a level."""

from collections.abc import Iterator
from datetime import datetime

from schemas.incidents import EscalateIncident
from schemas.types import LEVELS, Level
from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.waiting import waiting
from services.views.incident import Incident
from services.watch.rules import Order
from services.watch.tables import Tables


def escalations(tables: Tables, now: datetime, parameters: IncidentsWatchSettings) -> Iterator[Order]:
    """The escalations that are due: each level has its severity's time, counted from when it was handed the incident.

    An operator's escalation counts like ours. Id and reason follow from incident and level alone, so that whoever looks
    again before the log tells the answer sends the very same message, which is repeated and never refused.
    """
    if not parameters.escalate:
        return
    for incident, wait in tables.each(Incident, waiting):
        if wait is None or incident.level == LEVELS[-1]:
            continue
        handed = max([wait.known_since, *(each.recordedtime for each in incident.escalations)])
        if now >= handed + parameters.acknowledge_within(wait.severity):
            yield _to_the_next(incident)


def _to_the_next(incident: Incident) -> Order:
    level: Level = LEVELS[LEVELS.index(incident.level) + 1]
    order = EscalateIncident(
        incident=incident.incident,
        level=level,
        reason=f"{incident.level} tidak menanggapi dalam batas waktu (not acknowledged in time at {incident.level})",
    )
    return Order(f"escalate-{incident.incident}-{level}", order)
