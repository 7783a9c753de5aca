"""Long random runs of logistics: handovers and custody, seals, ballots after the count.

What the code says after every step is compared with a count of its own that is as simple as can be: it keeps every
message and works everything out anew. At full size each machine takes 20,000 steps and more.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.logistics import CustodyReceived, CustodyReleased, Package, PackageSealed, PlanShipment, SealPackage
from schemas.outcomes import Refused
from schemas.registry import as_event
from services.logistics.domain import LOGISTICS
from services.views.facts import Fact
from services.views.model import fold, from_document, to_document
from tests.support.facts import DAY, fact
from tests.support.shipment import BOXES, STORE, VILLAGE, WAY_OUT, S, load, package, planned, reconciled
from tests.support.size import sized

LONG = settings(max_examples=sized(500), stateful_step_count=50)

MINUTES = 12
minutes = st.integers(0, MINUTES - 1)
sources = st.sampled_from(("/a", "/b"))


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


class Told(RuleBasedStateMachine):
    """A shipment of which facts are told, one after the other; its document goes to the store and back each time."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[Fact] = []
        self.document: dict[str, Any] | None = None

    def tell(self, data: Any, minute: int, source: str = "/posko") -> None:
        told = fact(data, clock(minute), source=source)
        self.facts.append(told)
        before = None if self.document is None else from_document("shipment", self.document)
        self.document = to_document(fold("shipment", before, told))

    def last(self, kind: type[Any], **named: str) -> Fact | None:
        """The last word of this kind on this thing, whenever it was said."""
        found = [
            each
            for each in self.facts
            if isinstance(each.data, kind) and all(getattr(each.data, name) == value for name, value in named.items())
        ]
        return max(found, key=lambda each: (each.at, each.source, each.id), default=None)


# Handovers and custody.


CUSTODIANS = (STORE, "ppk", "kpps")
HANDOVERS = ("h1", "h2", "h3", "h4")
PACKAGES = ("box-1", "box-2", "box-9")
parties, handovers = st.sampled_from(CUSTODIANS), st.sampled_from(HANDOVERS)
loads = st.dictionaries(st.sampled_from(PACKAGES), st.sampled_from(((), ("A",))), min_size=1)


class Custody(Told):
    """Halves of handovers in any order, agreeing or not, said again or never; box-9 is on no manifest."""

    @rule(minute=minutes)
    @precondition(lambda self: not any(each.type.endswith("planned") for each in self.facts))
    def plan(self, minute: int) -> None:
        self.tell(planned().data, minute)

    def half(self, side: type[Any], id_: str, giver: str, taker: str, seals: dict[str, Any]) -> Any:
        return side(
            shipment=S,
            handover=id_,
            giver=giver,
            taker=taker,
            packages=load(seals),
            waybill="SJ-1",
            signatories=(giver,),
            place="halaman",
        )

    @rule(
        side=st.sampled_from((CustodyReleased, CustodyReceived)),
        id_=handovers,
        giver=parties,
        taker=parties,
        seals=loads,
        minute=minutes,
        source=sources,
    )
    def say(
        self, side: type[Any], id_: str, giver: str, taker: str, seals: dict[str, Any], minute: int, source: str
    ) -> None:
        self.tell(self.half(side, id_, giver, taker, seals), minute, source)

    @rule(id_=handovers, giver=parties, taker=parties, seals=loads, minute=minutes, later=minutes)
    def hand_over(self, id_: str, giver: str, taker: str, seals: dict[str, Any], minute: int, later: int) -> None:
        self.tell(self.half(CustodyReceived, id_, giver, taker, seals), later)
        self.tell(self.half(CustodyReleased, id_, giver, taker, seals), minute)

    @rule(id_=handovers, minute=minutes)
    def say_what_the_giver_said(self, id_: str, minute: int) -> None:
        gave = self.last(CustodyReleased, handover=id_)
        if gave is not None:
            seals = {each.package: each.seals for each in gave.data.packages}
            self.tell(self.half(CustodyReceived, id_, gave.data.giver, gave.data.taker, seals), minute)

    # What should be so, worked out anew from all that was said.

    def state(self, id_: str) -> str | None:
        gave, took = self.last(CustodyReleased, handover=id_), self.last(CustodyReceived, handover=id_)
        if gave is None and took is None:
            return None
        if gave is None or took is None:
            return "open"

        def said(of: Fact) -> Any:
            return of.data.giver, of.data.taker, {each.package: {*each.seals} for each in of.data.packages}

        return "agreed" if said(gave) == said(took) else "disputed"

    def passings(self, package: str) -> list[Fact]:
        """The received halves by which custody of a package passed, in their order."""
        agreed = [self.last(CustodyReceived, handover=id_) for id_ in HANDOVERS if self.state(id_) == "agreed"]
        named = [each for each in agreed if each and package in {it.package for it in each.data.packages}]
        return sorted(named, key=lambda each: (each.at, each.source, each.id))

    def custodian(self, package: str, at: datetime) -> str | None:
        passed = [each for each in self.passings(package) if each.at <= at]
        if passed:
            return str(passed[-1].data.taker)
        is_planned = any(each.type == "kalimaya.shipment.planned" for each in self.facts)
        return STORE if is_planned and package in {each.package for each in BOXES} else None

    @invariant()
    def every_handover_is_agreed_disputed_or_open(self) -> None:
        shown = self.document["handovers"] if self.document else {}
        assert {id_: each["state"] for id_, each in shown.items()} == {
            id_: state for id_ in HANDOVERS if (state := self.state(id_)) is not None
        }
        for each in shown.values():
            assert bool(each["differences"]) == (each["state"] == "disputed") == ("disputed" in each["flags"])

    @invariant()
    def every_package_has_one_custodian_at_any_time_and_the_right_one(self) -> None:
        shown = self.document["packages"] if self.document else {}
        for package_ in PACKAGES:
            held = shown.get(package_, {"custody": [], "custodian": None})
            links = [(datetime.fromisoformat(each["since"]), each["custodian"]) for each in held["custody"]]
            since = [at for at, _ in links]
            assert since == sorted(since)
            for minute in range(MINUTES):
                at = DAY + timedelta(minutes=minute)
                by_chain = [custodian for began, custodian in links if began <= at]
                # Before the plan's own time the store answers for what is planned, and no chain says otherwise.
                if by_chain:
                    assert by_chain[-1] == self.custodian(package_, at)
                elif links:
                    assert self.custodian(package_, at) in (None, links[0][1])
            assert held["custodian"] == self.custodian(package_, DAY + timedelta(days=1))

    @invariant()
    def a_chain_is_broken_where_the_giver_was_not_the_custodian(self) -> None:
        shown = self.document["packages"] if self.document else {}
        for package_, held in shown.items():
            before = self.custodian(package_, DAY - timedelta(days=1))
            links = [each for each in held["custody"] if each["handover"] is not None]
            passings = self.passings(package_)
            assert [each["handover"] for each in links] == [each.data.handover for each in passings]
            for link, passed in zip(links, passings, strict=True):
                assert link["broken_chain"] == (before is not None and before != passed.data.giver)
                before = passed.data.taker

    @invariant()
    def a_shipment_has_a_custodian_only_while_all_its_packages_share_one(self) -> None:
        if self.document and self.document["plan"]:
            own = {self.custodian(each.package, DAY + timedelta(days=1)) for each in BOXES}
            assert self.document["custodian"] == (own.pop() if len(own) == 1 else None)


# Seals.


NUMBERS = tuple(f"KS-{number:03}" for number in range(24))
SHIPMENTS = ("s1", "s2", "s3")
shipments, boxes = st.sampled_from(SHIPMENTS), st.sampled_from(("box-1", "box-2", "box-9"))


class Seals(RuleBasedStateMachine):
    """Orders to seal packages of three shipments, one of which may not be planned yet."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, Any] = {}
        self.sealed: list[PackageSealed] = []

    @initialize()
    def plan_the_first(self) -> None:
        self.plan("s1")

    @rule(shipment=shipments)
    def plan(self, shipment: str) -> None:
        order = PlanShipment(
            shipment=shipment, village=VILLAGE, waybill="SJ", custodian=STORE, packages=BOXES, legs=WAY_OUT
        )
        outcome = LOGISTICS.decide(self.states.get(shipment), order)
        assert isinstance(outcome, Refused) == (shipment in self.states)
        if not isinstance(outcome, Refused):
            self.states[shipment] = LOGISTICS.evolve(None, outcome[0])

    @rule(shipment=shipments, box=boxes, numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3))
    def seal(self, shipment: str, box: str, numbers: list[str]) -> None:
        order = SealPackage(shipment=shipment, package=box, seals=tuple(numbers))
        outcome = LOGISTICS.decide(self.states.get(shipment), order)
        used = {number for each in self.sealed if each.shipment == shipment for number in each.seals}
        reused = {number for number, times in Counter(numbers).items() if times > 1 or number in used}
        if shipment not in self.states or box == "box-9" or reused:
            assert isinstance(outcome, Refused)
            if shipment in self.states and box != "box-9":
                assert reused <= {*outcome.clashes}
            return
        assert not isinstance(outcome, Refused)
        assert outcome == (as_event(order, PackageSealed),)
        self.states[shipment] = LOGISTICS.evolve(self.states[shipment], outcome[0])
        self.sealed += [each for each in outcome if isinstance(each, PackageSealed)]

    @invariant()
    def a_seal_number_serves_once_in_a_shipment(self) -> None:
        served = Counter((each.shipment, number) for each in self.sealed for number in each.seals)
        assert all(times == 1 for times in served.values())

    @invariant()
    def the_state_is_that_of_its_events(self) -> None:
        for shipment, state in self.states.items():
            on = {number: each.package for each in self.sealed if each.shipment == shipment for number in each.seals}
            assert state.sealed == on


# Ballots after the count.


STATIONS = tuple(f"{VILLAGE}-tps{number:02}" for number in (1, 2, 3))
heads = st.integers(0, 3)


class Reconciliation(Told):
    """Signed records of three polling stations, put right again and again; for the third no ballots are planned."""

    @rule(minute=minutes, counts=st.tuples(heads, heads))
    @precondition(lambda self: not any(each.type == "kalimaya.shipment.planned" for each in self.facts))
    def plan(self, minute: int, counts: tuple[int, int]) -> None:
        packages: list[Package] = [
            package(f"b{n}", tps=tps, count=count) for n, (tps, count) in enumerate(zip(STATIONS, counts, strict=False))
        ]
        packages += [package("more", tps=STATIONS[0], count=1), package("box", "ballot_box", STATIONS[2], 1)]
        self.tell(planned(packages=tuple(packages)).data, minute)

    @rule(
        tps=st.sampled_from(STATIONS),
        received=heads,
        used=heads,
        unused=heads,
        spoiled=heads,
        minute=minutes,
        source=sources,
    )
    def count(self, tps: str, received: int, used: int, unused: int, spoiled: int, minute: int, source: str) -> None:
        told = reconciled(tps, received=received, used=used, unused=unused, spoiled=spoiled)
        self.tell(told.data, minute, source)

    def ballots(self, tps: str) -> int | None:
        plans = [each.data for each in self.facts if each.type == "kalimaya.shipment.planned"]
        own = [each.count for plan in plans for each in plan.packages if (each.kind, each.tps) == ("ballots", tps)]
        return sum(own) if own else None

    @invariant()
    def what_was_received_is_accounted_for_or_a_discrepancy_with_its_number(self) -> None:
        shown = self.document or {"reconciliations": {}, "discrepancies": [], "flags": []}
        expected = {}
        for tps in STATIONS:
            last = self.last(type(reconciled().data), tps=tps)
            if last is None:
                assert tps not in shown["reconciliations"]
                continue
            said, found = last.data, shown["reconciliations"][tps]
            assert found["received"] + found["difference"] == said.used + said.unused + said.spoiled
            if (difference := said.used + said.unused + said.spoiled - said.received) != 0:
                expected["ballots_counted", tps] = difference
            planned_ = self.ballots(tps)
            assert found["planned"] == planned_
            if planned_ is not None and said.received != planned_:
                expected["ballots_received", tps] = said.received - planned_
        assert {(each["what"], each["tps"]): each["difference"] for each in shown["discrepancies"]} == expected
        assert ("discrepancy" in shown["flags"]) == bool(expected)

    @invariant()
    def the_differences_of_all_stations_add_up(self) -> None:
        found = (self.document or {"reconciliations": {}})["reconciliations"].values()
        received, accounted = (sum(each[name] for each in found) for name in ("received", "accounted"))
        assert sum(each["difference"] for each in found) == accounted - received


for machine in (Custody, Seals, Reconciliation):
    machine.TestCase.settings = LONG
TestCustody, TestSeals, TestReconciliation = Custody.TestCase, Seals.TestCase, Reconciliation.TestCase
