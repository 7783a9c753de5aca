"""Whether alerts are raised and cleared in turns, under the ids that follow from rule, subject and number.

Alerts of one rule and subject lie in different partitions: their turns are judged when all logs are read. To be exact
on a running system, an alert is asked for the one before it only if it was raised before the logs' ends were asked for
the last time.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from kalimaya.audit.findings import Findings
from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised


class Shown(NamedTuple):
    """What of an alert must be shown."""

    rule: str
    subject: str
    n: int
    standing: bool


@dataclass(slots=True)
class _Alert:
    rule: str
    subject: str
    n: int
    partition: int
    offset: int
    cleared: int | None = None


class Alerts:
    """All alerts of the incidents' logs."""

    def __init__(self, findings: Findings, topic: str = "incidents.events") -> None:
        self._findings, self._topic = findings, topic
        self._alerts: dict[str, _Alert] = {}

    def take(self, partition: int, offset: int, data: Any) -> None:
        """Fold an accepted event of any kind; each partition in the order of its log."""
        match data:
            case AlertRaised():
                self._raise(partition, offset, data)
            case AlertCleared() | AlertAcknowledged():
                alert = self._alerts.get(data.alert)
                what = "cleared" if isinstance(data, AlertCleared) else "acknowledged"
                if alert is None or alert.cleared is not None:
                    self._wrong(partition, offset, f"alert {data.alert} is {what}, and does not stand")
                elif isinstance(data, AlertCleared):
                    alert.cleared = offset

    def _raise(self, partition: int, offset: int, data: AlertRaised) -> None:
        expected = sha256(f"{data.rule}\n{data.subject}\n{data.n}".encode()).hexdigest()[:32]
        if data.alert != expected:
            detail = f"alert {data.n} of {data.rule} on {data.subject} has the id {data.alert}, not {expected}"
            self._wrong(partition, offset, detail)
        if data.alert in self._alerts:
            self._wrong(partition, offset, f"alert {data.alert} is raised a second time")
            return
        self._alerts[data.alert] = _Alert(data.rule, data.subject, data.n, partition, offset)

    def shown(self, partition: int, end: int) -> dict[str, Shown]:
        """The alerts of a partition as they must be shown by who has read it up to `end`."""
        return {
            id_: Shown(each.rule, each.subject, each.n, each.cleared is None or each.cleared >= end)
            for id_, each in self._alerts.items()
            if each.partition == partition and each.offset < end
        }

    def finish(self, ends: Mapping[int, int]) -> None:
        """All logs are read. `ends`: those of the partitions when they were asked for the first time."""
        by_number: defaultdict[tuple[str, str], dict[int, _Alert]] = defaultdict(dict)
        for each in self._alerts.values():
            by_number[each.rule, each.subject][each.n] = each
        for numbered in by_number.values():
            for n, alert in numbered.items():
                before = numbered.get(n - 1)
                in_turn = n == 0 or (before is not None and before.cleared is not None)
                if not in_turn and alert.offset < ends.get(alert.partition, 0):
                    what = "was never raised" if before is None else "still stands"
                    detail = f"alert {n} of {alert.rule} on {alert.subject} is raised, but alert {n - 1} {what}"
                    self._wrong(alert.partition, alert.offset, detail)

    def _wrong(self, partition: int, offset: int, detail: str) -> None:
        self._findings.add("alert out of turn", self._topic, partition, offset, detail)


def shown_by(document: Mapping[str, Any]) -> Shown:
    """What a document says of an alert."""
    return Shown(document["rule"], document["subject"], document["n"], document["state"] == "standing")
