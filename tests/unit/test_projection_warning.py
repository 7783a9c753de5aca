"""Early warnings and engagements as the API shows them: reports alone, whose latest word is shown."""

from itertools import permutations
from typing import Any

from schemas.incidents import EngagementHeld, WarningGiven
from schemas.places import VILLAGES
from services.views.model import listed
from tests.support.facts import clock, fact, shown

DISTRICT, VILLAGE = "36.04.13", "36.04.13.2009"


def warned(**changes: Any) -> WarningGiven:
    fields: dict[str, Any] = {
        "area": DISTRICT,
        "expects": "riot",
        "reliability": "B",
        "credibility": 2,
        "start": clock("06:00"),
        "end": clock("09:00"),
        "summary": "pendukung akan menolak hasil",
    }
    return WarningGiven(warning="pd-001", **(fields | changes))


def met(**changes: Any) -> EngagementHeld:
    fields: dict[str, Any] = {"district": DISTRICT, "ormas": "ormas-01", "participants": 25, "summary": "damai"}
    return EngagementHeld(engagement="gal-001", **(fields | changes))


def test_a_warning_shows_its_grade_area_and_window() -> None:
    document = shown(fact(warned(), "05:00", source="/agencies/intelkam"))
    assert (document["reliability"], document["credibility"], document["expects"]) == ("B", 2, "riot")
    assert document["area"] == DISTRICT
    assert (document["start"], document["end"]) == ("2019-11-03T06:00:00Z", "2019-11-03T09:00:00Z")
    assert (document["sources"], document["flags"]) == (["/agencies/intelkam"], [])
    assert document["last_heard"] == "2019-11-03T05:00:00Z"


def test_of_several_words_the_latest_is_shown_and_the_last_of_each_source_kept() -> None:
    facts = (
        fact(warned(reliability="F", credibility=6), "04:00", source="/a"),
        fact(warned(reliability="A", credibility=1), "07:00", source="/b"),
        fact(warned(reliability="C", credibility=3), "05:00", source="/a"),
    )
    for order in permutations(facts):
        document = shown(*order)
        assert (document["reliability"], document["credibility"]) == ("A", 1)
        assert document["sources"] == ["/a", "/b"]
        assert {source: each["reliability"] for source, each in document["words"].items()} == {"/a": "C", "/b": "A"}


def test_a_warning_whose_window_ends_before_it_begins_is_flagged() -> None:
    assert shown(fact(warned(end=clock("06:00"))))["flags"] == ["window_empty"]


def test_a_warning_ahead_of_our_clock_is_flagged() -> None:
    assert shown(fact(warned(), "09:00", recorded="06:00"))["flags"] == ["clock_ahead"]


def test_a_warning_for_a_district_concerns_each_of_its_villages() -> None:
    columns = listed("warning", shown(fact(warned())))
    assert columns.districts == [DISTRICT]
    assert columns.villages == sorted(code for code, each in VILLAGES.items() if each.district_code == DISTRICT)
    assert listed("warning", shown(fact(warned(area=VILLAGE)))).villages == [VILLAGE]


def test_an_engagement_shows_who_was_met_where_and_when() -> None:
    document = shown(fact(met(place="aula"), "03:00", source="/agencies/polsek"))
    assert (document["district"], document["ormas"], document["participants"]) == (DISTRICT, "ormas-01", 25)
    assert (document["place"], document["held_at"]) == ("aula", "2019-11-03T03:00:00Z")
    assert (document["sources"], document["flags"]) == (["/agencies/polsek"], [])


def test_of_several_accounts_of_an_engagement_the_latest_is_shown() -> None:
    facts = (
        fact(met(participants=30), "04:00", source="/a"),
        fact(met(), "03:00", source="/b"),
        fact(met(participants=10), "02:00", source="/a"),
    )
    for order in permutations(facts):
        document = shown(*order)
        assert (document["participants"], document["sources"]) == (30, ["/a", "/b"])


def test_an_engagement_ahead_of_our_clock_is_flagged() -> None:
    assert shown(fact(met(), "09:00", recorded="06:00"))["flags"] == ["clock_ahead"]


def test_an_engagement_is_listed_by_district() -> None:
    columns = listed("engagement", shown(fact(met())))
    assert (columns.districts, columns.villages) == ([DISTRICT], [])
