"""Which incidents count, of those that are linked as duplicates."""

from schemas.types import IncidentId
from services.views.incident import OPEN, Incident, worked_on
from services.watch.tables import Tables


def duplicates(tables: Tables) -> set[IncidentId]:
    """The incidents that are really another one; of a ring of such links one is left (see `worked_on`)."""
    links = {each.incident: each.link.duplicate_of for each in tables.all(Incident) if each.link is not None}
    linked = filter(None, (tables.one(Incident, incident) for incident in links))
    return links.keys() - worked_on(links, {each.incident for each in linked if each.status in OPEN})
