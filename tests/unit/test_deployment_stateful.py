"""Long runs of orders to one aggregate, against a plain account of what they may bring about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.deployment import (
    AdoptOperation,
    AssignUnit,
    CancelAssignment,
    PlanContingent,
    RegisterUnit,
    RequirePost,
    StandDownUnit,
)
from schemas.operation import Participant, Stage, Voting
from schemas.outcomes import Refused
from schemas.registry import BY_CLASS
from schemas.types import Duty, Force, TargetKind, village_of
from services.deployment.domain import DEPLOYMENT, Plan
from services.deployment.units import TARGET_KINDS, Unit
from tests.support.given import OPERATION
from tests.support.size import sized

STEPS = 50
DAY = datetime(2019, 11, 3, tzinfo=UTC)
HOURS = range(24)
FORCES: tuple[Force, ...] = ("polri", "linmas")
TARGETS: dict[TargetKind, tuple[str, ...]] = {
    "post": ("36.04.13.2009", "36.04.13.2009-tps01", "36.04.05.2001"),
    "area": ("36.04.13",),
    "shipment": ("kirim-1",),
    "protectee": ("36.04.13.2009-c1", "36.04.05.2001-c1"),
}

hours = st.integers(0, 23)
lengths = st.integers(0, 40).map(lambda n: n % 9)  # 0 only now and then
heads = st.dictionaries(st.sampled_from(FORCES), st.integers(0, 4), min_size=1)
strengths = st.fixed_dictionaries(dict.fromkeys(FORCES, st.integers(0, 8)))
ids = st.sampled_from([f"a{n}" for n in range(40)])
texts = st.just("x")
purposes = st.sampled_from(
    [(duty, kind, target) for duty, kinds in TARGET_KINDS.items() for kind in kinds for target in TARGETS[kind]]
)


def hour(n: int) -> datetime:
    return DAY + timedelta(hours=n)


class Aggregate(RuleBasedStateMachine):
    """An aggregate, every event that it had, and what must hold of it whatever it is ordered to do."""

    def __init__(self) -> None:
        super().__init__()
        self.state: Any = None
        self.events: list[Any] = []

    def order(self, order: Any) -> str | None:
        """Give an order; the reason if it is refused. A refused one changes nothing, an accepted one is one event."""
        before = repr(self.state)
        outcome = DEPLOYMENT.decide(self.state, order)
        assert repr(self.state) == before
        if isinstance(outcome, Refused):
            return outcome.reason
        (event,) = outcome
        assert BY_CLASS[type(event)].of is type(order)
        self.state = DEPLOYMENT.evolve(self.state, event)
        self.events.append(event)
        return None

    @invariant()
    def there_is_no_state_without_its_events(self) -> None:
        state: Any = None
        for event in self.events:
            state = DEPLOYMENT.evolve(state, event)
        assert state == self.state


@dataclass(frozen=True)
class Bound:
    """A duty in the account, hour by hour."""

    kind: TargetKind
    target: str
    hours: frozenset[int]
    heads: Mapping[Force, int]


class UnitMachine(Aggregate):
    """A unit, beside a plain account: its strength at each hour, its duties by id, all ids ever used."""

    def __init__(self) -> None:
        super().__init__()
        self.strength: dict[int, Mapping[Force, int]] | None = None
        self.standing: dict[str, Bound] = {}
        self.used: set[str] = set()
        self.released: int | None = None

    @initialize(strength=strengths, at_all=st.integers(0, 9))
    def often_it_is_registered_first(self, strength: dict[Force, int], at_all: int) -> None:
        if at_all:
            self.register(strength, None)

    @rule(strength=strengths, force=st.none() | st.sampled_from(FORCES))
    def register(self, strength: dict[Force, int], force: Force | None) -> None:
        order = RegisterUnit(unit="u", name="n", agency="a", strength=strength, callsign="c", force=force)
        expected = None
        if self.strength is not None and self.released is None:
            expected = "already_registered"
        elif force is not None and not strength.get(force, 0):
            expected = "force_without_heads"
        assert self.order(order) == expected
        if expected is None:
            since = self.released or 0
            self.strength = {n: strength if n >= since else (self.strength or {})[n] for n in HOURS}
            self.released = None

    @rule(
        id_=ids,
        purpose=purposes,
        start=hours,
        length=lengths,
        headcount=heads,
        reference=st.sampled_from((None, "STR/1")),
    )
    def assign(
        self,
        id_: str,
        purpose: tuple[Duty, TargetKind, str],
        start: int,
        length: int,
        headcount: dict[Force, int],
        reference: str | None,
    ) -> None:
        duty, kind, target = purpose
        end = min(start + length, 24)
        order = AssignUnit(
            unit="u",
            assignment=id_,
            duty=duty,
            target_kind=kind,
            target=target,
            start=hour(start),
            end=hour(end),
            headcount=headcount,
            order_reference=reference,
        )
        bound = Bound(kind, target, frozenset(range(start, end)), headcount)
        refused = self.order(order)
        assert (refused is not None) == bool(self.against(bound, id_, end, duty, reference))
        assert refused is None or refused in self.against(bound, id_, end, duty, reference)
        if refused is None:
            self.standing[id_] = bound
            self.used.add(id_)

    def against(self, new: Bound, id_: str, end: int, duty: Duty, reference: str | None) -> set[str]:
        """All that speaks against this assignment."""
        if self.strength is None:
            return {"unit_unknown"}
        found = {
            "window_empty": not new.hours,
            "headcount_empty": not any(new.heads.values()),
            "order_reference_missing": duty == "close_protection" and reference is None,
            "assignment_exists": id_ in self.used,
            "unit_stood_down": self.released is not None and end > self.released,
            "neutrality": any(self.both(each, new) for each in self.standing.values()),
            "strength_exceeded": any(not self.enough([*self.standing.values(), new], n) for n in new.hours),
        }
        return {reason for reason, holds in found.items() if holds}

    @staticmethod
    def both(one: Bound, other: Bound) -> bool:
        """Whether together they guard the poll of a village and protect its candidate."""
        return (
            {one.kind, other.kind} == {"post", "protectee"}
            and village_of(one.target) == village_of(other.target)
            and bool(one.hours & other.hours)
        )

    def enough(self, duties: Sequence[Bound], n: int) -> bool:
        strength = (self.strength or {})[n]
        return all(sum(d.heads.get(f, 0) for d in duties if n in d.hours) <= strength.get(f, 0) for f in FORCES)

    @rule(id_=ids)
    def cancel(self, id_: str) -> None:
        expected = None
        if self.strength is None:
            expected = "unit_unknown"
        elif id_ not in self.standing:
            expected = "already_cancelled" if id_ in self.used else "assignment_unknown"
        assert self.order(CancelAssignment(unit="u", assignment=id_, reason="r")) == expected
        self.standing.pop(id_, None)

    @rule(data=st.data())
    def cancel_one_that_stands(self, data: st.DataObject) -> None:
        if self.standing:
            self.cancel(data.draw(st.sampled_from(sorted(self.standing))))

    @rule(at=st.integers(1, 24))
    def stand_down(self, at: int) -> None:
        expected = None
        if self.strength is None:
            expected = "unit_unknown"
        elif self.released is not None:
            expected = "already_stood_down"
        elif any(max(each.hours) >= at for each in self.standing.values()):
            expected = "still_assigned"
        assert self.order(StandDownUnit(unit="u", at=hour(at), reason="r")) == expected
        if expected is None:
            self.released = at

    @invariant()
    def never_more_is_assigned_than_there_is(self) -> None:
        """By the aggregate's own state, at every instant at which anything begins."""
        if not isinstance(self.state, Unit):
            return
        for instant in {each.start for each in self.state.assignments} | {each.since for each in self.state.strengths}:
            strength = [each.heads for each in self.state.strengths if each.since <= instant][-1]
            there = [each for each in self.state.assignments if each.start <= instant < each.end]
            for force in FORCES:
                assert sum(each.headcount.get(force, 0) for each in there) <= strength.get(force, 0)

    @invariant()
    def the_state_is_that_of_the_account(self) -> None:
        if self.state is None:
            assert self.strength is None
            return
        assert {each.assignment for each in self.state.assignments} == self.standing.keys()
        assert self.state.cancelled == self.used - self.standing.keys()
        assert self.state.stood_down == (None if self.released is None else hour(self.released))

    @invariant()
    def no_duty_reaches_beyond_the_release(self) -> None:
        if self.state is not None and self.state.stood_down is not None:
            assert all(each.end <= self.state.stood_down for each in self.state.assignments)

    @invariant()
    def nobody_guards_a_poll_and_protects_its_candidate(self) -> None:
        duties = list(self.standing.values())
        assert not any(self.both(one, other) for n, one in enumerate(duties) for other in duties[n + 1 :])


nexts = st.integers(-2, 6)
windows = st.tuples(hours, lengths).map(lambda each: (each[0], each[0] + each[1]))


class PlanMachine(Aggregate):
    """A plan in its versions, which only ever follow each other."""

    def __init__(self) -> None:
        super().__init__()
        self.in_force: int | None = None

    def following(self, n: int) -> int:
        """The n-th version after the one in force."""
        return max(1, (self.in_force or 0) + n)

    def version(self, order: Any, version: int, ill_formed: set[str]) -> None:
        """Give an order for a version, and see that it is refused if and only if something speaks against it."""
        refused = self.order(order)
        against = ill_formed | ({"version_not_newer"} if self.in_force and version <= self.in_force else set())
        assert (refused is not None) == bool(against)
        assert refused is None or refused in against
        if refused is None:
            self.in_force = version

    @invariant()
    def the_newest_version_is_in_force_and_none_came_after_a_newer_one(self) -> None:
        numbers = [getattr(each, "plan_version", None) or each.version for each in self.events]
        assert numbers == sorted(set(numbers))
        assert self.state == (Plan(numbers[-1]) if numbers else None)


class PostMachine(PlanMachine):
    """The plan of a guard post."""

    @rule(n=nexts, window=windows)
    def require(self, n: int, window: tuple[int, int]) -> None:
        version, (start, end) = self.following(n), window
        order = RequirePost(
            post="36.04.13.2009",
            jurisdiction="polres-serang",
            vulnerability="rawan",
            stations=2,
            needs=(),
            start=hour(start),
            end=hour(end),
            plan_version=version,
            plan_source="p",
        )
        self.version(order, version, {"window_empty"} if end <= start else set())


class ContingentMachine(PlanMachine):
    """The plan of a contingent."""

    @rule(n=nexts, window=windows, personnel=heads)
    def plan(self, n: int, window: tuple[int, int], personnel: dict[Force, int]) -> None:
        version, (start, end) = self.following(n), window
        order = PlanContingent(
            contingent="c",
            agency="a",
            personnel=personnel,
            start=hour(start),
            end=hour(end),
            plan_version=version,
            plan_source="p",
            plan_dated=DAY.date(),
        )
        self.version(order, version, {"window_empty"} if end <= start else set())


stages = st.tuples(st.sampled_from(("voting", "counting")), windows).map(
    lambda each: Stage(stage=each[0], start=hour(each[1][0]), end=hour(each[1][1]))  # type: ignore[arg-type]
)
voting = st.sampled_from(("36.04.13.2009", "36.04.05.2001", "36.04.13.2010")).map(
    lambda code: Voting(village=code, jurisdiction="polres-serang", stations=1)
)
agencies = st.sampled_from(("a", "b")).map(lambda agency: Participant(agency=agency, name="n"))


class OperationMachine(PlanMachine):
    """The operation file."""

    @rule(
        n=nexts,
        of=st.tuples(
            st.lists(stages, min_size=1, max_size=2),
            st.lists(voting, min_size=1, max_size=3),
            st.lists(agencies, min_size=1, max_size=2),
        ),
    )
    def adopt(self, n: int, of: tuple[list[Stage], list[Voting], list[Participant]]) -> None:
        version = self.following(n)
        names = [each.stage for each in of[0]], [each.village for each in of[1]], [each.agency for each in of[2]]
        ill_formed = {"window_empty"} if any(each.end <= each.start for each in of[0]) else set()
        if any(len(set(each)) < len(each) for each in names):
            ill_formed.add("listed_twice")
        file = dict(zip(("stages", "villages", "agencies"), map(tuple, of), strict=True))
        self.version(AdoptOperation(**OPERATION | file | {"version": version}), version, ill_formed)


TestUnit = UnitMachine.TestCase
TestUnit.settings = settings(max_examples=sized(600), stateful_step_count=STEPS, deadline=None)
for machine in (PostMachine, ContingentMachine, OperationMachine):
    machine.TestCase.settings = settings(max_examples=sized(450), stateful_step_count=STEPS, deadline=None)
TestPost, TestContingent, TestOperation = PostMachine.TestCase, ContingentMachine.TestCase, OperationMachine.TestCase
