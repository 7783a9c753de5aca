"""The rule book of deployment, rule by rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from schemas.deployment import (
    AssignUnit,
    PostRequired,
    RegisterUnit,
    RequirePost,
    UnitAssigned,
    UnitRegistered,
)
from schemas.outcomes import Refused
from schemas.registry import as_event
from schemas.types import Counts, Force, TargetKind
from services.deployment.domain import DEPLOYMENT
from tests.support.given import by_post, given, refusal

WARGASARA = "36.04.13.2009"
KRAMATWATU = "36.04.05.2001"
POLLING_DAY = datetime(2019, 11, 3, tzinfo=UTC)

REGISTER = RegisterUnit(
    unit="polres-serang-007",
    name="Regu 7",
    agency="polres-serang",
    strength={"polri": 10, "linmas": 4},
    callsign="Kalimaya 7",
)
REGISTERED = as_event(REGISTER, UnitRegistered)


def hour(n: float) -> datetime:
    return POLLING_DAY + timedelta(hours=n)


def assign(assignment: str = "a1", start: float = 6, end: float = 12, polri: int = 6) -> AssignUnit:
    return AssignUnit(
        unit=REGISTER.unit,
        assignment=assignment,
        duty="guard",
        target_kind="post",
        target=WARGASARA,
        start=hour(start),
        end=hour(end),
        headcount={"polri": polri},
    )


def assigned(assignment: str = "a1", start: float = 6, end: float = 12, polri: int = 6) -> UnitAssigned:
    return as_event(assign(assignment, start, end, polri), UnitAssigned)


def protection(of: str = f"{WARGASARA}-c1") -> AssignUnit:
    return replace(
        assign("protection", polri=2),
        duty="close_protection",
        target_kind="protectee",
        target=of,
        order_reference="Sprin/101/X/2019",
    )


REQUIRE = RequirePost(
    post=WARGASARA,
    jurisdiction="polres-serang",
    vulnerability="rawan",
    stations=2,
    needs=by_post(polri=2, linmas=2),
    start=hour(-12),
    end=hour(24),
    plan_version=3,
    plan_source="Rencana pengamanan",
)


def test_registering_a_unit_enters_it() -> None:
    assert given(DEPLOYMENT).when(REGISTER) == (REGISTERED,)


def test_a_unit_is_registered_once() -> None:
    assert refusal(given(DEPLOYMENT, REGISTERED).when(REGISTER)) == ("already_registered", (REGISTER.unit,))


def test_a_registered_unit_can_be_assigned() -> None:
    assert given(DEPLOYMENT, REGISTERED).when(assign()) == (assigned(),)


def test_an_unknown_unit_cannot_be_assigned() -> None:
    assert refusal(given(DEPLOYMENT).when(assign())) == ("unit_unknown", (REGISTER.unit,))


@pytest.mark.parametrize("end", [6, 5])
def test_an_assignment_must_end_after_it_starts(end: float) -> None:
    assert refusal(given(DEPLOYMENT, REGISTERED).when(assign(end=end))) == ("window_empty", ())


def test_an_assignment_id_serves_once_even_for_another_time() -> None:
    again = assign("a1", start=20, end=22)
    assert refusal(given(DEPLOYMENT, REGISTERED, assigned("a1")).when(again)) == ("assignment_exists", ("a1",))


def test_an_assignment_binds_at_least_one_head() -> None:
    assert refusal(given(DEPLOYMENT, REGISTERED).when(assign(polri=0))) == ("headcount_empty", ())


def test_a_unit_can_be_bound_up_to_its_strength() -> None:
    assert given(DEPLOYMENT, REGISTERED, assigned("a1", polri=6)).when(assign("a2", polri=4)) == (
        assigned("a2", polri=4),
    )


def test_a_unit_cannot_be_bound_beyond_its_strength() -> None:
    outcome = given(DEPLOYMENT, REGISTERED, assigned("a1", polri=6)).when(assign("a2", polri=5))
    assert refusal(outcome) == ("strength_exceeded", ("a1",))


def test_a_refusal_for_strength_tells_the_numbers_and_the_assignment() -> None:
    outcome = given(DEPLOYMENT, REGISTERED, assigned("a1", polri=6)).when(assign("a2", polri=5))
    assert isinstance(outcome, Refused)
    for words in ("polri: 5 ordered and 6 bound already", "strength 10", f"a1 on {WARGASARA}"):
        assert words in outcome.detail


def test_a_refusal_for_strength_tells_the_worst_instant() -> None:
    before = (assigned("a1", 6, 9, polri=8), assigned("a2", 9, 12, polri=6))
    outcome = given(DEPLOYMENT, REGISTERED, *before).when(assign("a3", polri=5))
    assert isinstance(outcome, Refused)
    assert "8 bound already" in outcome.detail


def test_more_heads_than_the_unit_has_are_refused_though_it_is_free() -> None:
    assert refusal(given(DEPLOYMENT, REGISTERED).when(assign(polri=11))) == ("strength_exceeded", ())


def test_heads_of_a_force_that_the_unit_lacks_are_refused() -> None:
    order = replace(assign(), headcount={"brimob": 1})
    assert refusal(given(DEPLOYMENT, REGISTERED).when(order)) == ("strength_exceeded", ())


def test_heads_are_counted_force_by_force() -> None:
    order = replace(assign("a2"), headcount={"linmas": 4})
    assert given(DEPLOYMENT, REGISTERED, assigned("a1", polri=10)).when(order) == (as_event(order, UnitAssigned),)


@pytest.mark.parametrize(("start", "end"), [(12, 14), (2, 6)])
def test_windows_that_only_touch_do_not_overlap(start: float, end: float) -> None:
    order = assign("a2", start, end, polri=10)
    assert given(DEPLOYMENT, REGISTERED, assigned("a1", 6, 12, polri=10)).when(order) == (
        as_event(order, UnitAssigned),
    )


def test_heads_of_assignments_that_follow_one_another_are_not_summed() -> None:
    relay = (assigned("early", 6, 9, polri=6), assigned("late", 9, 12, polri=6))
    assert given(DEPLOYMENT, REGISTERED, *relay).when(assign("a3", 6, 12, polri=4)) == (assigned("a3", 6, 12, polri=4),)


def test_a_refusal_names_only_what_is_bound_when_strength_is_exceeded() -> None:
    before = (assigned("early", 6, 8, polri=1), assigned("mid", 8, 10, polri=6), assigned("late", 10, 12, polri=1))
    outcome = given(DEPLOYMENT, REGISTERED, *before).when(assign("a4", 6, 12, polri=5))
    assert refusal(outcome) == ("strength_exceeded", ("mid",))


def test_a_refusal_does_not_name_assignments_of_another_force() -> None:
    linmas = as_event(replace(assign("linmas"), headcount={"linmas": 4}), UnitAssigned)
    outcome = given(DEPLOYMENT, REGISTERED, linmas, assigned("a1", polri=6)).when(assign("a2", polri=5))
    assert refusal(outcome) == ("strength_exceeded", ("a1",))


def test_a_long_refusal_stays_readable_and_still_names_every_clash() -> None:
    before = [assigned(f"a{n}", polri=1) for n in range(10)]
    outcome = given(DEPLOYMENT, REGISTERED, *before).when(assign("late", polri=1))
    assert isinstance(outcome, Refused)
    assert outcome.clashes == tuple(f"a{n}" for n in range(10))
    assert "a4 on" in outcome.detail
    assert "a5 on" not in outcome.detail
    assert "and 5 more" in outcome.detail


def test_close_protection_rests_on_a_written_order() -> None:
    order = replace(protection(), order_reference=None)
    assert refusal(given(DEPLOYMENT, REGISTERED).when(order)) == ("order_reference_missing", ())


def test_close_protection_with_a_written_order_is_accepted() -> None:
    assert given(DEPLOYMENT, REGISTERED).when(protection()) == (as_event(protection(), UnitAssigned),)


def test_a_unit_that_guards_a_post_cannot_protect_that_village_s_candidate() -> None:
    outcome = given(DEPLOYMENT, REGISTERED, assigned("a1", polri=2)).when(protection())
    assert refusal(outcome) == ("neutrality", ("a1",))


def test_a_unit_that_protects_a_candidate_cannot_guard_a_post_of_that_village() -> None:
    before = as_event(protection(), UnitAssigned)
    order = replace(assign(polri=2), target=f"{WARGASARA}-tps01")
    assert refusal(given(DEPLOYMENT, REGISTERED, before).when(order)) == ("neutrality", ("protection",))


def test_a_unit_may_protect_the_candidate_of_another_village() -> None:
    order = protection(of=f"{KRAMATWATU}-c1")
    assert given(DEPLOYMENT, REGISTERED, assigned("a1", polri=2)).when(order) == (as_event(order, UnitAssigned),)


def test_a_unit_may_protect_a_candidate_after_it_guarded_the_post() -> None:
    before = assigned("a1", 2, 6, polri=2)
    assert given(DEPLOYMENT, REGISTERED, before).when(protection()) == (as_event(protection(), UnitAssigned),)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("post", f"{WARGASARA}-tps01"),
        ("protectee", f"{WARGASARA}-c1"),
        ("area", "36.04.13"),
        ("shipment", "logistik-36.04.13.2009"),
    ],
)
def test_a_target_that_fits_its_kind_is_accepted(kind: TargetKind, target: str) -> None:
    order = replace(assign(), target_kind=kind, target=target)
    assert given(DEPLOYMENT, REGISTERED).when(order) == (as_event(order, UnitAssigned),)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("post", "36.04.13"),
        ("post", f"{WARGASARA}-c1"),
        ("post", "36.04.99.2001"),
        ("post", f"{WARGASARA}\n"),
        ("protectee", WARGASARA),
        ("protectee", "36.04.99.2001-c1"),
        ("area", WARGASARA),
        ("area", "36.04.99"),
        ("shipment", "Logistik 1"),
    ],
)
def test_a_target_that_does_not_fit_its_kind_is_refused(kind: TargetKind, target: str) -> None:
    order = replace(assign(), target_kind=kind, target=target)
    assert refusal(given(DEPLOYMENT, REGISTERED).when(order)) == ("target_malformed", ())


def test_a_post_s_first_plan_version_takes_force() -> None:
    assert given(DEPLOYMENT).when(REQUIRE) == (as_event(REQUIRE, PostRequired),)


def test_a_newer_plan_version_supersedes() -> None:
    newer = replace(REQUIRE, plan_version=4)
    assert given(DEPLOYMENT, as_event(REQUIRE, PostRequired)).when(newer) == (as_event(newer, PostRequired),)


@pytest.mark.parametrize("version", [3, 2])
def test_a_plan_version_that_is_not_newer_is_refused(version: int) -> None:
    outcome = given(DEPLOYMENT, as_event(REQUIRE, PostRequired)).when(replace(REQUIRE, plan_version=version))
    assert refusal(outcome) == ("plan_version_not_newer", ("3",))


def test_a_post_s_plan_must_end_after_it_starts() -> None:
    assert refusal(given(DEPLOYMENT).when(replace(REQUIRE, end=REQUIRE.start))) == ("window_empty", ())


def test_evolving_leaves_the_former_state_as_it_was() -> None:
    before = given(DEPLOYMENT, REGISTERED).state
    DEPLOYMENT.evolve(before, assigned())
    assert before == given(DEPLOYMENT, REGISTERED).state


FORCES: tuple[Force, ...] = ("polri", "linmas")
HEADS = st.dictionaries(st.sampled_from(FORCES), st.integers(0, 4), min_size=1)
WINDOWS = st.tuples(st.integers(0, 12), st.integers(1, 6), HEADS)


@for_all(HEADS, st.lists(WINDOWS, max_size=12))
def test_strength_is_judged_as_by_counting_heads_at_every_instant(
    strength: Counts, windows: list[tuple[int, int, Counts]]
) -> None:
    now = given(DEPLOYMENT, replace(REGISTERED, strength=strength))
    standing: list[AssignUnit] = []
    for n, (start, length, headcount) in enumerate(windows):
        order = replace(assign(f"a{n}", start, start + length), headcount=headcount)
        if not any(headcount.values()):
            continue
        exceeded, clashes = count_heads(strength, standing, order)
        outcome = now.when(order)
        if exceeded:
            assert refusal(outcome) == ("strength_exceeded", clashes)
        else:
            assert not isinstance(outcome, Refused), outcome.detail
            now = replace(now, state=DEPLOYMENT.evolve(now.state, outcome[0]))
            standing.append(order)


def count_heads(strength: Counts, standing: list[AssignUnit], order: AssignUnit) -> tuple[bool, tuple[str, ...]]:
    """The rule as it reads: hour by hour, force by force (all windows begin and end on the hour)."""
    exceeded = False
    clashing: set[str] = set()
    for instant in map(hour, range(24)):
        if not order.start <= instant < order.end:
            continue
        there = [a for a in standing if a.start <= instant < a.end]
        for force, heads in order.headcount.items():
            others = [a for a in there if a.headcount.get(force)]
            if heads and heads + sum(a.headcount[force] for a in others) > strength.get(force, 0):
                exceeded = True
                clashing.update(a.assignment for a in others)
    return exceeded, tuple(a.assignment for a in standing if a.assignment in clashing)
