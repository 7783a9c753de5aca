"""Incidents that heap up in one district."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.incidents import DuplicateLinked, IncidentClosed, IncidentResolved
from services.incidents.watch.settings import IncidentsWatchSettings
from services.views.facts import Fact
from tests.support.facts import clock
from tests.support.incidents_watch import TUNDA, broken, ordered, raised, reported

DISTRICT, NEIGHBOUR, ELSEWHERE = "36.04.13", "36.04.13.2005", "36.04.17.2002"


def three(last: str = "08:00") -> tuple[Fact, Fact, Fact]:
    return reported("a", "06:00"), reported("b", "07:00", village=NEIGHBOUR), reported("c", last)


def linked(incident: str, duplicate_of: str) -> Fact:
    return ordered(DuplicateLinked(incident=incident, duplicate_of=duplicate_of))


def test_three_incidents_of_one_district_within_two_hours_are_a_cluster() -> None:
    for order in permutations(three()):
        (breach,) = broken("cluster", "08:00", *order)
        assert (breach.subject, breach.since) == (DISTRICT, clock("08:00"))
        assert breach.villages == (NEIGHBOUR, TUNDA)
        assert breach.numbers == {"incidents_count": 3, "window_minutes": 120}


def test_two_are_none_and_three_that_took_longer_are_none() -> None:
    assert not broken("cluster", "08:00", *three()[:2])
    assert not broken("cluster", "08:01", *three(last="08:01"))


def test_three_in_different_districts_are_none() -> None:
    assert not broken("cluster", "08:00", *three()[:2], reported("c", "08:00", village=ELSEWHERE))


def test_what_happened_counts_and_not_when_it_was_told() -> None:
    late = [reported(name, at, recorded="09:30") for name, at in (("a", "06:00"), ("b", "06:30"), ("c", "08:30"))]
    assert not broken("cluster", "09:30", *late)
    assert broken("cluster", "09:30", *three()[:2], reported("c", "07:30", recorded="09:30"))[0].since == clock("07:30")


def test_several_reports_on_one_incident_are_one() -> None:
    assert not broken("cluster", "07:00", reported("a", "06:00"), reported("a", "06:10"), reported("b", "07:00"))


def test_it_stands_until_for_four_hours_none_was_added() -> None:
    assert broken("cluster", clock("12:00") - timedelta(microseconds=1), *three())
    assert not broken("cluster", "12:00", *three(), raised("cluster", DISTRICT))


def test_one_that_is_added_prolongs_it_and_it_began_when_it_did() -> None:
    more = reported("d", "08:59")
    (breach,) = broken("cluster", "12:58", *three(), more)
    assert (breach.since, breach.numbers["incidents_count"]) == (clock("08:00"), 4)
    assert not broken("cluster", "12:59", *three(), more)


def test_one_more_that_is_no_cluster_with_those_before_it_does_not_prolong_it() -> None:
    assert not broken("cluster", "12:00", *three(), reported("d", "11:00"))


def test_the_next_cluster_needs_incidents_of_its_own() -> None:
    after = [reported("d", "12:00"), reported("e", "12:10")]
    assert not broken("cluster", "12:10", *three(), *after)
    (breach,) = broken("cluster", "12:20", *three(), *after, reported("f", "12:20"))
    assert (breach.since, breach.numbers["incidents_count"]) == (clock("12:20"), 3)


def test_one_that_we_hear_of_when_it_is_over_is_none_any_more() -> None:
    late = [reported(name, at, recorded="14:10") for name, at in (("a", "06:00"), ("b", "07:00"), ("c", "08:00"))]
    assert not broken("cluster", "14:10", *late)


@pytest.mark.parametrize(
    "taken_back",
    [
        linked("b", "a"),
        ordered(IncidentClosed(incident="b")),
        reported("b", "07:30", village=ELSEWHERE),
        reported("b", "05:30"),
    ],
    ids=["a duplicate", "closed", "elsewhere", "earlier"],
)
def test_it_is_taken_back_when_one_falls_out_of_it(taken_back: Fact) -> None:
    assert not broken("cluster", "08:00", *three(), taken_back, raised("cluster", DISTRICT))


def test_resolved_ones_count() -> None:
    resolved = [ordered(IncidentResolved(incident=each, resolution="selesai")) for each in "abc"]
    assert broken("cluster", "08:00", *three(), *resolved)


def test_of_two_that_are_each_others_duplicate_one_counts() -> None:
    pair = linked("b", "a"), linked("a", "b")
    assert not broken("cluster", "08:00", *three(), *pair)
    (breach,) = broken("cluster", "08:00", *three(), *pair, reported("d", "08:00"))
    assert breach.numbers["incidents_count"] == 3


def test_one_that_only_orders_name_is_nowhere() -> None:
    assert not broken("cluster", "08:00", *three()[:2], ordered(IncidentResolved(incident="c", resolution="selesai")))


@pytest.mark.parametrize("wrong", [{"cluster_window": "PT5H"}, {"cluster_quiet": "PT3H"}])
def test_it_is_never_over_sooner_than_its_window(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        IncidentsWatchSettings(kafka="127.0.0.1:1", metrics_port=1, **wrong)
