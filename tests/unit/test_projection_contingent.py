"""The personnel that agencies give, and how many that is when."""

from datetime import date
from typing import Any

import pytest

from schemas.deployment import ContingentPlanned
from services.projection.api import contingents
from services.views.model import listed
from tests.support.facts import clock, fact, shown


def planned(
    version: int, personnel: dict[str, int], window: tuple[str, str] = ("05:00", "18:00"), of: str = "polres-serang"
) -> ContingentPlanned:
    start, end = map(clock, window)
    return ContingentPlanned(
        contingent=of,
        agency=of,
        personnel=personnel,  # type: ignore[arg-type]
        start=start,
        end=end,
        plan_version=version,
        plan_source="Rapat 30 Oktober 2019",
        plan_dated=date(2019, 10, 30),
    )


def answer(at: str, *versions: ContingentPlanned) -> dict[str, Any]:
    (found,) = contingents.answers([shown(*map(fact, versions))], clock(at))
    return found


def test_a_contingent_shows_its_versions_and_is_listed_by_agency() -> None:
    document = shown(fact(planned(1, {"polri": 450})), fact(planned(2, {"polri": 474})))
    assert {number: each["personnel"] for number, each in document["versions"].items()} == {
        "1": {"polri": 450},
        "2": {"polri": 474},
    }
    assert document["versions"]["2"]["plan_dated"] == "2019-10-30"
    assert listed("contingent", document).agency == "polres-serang"


@pytest.mark.parametrize(("at", "total"), [("04:00", 0), ("05:00", 450), ("08:00", 474), ("12:00", 450), ("18:00", 0)])
def test_the_plan_in_force_says_how_many_heads_there_are(at: str, total: int) -> None:
    versions = planned(1, {"polri": 450}), planned(2, {"polri": 474}, ("08:00", "12:00"))
    assert answer(at, *versions)["total"] == total


def test_heads_of_all_forces_are_the_total() -> None:
    found = answer("06:00", planned(1, {"brimob": 120, "polri": 80}, of="polda-banten"))
    assert (found["total"], found["plan"]["personnel"]) == (200, {"brimob": 120, "polri": 80})
