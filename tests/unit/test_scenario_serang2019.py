"""The scenario "Serang 2019": the same for the same seed, good on the wire, and every outcome the one that it plans."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from scenarios import serang2019
from scenarios.plan import Plan, Planned
from scenarios.serang2019 import END, START
from scenarios.serang2019.cast import make_cast
from scenarios.serang2019.operation import AGENCIES
from scenarios.serang2019.polls import WARGASARA
from schemas.catalogue import CATALOGUE, definition
from schemas.reasons import REASONS
from schemas.types import AlertRule, Jurisdiction
from tests.support.rehearsal import PRINCIPALS, Answered, Rehearsal

ADAPTERS = {entry.dataschema: TypeAdapter(entry.cls) for entry in CATALOGUE.values()}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return serang2019.make("small", 2019)


def others(plan: Plan, answers: dict[int, Answered]) -> list[tuple[Planned, Answered]]:
    """Messages that became something else than planned."""
    return [
        (each, answers[each.step])
        for each in plan.messages
        if answers[each.step].what != each.expect or (each.reason and answers[each.step].reason != each.reason)
    ]


def text(plan: Plan) -> str:
    return "".join(plan.lines())


def test_the_same_seed_gives_the_same_plan_to_the_byte(plan: Plan) -> None:
    assert text(serang2019.make("small", 2019)) == text(plan)
    assert text(serang2019.make("small", 7)) != text(plan)


def test_it_has_twenty_villages_and_about_two_thousand_messages_within_its_days(plan: Plan) -> None:
    events = [json.loads(each.body) for each in plan.messages if isinstance(each.expect, str)]
    required = {each["data"]["post"] for each in events if each["type"] == "kalimaya.post.require"}
    assert len(required) == 20
    assert WARGASARA in required
    assert 1900 <= len(plan.messages) <= 2300
    assert all(START <= each.send_at <= END for each in plan.messages)
    assert [each.step for each in plan.messages] == list(range(len(plan.messages)))
    assert all(one.send_at <= other.send_at for one, other in pairwise(plan.messages))


def test_every_kind_of_order_and_report_is_sent_and_accepted_but_the_acknowledgement_of_alerts(plan: Plan) -> None:
    """Alerts are raised by the watch, so a plan cannot know when there is one to acknowledge; one of nobody's is."""
    accepted = {json.loads(each.body)["dataschema"] for each in plan.messages if each.expect == "accepted"}
    known = {entry.dataschema for entry in CATALOGUE.values() if entry.kind in ("order", "report")}
    assert known - accepted == {"urn:kalimaya:schema:alert.acknowledge:1"}
    assert [each.reason for each in plan.messages if (each.key or "").startswith("alert/")] == ["alert_unknown"]


def test_every_agency_of_the_operation_speaks_and_so_do_its_operators(plan: Plan) -> None:
    speak = {each.principal for each in plan.messages}
    assert speak >= AGENCIES.keys() - {"camat-serang"} | {"posko-serang", "logistik-serang"}
    assert any(each.startswith("camat-") for each in speak)
    assert all(each.source == PRINCIPALS[each.principal].source for each in plan.messages)


NOT_OF_A_PLAN = {
    "conflicting",
    "too_large",
    "internal_error",
    "unreadable",
    "alert_id_wrong",
    "alert_known",
    "alert_cleared",
}
"""What only a broken sender, a fault of ours, or the watch can come to."""


def test_every_reason_for_which_an_order_is_refused_is_met(plan: Plan) -> None:
    assert {each.reason for each in plan.messages if each.reason} == REASONS.keys() - NOT_OF_A_PLAN


def test_every_rule_that_is_watched_is_broken_once_by_a_mishap_of_its_name(plan: Plan) -> None:
    mishaps = {(each.mishap or "").replace(" ", "_") for each in plan.messages}
    assert set(get_args(get_args(AlertRule)[0])) - mishaps == set()


def test_every_good_message_fits_its_schema(plan: Plan) -> None:
    good = [json.loads(each.body) for each in plan.messages if isinstance(each.expect, str)]
    for event in good:
        assert definition(event["type"], event["dataschema"]) is not None
        ADAPTERS[event["dataschema"]].validate_json(json.dumps(event["data"]))


def test_no_time_lies_after_the_sending_but_that_of_the_mishap(plan: Plan) -> None:
    ahead = [
        each
        for each in plan.messages
        if isinstance(each.expect, str) and datetime.fromisoformat(json.loads(each.body)["time"]) > each.send_at
    ]
    assert [each.mishap for each in ahead] == ["three days ahead"]


@pytest.mark.parametrize("seed", [2019, 1, 2, 3, 4, 5])
def test_every_message_becomes_what_is_planned(seed: int) -> None:
    plan = serang2019.make("small", seed)
    assert others(plan, Rehearsal().play(plan.messages)) == []


def test_flat_out_with_the_clock_at_its_end_the_outcomes_and_the_picture_are_the_same(plan: Plan) -> None:
    paced, flat_out = Rehearsal(), Rehearsal()
    paced.play(plan.messages)
    assert others(plan, flat_out.play(plan.messages, now=lambda _: END)) == []
    assert flat_out.digest() == paced.digest()


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_sending_that_keeps_what_waits_gives_the_same_picture(plan: Plan, seed: int) -> None:
    in_order, shuffled = Rehearsal(), Rehearsal()
    in_order.play(plan.messages)
    assert others(plan, shuffled.play(some_order(plan.messages, Random(seed)), now=lambda _: END)) == []
    assert shuffled.digest() == in_order.digest()


def some_order(messages: Sequence[Planned], random: Random) -> list[Planned]:
    """Any order in which nothing goes before what it waits for."""
    chance = {each.step: random.random() for each in messages}
    for each in messages:
        chance[each.step] = max([chance[each.step], *(chance[step] for step in each.after)])
    return sorted(messages, key=lambda each: (chance[each.step], each.step))


def test_a_message_planned_wrongly_is_noticed(plan: Plan) -> None:
    """The rehearsal can fail: without what was said first, nothing is repeated, refused or conflicting."""
    answers = Rehearsal().play(each for each in plan.messages if each.expect in ("repeated", "refused", "conflicting"))
    assert {answer.what for answer in answers.values()} >= {"accepted", "refused"}


def test_what_is_planned_by_kind(plan: Plan) -> None:
    expected = Counter(each.expect for each in plan.messages)
    assert expected["refused"] >= 40
    assert expected["repeated"] >= 20
    assert expected["conflicting"] == 3
    assert expected["rejected"] == 4
    assert expected[400] + expected[422] == 7


MISHAPS: dict[str, Callable[[Rehearsal], bool]] = {
    "left post": lambda it: flagged(it, "unit", "unauthorised") == 1,
    "unknown unit": lambda it: flagged(it, "unit", "unknown_subject") == 2,
    "disputed handover": lambda it: flagged(it, "shipment", "disputed") == 2,
    "a custodian that was not": lambda it: flagged(it, "shipment", "broken_chain") == 3,
    "broken seal, ballots missing": lambda it: flagged(it, "shipment", "discrepancy") == 2,
    "unescorted": lambda it: flagged(it, "shipment", "unescorted") == 1,
    "not returned": lambda it: Counter(shown(it, "shipment", "stage")) == {"returned": 19, "returning": 1},
    "unreported incident": lambda it: flagged(it, "incident", "unreported") == 1,
    "reported twice": lambda it: flagged(it, "incident", "duplicate") == 2,
    "sent before it was complained of": lambda it: flagged(it, "incident", "complained_unit_dispatched") == 1,
    "under strength": lambda it: any(
        kind == "unit" and below(document) for (kind, _), document in it.model.documents().items()
    ),
}


def shown(rehearsal: Rehearsal, kind: str, name: str) -> list[Any]:
    return [each[name] for (of, _), each in rehearsal.model.documents().items() if of == kind]


def flagged(rehearsal: Rehearsal, kind: str, flag: str) -> int:
    return sum(flag in each["flags"] for (of, _), each in rehearsal.model.documents().items() if of == kind)


def below(unit: dict[str, Any]) -> bool:
    """Whether some count at a post found fewer heads than the unit has."""
    mustered = [visit["mustered"] for visit in unit["visits"].values() if visit["mustered"]]
    strength = (unit["registration"] or {}).get("strength", {})
    return any(sum(each["present"].values()) < sum(strength.values()) for each in mustered)


@pytest.mark.parametrize("mishap", MISHAPS)
def test_each_mishap_of_the_story_is_seen_in_the_picture(plan: Plan, mishap: str) -> None:
    rehearsal = Rehearsal()
    rehearsal.play(plan.messages)
    assert MISHAPS[mishap](rehearsal)


def test_what_waits_comes_after_and_orders_of_one_aggregate_form_a_chain(plan: Plan) -> None:
    newest: dict[str, int] = {}
    by_step = {each.step: each for each in plan.messages}
    for each in plan.messages:
        assert all(step < each.step for step in each.after)
        if each.expect in ("repeated", "conflicting"):
            assert any(by_step[step].id == each.id and by_step[step].wait for step in each.after)
        if isinstance(each.expect, int):
            continue
        event = json.loads(each.body)
        entry = definition(event["type"], event["dataschema"])
        assert entry is not None
        aggregate = f"{entry.aggregate}/{event['data'][entry.key]}"
        assert each.key == aggregate
        if entry.kind == "order":
            assert aggregate not in newest or newest[aggregate] in each.after
            assert each.wait
            newest[aggregate] = each.step


def test_a_batch_is_sent_together_and_by_one_principal(plan: Plan) -> None:
    batches = [sending for sending in plan.sendings() if sending[0].batch]
    assert len(batches) == len({sending[0].batch for sending in batches}) >= 3
    assert all(len({each.principal for each in sending}) == 1 for sending in batches)
    assert sum(map(len, plan.sendings())) == len(plan.messages)


def test_the_whole_operation_has_the_numbers_that_are_known() -> None:
    cast = make_cast(150, Random("2019/cast"))
    jurisdictions: Counter[Jurisdiction] = Counter(poll.jurisdiction for poll in cast.polls)
    assert len({poll.code for poll in cast.polls}) == 150
    assert jurisdictions["polres-serang"] == 76
    assert len({poll.village.district_code for poll in cast.polls}) == 29
    assert sum(squad.heads for squad in cast.squads if squad.agency == "polres-serang") == 474
    polda = ("brimob-banten", "polairud-banten")
    assert sum(squad.heads for squad in cast.squads if squad.agency in polda) == 200


@pytest.fixture(scope="module")
def full() -> Plan:
    return serang2019.make("full", 2019)


def test_the_full_size_has_about_a_hundred_thousand_messages_of_150_villages_in_eight_days(full: Plan) -> None:
    posts = {each.key for each in full.messages if (each.key or "").startswith("post/")}
    assert 95_000 <= len(full.messages) <= 105_000
    assert len(posts) == 150
    assert {each.send_at.date().day for each in full.messages} == {29, 30, 31, 1, 2, 3, 4, 5}
    assert all(START <= each.send_at <= END for each in full.messages)


def test_the_contingents_of_474_and_200_are_dated_versions_with_their_source(full: Plan) -> None:
    planned = [json.loads(each.body)["data"] for each in full.messages if (each.key or "").startswith("contingent/")]
    agreed = {each["agency"]: each for each in planned if each["plan_version"] == 2}
    assert [sum(agreed[agency]["personnel"].values()) for agency in ("polres-serang", "polda-banten")] == [474, 200]
    assert {agreed[agency]["plan_dated"] for agency in agreed} == {"2019-10-30"}
    assert "30 October 2019" in agreed["polres-serang"]["plan_source"]
    assert agreed["linmas-serang"]["plan_source"].startswith("synthetic")


def test_the_stated_drafts_of_some_posts_are_of_the_first_version_of_the_message(plan: Plan) -> None:
    schemas = [json.loads(each.body)["dataschema"] for each in plan.messages if (each.key or "").startswith("post/")]
    assert schemas.count("urn:kalimaya:schema:post.require:1") == 4


def test_the_waybill_of_the_island_goes_by_road_sea_and_foot_with_a_compartment_seal_at_each_change(plan: Plan) -> None:
    island = [json.loads(each.body) for each in plan.messages if each.key == f"shipment/kirim-{WARGASARA}"]
    planned = next(each for each in island if each["type"] == "kalimaya.shipment.plan")
    assert [leg["mode"] for leg in planned["data"]["legs"]] == ["road", "sea", "foot"]
    changes = [each["data"] for each in island if each["type"] == "kalimaya.shipment.transshipped"]
    assert {(each["from_leg"], each["to_leg"]) for each in changes} == {
        ("darat", "laut"),
        ("laut", "kaki"),
        ("pulang-kaki", "pulang-laut"),
        ("pulang-laut", "pulang-gudang"),
    }
    assert len({each["compartment_seal"] for each in changes}) == 4
    assert all(len(each["signatories"]) == 2 for each in changes)
