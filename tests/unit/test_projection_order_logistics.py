"""Any arrival order of the same reports on shipments and readiness gives the same present state; orders keep theirs."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.logistics import (
    BallotsReconciled,
    CustodyReceived,
    CustodyReleased,
    EscortAssigned,
    LegArrived,
    LegDeparted,
    PackageInspected,
    PackageSealed,
    PackagesOpened,
    ReadinessChecked,
    ReadinessItem,
    ReturnPlanned,
    SealedPackage,
    SealReading,
    ShipmentDelivered,
    ShipmentReturned,
    ShipmentTransshipped,
)
from services.projection.digest import digest
from services.views import readiness as readiness_view
from services.views import shipment as shipment_view
from services.views.facts import Fact
from services.views.model import is_report
from tests.support.facts import arrived_in_order, fact, folded, shown
from tests.support.shipment import TPS, TPS2, VILLAGE, WAY_BACK, WAY_OUT, S, planned
from tests.support.size import sized
from tests.unit.test_projection_order import minutes, shuffled, timeless

boxes = st.sampled_from(("box-1", "box-2", "box-3"))
legs = st.sampled_from((*(each.leg for each in (*WAY_OUT, *WAY_BACK)), "x"))
units, stations = st.sampled_from(("u1", "u2")), st.sampled_from((TPS, TPS2))
places, people = st.sampled_from(("a", "b")), st.sampled_from(("p", "q"))
several_people = st.lists(people, max_size=2).map(tuple)
several_boxes = st.lists(boxes, min_size=1, max_size=3).map(tuple)
numbers = st.sampled_from(("A", "B", "C"))
loads = st.lists(st.builds(SealedPackage, package=boxes, seals=st.lists(numbers, max_size=2).map(tuple)), max_size=3)
ballots = st.sampled_from((0, 1, 480))
pieces = st.integers(0, 2)
shipment = {"shipment": st.just(S)}
half: dict[str, Any] = {
    **shipment,
    "handover": st.sampled_from(("h1", "h2")),
    "giver": people,
    "taker": people,
    "packages": loads.map(tuple),
    "waybill": st.sampled_from(("SJ-1", "SJ-2")),
    "signatories": several_people,
    "place": places,
}
orders: st.SearchStrategy[Any] = st.one_of(
    st.just(planned().data),
    st.builds(PackageSealed, **shipment, package=boxes, seals=st.lists(numbers, min_size=1, max_size=2).map(tuple)),
    st.builds(EscortAssigned, **shipment, leg=legs, unit=units, order_reference=st.just("S"), assignment=st.none()),
    st.builds(ReturnPlanned, **shipment, legs=st.sampled_from((WAY_BACK, WAY_BACK[1:])), storage=places),
)
reports: st.SearchStrategy[Any] = st.one_of(
    st.builds(CustodyReleased, **half),
    st.builds(CustodyReceived, **half),
    st.builds(LegDeparted, **shipment, leg=legs, escort=st.none() | units),
    st.builds(LegArrived, **shipment, leg=legs),
    st.builds(ShipmentDelivered, **shipment, packages=several_boxes, receiver=people, place=places),
    st.builds(ShipmentReturned, **shipment, packages=several_boxes, receiver=people, place=places),
    st.builds(
        PackageInspected,
        **shipment,
        package=boxes,
        seals=st.lists(
            st.builds(SealReading, number=numbers, condition=st.sampled_from(("intact", "broken", "missing"))),
            max_size=3,
        ).map(tuple),
        place=places,
        signatories=several_people,
    ),
    st.builds(
        ShipmentTransshipped,
        **shipment,
        from_leg=legs,
        to_leg=legs,
        packages=loads.map(tuple),
        compartment_seal=numbers,
        waybill=st.just("SJ-1"),
        signatories=several_people,
        place=places,
    ),
    st.builds(
        PackagesOpened,
        **shipment,
        tps=stations,
        packages=several_boxes,
        witnesses=several_people,
        signatories=several_people,
    ),
    st.builds(
        BallotsReconciled,
        **shipment,
        tps=stations,
        received=ballots,
        used=ballots,
        unused=ballots,
        spoiled=ballots,
        record=st.just("BA"),
        signatories=several_people,
    ),
    st.builds(
        ReadinessChecked,
        village=st.just(VILLAGE),
        items=st.lists(
            st.builds(
                ReadinessItem,
                item=st.sampled_from(("ballot_box", "ballots", "stationery")),
                required=pieces,
                present=pieces,
                usable=pieces,
            ),
            min_size=1,
            max_size=4,
        ).map(tuple),
        checker=people,
    ),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """Facts in one order of arrival; few moments and sources, so that ties are common."""
    found = []
    for number, data in enumerate(draw(st.lists(st.one_of(reports, reports, orders), max_size=25))):
        source = draw(st.sampled_from(("/a", "/b")))
        made = replace(fact(data, source=source, id=f"m{number}"), time=draw(minutes))
        if is_report(made) and draw(st.integers(0, 9)) == 0:
            made = replace(made, recordedtime=draw(minutes))
        found.append(made)
    return arrived_in_order(found)


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
@given(logs())
def test_every_flag_has_its_sentence(facts: list[Fact]) -> None:
    sentences = {"shipment": shipment_view.__doc__ or "", "readiness": readiness_view.__doc__ or ""}
    for (kind, _), document in folded(facts).documents().items():
        assert {flag for flag in document["flags"] if f"`{flag}`" not in sentences[kind]} == set()


@settings(max_examples=sized(1000))
@given(logs())
def test_a_state_that_went_through_its_document_folds_on_as_if_it_had_not(facts: list[Fact]) -> None:
    for about in (S, VILLAGE):
        own = [each for each in facts if getattr(each.data, "shipment", VILLAGE) == about]
        if own:
            (document,) = folded(own).documents().values()
            assert shown(*own) == document
