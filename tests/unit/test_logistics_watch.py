"""The small scenario with logistics watched: which alerts are raised, and which of them are cleared."""

from collections.abc import Callable
from datetime import timedelta
from typing import get_args

import pytest

from scenarios import serang2019
from scenarios.plan import Plan
from schemas.types import AlertRule
from schemas.watched import WATCHED
from schemas.watched.logistics import RULES
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.watch import LOGISTICS_WATCH
from tests.support.watching import Watched

ISLAND = "shipment/kirim-36.04.13.2009"
TICK = timedelta(minutes=5)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return serang2019.make("small", 2019)


@pytest.fixture(scope="module")
def watched(plan: Plan) -> Watched:
    watched = Watched((LOGISTICS_WATCH, LogisticsWatchSettings.model_construct()))
    watched.play(plan.messages, TICK, serang2019.END)
    return watched


@pytest.fixture
def victim(plan: Plan) -> Callable[[str], str]:
    """The shipment or village that meets with a mishap."""

    def of(mishap: str) -> str:
        keys = {each.key for each in plan.messages if each.mishap == mishap and (each.key or "").startswith("shipment")}
        (key,) = keys
        assert key is not None
        return key

    return of


def subjects(watched: Watched, rule: AlertRule, *, cleared: bool) -> list[str]:
    return sorted(each.subject for each in watched.of(rule) if (each.cleared is not None) == cleared)


def test_legs_are_overdue_where_a_truck_breaks_down_the_tide_holds_the_boat_and_a_load_is_kept(
    watched: Watched, victim: Callable[[str], str]
) -> None:
    """The way on foot on the island could not begin before the boat came, and was told late and in bulk.

    The truck breaks down both out and back.
    """
    truck = victim("leg overdue")
    assert subjects(watched, "leg_overdue", cleared=True) == sorted(
        [f"{truck}#leg/darat", f"{truck}#leg/pulang-gudang", f"{ISLAND}#leg/laut", f"{ISLAND}#leg/kaki"]
    )
    assert subjects(watched, "leg_overdue", cleared=False) == [f"{victim('not returned')}#leg/pulang-gudang"]


def test_a_handover_of_which_only_the_giver_tells_is_half_open_to_the_end_and_one_on_the_island_until_evening(
    watched: Watched, victim: Callable[[str], str]
) -> None:
    shipment = victim("handover half open")
    subject = f"{shipment}#handover/{shipment.removeprefix('shipment/')}-desa"
    assert subjects(watched, "handover_half_open", cleared=False) == [subject]
    assert subjects(watched, "handover_half_open", cleared=True) == [
        f"{ISLAND}#handover/{ISLAND.removeprefix('shipment/')}-desa"
    ]


def test_a_load_without_its_escort_is_told_until_it_arrives(watched: Watched, victim: Callable[[str], str]) -> None:
    assert subjects(watched, "unescorted", cleared=True) == [f"{victim('unescorted')}#leg/darat"]
    assert subjects(watched, "unescorted", cleared=False) == []


def test_an_escort_that_strays_is_told_once_until_the_load_arrives(plan: Plan, watched: Watched) -> None:
    strayed = {(each.key or "").removeprefix("unit/") for each in plan.messages if each.mishap == "escort separated"}
    tied = [
        each.key
        for each in plan.messages
        if b'"kalimaya.leg.departed"' in each.body and any(f'"{unit}"'.encode() in each.body for unit in strayed)
    ]
    (episode,) = watched.of("escort_separated")
    assert episode.subject.partition("#")[0] in tied
    assert episode.cleared is not None


def test_a_seal_of_another_shipment_is_told_until_its_package_is_sealed_anew(
    watched: Watched, victim: Callable[[str], str]
) -> None:
    (episode,) = watched.of("seal_reused")
    assert episode.subject.partition("#")[0] == victim("seal reused")
    assert episode.cleared is not None


def test_a_dispute_a_broken_seal_a_misread_one_and_missing_ballots_stay_open_to_the_end(
    plan: Plan, watched: Watched
) -> None:
    """The island's first record was written wrongly, and put right by a second one."""
    mishaps = "disputed handover", "seal mismatch", "discrepancy open"
    expected = {each.key for each in plan.messages if each.mishap in mishaps}
    assert len(expected) == 4
    assert {each.partition("#")[0] for each in subjects(watched, "discrepancy_open", cleared=False)} == expected
    assert subjects(watched, "discrepancy_open", cleared=True) == [f"{ISLAND}#tps/{ISLAND[-13:]}-tps01"]


def test_the_villages_that_lack_something_or_were_not_checked_are_told_a_day_before_the_vote(
    plan: Plan, watched: Watched
) -> None:
    lacking = {(each.key or "").removeprefix("readiness/") for each in plan.messages if each.mishap == "not ready"}
    assert {each.subject for each in watched.of("not_ready")} == lacking
    assert len(lacking) == 2
    assert subjects(watched, "not_ready", cleared=False) == []


def test_boxes_that_are_kept_in_a_district_are_told_to_the_end_and_late_ones_until_they_are_back(
    watched: Watched, victim: Callable[[str], str]
) -> None:
    assert subjects(watched, "not_returned", cleared=False) == [victim("not returned")]
    assert subjects(watched, "not_returned", cleared=True) == [victim("leg overdue")]


def test_every_rule_of_logistics_is_watched_and_has_its_words() -> None:
    ours = set(get_args(get_args(AlertRule)[0])) & LOGISTICS_WATCH.rules.keys()
    assert ours == LOGISTICS_WATCH.rules.keys() == {each.rule for each in RULES}
    assert all(WATCHED[rule].service == "logistics" for rule in ours)


def test_every_number_that_an_alert_carries_has_its_meaning(watched: Watched) -> None:
    for episode in watched.episodes.values():
        assert episode.numbers
        assert episode.numbers.keys() <= WATCHED[episode.rule].numbers.keys()
