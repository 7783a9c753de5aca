"""What logistics watches: its rules, and what they read."""

from services.logistics.watch.custody import discrepancy_open, handover_half_open
from services.logistics.watch.legs import leg_overdue, unescorted
from services.logistics.watch.readiness import not_ready
from services.logistics.watch.returns import not_returned
from services.logistics.watch.seals import seal_reused
from services.logistics.watch.separation import escort_separated
from services.logistics.watch.settings import LogisticsWatchSettings
from services.watch.rules import Watch

LOGISTICS_WATCH: Watch[LogisticsWatchSettings] = Watch(
    service="logistics",
    rules={
        "leg_overdue": leg_overdue,
        "handover_half_open": handover_half_open,
        "unescorted": unescorted,
        "escort_separated": escort_separated,
        "seal_reused": seal_reused,
        "discrepancy_open": discrepancy_open,
        "not_ready": not_ready,
        "not_returned": not_returned,
    },
    reads=("logistics", "deployment", "incidents"),
    kinds=frozenset({"shipment", "readiness", "unit", "logistics-operation"}),
)
"""Of deployment it reads the fixes of escorts, of incidents the alerts that stand."""
