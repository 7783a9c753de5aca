"""Any arrival order of the same reports gives the same incidents, early warnings and engagements.

Orders and policy messages keep theirs. The logs are such as the decider writes: what it refuses is not in them.
"""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import BY_CLASS
from schemas.incidents import (
    AcknowledgeAlert,
    ClearAlert,
    CloseIncident,
    ContainIncident,
    DispatchUnits,
    EngagementHeld,
    EscalateIncident,
    IncidentReported,
    LinkDuplicate,
    RaiseAlert,
    ReopenIncident,
    ResolveIncident,
    TriageIncident,
    WarningGiven,
)
from schemas.outcomes import Refused
from schemas.types import LEVELS, alert_id
from services.incidents.domain import INCIDENTS
from services.projection.digest import digest
from services.views.facts import Fact
from services.views.model import fold, from_document, is_report, subject_of, to_document
from tests.support.facts import DAY, arrived_in_order, fact, folded
from tests.support.size import sized
from tests.unit.test_projection_order import minutes, shuffled, timeless

VILLAGES, DISTRICTS = ("36.04.13.2009", "36.04.13.2010"), ("36.04.13", "36.04.05")

incidents = st.sampled_from(("i1", "i2"))
some_units = st.lists(st.sampled_from(("u1", "u2", "u3")), min_size=1, max_size=2, unique=True).map(tuple)
types, severities = st.sampled_from(("riot", "protest", "officer_neutrality")), st.integers(1, 4)
alerts = st.integers(0, 1).map(lambda n: alert_id("cluster", VILLAGES[0], n))

reports: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        IncidentReported,
        incident=incidents,
        type=types,
        severity=severities,
        village=st.sampled_from(VILLAGES),
        summary=st.sampled_from(("x", "y")),
        units=some_units,
        incidents=st.lists(incidents, unique=True).map(tuple),
    ),
    st.builds(
        WarningGiven,
        warning=st.sampled_from(("w1", "w2")),
        area=st.sampled_from((*VILLAGES, *DISTRICTS)),
        expects=types,
        reliability=st.sampled_from("ABCDEF"),
        credibility=st.integers(1, 6),
        start=minutes,
        end=minutes,
        summary=st.just("x"),
    ),
    st.builds(
        EngagementHeld,
        engagement=st.sampled_from(("e1", "e2")),
        district=st.sampled_from(DISTRICTS),
        ormas=st.sampled_from(("o1", "o2")),
        participants=st.integers(0, 3),
        summary=st.just("x"),
        place=st.sampled_from((None, "aula")),
    ),
)
orders: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        TriageIncident,
        incident=incidents,
        type=types,
        severity=severities,
        complained_unit=st.sampled_from((None, "u1", "u2")),
    ),
    st.builds(DispatchUnits, incident=incidents, units=some_units),
    st.builds(ContainIncident, incident=incidents, measures=st.just("x")),
    st.builds(ResolveIncident, incident=incidents, resolution=st.just("x")),
    st.builds(CloseIncident, incident=incidents),
    st.builds(ReopenIncident, incident=incidents, reason=st.just("x")),
    st.builds(EscalateIncident, incident=incidents, level=st.sampled_from(LEVELS), reason=st.just("x")),
    st.builds(LinkDuplicate, incident=incidents, duplicate_of=incidents),
    st.integers(0, 1).map(
        lambda n: RaiseAlert(
            alert=alert_id("cluster", VILLAGES[0], n),
            rule="cluster",
            subject=VILLAGES[0],
            n=n,
            since=DAY,
            numbers={"incidents_count": 3.0},
            villages=VILLAGES,
        )
    ),
    st.builds(ClearAlert, alert=alerts, numbers=st.just({"incidents_count": 2.0})),
    st.builds(AcknowledgeAlert, alert=alerts, comment=st.just("x"), until=minutes),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """Facts in one order of arrival; few moments and sources, so that ties are common."""
    states: dict[str, Any] = {}
    found = []
    for number, message in enumerate(draw(st.lists(reports | orders, max_size=30))):
        entry = BY_CLASS[type(message)]
        if entry.kind == "report":
            data = message
        else:
            key = entry.partition_key(message)
            outcome = INCIDENTS.decide(states.get(key), message)
            if isinstance(outcome, Refused):
                continue
            (data,) = outcome
            states[key] = INCIDENTS.evolve(states.get(key), data)
        found.append(stamped(data, draw, number))
    return arrived_in_order(found)


def stamped(data: Any, draw: st.DrawFn, number: int) -> Fact:
    made = fact(data, source=draw(st.sampled_from(("/a", "/b"))), id=f"m{number}")
    made = replace(made, time=draw(minutes))
    if is_report(made) and draw(st.integers(0, 9)) == 0:
        made = replace(made, recordedtime=draw(minutes))
    return made


@settings(max_examples=sized(3000))
@given(logs(), st.randoms(use_true_random=False))
def test_any_arrival_order_of_the_same_reports_gives_the_same_state_and_digest(
    facts: list[Fact], chance: Random
) -> None:
    one = folded(facts).documents()
    other = folded(arrived_in_order(shuffled(facts, chance.shuffle))).documents()
    assert timeless(other) == timeless(one)
    assert digest(other) == digest(one)


@settings(max_examples=sized(1000))
@given(logs(), st.randoms(use_true_random=False))
def test_the_same_facts_in_another_order_give_the_very_same_documents(facts: list[Fact], chance: Random) -> None:
    assert folded(shuffled(facts, chance.shuffle)).documents() == folded(facts).documents()


@settings(max_examples=sized(1000))
@given(logs())
def test_a_state_that_went_through_its_document_folds_on_as_if_it_had_not(facts: list[Fact]) -> None:
    documents: dict[tuple[str, str], dict[str, Any]] = {}
    for each in facts:
        key = subject_of(each)
        before = documents.get(key)
        state = None if before is None else from_document(key[0], before)
        documents[key] = to_document(fold(key[0], state, each))
    assert documents == folded(facts).documents()
