"""A unit as the picture shows it."""

from itertools import permutations
from typing import Any

import pytest

from schemas.deployment import (
    AssignmentCancelled,
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
from services.views import unit
from services.views.model import listed
from tests.support.facts import clock, fact, folded, shown

U = "polres-serang-007"
POST, ELSEWHERE = "36.04.13.2009", "36.04.13.2010"
REGISTERED = UnitRegistered(unit=U, name="Regu 7", agency="polres-serang", strength={"polri": 10}, callsign="Elang 7")


def assigned(target: str = POST, start: str = "05:00", end: str = "18:00", **changes: Any) -> UnitAssigned:
    fields: dict[str, Any] = {"target_kind": "post", "duty": "guard", "assignment": "a1", "headcount": {"polri": 2}}
    return UnitAssigned(unit=U, target=target, start=clock(start), end=clock(end), **(fields | changes))


def mustered(heads: int, post: str = POST) -> UnitMustered:
    return UnitMustered(unit=U, post=post, present={"polri": heads})


def left(post: str = POST, consent: str | None = None) -> UnitLeftPost:
    return UnitLeftPost(unit=U, post=post, reason="relieved", consent=consent)


ARRIVED = UnitArrived(unit=U, post=POST)
RELIEVED = UnitRelieved(unit=U, post=POST, by="polres-serang-008")
CANCELLED = AssignmentCancelled(unit=U, assignment="a1", reason="dialihkan")


def departed(post: str = POST) -> UnitDeparted:
    return UnitDeparted(unit=U, post=post, mode="sea")


def visited(village: str = POST, finding: str | None = None) -> UnitVisited:
    return UnitVisited(unit=U, village=village, finding=finding)


def stood_down(at: str = "12:00") -> UnitStoodDown:
    return UnitStoodDown(unit=U, at=clock(at), reason="selesai")


def test_a_registered_unit_shows_who_it_is() -> None:
    document = shown(fact(REGISTERED))
    assert document["registration"]["name"] == "Regu 7"
    assert document["registration"]["strength"] == {"polri": 10}
    assert document["registration"]["force"] is None
    assert (document["flags"], document["presence"], document["last_heard"]) == ([], None, None)


def test_a_unit_that_is_only_reported_on_is_an_unknown_subject_until_it_is_registered() -> None:
    sighting = fact(UnitSighted(unit=U, lat=-6.1, lon=106.2), "06:00")
    assert shown(sighting)["flags"] == ["unknown_subject"]
    assert shown(sighting, fact(REGISTERED))["flags"] == []


def test_the_latest_position_counts_and_not_the_last_to_arrive() -> None:
    early = fact(UnitSighted(unit=U, lat=-6.1, lon=106.2, speed=3.0), "06:00")
    late = fact(UnitSighted(unit=U, lat=-6.2, lon=106.3), "07:00")
    for order in ((early, late), (late, early)):
        position = shown(*order)["position"]
        assert (position["lat"], position["lon"], position["speed"]) == (-6.2, 106.3, None)
        assert position["as_of"] == "2019-11-03T07:00:00Z"


def test_a_tie_goes_to_the_greater_source_and_id() -> None:
    one = fact(UnitSighted(unit=U, lat=1, lon=1), "06:00", source="/a", id="2")
    two = fact(UnitSighted(unit=U, lat=2, lon=2), "06:00", source="/b", id="1")
    three = fact(UnitSighted(unit=U, lat=3, lon=3), "06:00", source="/b", id="2")
    assert {shown(*order)["position"]["lat"] for order in permutations((one, two, three))} == {3}


def test_a_report_ahead_of_our_clock_counts_as_of_its_recording_and_is_flagged() -> None:
    ahead = fact(UnitSighted(unit=U, lat=1, lon=1), "09:00", recorded="06:00")
    usual = fact(UnitSighted(unit=U, lat=2, lon=2), "07:00")
    document = shown(fact(REGISTERED), ahead)
    assert document["flags"] == ["clock_ahead"]
    assert document["last_heard"] == document["position"]["as_of"] == "2019-11-03T06:00:00Z"
    for order in permutations((fact(REGISTERED), ahead, usual)):
        document = shown(*order)
        assert (document["position"]["lat"], document["flags"]) == (2, ["clock_ahead"])


def test_a_muster_says_who_is_present() -> None:
    assert shown(fact(mustered(4), "06:00"))["presence"] == {
        "post": POST,
        "state": "present",
        "present": {"polri": 4},
        "counted_at": "2019-11-03T06:00:00Z",
        "as_of": "2019-11-03T06:00:00Z",
    }


def test_a_unit_that_has_arrived_and_was_not_counted_has_no_headcount() -> None:
    presence = shown(fact(ARRIVED, "06:00"))["presence"]
    assert (presence["state"], presence["present"]) == ("present", None)


def test_a_headcount_stands_when_arrival_at_the_same_post_is_reported_again() -> None:
    presence = shown(fact(mustered(4), "06:00"), fact(ARRIVED, "06:30"))["presence"]
    assert presence["present"] == {"polri": 4}
    assert (presence["counted_at"], presence["as_of"]) == ("2019-11-03T06:00:00Z", "2019-11-03T06:30:00Z")


@pytest.mark.parametrize(
    "between",
    [
        left(),
        RELIEVED,
        departed(),
        departed(ELSEWHERE),
        UnitArrived(unit=U, post=ELSEWHERE),
        mustered(1, ELSEWHERE),
    ],
)
def test_a_headcount_ends_when_the_unit_leaves_or_is_elsewhere(between: Any) -> None:
    facts = fact(mustered(4), "06:00"), fact(between, "07:00"), fact(ARRIVED, "08:00")
    for order in permutations(facts):
        assert shown(*order)["presence"]["present"] is None


def test_having_left_shows_the_post_and_nobody_present() -> None:
    presence = shown(fact(mustered(4), "06:00"), fact(left(), "07:00"))["presence"]
    assert (presence["post"], presence["state"], presence["present"]) == (POST, "left", None)


def test_word_of_having_left_one_post_says_nothing_about_the_post_come_to_before_it() -> None:
    gone = UnitLeftPost(unit=U, post=ELSEWHERE, reason="relieved", consent="STR/12")
    facts = fact(mustered(1, ELSEWHERE), "05:00"), fact(mustered(4), "06:00"), fact(gone, "06:05")
    for order in permutations(facts):
        presence = shown(*order)["presence"]
        assert (presence["post"], presence["state"], presence["present"]) == (POST, "present", {"polri": 4})


def test_a_late_muster_from_before_the_departure_changes_nothing_now() -> None:
    presence = shown(fact(left(), "07:00"), fact(mustered(4), "06:00"))["presence"]
    assert presence["state"] == "left"


def test_a_unit_that_set_out_is_under_way_until_it_comes() -> None:
    facts = fact(departed(), "06:00"), fact(ARRIVED, "08:00")
    presence = shown(facts[0])["presence"]
    assert (presence["post"], presence["state"], presence["present"]) == (POST, "under_way", None)
    assert presence["as_of"] == "2019-11-03T06:00:00Z"
    for order in permutations(facts):
        assert shown(*order)["presence"]["state"] == "present"


def test_a_unit_that_sets_out_for_another_post_is_no_longer_at_this_one() -> None:
    for order in permutations((fact(mustered(4), "06:00"), fact(departed(ELSEWHERE), "07:00"))):
        presence = shown(*order)["presence"]
        assert (presence["post"], presence["state"], presence["present"]) == (ELSEWHERE, "under_way", None)


def test_a_late_word_of_having_set_out_does_not_undo_having_come() -> None:
    presence = shown(fact(mustered(4), "08:00"), fact(departed(), "06:00"))["presence"]
    assert (presence["state"], presence["present"]) == ("present", {"polri": 4})


def test_being_under_way_to_a_post_without_an_assignment_is_not_unexpected() -> None:
    assert shown(fact(REGISTERED), fact(departed(), "06:00"))["flags"] == []


def test_how_a_unit_set_out_is_kept() -> None:
    assert shown(fact(departed(), "06:00"))["visits"][POST]["departed"]["mode"] == "sea"


def test_a_relief_takes_the_unit_from_the_post_and_is_authorised() -> None:
    facts = fact(REGISTERED), fact(mustered(4), "06:00"), fact(RELIEVED, "07:00")
    for order in permutations(facts):
        document = shown(*order)
        assert (document["presence"]["post"], document["presence"]["state"]) == (POST, "left")
        assert (document["presence"]["present"], document["flags"]) == (None, [])
        assert document["visits"][POST]["relieved"]["by"] == "polres-serang-008"


def test_a_relief_that_is_told_last_excuses_having_left_and_one_told_before_does_not() -> None:
    for order in permutations((fact(left(), "07:00"), fact(RELIEVED, "07:01"))):
        assert shown(fact(REGISTERED), *order)["flags"] == []
    for order in permutations((fact(RELIEVED, "07:00"), fact(left(), "09:00"))):
        assert shown(fact(REGISTERED), *order)["flags"] == ["unauthorised"]


def test_a_relief_at_one_post_says_nothing_about_another() -> None:
    document = shown(fact(REGISTERED), fact(left(ELSEWHERE), "05:00"), fact(RELIEVED, "07:00"))
    assert document["unauthorised"] == [ELSEWHERE]


def test_the_last_visit_of_a_patrol_is_kept_for_each_village() -> None:
    found = visited(finding="massa berkumpul")
    facts = fact(visited(), "06:00"), fact(found, "07:00"), fact(visited(ELSEWHERE), "08:00")
    for order in permutations(facts):
        document = shown(*order)
        assert {code: each["as_of"] for code, each in document["patrols"].items()} == {
            POST: "2019-11-03T07:00:00Z",
            ELSEWHERE: "2019-11-03T08:00:00Z",
        }
        assert document["patrols"][POST]["finding"] == "massa berkumpul"
        assert (document["presence"], document["last_heard"]) == (None, "2019-11-03T08:00:00Z")


def test_a_unit_is_listed_by_the_villages_that_it_is_sent_to_was_at_or_patrolled() -> None:
    third = "36.04.13.2008"
    document = shown(
        fact(REGISTERED),
        fact(assigned(f"{POST}-tps01")),
        fact(mustered(1, ELSEWHERE), "06:00"),
        fact(visited(third), "07:00"),
    )
    assert listed("unit", document).villages == [third, POST, ELSEWHERE]
    assert listed("unit", document).agency == "polres-serang"
    assert listed("unit", shown(fact(REGISTERED), fact(assigned()), fact(CANCELLED))).villages == []


def test_leaving_without_consent_is_unauthorised_and_says_which_post() -> None:
    document = shown(fact(REGISTERED), fact(left(), "07:00"))
    assert (document["flags"], document["unauthorised"]) == (["unauthorised"], [POST])


def test_coming_back_does_not_excuse_having_left() -> None:
    document = shown(fact(REGISTERED), fact(assigned()), fact(left(), "07:00"), fact(ARRIVED, "08:00"))
    assert document["flags"] == ["unauthorised"]


def test_a_later_word_with_consent_clears_the_flag() -> None:
    facts = fact(left(), "07:00"), fact(left(consent="STR/12"), "07:01")
    for order in permutations(facts):
        assert shown(fact(REGISTERED), *order)["flags"] == []


def test_present_without_an_assignment_is_unexpected_until_a_late_order_clears_it() -> None:
    there = fact(REGISTERED), fact(ARRIVED, "06:00")
    assert shown(*there)["flags"] == ["unexpected"]
    assert shown(*there, fact(assigned(), "23:00"))["flags"] == []


@pytest.mark.parametrize(
    ("assignment", "flags"),
    [
        (assigned(start="06:00", end="06:01"), []),
        (assigned(start="05:00", end="06:00"), ["unexpected"]),
        (assigned(start="06:01"), ["unexpected"]),
        (assigned(target=ELSEWHERE), ["unexpected"]),
        (assigned(target="36.04.13", target_kind="area", duty="patrol"), ["unexpected"]),
    ],
)
def test_an_assignment_covers_its_own_post_and_window(assignment: UnitAssigned, flags: list[str]) -> None:
    assert shown(fact(REGISTERED), fact(assignment), fact(ARRIVED, "06:00"))["flags"] == flags


def test_an_assignment_to_a_village_covers_its_polling_stations_and_not_the_reverse() -> None:
    station = f"{POST}-tps01"
    at_station, at_village = fact(UnitArrived(unit=U, post=station), "06:00"), fact(ARRIVED, "06:00")
    assert shown(fact(REGISTERED), fact(assigned()), at_station)["flags"] == []
    assert shown(fact(REGISTERED), fact(assigned(target=station)), at_village)["flags"] == ["unexpected"]


def test_a_cancelled_assignment_sends_nobody() -> None:
    there = fact(REGISTERED), fact(assigned()), fact(ARRIVED, "06:00")
    assert shown(*there)["flags"] == []
    document = shown(*there, fact(CANCELLED, "07:00"))
    assert document["flags"] == ["unexpected"]
    assert document["cancellations"]["a1"]["reason"] == "dialihkan"
    assert document["assignments"].keys() == {"a1"}
    assert shown(*there, fact(CANCELLED), fact(assigned(assignment="a2")))["flags"] == []


def test_a_report_after_the_stand_down_is_flagged_until_the_unit_is_registered_again() -> None:
    late = fact(visited(), "12:00")
    for order in permutations((fact(stood_down("12:00")), late)):
        document = shown(fact(REGISTERED), *order)
        assert document["flags"] == ["after_stand_down"]
        assert document["stood_down"]["at"] == "2019-11-03T12:00:00Z"
    document = shown(fact(REGISTERED), fact(stood_down("12:00")), late, fact(REGISTERED))
    assert (document["flags"], document["stood_down"]) == ([], None)


def test_a_report_from_before_the_stand_down_is_not_flagged_however_late_it_comes() -> None:
    before = fact(visited(), "11:59")
    assert shown(fact(REGISTERED), fact(stood_down("12:00")), before)["flags"] == []


def test_assignments_are_shown_by_their_id() -> None:
    document = shown(fact(REGISTERED), fact(assigned()), fact(assigned(assignment="a2", end="20:00")))
    assert document["assignments"].keys() == {"a1", "a2"}
    assert document["assignments"]["a2"]["end"] == "2019-11-03T20:00:00Z"


def test_folding_leaves_the_old_state_as_it_was() -> None:
    old = folded([fact(assigned()), fact(mustered(4), "06:00")]).entities["unit", U]
    before = unit.document(old)
    unit.fold(unit.fold(old, fact(left(), "07:00")), fact(assigned(assignment="a2")))
    assert unit.document(old) == before
