"""A guard post as the picture shows it, and which version of its plan is in force when."""

from datetime import date
from typing import Any

import pytest

from schemas.deployment import Need, PostRequired, PostRequiredV1
from schemas.registry import upcast
from services.projection.api import posts
from services.views.post import Post
from services.views.versions import in_force
from tests.support.facts import clock, fact, folded, shown
from tests.support.given import by_post

POST = "36.04.13.2009-tps01"
WHOLE_DAY = ("05:00", "18:00")


def required(version: int, polri: int, window: tuple[str, str] = WHOLE_DAY, **changes: Any) -> PostRequired:
    fields: dict[str, Any] = {
        "jurisdiction": "polres-serang",
        "vulnerability": "rawan",
        "stations": 3,
        "needs": by_post(polri=polri, linmas=2),
    }
    start, end = map(clock, window)
    return PostRequired(
        post=POST, start=start, end=end, plan_version=version, plan_source="Renpam 2019", **(fields | changes)
    )


def heads_at(at: str, *versions: PostRequired) -> int | None:
    """The heads of Polri that the post needs at this time of the day."""
    (answer,) = posts.answers([shown(*map(fact, versions))], [], clock(at))
    assert answer["at"] == clock(at)
    return answer["requirement"] and answer["requirement"]["required"]["polri"]


def test_a_post_shows_what_the_plan_says_of_it() -> None:
    document = shown(fact(required(1, 6, plan_dated=date(2019, 10, 30))))
    assert document["versions"]["1"]["required"] == {"polri": 6, "linmas": 2}
    assert document["versions"]["1"]["plan_dated"] == "2019-10-30"
    assert (document["jurisdiction"], document["vulnerability"], document["stations"]) == ("polres-serang", "rawan", 3)
    assert document["village"] == "36.04.13.2009"


def test_a_later_version_supersedes_without_erasing() -> None:
    versions = required(9, 6), required(10, 8, vulnerability="sangat_rawan")
    document = shown(*map(fact, versions))
    assert document["vulnerability"] == "sangat_rawan"
    assert {number: each["required"]["polri"] for number, each in document["versions"].items()} == {"9": 6, "10": 8}
    assert heads_at("06:00", *versions) == 8


@pytest.mark.parametrize(
    ("at", "heads"), [("04:59", None), ("05:00", 2), ("08:59", 2), ("09:00", 6), ("11:59", 6), ("12:00", 2)]
)
def test_the_highest_version_whose_window_holds_the_time_is_in_force(at: str, heads: int | None) -> None:
    assert heads_at(at, required(1, 2), required(2, 6, ("09:00", "12:00"))) == heads


def test_a_version_that_is_not_due_yet_leaves_the_one_before_in_force() -> None:
    assert heads_at("06:00", required(1, 2), required(2, 6, ("17:00", "20:00"))) == 2


def test_nothing_is_required_when_no_window_holds_the_time() -> None:
    assert heads_at("18:00", required(1, 2)) is None


def test_versions_are_compared_as_numbers() -> None:
    state = folded([fact(required(9, 2)), fact(required(10, 3))]).entities["post", POST]
    assert isinstance(state, Post)
    found = in_force(state.versions, clock("06:00"))
    assert found is not None
    assert found.plan_version == 10


@pytest.mark.parametrize(("stations", "every", "heads"), [(3, 1, 6), (3, 2, 4), (4, 2, 4), (1, 5, 2)])
def test_heads_by_stations_count_for_every_begun_group_of_them(stations: int, every: int, heads: int) -> None:
    needs = (
        Need(force="polri", heads=2, per="stations", every=every),
        Need(force="tni", heads=1, per="post"),
        Need(force="tni", heads=1, per="stations", every=100),
    )
    document = shown(fact(required(1, 0, stations=stations, needs=needs)))
    assert document["versions"]["1"]["required"] == {"polri": heads, "tni": 2}


def test_a_requirement_of_the_first_version_reads_as_one_by_the_whole_post() -> None:
    old = PostRequiredV1(
        post=POST,
        jurisdiction="polres-serang",
        vulnerability="rawan",
        stations=3,
        required={"polri": 6, "linmas": 2},
        start=clock("05:00"),
        end=clock("18:00"),
        plan_version=1,
        plan_source="Renpam 2019",
    )
    assert shown(fact(upcast(old)))["versions"]["1"]["required"] == {"polri": 6, "linmas": 2}
