"""The rules that are watched about incidents, by name, and the escalation that time brings about."""

from services.incidents.watch.cluster import cluster
from services.incidents.watch.engaging import district_not_engaged
from services.incidents.watch.escalation import escalations
from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.waiting import grave_open, unacknowledged
from services.watch.rules import Watch

INCIDENTS_WATCH: Watch[IncidentsWatchSettings] = Watch(
    service="incidents",
    rules={
        "unacknowledged": unacknowledged,
        "cluster": cluster,
        "grave_open": grave_open,
        "district_not_engaged": district_not_engaged,
    },
    reads=("incidents",),
    kinds=frozenset({"incident", "engagement", "incidents-operation"}),
    due=escalations,
)
