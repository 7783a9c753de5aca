"""Who answers for each package."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from pydantic import TypeAdapter

from schemas.logistics import CustodyReceived, CustodyReleased, Package, SealedPackage, ShipmentPlanned
from services.projection.api.logistics_documents import CustodyAnswer
from services.projection.api.shipments import custody_of
from services.views.facts import Fact
from tests.support.facts import clock, fact, shown

S = "kbm-0001"
STORE, DISTRICT, VILLAGE, TPS = "gudang-kab", "ppk-tirtayasa", "pps-wargasara", "kpps-01"
SEALS = {"box-1": ("SG-0001",), "box-2": ("SG-0002", "SG-0003")}


def packages(seals: dict[str, tuple[str, ...]]) -> tuple[SealedPackage, ...]:
    return tuple(SealedPackage(package=package, seals=numbers) for package, numbers in seals.items())


def half(side: Any, handover: str, giver: str, taker: str, seals: dict[str, tuple[str, ...]]) -> Any:
    return side(
        shipment=S,
        handover=handover,
        giver=giver,
        taker=taker,
        packages=packages(seals),
        waybill="SJ-1",
        signatories=(giver, taker),
        place="dermaga",
    )


def released(
    handover: str = "h1", giver: str = STORE, taker: str = DISTRICT, seals: dict[str, tuple[str, ...]] = SEALS
) -> Any:
    return half(CustodyReleased, handover, giver, taker, seals)


def received(
    handover: str = "h1", giver: str = STORE, taker: str = DISTRICT, seals: dict[str, tuple[str, ...]] = SEALS
) -> Any:
    return half(CustodyReceived, handover, giver, taker, seals)


PLAN = fact(
    ShipmentPlanned(
        shipment=S,
        village="36.04.13.2009",
        waybill="SJ-1",
        custodian=STORE,
        packages=tuple(
            Package(package=package, kind="ballot_box", tps="36.04.13.2009-tps01", count=1) for package in SEALS
        ),
        legs=(),
    ),
    "01:00",
)


def both(handover: str, giver: str, taker: str, at: str, seals: dict[str, tuple[str, ...]] = SEALS) -> list[Fact]:
    return [fact(released(handover, giver, taker, seals), at), fact(received(handover, giver, taker, seals), at)]


def chain(document: dict[str, Any], package: str = "box-1") -> list[tuple[str, str | None, bool]]:
    held = document["packages"][package]["custody"]
    return [(each["custodian"], each["handover"], each["broken_chain"]) for each in held]


def test_custody_begins_with_the_custodian_of_the_plan() -> None:
    document = shown(PLAN)
    assert document["packages"]["box-1"]["custody"] == [
        {"custodian": STORE, "since": "2019-11-03T01:00:00Z", "handover": None, "broken_chain": False}
    ]
    assert document["custodian"] == STORE


def test_custody_passes_at_the_time_of_the_received_half_whichever_half_arrives_first() -> None:
    halves = fact(released(), "05:00"), fact(received(), "06:00")
    for order in permutations((PLAN, *halves)):
        document = shown(*order)
        assert chain(document) == [(STORE, None, False), (DISTRICT, "h1", False)]
        assert document["packages"]["box-2"]["custody"][1]["since"] == "2019-11-03T06:00:00Z"
        assert (document["custodian"], document["handovers"]["h1"]["state"]) == (DISTRICT, "agreed")
        assert document["flags"] == []


@pytest.mark.parametrize("only", [released(), received()])
def test_while_a_half_is_missing_the_handover_is_open_and_the_giver_remains_answerable(only: Any) -> None:
    document = shown(PLAN, fact(only, "05:00"))
    assert (document["handovers"]["h1"]["state"], document["handovers"]["h1"]["differences"]) == ("open", [])
    assert (document["custodian"], document["flags"]) == (STORE, [])


def test_the_order_in_which_packages_and_seals_are_read_does_not_matter() -> None:
    turned = {"box-2": ("SG-0003", "SG-0002"), "box-1": ("SG-0001",)}
    document = shown(PLAN, fact(released(), "05:00"), fact(received(seals=turned), "06:00"))
    assert document["handovers"]["h1"]["state"] == "agreed"


def test_halves_that_differ_are_disputed_with_the_exact_differences() -> None:
    read = {"box-2": ("SG-0002", "SG-0009"), "box-3": ()}
    took = received(giver="gudang-lain", taker=VILLAGE, seals=read)
    document = shown(PLAN, fact(released(), "05:00"), fact(took, "06:00"))
    assert document["handovers"]["h1"]["state"] == "disputed"
    assert document["handovers"]["h1"]["differences"] == [
        {"field": "giver", "package": None, "giver_says": STORE, "taker_says": "gudang-lain"},
        {"field": "taker", "package": None, "giver_says": DISTRICT, "taker_says": VILLAGE},
        {"field": "package", "package": "box-1", "giver_says": ["SG-0001"], "taker_says": None},
        {
            "field": "seals",
            "package": "box-2",
            "giver_says": ["SG-0002", "SG-0003"],
            "taker_says": ["SG-0002", "SG-0009"],
        },
        {"field": "package", "package": "box-3", "giver_says": None, "taker_says": []},
    ]


def test_while_a_handover_is_disputed_the_giver_remains_answerable() -> None:
    document = shown(PLAN, fact(released(), "05:00"), fact(received(seals={"box-1": ("SG-0001",)}), "06:00"))
    assert (document["custodian"], chain(document)) == (STORE, [(STORE, None, False)])
    assert "disputed" in document["flags"]
    assert document["handovers"]["h1"]["flags"] == ["disputed"]
    assert document["packages"]["box-2"]["flags"] == ["disputed"]


@pytest.mark.parametrize(("field", "other"), [("waybill", "SJ-2"), ("place", "pos-lain")])
def test_halves_that_name_another_waybill_or_place_agree_and_the_difference_is_shown(field: str, other: str) -> None:
    gave, took = released(), replace(received(), **{field: other})
    for order in permutations((PLAN, fact(gave, "05:00"), fact(took, "06:00"))):
        document = shown(*order)
        handover = document["handovers"]["h1"]
        assert (handover["state"], handover["differences"], document["custodian"]) == ("agreed", [], DISTRICT)
        said = {"field": field, "package": None, "giver_says": getattr(gave, field), "taker_says": other}
        assert handover["papers"] == [said]
        assert handover["flags"] == document["flags"] == [f"{field}_differs"]


def test_halves_may_be_signed_by_others() -> None:
    took = replace(received(), signatories=("saksi",))
    assert shown(PLAN, fact(released(), "05:00"), fact(took, "06:00"))["flags"] == []


def test_a_plan_that_was_typed_in_after_custody_had_passed_dates_from_before_that() -> None:
    late = replace(PLAN, time=clock("09:00"))
    held = shown(late, *both("h1", STORE, DISTRICT, "06:00"), *both("h2", DISTRICT, VILLAGE, "07:00"))["packages"]
    assert [(each["custodian"], each["since"][11:16]) for each in held["box-1"]["custody"]] == [
        (STORE, "06:00"),
        (DISTRICT, "06:00"),
        (VILLAGE, "07:00"),
    ]


def test_the_custody_of_a_shipment_is_told_package_by_package() -> None:
    document = shown(PLAN, *both("h1", STORE, DISTRICT, "06:00", {"box-1": ("SG-0001",)}))
    told = custody_of(document)
    assert (told["shipment"], told["custodian"]) == (S, None)
    assert {id_: (each["custodian"], len(each["custody"])) for id_, each in told["packages"].items()} == {
        "box-1": (DISTRICT, 2),
        "box-2": (STORE, 1),
    }
    assert told["handovers"]["h1"]["state"] == "agreed"
    assert TypeAdapter(CustodyAnswer).validate_python(told)


def test_of_two_reports_of_one_half_the_later_counts_so_that_a_dispute_can_end() -> None:
    wrong, right = fact(received(seals={"box-1": ("SG-0001",)}), "06:00"), fact(received(), "06:10")
    for order in permutations((PLAN, fact(released(), "05:00"), wrong, right)):
        document = shown(*order)
        assert (document["handovers"]["h1"]["state"], document["custodian"]) == ("agreed", DISTRICT)


def test_of_two_reports_of_the_giver_s_half_the_later_counts_too() -> None:
    wrong, right = fact(released(seals={"box-1": ("SG-0001",)}), "05:00"), fact(released(), "05:10")
    for order in permutations((PLAN, wrong, right, fact(received(), "06:00"))):
        document = shown(*order)
        assert (document["handovers"]["h1"]["state"], document["custodian"]) == ("agreed", DISTRICT)


def test_an_agreed_handover_by_somebody_else_passes_custody_and_breaks_the_chain() -> None:
    document = shown(PLAN, *both("h1", "orang-lain", VILLAGE, "06:00"))
    assert chain(document) == [(STORE, None, False), (VILLAGE, "h1", True)]
    assert (document["custodian"], document["flags"]) == (VILLAGE, ["broken_chain"])


def test_late_halves_derive_the_chain_anew_and_mend_it() -> None:
    later = both("h2", DISTRICT, VILLAGE, "08:00")
    assert chain(shown(PLAN, *later)) == [(STORE, None, False), (VILLAGE, "h2", True)]
    mended = shown(PLAN, *later, *both("h1", STORE, DISTRICT, "06:00"))
    assert chain(mended) == [(STORE, None, False), (DISTRICT, "h1", False), (VILLAGE, "h2", False)]
    assert mended["flags"] == []


def test_a_late_half_can_also_break_a_chain_that_was_whole() -> None:
    whole = [PLAN, *both("h2", STORE, VILLAGE, "08:00")]
    assert shown(*whole)["flags"] == []
    broken = shown(*whole, *both("h1", STORE, DISTRICT, "06:00"))
    assert chain(broken) == [(STORE, None, False), (DISTRICT, "h1", False), (VILLAGE, "h2", True)]


def test_a_partial_handover_passes_its_packages_only_and_the_shipment_has_no_custodian() -> None:
    part = {"box-1": ("SG-0001",)}
    document = shown(PLAN, *both("h1", STORE, DISTRICT, "06:00", part))
    assert {id_: each["custodian"] for id_, each in document["packages"].items()} == {"box-1": DISTRICT, "box-2": STORE}
    assert document["custodian"] is None
    rest = {"box-2": SEALS["box-2"]}
    assert shown(PLAN, *both("h1", STORE, DISTRICT, "06:00", part), *both("h2", STORE, DISTRICT, "07:00", rest))[
        "custodian"
    ] == (DISTRICT)


def test_a_load_that_goes_on_to_two_places_has_a_chain_for_each() -> None:
    document = shown(
        PLAN,
        *both("h1", STORE, DISTRICT, "06:00"),
        *both("h2", DISTRICT, VILLAGE, "07:00", {"box-1": SEALS["box-1"]}),
        *both("h3", DISTRICT, TPS, "07:00", {"box-2": SEALS["box-2"]}),
    )
    assert chain(document)[-1] == (VILLAGE, "h2", False)
    assert chain(document, "box-2")[-1] == (TPS, "h3", False)


def test_a_shipment_that_nobody_planned_has_a_chain_from_its_first_agreed_handover() -> None:
    document = shown(*both("h1", STORE, DISTRICT, "06:00"))
    assert (chain(document), document["flags"]) == ([(DISTRICT, "h1", False)], ["unknown_subject"])
    assert chain(shown(*both("h1", STORE, DISTRICT, "06:00"), PLAN)) == [(STORE, None, False), (DISTRICT, "h1", False)]


def test_a_package_that_is_not_on_the_manifest_is_unexpected_and_not_the_shipments() -> None:
    document = shown(PLAN, *both("h1", STORE, DISTRICT, "06:00", {"box-9": ()}))
    assert document["packages"]["box-9"]["flags"] == ["unexpected"]
    assert document["custodian"] == STORE
