"""Machines that order anything about an incident and an alert, in any sequence, and hold the rules against it.

What the rules allow is written down here a second time, from DOMAIN.md and not from the code.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from schemas.incidents import (
    AcknowledgeAlert,
    ClearAlert,
    CloseIncident,
    ContainIncident,
    DispatchUnits,
    DuplicateLinked,
    EscalateIncident,
    IncidentClosed,
    IncidentContained,
    IncidentEscalated,
    IncidentReopened,
    IncidentResolved,
    IncidentTriaged,
    LinkDuplicate,
    RaiseAlert,
    ReopenIncident,
    ResolveIncident,
    TriageIncident,
    UnitsDispatched,
)
from schemas.outcomes import Refused
from schemas.registry import BY_CLASS
from schemas.types import LEVELS, alert_id
from services.incidents.domain import INCIDENTS
from services.projection.model import fold as show
from services.projection.model import from_document, to_document
from tests.support.facts import DAY, fact
from tests.support.size import sized

STEPS, STEPS_A_RUN = 20_000, 50

INCIDENT = "ins-0042"
OPEN = ("reported", "triaged", "responding", "contained")
MOVES: dict[type[Any], dict[str, set[str]]] = {
    IncidentTriaged: {"reported": {"triaged"}, **{stage: {stage} for stage in OPEN[1:]}},
    UnitsDispatched: {stage: {"responding"} for stage in OPEN},
    IncidentContained: {stage: {"contained"} for stage in OPEN},
    IncidentResolved: {stage: {"resolved"} for stage in OPEN},
    IncidentClosed: {"resolved": {"closed"}},
    IncidentReopened: {stage: {"reported", "triaged"} for stage in ("resolved", "closed")},
    IncidentEscalated: {stage: {stage} for stage in (*OPEN, "resolved")},
    DuplicateLinked: {stage: {stage} for stage in (*OPEN, "resolved")},
}
"""For each event, from which status to which it may lead: the life of an incident."""


class Ordering(RuleBasedStateMachine):
    """One aggregate: what was accepted about it, and the state that this left."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.state: Any = None

    def order(self, order: Any) -> Any | None:
        """The event that an order brings about, if it is accepted."""
        type(self).steps += 1
        before = self.state
        outcome = INCIDENTS.decide(before, order)
        assert INCIDENTS.decide(before, order) == outcome
        assert folded(self.events) == before, "deciding alone changes nothing"
        if isinstance(outcome, Refused):
            return None
        (event,) = outcome
        assert BY_CLASS[type(event)].of is type(order)
        self.state = INCIDENTS.evolve(before, event)
        assert folded(self.events) == before, "the old state stays as it is"
        self.events.append(event)
        return event

    @invariant()
    def folding_the_events_anew_gives_the_same_state(self) -> None:
        assert folded(self.events) == self.state


def folded(events: Sequence[Any]) -> Any:
    state = None
    for event in events:
        state = INCIDENTS.evolve(state, event)
    return state


units = st.sampled_from(("u1", "u2", "u3"))


class OneIncident(Ordering):
    """Everything that can be ordered about one incident."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.level = "reported", "polsek"
        self.complained: str | None = None
        self.duplicate_of: str | None = None
        self.shown: Any = None

    def about(self, order: Any) -> Any | None:
        event = self.order(order)
        before = self.status
        if event is None:
            return None
        self.status = self.state.stage
        assert self.status in MOVES[type(event)].get(before, ()), f"{before} -> {self.status} by {event}"
        self.shown = from_document("incident", to_document(show("incident", self.shown, fact(event))))
        return event

    @rule(complained=st.none() | units)
    def triage(self, complained: str | None) -> None:
        order = TriageIncident(incident=INCIDENT, type="officer_neutrality", severity=2, complained_unit=complained)
        accepted = self.about(order) is not None
        assert accepted == (self.status in OPEN)
        if accepted:
            self.complained = complained

    @rule(sent=st.lists(units, min_size=1, max_size=3, unique=True).map(tuple))
    def dispatch(self, sent: tuple[str, ...]) -> None:
        allowed = self.status in OPEN and self.duplicate_of is None and self.complained not in sent
        accepted = self.about(DispatchUnits(incident=INCIDENT, units=sent)) is not None
        assert accepted == allowed, "a unit complained of is never dispatched after the triage that names it"

    @rule()
    def contain(self) -> None:
        allowed = self.status in OPEN
        assert (self.about(ContainIncident(incident=INCIDENT, measures="x")) is not None) == allowed

    @rule()
    def resolve(self) -> None:
        allowed = self.status in OPEN
        assert (self.about(ResolveIncident(incident=INCIDENT, resolution="x")) is not None) == allowed

    @rule()
    def close(self) -> None:
        allowed = self.status == "resolved"
        assert (self.about(CloseIncident(incident=INCIDENT)) is not None) == allowed

    @rule()
    def reopen(self) -> None:
        allowed = self.status in ("resolved", "closed")
        accepted = self.about(ReopenIncident(incident=INCIDENT, reason="x")) is not None
        assert accepted == allowed
        if accepted:
            self.duplicate_of = None
            judged = any(isinstance(event, IncidentTriaged) for event in self.events)
            assert self.status == ("triaged" if judged else "reported")

    @rule(level=st.sampled_from(LEVELS))
    def escalate(self, level: Any) -> None:
        allowed = self.status != "closed" and LEVELS.index(level) > LEVELS.index(self.level)
        accepted = self.about(EscalateIncident(incident=INCIDENT, level=level, reason="x")) is not None
        assert accepted == allowed
        self.level = level if accepted else self.level

    @rule(other=st.sampled_from((INCIDENT, "ins-0007", "ins-0008")))
    def link(self, other: str) -> None:
        allowed = self.status != "closed" and other != INCIDENT and self.duplicate_of is None
        accepted = self.about(LinkDuplicate(incident=INCIDENT, duplicate_of=other)) is not None
        assert accepted == allowed
        self.duplicate_of = other if accepted else self.duplicate_of

    @invariant()
    def the_picture_shows_what_was_decided(self) -> None:
        if self.shown is None:
            return
        document = to_document(self.shown)
        told = (document["status"], document["level"], document["duplicate_of"], document["complained_unit"])
        assert told == (self.status, self.level, self.duplicate_of, self.complained)
        sent = {unit for event in self.events if isinstance(event, UnitsDispatched) for unit in event.units}
        assert ("complained_unit_dispatched" in document["flags"]) == (self.complained in sent)


class OneAlert(Ordering):
    """Everything that can be said of one alert, by the watch and by an operator."""

    ALERT: ClassVar[str] = alert_id("cluster", "36.04.13", 1)

    def __init__(self) -> None:
        super().__init__()
        self.raised = self.cleared = False
        self.acknowledged = 0

    @rule(n=st.sampled_from((0, 1, 1, 1)), count=st.integers(3, 9))
    def raise_(self, n: int, count: int) -> None:
        order = RaiseAlert(
            alert=self.ALERT, rule="cluster", subject="36.04.13", n=n, since=DAY, numbers={"incidents_count": count}
        )
        accepted = self.order(order) is not None
        assert accepted == (n == 1 and not self.raised)
        self.raised = self.raised or accepted

    @rule()
    def clear(self) -> None:
        accepted = self.order(ClearAlert(alert=self.ALERT, numbers={})) is not None
        assert accepted == (self.raised and not self.cleared)
        self.cleared = self.cleared or accepted

    @rule()
    def acknowledge(self) -> None:
        accepted = self.order(AcknowledgeAlert(alert=self.ALERT, comment="x", until=DAY)) is not None
        assert accepted == (self.raised and not self.cleared)
        self.acknowledged += accepted

    @invariant()
    def the_alert_shows_what_was_decided(self) -> None:
        shown = None
        for event in self.events:
            shown = show("alert", shown, fact(event))
        assert (shown is not None) == self.raised
        if shown is not None:
            document = to_document(shown)
            assert document["state"] == ("cleared" if self.cleared else "standing")
            assert (document["acknowledged"] is not None) == (self.acknowledged > 0)


@pytest.mark.parametrize("machine", [OneIncident, OneAlert])
def test_no_sequence_of_orders_breaks_a_rule(machine: type[Ordering]) -> None:
    machine.steps = 0
    examples = sized(STEPS // STEPS_A_RUN * 5 // 4)  # some runs end early
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=STEPS_A_RUN))
    assert machine.steps >= sized(STEPS)
