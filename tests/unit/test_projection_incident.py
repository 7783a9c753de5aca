"""An incident as the picture shows it."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from schemas.incidents import (
    DuplicateLinked,
    IncidentClosed,
    IncidentContained,
    IncidentEscalated,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    IncidentTriaged,
    UnitsDispatched,
)
from services.projection.api.briefs import briefs
from services.projection.api.picture_rows import Judge, incidents
from services.projection.api.picture_words import Incidents
from services.views.model import listed
from tests.support.facts import DAY, fact, shown

INCIDENT, OTHER = "ins-0012", "ins-0007"
VILLAGE = "36.04.13.2009"
JUDGE = Judge(DAY, *[timedelta(hours=6)] * 4)
COMPLAINED, INNOCENT = "polres-serang-007", "polres-serang-011"
COMPLAINT = IncidentTriaged(incident=INCIDENT, type="officer_neutrality", severity=1, complained_unit=COMPLAINED)
TRIAGED = IncidentTriaged(incident=INCIDENT, type="riot", severity=2)
CONTAINED = IncidentContained(incident=INCIDENT, measures="jalan ditutup")
RESOLVED = IncidentResolved(incident=INCIDENT, resolution="dibubarkan")
CLOSED = IncidentClosed(incident=INCIDENT)
REOPENED = IncidentReopened(incident=INCIDENT, reason="massa kembali")
LINKED = DuplicateLinked(incident=INCIDENT, duplicate_of=OTHER)


def reported(**changes: Any) -> IncidentReported:
    fields: dict[str, Any] = {"type": "crowding", "severity": 3, "village": "36.04.13.2009", "summary": "massa"}
    return IncidentReported(incident=INCIDENT, **(fields | changes))


def dispatched(*units: str) -> UnitsDispatched:
    return UnitsDispatched(incident=INCIDENT, units=units)


def escalated(level: Any) -> IncidentEscalated:
    return IncidentEscalated(incident=INCIDENT, level=level, reason="perlu bantuan")


# Reports.


def test_a_reported_incident_shows_what_the_report_says() -> None:
    document = shown(fact(reported(lat=-6.1, lon=106.2), "06:00"))
    assert (document["status"], document["type"], document["severity"]) == ("reported", "crowding", 3)
    assert (document["village"], document["summary"]) == ("36.04.13.2009", "massa")
    assert (document["lat"], document["lon"]) == (-6.1, 106.2)
    assert document["flags"] == []


def test_the_latest_report_speaks_and_all_are_kept() -> None:
    facts = fact(reported(), "06:00"), fact(reported(severity=2), "08:00"), fact(reported(severity=4), "07:00")
    for order in permutations(facts):
        document = shown(*order)
        assert (document["severity"], len(document["reports"]), document["report_count"]) == (2, 3, 3)
        assert document["first_reported_at"] == "2019-11-03T06:00:00Z"
        assert document["last_heard"] == "2019-11-03T08:00:00Z"


def test_links_are_the_union_of_what_all_reports_name() -> None:
    one = reported(units=("b", "a"), shipments=("s1",), incidents=("ins-2",))
    document = shown(fact(one, "07:00"), fact(reported(units=("c", "a"), incidents=("ins-1",)), "06:00"))
    assert (document["units"], document["shipments"]) == (["a", "b", "c"], ["s1"])
    assert document["incidents"] == ["ins-1", "ins-2"]


def test_an_incident_known_from_orders_alone_is_unreported_until_a_report_comes() -> None:
    document = shown(fact(TRIAGED))
    assert (document["flags"], document["village"], document["last_heard"]) == (["unreported"], None, None)
    assert shown(fact(TRIAGED), fact(reported()))["flags"] == []


def test_a_report_ahead_of_our_clock_is_flagged() -> None:
    assert shown(fact(reported(), "09:00", recorded="06:00"))["flags"] == ["clock_ahead"]


# Triage.


def test_triage_overrides_reports_even_those_that_come_after_it() -> None:
    document = shown(fact(reported(), "06:00"), fact(COMPLAINT, "06:30"), fact(reported(severity=4), "08:00"))
    assert (document["status"], document["type"], document["severity"]) == ("triaged", "officer_neutrality", 1)
    assert document["complained_unit"] == COMPLAINED


def test_of_two_judgements_the_last_to_arrive_counts_whatever_its_time() -> None:
    document = shown(fact(reported(), "06:00"), fact(COMPLAINT, "09:00"), fact(TRIAGED, "08:00"))
    assert (document["type"], document["complained_unit"]) == ("riot", None)


def test_the_unit_complained_of_in_the_latest_triage_is_not_to_see_the_incident() -> None:
    assert shown(fact(reported()))["hidden_from"] == []
    assert shown(fact(COMPLAINT))["hidden_from"] == [COMPLAINED]
    assert shown(fact(COMPLAINT), fact(TRIAGED))["hidden_from"] == []


# The life.


def status(*data: Any) -> str:
    return str(shown(*map(fact, data))["status"])


def test_orders_bring_it_to_its_end() -> None:
    data = [reported(), TRIAGED, dispatched(INNOCENT), CONTAINED, RESOLVED, CLOSED]
    statuses = [status(*data[:n]) for n in range(1, 7)]
    assert statuses == ["reported", "triaged", "responding", "contained", "resolved", "closed"]


def test_a_triage_does_not_take_it_back_and_a_dispatch_takes_a_contained_one_back_to_responding() -> None:
    assert status(dispatched(INNOCENT), TRIAGED) == "responding"
    assert status(CONTAINED, TRIAGED) == "contained"
    assert status(CONTAINED, dispatched(INNOCENT)) == "responding"


def test_a_reopened_incident_is_triaged_if_it_ever_was_and_else_reported() -> None:
    assert status(TRIAGED, dispatched(INNOCENT), RESOLVED, CLOSED, REOPENED) == "triaged"
    assert status(RESOLVED, REOPENED) == "reported"


def test_a_report_that_comes_after_the_end_does_not_open_it_again() -> None:
    assert status(reported(), RESOLVED, CLOSED, reported()) == "closed"


def test_what_was_ordered_is_kept() -> None:
    facts = [dispatched(INNOCENT), CONTAINED, RESOLVED, REOPENED, dispatched("brimob-01", INNOCENT), RESOLVED, REOPENED]
    document = shown(*map(fact, facts))
    assert [each["units"] for each in document["dispatches"]] == [[INNOCENT], ["brimob-01", INNOCENT]]
    assert document["dispatched"] == ["brimob-01", INNOCENT]
    assert [each["reason"] for each in document["reopenings"]] == ["massa kembali"] * 2
    assert document["containment"]["measures"] == "jalan ditutup"
    assert document["resolution"]["resolution"] == "dibubarkan"


@pytest.mark.parametrize("first", [TRIAGED, dispatched(INNOCENT), CONTAINED, RESOLVED, LINKED])
def test_it_is_acknowledged_by_the_first_order_that_sees_to_it(first: Any) -> None:
    facts = fact(reported(), "06:00"), fact(first, "06:20"), fact(TRIAGED, "06:40")
    assert shown(facts[0])["acknowledged_at"] is None
    assert shown(*facts)["acknowledged_at"] == "2019-11-03T06:20:00Z"
    assert shown(*facts)["first_reported_at"] == "2019-11-03T06:00:00Z"


def test_handing_it_up_is_not_seeing_to_it() -> None:
    facts = fact(reported(), "06:00"), fact(escalated("polres"), "06:20"), fact(TRIAGED, "06:40")
    assert shown(*facts[:2])["acknowledged_at"] is None
    assert shown(*facts)["acknowledged_at"] == "2019-11-03T06:40:00Z"


# Levels.


def test_the_polsek_answers_for_it_until_it_is_escalated_and_every_escalation_is_kept() -> None:
    assert shown(fact(reported()))["level"] == "polsek"
    document = shown(fact(escalated("polres"), "06:00"), fact(escalated("polda"), "07:00"))
    assert document["level"] == "polda"
    assert [(each["level"], each["as_of"], each["reason"]) for each in document["escalations"]] == [
        ("polres", "2019-11-03T06:00:00Z", "perlu bantuan"),
        ("polda", "2019-11-03T07:00:00Z", "perlu bantuan"),
    ]


# Units complained of.


@pytest.mark.parametrize(
    "data",
    [
        (dispatched(INNOCENT, COMPLAINED), COMPLAINT),
        (TRIAGED, dispatched(COMPLAINED), COMPLAINT),
        (COMPLAINT, TRIAGED, dispatched(COMPLAINED), COMPLAINT),
        (dispatched(COMPLAINED), RESOLVED, REOPENED, COMPLAINT),
        (dispatched(COMPLAINED), dispatched(INNOCENT), COMPLAINT),
        (COMPLAINT, dispatched(COMPLAINED)),
    ],
    ids=[
        "before any triage",
        "after a triage without",
        "between two",
        "before a reopening",
        "before another unit",
        "against it",
    ],
)
def test_a_unit_complained_of_that_was_sent_is_flagged(data: Any) -> None:
    document = shown(fact(reported()), *map(fact, data))
    assert document["flags"] == ["complained_unit_dispatched"]


@pytest.mark.parametrize(
    "data",
    [
        (dispatched(INNOCENT), COMPLAINT),
        (dispatched(COMPLAINED), COMPLAINT, TRIAGED),
        (dispatched(COMPLAINED), TRIAGED),
    ],
    ids=["another unit", "the complaint is gone", "no complaint"],
)
def test_a_unit_that_the_latest_triage_does_not_complain_of_is_not_flagged(data: Any) -> None:
    assert shown(fact(reported()), *map(fact, data))["flags"] == []


# Duplicates.


def test_a_duplicate_is_flagged_and_says_of_which_and_who_linked_it() -> None:
    document = shown(fact(reported()), fact(LINKED, source="/operators/posko"))
    assert (document["flags"], document["duplicate_of"]) == (["duplicate"], OTHER)
    assert document["link"]["source"] == "/operators/posko"


def test_reopening_lifts_the_link() -> None:
    document = shown(*map(fact, (reported(), LINKED, RESOLVED, REOPENED)))
    assert (document["flags"], document["duplicate_of"]) == ([], None)


# In the picture and in lists.


def is_open(*data: Any) -> bool:
    (found,) = briefs({"incident": [shown(*map(fact, data))]}, DAY).incidents
    return found.open


@pytest.mark.parametrize("data", [TRIAGED, dispatched(INNOCENT), CONTAINED, escalated("polres")])
def test_an_incident_is_open_until_it_is_resolved(data: Any) -> None:
    assert is_open(reported())
    assert is_open(reported(), data)
    assert not is_open(reported(), data, RESOLVED)
    assert not is_open(reported(), data, RESOLVED, CLOSED)
    assert is_open(reported(), data, RESOLVED, CLOSED, REOPENED)


def test_a_duplicate_is_not_open() -> None:
    assert not is_open(reported(), LINKED)
    assert is_open(reported(), LINKED, RESOLVED, REOPENED)


def linked(incident: str, duplicate_of: str, *more: Any) -> Any:
    told = IncidentReported(incident=incident, type="crowding", severity=3, village=VILLAGE, summary="massa")
    link = DuplicateLinked(incident=incident, duplicate_of=duplicate_of)
    return shown(*map(fact, (told, link, *more)))


def row_of(*documents: Any) -> Incidents:
    return incidents(briefs({"incident": documents}, DAY).incidents, JUDGE)


def test_of_two_that_are_each_others_duplicate_the_smaller_id_is_open_and_it_is_flagged() -> None:
    found = briefs({"incident": [linked("b", "a"), linked("a", "b")]}, DAY).incidents
    assert {each.incident for each in found if each.open} == {"a"}
    row = row_of(linked("b", "a"), linked("a", "b"))
    assert (row.open, row.flags) == ({"3": 1}, ["mutual_duplicates"])


def test_of_two_that_are_each_others_duplicate_one_that_is_resolved_is_not_the_one_that_counts() -> None:
    resolved = linked("a", "b", IncidentResolved(incident="a", resolution="selesai"))
    assert row_of(linked("b", "a"), resolved).open == {"3": 1}
    both = linked("b", "a", IncidentResolved(incident="b", resolution="selesai"))
    assert (row_of(both, resolved).open, row_of(both, resolved).flags) == ({}, [])


def test_of_a_longer_ring_one_is_open_and_what_leads_into_it_is_not() -> None:
    ring = linked("a", "b"), linked("b", "c"), linked("c", "a"), linked("0", "a"), linked("z", "a")
    found = briefs({"incident": ring}, DAY).incidents
    assert {each.incident for each in found if each.open} == {"a"}


def test_a_chain_of_duplicates_that_ends_is_no_ring() -> None:
    row = row_of(linked("a", "b"), linked("b", "c"))
    assert (row.open, row.flags) == ({}, [])


def test_it_is_listed_by_village_and_status() -> None:
    columns = listed("incident", shown(fact(reported()), fact(CONTAINED)))
    assert (columns.villages, columns.districts, columns.status) == (["36.04.13.2009"], ["36.04.13"], "contained")
