"""Which records tell of a complaint about a unit: nobody may read these in a file that its members might see.

The rule is ADR 0011's, for the members of every unit at once. It knows no reader and no file.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.views.alert import Alert
from services.views.area import Area
from services.views.incident import Incident, account, hidden_from


@dataclass(frozen=True, slots=True)
class _Named:
    """What is needed of an incident: whether it is a complaint, the incidents that it names, and where it lies."""

    complaint: bool
    names: frozenset[str]
    districts: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Raised:
    """What is needed of an alert."""

    rule: str
    subject: str
    districts: frozenset[str]


@dataclass(slots=True)
class Complaints:
    """Fed with every entity as it stands at the end, it tells what must not be shown."""

    _incidents: dict[str, _Named] = field(default_factory=dict)
    _alerts: dict[str, _Raised] = field(default_factory=dict)

    def note(self, id_: str, state: Any, area: Area) -> None:
        """Look at an entity of any kind."""
        match state:
            case Incident():
                neutrality = account(state).type == "officer_neutrality"
                self._incidents[id_] = _Named(bool(hidden_from(state)) or neutrality, _names(state), area.districts)
            case Alert():
                self._alerts[id_] = _Raised(state.raised.rule, state.raised.subject, area.districts)

    def subjects(self) -> frozenset[str]:
        """The complaints, what names them, and the alerts on any of these, as keys of records (`incident/...`)."""
        found = {id_ for id_, each in self._incidents.items() if each.complaint}
        fresh = found
        while fresh:
            fresh = {id_ for id_, each in self._incidents.items() if each.names & fresh} - found
            found = found | fresh
        incidents = {f"incident/{id_}" for id_ in found}
        districts = frozenset[str]().union(*(self._incidents[id_].districts for id_ in found))
        alerts = {
            f"alert/{id_}"
            for id_, each in self._alerts.items()
            if each.subject.partition("#")[0] in incidents or (each.rule == "cluster" and each.districts & districts)
        }
        return frozenset(incidents | alerts)


def _names(incident: Incident) -> frozenset[str]:
    reported: Iterable[str] = (other for each in incident.reports.values() for other in each.incidents)
    return frozenset(reported) | ({incident.link.duplicate_of} if incident.link else set())
