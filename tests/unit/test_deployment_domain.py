"""The rule book of deployment, rule by rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from schemas.deployment import (
    AdoptOperation,
    AssignmentCancelled,
    AssignUnit,
    CancelAssignment,
    ContingentPlanned,
    OperationAdopted,
    PlanContingent,
    PostRequired,
    PostRequiredV1,
    RegisterUnit,
    RequirePost,
    RequirePostV1,
    StandDownUnit,
    UnitAssigned,
    UnitRegistered,
    UnitStoodDown,
)
from schemas.operation import Participant, Stage, Voting
from schemas.outcomes import Refused
from schemas.registry import as_event, upcast
from schemas.types import Counts, Duty, Force, TargetKind
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
    ("duty", "kind", "target"),
    [
        ("guard", "post", f"{WARGASARA}-tps01"),
        ("escort", "protectee", f"{WARGASARA}-c1"),
        ("patrol", "area", "36.04.13"),
        ("escort", "shipment", "logistik-36.04.13.2009"),
    ],
)
def test_a_target_that_fits_its_kind_is_accepted(duty: Duty, kind: TargetKind, target: str) -> None:
    order = replace(assign(), duty=duty, target_kind=kind, target=target)
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


TARGETS: dict[TargetKind, str] = {
    "post": WARGASARA,
    "area": "36.04.13",
    "shipment": "logistik-36.04.13.2009",
    "protectee": f"{WARGASARA}-c1",
}
DUTIES: dict[Duty, set[TargetKind]] = {
    "guard": {"post"},
    "patrol": {"area", "post"},
    "escort": {"shipment", "protectee"},
    "close_protection": {"protectee"},
    "reserve": {"area", "post"},
}


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("kind", TARGETS)
def test_a_duty_is_for_its_kinds_of_target_only(duty: Duty, kind: TargetKind) -> None:
    order = replace(assign(), duty=duty, target_kind=kind, target=TARGETS[kind], order_reference="Sprin/101/X/2019")
    outcome = given(DEPLOYMENT, REGISTERED).when(order)
    if kind in DUTIES[duty]:
        assert outcome == (as_event(order, UnitAssigned),)
    else:
        assert refusal(outcome) == ("duty_unfit", ())


# Cancelling an assignment.

CANCEL = CancelAssignment(unit=REGISTER.unit, assignment="a1", reason="dialihkan")
CANCELLED = as_event(CANCEL, AssignmentCancelled)


def test_an_assignment_can_be_cancelled() -> None:
    assert given(DEPLOYMENT, REGISTERED, assigned()).when(CANCEL) == (CANCELLED,)


def test_no_assignment_of_an_unknown_unit_can_be_cancelled() -> None:
    assert refusal(given(DEPLOYMENT).when(CANCEL)) == ("unit_unknown", (REGISTER.unit,))


def test_an_unknown_assignment_cannot_be_cancelled() -> None:
    assert refusal(given(DEPLOYMENT, REGISTERED, assigned("a2")).when(CANCEL)) == ("assignment_unknown", ("a1",))


def test_an_assignment_is_cancelled_once() -> None:
    outcome = given(DEPLOYMENT, REGISTERED, assigned(), CANCELLED).when(CANCEL)
    assert refusal(outcome) == ("already_cancelled", ("a1",))


def test_cancelling_frees_the_heads_of_that_assignment_and_of_no_other() -> None:
    now = given(DEPLOYMENT, REGISTERED, assigned("a1", polri=6), assigned("a2", polri=3), CANCELLED)
    assert now.when(assign("a3", polri=7)) == (assigned("a3", polri=7),)
    assert refusal(now.when(assign("a3", polri=8))) == ("strength_exceeded", ("a2",))


def test_a_cancelled_duty_no_longer_stands_against_neutrality() -> None:
    now = given(DEPLOYMENT, REGISTERED, assigned("a1", polri=2), CANCELLED)
    assert now.when(protection()) == (as_event(protection(), UnitAssigned),)


def test_the_id_of_a_cancelled_assignment_stays_used() -> None:
    outcome = given(DEPLOYMENT, REGISTERED, assigned(), CANCELLED).when(assign("a1", 20, 22))
    assert refusal(outcome) == ("assignment_exists", ("a1",))


# Standing a unit down, and registering it again.


def stand_down(at: float = 12) -> StandDownUnit:
    return StandDownUnit(unit=REGISTER.unit, at=hour(at), reason="selesai")


def stood_down(at: float = 12) -> UnitStoodDown:
    return as_event(stand_down(at), UnitStoodDown)


def test_a_unit_without_duties_can_be_stood_down() -> None:
    assert given(DEPLOYMENT, REGISTERED).when(stand_down()) == (stood_down(),)


def test_an_unknown_unit_cannot_be_stood_down() -> None:
    assert refusal(given(DEPLOYMENT).when(stand_down())) == ("unit_unknown", (REGISTER.unit,))


def test_a_unit_is_stood_down_once() -> None:
    outcome = given(DEPLOYMENT, REGISTERED, stood_down()).when(stand_down(14))
    assert refusal(outcome) == ("already_stood_down", (REGISTER.unit,))


def test_a_unit_is_not_stood_down_while_a_duty_reaches_beyond_that() -> None:
    before = (assigned("over", 2, 6), assigned("reaching", 6, 12, polri=4), assigned("to-come", 20, 22))
    outcome = given(DEPLOYMENT, REGISTERED, *before).when(stand_down(8))
    assert refusal(outcome) == ("still_assigned", ("reaching", "to-come"))


def test_a_unit_can_be_stood_down_at_the_end_of_its_last_duty() -> None:
    assert given(DEPLOYMENT, REGISTERED, assigned(end=12)).when(stand_down(12)) == (stood_down(12),)


def test_a_unit_can_be_stood_down_once_the_duty_that_reached_beyond_is_cancelled() -> None:
    assert given(DEPLOYMENT, REGISTERED, assigned(), CANCELLED).when(stand_down(8)) == (stood_down(8),)


def test_a_unit_that_is_stood_down_gets_no_duty_that_reaches_beyond_that() -> None:
    now = given(DEPLOYMENT, REGISTERED, stood_down(12))
    assert refusal(now.when(assign(start=6, end=12.5))) == ("unit_stood_down", (REGISTER.unit,))
    assert refusal(now.when(assign(start=13, end=14))) == ("unit_stood_down", (REGISTER.unit,))
    assert now.when(assign(end=12)) == (assigned(end=12),)


def again(polri: int = 10) -> UnitRegistered:
    return replace(REGISTERED, strength={"polri": polri})


def test_a_unit_that_was_stood_down_can_be_registered_again_and_given_duties() -> None:
    back = replace(REGISTER, callsign="Kalimaya 8")
    assert given(DEPLOYMENT, REGISTERED, stood_down()).when(back) == (as_event(back, UnitRegistered),)
    now = given(DEPLOYMENT, REGISTERED, stood_down(), again())
    assert now.when(assign(start=13, end=14)) == (assigned(start=13, end=14),)
    assert refusal(now.when(REGISTER)) == ("already_registered", (REGISTER.unit,))


def test_ids_of_assignments_stay_used_when_a_unit_is_registered_again() -> None:
    now = given(DEPLOYMENT, REGISTERED, assigned("a1"), CANCELLED, assigned("a2"), stood_down(), again())
    for used in ("a1", "a2"):
        assert refusal(now.when(assign(used, 20, 22))) == ("assignment_exists", (used,))


def test_the_strength_of_the_second_registration_counts_from_the_stand_down_on() -> None:
    now = given(DEPLOYMENT, REGISTERED, stood_down(12), again(polri=4))
    assert now.when(assign(start=6, end=12, polri=10)) == (assigned(start=6, end=12, polri=10),)
    assert now.when(assign(start=12, end=18, polri=4)) == (assigned(start=12, end=18, polri=4),)
    for start in (6, 12):
        assert refusal(now.when(assign(start=start, end=18, polri=5))) == ("strength_exceeded", ())


def test_what_was_ordered_before_the_stand_down_still_binds_its_heads_until_then() -> None:
    now = given(DEPLOYMENT, REGISTERED, assigned("a1", 6, 12, polri=8), stood_down(12), again(polri=20))
    assert refusal(now.when(assign("a2", 11, 13, polri=3))) == ("strength_exceeded", ("a1",))
    assert now.when(assign("a2", 12, 13, polri=20)) == (assigned("a2", 12, 13, polri=20),)


def test_a_strength_that_never_took_effect_counts_for_nothing() -> None:
    earlier = given(DEPLOYMENT, REGISTERED, stood_down(12), again(20), stood_down(8), again(6))
    assert refusal(earlier.when(assign(start=7, end=14, polri=7))) == ("strength_exceeded", ())
    assert earlier.when(assign(start=7, end=14, polri=6)) == (assigned(start=7, end=14, polri=6),)


def test_a_unit_has_heads_of_the_force_that_it_is_said_to_be_of() -> None:
    order = replace(REGISTER, force="linmas")
    assert given(DEPLOYMENT).when(order) == (as_event(order, UnitRegistered),)


@pytest.mark.parametrize("strength", [{"polri": 10}, {"polri": 10, "brimob": 0}])
def test_a_unit_of_a_force_of_which_it_has_no_heads_is_refused(strength: Counts) -> None:
    order = replace(REGISTER, force="brimob", strength=strength)
    assert refusal(given(DEPLOYMENT).when(order)) == ("force_without_heads", ())


# Versions of plans: posts, contingents, the operation.


def test_a_post_s_first_plan_version_takes_force() -> None:
    assert given(DEPLOYMENT).when(REQUIRE) == (as_event(REQUIRE, PostRequired),)


def test_a_newer_plan_version_supersedes() -> None:
    newer = replace(REQUIRE, plan_version=4)
    assert given(DEPLOYMENT, as_event(REQUIRE, PostRequired)).when(newer) == (as_event(newer, PostRequired),)


@pytest.mark.parametrize("version", [3, 2])
def test_a_plan_version_that_is_not_newer_is_refused(version: int) -> None:
    outcome = given(DEPLOYMENT, as_event(REQUIRE, PostRequired)).when(replace(REQUIRE, plan_version=version))
    assert refusal(outcome) == ("version_not_newer", ("3",))


def test_a_post_s_plan_must_end_after_it_starts() -> None:
    assert refusal(given(DEPLOYMENT).when(replace(REQUIRE, end=REQUIRE.start))) == ("window_empty", ())


def test_an_order_of_the_first_version_is_decided_as_one_of_the_second() -> None:
    old = RequirePostV1(
        post=WARGASARA,
        jurisdiction="polres-serang",
        vulnerability="rawan",
        stations=2,
        required={"polri": 2, "linmas": 2},
        start=hour(-12),
        end=hour(24),
        plan_version=3,
        plan_source="Rencana pengamanan",
    )
    assert given(DEPLOYMENT).when(upcast(old)) == (as_event(REQUIRE, PostRequired),)
    assert refusal(given(DEPLOYMENT, upcast(as_event(old, PostRequiredV1))).when(REQUIRE)) == (
        "version_not_newer",
        ("3",),
    )


CONTINGENT = PlanContingent(
    contingent="polres-serang",
    agency="polres-serang",
    personnel={"polri": 474},
    start=hour(-96),
    end=hour(48),
    plan_version=1,
    plan_source="Rapat 30 Oktober 2019",
    plan_dated=date(2019, 10, 30),
)


def test_a_contingent_s_first_plan_version_takes_force() -> None:
    assert given(DEPLOYMENT).when(CONTINGENT) == (as_event(CONTINGENT, ContingentPlanned),)


def test_a_newer_version_of_a_contingent_supersedes() -> None:
    newer = replace(CONTINGENT, plan_version=2, personnel={"polri": 400})
    assert given(DEPLOYMENT, as_event(CONTINGENT, ContingentPlanned)).when(newer) == (
        as_event(newer, ContingentPlanned),
    )


@pytest.mark.parametrize("version", [3, 2])
def test_a_version_of_a_contingent_that_is_not_newer_is_refused(version: int) -> None:
    before = as_event(replace(CONTINGENT, plan_version=3), ContingentPlanned)
    outcome = given(DEPLOYMENT, before).when(replace(CONTINGENT, plan_version=version))
    assert refusal(outcome) == ("version_not_newer", ("3",))


def test_a_contingent_s_plan_must_end_after_it_starts() -> None:
    outcome = given(DEPLOYMENT).when(replace(CONTINGENT, end=CONTINGENT.start))
    assert refusal(outcome) == ("window_empty", ())


ADOPT = AdoptOperation(
    operation="aman-pilkades-kalimaya-2019",
    version=2,
    name="Aman Pilkades Kalimaya 2019",
    polling_day=date(2019, 11, 3),
    stages=(
        Stage(stage="distribution", start=hour(-48), end=hour(-12)),
        Stage(stage="voting", start=hour(0), end=hour(6)),
    ),
    villages=(
        Voting(village=WARGASARA, jurisdiction="polres-serang", stations=2),
        Voting(village=KRAMATWATU, jurisdiction="polres-cilegon", stations=9),
    ),
    agencies=(
        Participant(agency="polres-serang", name="Polres Serang"),
        Participant(agency="dpmd", name="DPMD Kabupaten Serang"),
    ),
    source="Rapat 30 Oktober 2019",
    dated=date(2019, 10, 30),
)


def test_an_operation_is_adopted() -> None:
    assert given(DEPLOYMENT).when(ADOPT) == (as_event(ADOPT, OperationAdopted),)


def test_a_newer_version_of_the_operation_supersedes() -> None:
    newer = replace(ADOPT, version=3)
    assert given(DEPLOYMENT, as_event(ADOPT, OperationAdopted)).when(newer) == (as_event(newer, OperationAdopted),)


@pytest.mark.parametrize("version", [2, 1])
def test_a_version_of_the_operation_that_is_not_newer_is_refused(version: int) -> None:
    outcome = given(DEPLOYMENT, as_event(ADOPT, OperationAdopted)).when(replace(ADOPT, version=version))
    assert refusal(outcome) == ("version_not_newer", ("2",))


def test_a_stage_of_the_operation_must_end_after_it_starts() -> None:
    stages = (*ADOPT.stages, Stage(stage="counting", start=hour(6), end=hour(6)))
    outcome = given(DEPLOYMENT).when(replace(ADOPT, stages=stages))
    assert refusal(outcome) == ("window_empty", ())
    assert isinstance(outcome, Refused)
    assert "stage counting" in outcome.detail


@pytest.mark.parametrize(
    ("field", "clash"), [("stages", "distribution"), ("villages", WARGASARA), ("agencies", "polres-serang")]
)
def test_the_operation_lists_each_stage_village_and_agency_once(field: str, clash: str) -> None:
    listed = getattr(ADOPT, field)
    outcome = given(DEPLOYMENT).when(replace(ADOPT, **{field: (*listed, listed[0])}))
    assert refusal(outcome) == ("listed_twice", (clash,))


def test_what_is_about_a_unit_never_meets_a_plan() -> None:
    with pytest.raises(TypeError, match="where a unit is expected"):
        given(DEPLOYMENT, as_event(REQUIRE, PostRequired)).when(assign())
    with pytest.raises(TypeError, match="where a plan is expected"):
        given(DEPLOYMENT, REGISTERED).when(REQUIRE)


def test_nothing_befalls_a_unit_before_it_is_registered() -> None:
    with pytest.raises(ValueError, match="before it was registered"):
        given(DEPLOYMENT, assigned())


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
