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
from services.views.model import fold as show
from services.views.model import from_document, to_document
from tests.support.facts import DAY, fact
from tests.support.size import sized

STEPS, STEPS_A_RUN = 20_000, 40

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


units = st.sampled_from(("u1", "u2"))
orders: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        TriageIncident,
        incident=st.just(INCIDENT),
        type=st.just("officer_neutrality"),
        severity=st.just(2),
        complained_unit=st.none() | units,
    ),
    st.builds(
        DispatchUnits,
        incident=st.just(INCIDENT),
        units=st.lists(units, min_size=1, max_size=2, unique=True).map(tuple),
    ),
    st.just(ContainIncident(incident=INCIDENT, measures="x")),
    st.just(ResolveIncident(incident=INCIDENT, resolution="x")),
    st.just(CloseIncident(incident=INCIDENT)),
    st.just(ReopenIncident(incident=INCIDENT, reason="x")),
    st.builds(EscalateIncident, incident=st.just(INCIDENT), level=st.sampled_from(LEVELS), reason=st.just("x")),
    st.builds(LinkDuplicate, incident=st.just(INCIDENT), duplicate_of=st.sampled_from((INCIDENT, "i7", "i8"))),
)
"""One strategy and not a rule an order: hypothesis leaves some rules out for a whole run, and most ends need many."""


class OneIncident(Ordering):
    """Everything that can be ordered about one incident."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.level = "reported", "polsek"
        self.complained: str | None = None
        self.duplicate_of: str | None = None
        self.shown: Any = None

    @rule(order=orders)
    def anything(self, order: Any) -> None:
        allowed = self.allowed(order)
        event = self.order(order)
        assert (event is not None) == allowed, f"{order} while {self.status}"
        if event is None:
            return
        before, self.status = self.status, self.state.stage
        assert self.status in MOVES[type(event)][before], f"{before} -> {self.status} by {event}"
        self.note(event)
        self.shown = from_document("incident", to_document(show("incident", self.shown, fact(event))))

    def allowed(self, order: Any) -> bool:
        """What DOMAIN.md allows now."""
        match order:
            case DispatchUnits():
                return self.status in OPEN and self.duplicate_of is None and self.complained not in order.units
            case CloseIncident():
                return self.status == "resolved"
            case ReopenIncident():
                return self.status in ("resolved", "closed")
            case EscalateIncident():
                return self.status != "closed" and LEVELS.index(order.level) > LEVELS.index(self.level)
            case LinkDuplicate():
                return self.status != "closed" and self.duplicate_of is None and order.duplicate_of != INCIDENT
            case _:
                return self.status in OPEN

    def note(self, event: Any) -> None:
        match event:
            case IncidentTriaged():
                self.complained = event.complained_unit
            case IncidentReopened():
                judged = any(isinstance(each, IncidentTriaged) for each in self.events)
                assert self.status == ("triaged" if judged else "reported")
                self.duplicate_of = None
            case IncidentEscalated():
                self.level = event.level
            case DuplicateLinked():
                self.duplicate_of = event.duplicate_of

    @invariant()
    def a_unit_complained_of_is_never_dispatched_after_the_triage_that_names_it(self) -> None:
        complained = None
        for event in self.events:
            if isinstance(event, IncidentTriaged):
                complained = event.complained_unit
            assert not (isinstance(event, UnitsDispatched) and complained in event.units)

    @invariant()
    def the_picture_shows_what_was_decided(self) -> None:
        if self.shown is None:
            return
        document = to_document(self.shown)
        told = (document["status"], document["level"], document["duplicate_of"], document["complained_unit"])
        assert told == (self.status, self.level, self.duplicate_of, self.complained)
        sent = {unit for event in self.events if isinstance(event, UnitsDispatched) for unit in event.units}
        assert ("complained_unit_dispatched" in document["flags"]) == (self.complained in sent)


ALERT = alert_id("cluster", "36.04.13", 1)
alert_orders: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        RaiseAlert,
        alert=st.just(ALERT),
        rule=st.just("cluster"),
        subject=st.just("36.04.13"),
        n=st.integers(0, 1),
        since=st.just(DAY),
        numbers=st.fixed_dictionaries({"incidents_count": st.floats(3, 9)}),
    ),
    st.just(ClearAlert(alert=ALERT, numbers={})),
    st.just(AcknowledgeAlert(alert=ALERT, comment="x", until=DAY)),
)


class OneAlert(Ordering):
    """Everything that can be said of one alert, by the watch and by an operator."""

    def __init__(self) -> None:
        super().__init__()
        self.raised = self.cleared = False
        self.acknowledged = 0

    @rule(order=alert_orders)
    def anything(self, order: Any) -> None:
        standing = self.raised and not self.cleared
        allowed = order.n == 1 and not self.raised if isinstance(order, RaiseAlert) else standing
        accepted = self.order(order) is not None
        assert accepted == allowed
        if accepted:
            self.raised = True
            self.cleared = isinstance(order, ClearAlert)
            self.acknowledged += isinstance(order, AcknowledgeAlert)

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
