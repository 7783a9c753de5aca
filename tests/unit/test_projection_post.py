"""A guard post as the picture shows it."""

from typing import Any

from schemas.deployment import PostRequired
from tests.support.facts import clock, fact, shown
from tests.support.given import by_post

POST = "36.04.13.2009-tps01"


def required(version: int, polri: int, **changes: Any) -> PostRequired:
    fields: dict[str, Any] = {"jurisdiction": "polres-serang", "vulnerability": "rawan", "stations": 3}
    return PostRequired(
        post=POST,
        needs=by_post(polri=polri, linmas=2),
        start=clock("05:00"),
        end=clock("18:00"),
        plan_version=version,
        plan_source="Renpam 2019",
        **(fields | changes),
    )


def test_a_post_shows_the_requirement_in_force() -> None:
    document = shown(fact(required(1, 6)))
    assert document["requirement"]["required"] == {"polri": 6, "linmas": 2}
    assert (document["jurisdiction"], document["vulnerability"], document["stations"]) == ("polres-serang", "rawan", 3)
    assert document["village"] == "36.04.13.2009"


def test_a_later_version_supersedes_without_erasing() -> None:
    later = required(10, 8, vulnerability="sangat_rawan")
    document = shown(fact(required(9, 6)), fact(later))
    assert (document["requirement"]["plan_version"], document["vulnerability"]) == (10, "sangat_rawan")
    assert {number: each["required"]["polri"] for number, each in document["versions"].items()} == {"9": 6, "10": 8}
