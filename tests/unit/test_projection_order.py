"""Any arrival order of the same reports gives the same present state, as long as orders keep theirs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.deployment import (
    AssignmentCancelled,
    ContingentPlanned,
    PostRequired,
    UnitArrived,
    UnitAssigned,
    UnitDeparted,
    UnitLeftPost,
    UnitMustered,
    UnitRegistered,
    UnitRelieved,
    UnitSighted,
    UnitStoodDown,
    UnitVisited,
)
from schemas.incidents import IncidentClosed, IncidentReported, IncidentResolved, IncidentTriaged
from schemas.logistics import (
    CustodyReceived,
    CustodyReleased,
    Leg,
    LegArrived,
    LegDeparted,
    Package,
    PackageSealed,
    SealedPackage,
    ShipmentDelivered,
    ShipmentPlanned,
)
from services.projection.digest import digest
from services.views.facts import Fact
from services.views.model import fold, from_document, is_report, subject_of, to_document
from tests.support.facts import DAY, arrived_in_order, fact, folded
from tests.support.given import ADOPTED, by_post

POSTS = ("36.04.13.2009", "36.04.13.2009-tps01", "36.04.13.2010")
CUSTODIANS = ("gudang", "ppk", "kpps")
BOXES = ("box-1", "box-2", "box-3")
LEGS = ("l1", "l2")
UNTIMED = {"recordedtime", "knowntime", "partition", "offset", "cause"}

units, posts = st.sampled_from(("u1", "u2")), st.sampled_from(POSTS)
villages = st.sampled_from(("36.04.13.2009", "36.04.13.2010"))
shipments, incidents = st.sampled_from(("s1", "s2")), st.sampled_from(("i1", "i2"))
custodians, boxes, legs = st.sampled_from(CUSTODIANS), st.sampled_from(BOXES), st.sampled_from(LEGS)
minutes = st.integers(0, 5).map(lambda minute: DAY + timedelta(minutes=minute))
heads = st.fixed_dictionaries({"polri": st.integers(0, 3)})
seals = st.lists(st.sampled_from(("A", "B")), max_size=2, unique=True).map(tuple)
loads = st.dictionaries(boxes, seals, min_size=1, max_size=2).map(
    lambda read: tuple(SealedPackage(package=package, seals=numbers) for package, numbers in read.items())
)
types, severities = st.sampled_from(("riot", "protest")), st.integers(1, 4)
windows = {"start": minutes, "end": minutes}
ROUTE = tuple(
    Leg(
        leg=name,
        mode="road",
        origin=f"{name}-from",
        destination=f"{name}-to",
        depart_by=DAY,
        arrive_by=DAY,
        carrier="pos",
        escort_required=name == "l1",
    )
    for name in LEGS
)


def half(side: Any, *, often_agreeing: bool = False) -> st.SearchStrategy[Any]:
    """One half of a handover, of the same load between the same two if it shall often agree."""
    return st.builds(
        side,
        shipment=shipments if not often_agreeing else st.just("s1"),
        handover=st.sampled_from(("h1", "h2", "h3")),
        giver=custodians if not often_agreeing else st.just("gudang"),
        taker=custodians if not often_agreeing else st.just("ppk"),
        packages=loads if not often_agreeing else st.just((SealedPackage(package="box-1", seals=("A",)),)),
        waybill=st.just("SJ"),
        signatories=st.just(("x",)),
        place=st.sampled_from(("a", "b")),
    )


messages: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        UnitRegistered, unit=units, name=st.just("n"), agency=st.just("a"), strength=heads, callsign=st.just("c")
    ),
    st.builds(
        UnitAssigned,
        unit=units,
        assignment=st.sampled_from(("a1", "a2")),
        duty=st.just("guard"),
        target_kind=st.just("post"),
        target=posts,
        headcount=heads,
        **windows,
    ),
    st.builds(UnitSighted, unit=units, lat=st.integers(-9, 9).map(float), lon=st.just(106.0)),
    st.builds(UnitArrived, unit=units, post=posts),
    st.builds(UnitMustered, unit=units, post=posts, present=heads),
    st.builds(UnitLeftPost, unit=units, post=posts, reason=st.just("r"), consent=st.sampled_from((None, "STR/1"))),
    st.builds(UnitDeparted, unit=units, post=posts, mode=st.sampled_from((None, "sea"))),
    st.builds(UnitRelieved, unit=units, post=posts, by=units),
    st.builds(UnitVisited, unit=units, village=villages, finding=st.sampled_from((None, "f"))),
    st.builds(AssignmentCancelled, unit=units, assignment=st.sampled_from(("a1", "a2")), reason=st.just("r")),
    st.builds(UnitStoodDown, unit=units, at=minutes, reason=st.just("r")),
    st.builds(
        ContingentPlanned,
        contingent=st.just("polres"),
        agency=st.sampled_from(("a", "b")),
        personnel=heads,
        plan_version=st.integers(1, 11),
        plan_source=st.just("p"),
        plan_dated=st.just(DAY.date()),
        **windows,
    ),
    st.sampled_from(ADOPTED).flatmap(
        lambda adopted: st.builds(
            replace, st.just(adopted), version=st.integers(1, 3), name=st.sampled_from(("x", "y"))
        )
    ),
    st.builds(
        PostRequired,
        post=posts,
        jurisdiction=st.just("polres-serang"),
        vulnerability=st.sampled_from(("rawan", "sangat_rawan")),
        stations=st.integers(1, 3),
        needs=heads.map(lambda counts: by_post(**counts)),
        plan_version=st.integers(1, 11),
        plan_source=st.just("p"),
        **windows,
    ),
    st.builds(
        ShipmentPlanned,
        shipment=shipments,
        village=st.just("36.04.13.2009"),
        waybill=st.just("SJ"),
        custodian=custodians,
        packages=st.just(tuple(Package(package=each, kind="ballots", tps=POSTS[1], count=1) for each in BOXES[:2])),
        legs=st.just(ROUTE),
    ),
    st.builds(PackageSealed, shipment=shipments, package=boxes, seals=seals),
    half(CustodyReleased),
    half(CustodyReceived),
    st.builds(LegDeparted, shipment=shipments, leg=legs, escort=st.sampled_from((None, "u1"))),
    st.builds(LegArrived, shipment=shipments, leg=legs),
    st.builds(
        ShipmentDelivered,
        shipment=shipments,
        packages=st.lists(boxes, min_size=1, unique=True).map(tuple),
        receiver=custodians,
        place=st.just("tps"),
    ),
    st.builds(
        IncidentReported,
        incident=incidents,
        type=types,
        severity=severities,
        village=st.just("36.04.13.2009"),
        summary=st.sampled_from(("x", "y")),
        units=st.lists(units, unique=True).map(tuple),
    ),
    st.builds(IncidentTriaged, incident=incidents, type=types, severity=severities),
    st.builds(IncidentResolved, incident=incidents, resolution=st.just("r")),
    st.builds(IncidentClosed, incident=incidents),
)


at_posts: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        UnitAssigned,
        unit=st.just("u1"),
        assignment=st.just("a1"),
        duty=st.just("guard"),
        target_kind=st.just("post"),
        target=st.sampled_from(POSTS[:2]),
        headcount=heads,
        **windows,
    ),
    st.just(AssignmentCancelled(unit="u1", assignment="a1", reason="r")),
    st.builds(UnitStoodDown, unit=st.just("u1"), at=minutes, reason=st.just("r")),
    *(
        st.builds(report, unit=st.just("u1"), post=st.sampled_from(POSTS[:2]), **fields)
        for report, fields in (
            (UnitDeparted, {}),
            (UnitArrived, {}),
            (UnitMustered, {"present": heads}),
            (UnitLeftPost, {"reason": st.just("r"), "consent": st.sampled_from((None, "STR/1"))}),
            (UnitRelieved, {"by": st.just("u2")}),
        )
    ),
)
handovers = half(CustodyReleased, often_agreeing=True) | half(CustodyReceived, often_agreeing=True)


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """Facts in one order of arrival; few moments and sources, so that ties are common.

    Some of the logs are about handovers that mostly agree, some about one unit and its posts: chains of custody, and
    words that undo one another, are rare where anything can happen.
    """
    found = []
    drawn = st.lists(messages, max_size=30) | st.lists(handovers, max_size=12) | st.lists(at_posts, max_size=12)
    for number, data in enumerate(draw(drawn)):
        source = draw(st.sampled_from(("/a", "/b")))
        made = replace(fact(data, source=source, id=f"m{number}"), time=draw(minutes))
        if is_report(made) and draw(st.integers(0, 9)) == 0:
            made = replace(made, recordedtime=draw(minutes))
        found.append(made)
    return arrived_in_order(found)


def shuffled(facts: Sequence[Fact], shuffle: Callable[[list[Fact]], None]) -> list[Fact]:
    """Another order of arrival, in which the orders about one thing keep theirs."""
    mixed = list(facts)
    shuffle(mixed)
    orders: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
    for each in facts:
        if not is_report(each):
            orders[subject_of(each)].append(each)
    return [each if is_report(each) else orders[subject_of(each)].pop(0) for each in mixed]


def timeless(value: Any) -> Any:
    """A document without what tells when it was recorded and where it stands."""
    match value:
        case dict():
            return {name: timeless(each) for name, each in value.items() if name not in UNTIMED}
        case list():
            return [timeless(each) for each in value]
        case _:
            return value


@settings(max_examples=300, deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_any_arrival_order_of_the_same_reports_gives_the_same_state_and_digest(
    facts: list[Fact], chance: Random
) -> None:
    one = folded(facts).documents()
    other = folded(arrived_in_order(shuffled(facts, chance.shuffle))).documents()
    assert timeless(other) == timeless(one)
    assert digest(other) == digest(one)


@settings(max_examples=100, deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_the_same_facts_in_another_order_give_the_very_same_documents(facts: list[Fact], chance: Random) -> None:
    assert folded(shuffled(facts, chance.shuffle)).documents() == folded(facts).documents()


@settings(max_examples=100, deadline=None)
@given(logs())
def test_a_state_that_went_through_its_document_folds_on_as_if_it_had_not(facts: list[Fact]) -> None:
    documents: dict[tuple[str, str], dict[str, Any]] = {}
    for each in facts:
        key = subject_of(each)
        before = documents.get(key)
        state = None if before is None else from_document(key[0], before)
        documents[key] = to_document(fold(key[0], state, each))
    assert documents == folded(facts).documents()
