"""Alerts as they are answered: in the picture counted once, and with the words of their rule."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised
from schemas.types import alert_id
from schemas.watched import WATCHED
from schemas.watched.rule import Watched
from services.projection.api.alerts import Filters, answer
from services.views.facts import Fact
from tests.support.facts import clock, fact, shown
from tests.support.given import ADOPTED
from tests.support.picture import picture, row_of

WARGASARA, KRAMATWATU, NOT_VOTING = "36.04.13.2009", "36.04.05.2001", "36.04.13.2001"
TIRTAYASA = "36.04.13"
NOON = clock("05:00")
VOTE = fact(ADOPTED[0])
WORDS = Watched(
    rule="cluster",
    service="incidents",
    level="polres",
    says="Several incidents in one district.",
    says_id="Beberapa kejadian di satu kecamatan.",
    helps="Send a patrol.",
    helps_id="Kirim patroli.",
    subject="the district",
    numbers={"incidents_count": "incidents in the window"},
    holds="when fewer are left",
)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the rule `cluster` has words."""
    for rule in [*WATCHED]:
        monkeypatch.delitem(WATCHED, rule)
    monkeypatch.setitem(WATCHED, "cluster", WORDS)


def raised(rule: Any, subject: str, *villages: str, since: str = "04:00", at: str = "04:01") -> Fact:
    alert = alert_id(rule, subject, 0)
    data = AlertRaised(
        alert=alert, rule=rule, subject=subject, n=0, since=clock(since), numbers={}, villages=tuple(villages)
    )
    return fact(data, at)


def acknowledged(rule: Any, subject: str, until: str, at: str = "04:30") -> Fact:
    data = AlertAcknowledged(alert=alert_id(rule, subject, 0), comment="ditangani", until=clock(until))
    return fact(data, at, source="/operators/budi")


def cleared(rule: Any, subject: str) -> Fact:
    return fact(AlertCleared(alert=alert_id(rule, subject, 0), numbers={}), "04:45")


UNIT, DISTRICT, NOWHERE = (
    raised("left_post", "unit/u1", WARGASARA),
    raised("district_not_engaged", TIRTAYASA, since="03:00"),
    raised("unit_silent", "unit/u9"),
)


def counts(*facts: Fact, **filters: str) -> dict[str, int]:
    """How many alerts stand in the operation, in each district and in each jurisdiction."""
    found = picture(NOON, VOTE, *facts, **filters)  # type: ignore[arg-type]
    sums = {"operation": found.operation, **found.districts, **found.jurisdictions}
    return {of: total for of, each in sums.items() if (total := sum(each.alerts.standing.values()))}


# In the picture.


def test_a_row_counts_the_alerts_that_name_it_by_rule_and_tells_since_when() -> None:
    also = raised("under_strength", f"post/{WARGASARA}", WARGASARA, since="02:00", at="02:01")
    told = row_of(picture(NOON, VOTE, UNIT, also), WARGASARA).alerts
    assert told.standing == {"left_post": 1, "under_strength": 1}
    assert (told.oldest_since, told.as_of, told.unacknowledged) == (clock("02:00"), clock("04:01"), 2)
    assert row_of(picture(NOON, VOTE, UNIT), KRAMATWATU).alerts.standing == {}


def test_an_acknowledgement_counts_until_it_has_run_out() -> None:
    for until, unacknowledged in [("05:00", 1), ("05:01", 0)]:
        told = row_of(picture(NOON, VOTE, UNIT, acknowledged("left_post", "unit/u1", until)), WARGASARA).alerts
        assert (told.unacknowledged, told.standing, told.as_of) == (unacknowledged, {"left_post": 1}, clock("04:30"))


def test_a_cleared_alert_is_not_counted() -> None:
    assert counts(UNIT, cleared("left_post", "unit/u1")) == {}


def test_an_alert_is_no_word_heard_of_a_village() -> None:
    assert row_of(picture(NOON, VOTE, UNIT), WARGASARA).last_heard is None


def test_a_village_named_by_an_alert_has_a_row_though_it_does_not_vote() -> None:
    assert (
        row_of(picture(NOON, VOTE, raised("left_post", "unit/u1", NOT_VOTING)), NOT_VOTING).alerts.unacknowledged == 1
    )


def test_a_village_that_is_the_subject_is_named_too() -> None:
    assert row_of(picture(NOON, VOTE, raised("not_ready", WARGASARA)), WARGASARA).alerts.standing == {"not_ready": 1}


def test_sums_count_an_alert_once_however_many_villages_it_names() -> None:
    both = raised("escort_separated", "shipment/s1", WARGASARA, KRAMATWATU, NOT_VOTING)
    assert counts(both) == {
        "operation": 1,
        TIRTAYASA: 1,
        "36.04.05": 1,
        "polres-serang": 1,
        "polres-cilegon": 1,
    }


def test_an_alert_that_names_only_a_district_is_in_its_sums_and_in_no_row() -> None:
    assert counts(DISTRICT) == {"operation": 1, TIRTAYASA: 1, "polres-serang": 1}
    assert row_of(picture(NOON, VOTE, DISTRICT), WARGASARA).alerts.standing == {}


def test_a_district_of_which_nothing_else_is_known_has_a_sum_for_its_alert() -> None:
    assert counts(raised("district_not_engaged", "36.04.06")) == {"operation": 1, "36.04.06": 1}


def test_an_alert_that_names_no_area_is_in_the_operation_s_sum_alone() -> None:
    assert counts(NOWHERE) == {"operation": 1}


def test_a_filter_leaves_the_alerts_of_its_area_and_no_others() -> None:
    others = raised("left_post", "unit/u2", KRAMATWATU), raised("district_not_engaged", "36.04.06")
    expected = {"operation": 2, TIRTAYASA: 2, "polres-serang": 2}
    assert counts(UNIT, DISTRICT, NOWHERE, *others, district=TIRTAYASA) == expected
    assert counts(UNIT, DISTRICT, NOWHERE, *others, jurisdiction="polres-serang") == expected


# In the list.


def test_an_alert_carries_the_words_of_its_rule(words: None) -> None:
    assert answer(shown(raised("cluster", TIRTAYASA)), NOON)["words"] is WORDS


def test_a_rule_without_words_has_none(words: None) -> None:
    assert answer(shown(UNIT), NOON)["words"] is None


def test_the_age_of_an_alert_is_how_long_its_rule_has_been_broken_or_was() -> None:
    assert answer(shown(UNIT), NOON)["age"] == timedelta(hours=1).total_seconds()
    ended = answer(shown(UNIT, cleared("left_post", "unit/u1")), NOON)
    assert ended["age"] == timedelta(minutes=45).total_seconds()


def test_an_alert_tells_its_life() -> None:
    facts = [UNIT, acknowledged("left_post", "unit/u1", "05:30"), cleared("left_post", "unit/u1")]
    told = answer(shown(*facts), NOON)
    assert (told["since"], told["raised"]["as_of"]) == ("2019-11-03T04:00:00Z", "2019-11-03T04:01:00Z")
    by = told["acknowledged"]
    assert (by["source"], by["comment"], by["until"]) == ("/operators/budi", "ditangani", "2019-11-03T05:30:00Z")
    assert (told["state"], told["cleared"]["as_of"]) == ("cleared", "2019-11-03T04:45:00Z")
    assert answer(shown(UNIT), NOON)["acknowledged"] is None


@pytest.mark.parametrize(("until", "run_out"), [("05:00", True), ("05:01", False)])
def test_whoever_answers_for_an_alert_does_so_until_the_instant_that_was_given(until: str, run_out: bool) -> None:
    told = answer(shown(UNIT, acknowledged("left_post", "unit/u1", until)), NOON)
    assert told["acknowledged"]["run_out"] is run_out


def test_filters_by_service_and_level_find_the_rules_whose_words_say_so(words: None) -> None:
    assert Filters().rules is None
    assert Filters(rule=["left_post", "cluster"]).rules == ["left_post", "cluster"]
    assert Filters(level="polres").rules == ["cluster"]
    assert Filters(level="polda").rules == []
    assert Filters(service="incidents", rule=["left_post", "cluster"]).rules == ["cluster"]
    assert Filters(service="logistics").rules == []
