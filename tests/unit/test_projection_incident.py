"""An incident as the picture shows it."""

from itertools import permutations
from typing import Any

from schemas.incidents import IncidentClosed, IncidentReported, IncidentResolved, IncidentTriaged
from tests.support.facts import fact, shown

INCIDENT = "ins-0012"
TRIAGED = IncidentTriaged(incident=INCIDENT, type="officer_neutrality", severity=1, complained_unit="polres-serang-007")
RESOLVED = IncidentResolved(incident=INCIDENT, resolution="dibubarkan")
CLOSED = IncidentClosed(incident=INCIDENT)


def reported(**changes: Any) -> IncidentReported:
    fields: dict[str, Any] = {"type": "crowding", "severity": 3, "village": "36.04.13.2009", "summary": "massa"}
    return IncidentReported(incident=INCIDENT, **(fields | changes))


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
        assert (document["severity"], len(document["reports"])) == (2, 3)
        assert document["first_reported_at"] == "2019-11-03T06:00:00Z"
        assert document["last_heard"] == "2019-11-03T08:00:00Z"


def test_triage_overrides_reports_even_those_that_come_after_it() -> None:
    document = shown(fact(reported(), "06:00"), fact(TRIAGED, "06:30"), fact(reported(severity=4), "08:00"))
    assert (document["status"], document["type"], document["severity"]) == ("triaged", "officer_neutrality", 1)
    assert document["complained_unit"] == "polres-serang-007"


def test_of_two_judgements_the_last_to_arrive_counts_whatever_its_time() -> None:
    again = IncidentTriaged(incident=INCIDENT, type="riot", severity=2)
    document = shown(fact(reported(), "06:00"), fact(TRIAGED, "09:00"), fact(again, "08:00"))
    assert (document["type"], document["complained_unit"]) == ("riot", None)


def test_links_are_the_union_of_what_all_reports_name() -> None:
    one = reported(units=("b", "a"), shipments=("s1",))
    document = shown(fact(one, "07:00"), fact(reported(units=("c", "a")), "06:00"))
    assert (document["units"], document["shipments"]) == (["a", "b", "c"], ["s1"])


def test_orders_bring_it_to_its_end() -> None:
    facts = [fact(reported(), "06:00"), fact(TRIAGED), fact(RESOLVED), fact(CLOSED)]
    statuses = [shown(*facts[:n])["status"] for n in (1, 2, 3, 4)]
    assert statuses == ["reported", "triaged", "resolved", "closed"]


def test_an_incident_known_from_orders_alone_is_unreported_until_a_report_comes() -> None:
    document = shown(fact(TRIAGED))
    assert (document["flags"], document["village"], document["last_heard"]) == (["unreported"], None, None)
    assert shown(fact(TRIAGED), fact(reported()))["flags"] == []


def test_a_report_ahead_of_our_clock_is_flagged() -> None:
    assert shown(fact(reported(), "09:00", recorded="06:00"))["flags"] == ["clock_ahead"]
