"""The operation: what each log says of it, and whether they agree."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from schemas.catalogue import SERVICES
from schemas.operation import Voting
from services.projection.api import operation
from services.views.model import listed
from tests.support.facts import clock, fact, folded, shown
from tests.support.given import ADOPTED, OPERATION

DEPLOYMENT, LOGISTICS, INCIDENTS = ADOPTED
NOW = clock("03:00")


def answer(*events: Any, at: datetime = NOW) -> Any:
    """What the API says after these events."""
    documents = folded(map(fact, events)).documents()
    found = {s: [each for (kind, _), each in documents.items() if kind == f"{s}-operation"] for s in SERVICES}
    return operation.answer(found, at)


def test_each_log_has_its_own_operation_with_every_version() -> None:
    documents = folded(map(fact, (*ADOPTED, replace(DEPLOYMENT, version=2)))).documents()
    assert {kind: sorted(each["versions"]) for (kind, _), each in documents.items()} == {
        "deployment-operation": ["1", "2"],
        "logistics-operation": ["1"],
        "incidents-operation": ["1"],
    }
    assert documents["deployment-operation", DEPLOYMENT.operation]["in_force"] == 2


@pytest.mark.parametrize("adopted", ADOPTED)
def test_a_version_shows_the_whole_file_and_the_order_that_brought_it(adopted: Any) -> None:
    version = shown(fact(adopted, source="/operators/posko", id="m1"))["versions"]["1"]
    assert (version["source"], version["id"]) == ("/operators/posko", "m1")
    assert version["file"]["source"] == "synthetic"
    assert version["file"]["polling_day"] == "2019-11-03"
    assert version["file"]["villages"][1] == {
        "village": "36.04.05.2001",
        "jurisdiction": "polres-cilegon",
        "stations": 9,
    }


def test_the_version_of_the_highest_number_is_in_force() -> None:
    document = shown(*(fact(replace(DEPLOYMENT, version=version)) for version in (9, 10)))
    assert document["in_force"] == 10


def test_an_operation_is_listed_by_the_villages_of_the_version_in_force() -> None:
    fewer = replace(DEPLOYMENT, version=2, villages=DEPLOYMENT.villages[:1])
    kind = "deployment-operation"
    assert listed(kind, shown(fact(DEPLOYMENT))).villages == ["36.04.05.2001", "36.04.13.2009"]
    assert listed(kind, shown(fact(DEPLOYMENT), fact(fewer))).villages == ["36.04.13.2009"]


def test_nothing_is_answered_before_any_log_has_adopted_one() -> None:
    assert answer() is None


def test_an_operation_that_all_logs_follow_has_no_flag() -> None:
    found = answer(*ADOPTED)
    assert found["in_force"] == {"deployment": 1, "logistics": 1, "incidents": 1}
    assert (found["operation"], found["flags"]) == (DEPLOYMENT.operation, [])
    assert found["file"]["version"] == 1


def test_a_half_applied_version_is_seen() -> None:
    found = answer(*ADOPTED, replace(LOGISTICS, version=2, name="Baru"))
    assert found["in_force"] == {"deployment": 1, "logistics": 2, "incidents": 1}
    assert found["flags"] == ["half_applied"]
    assert found["file"]["name"] == "Baru"
    assert {number: sorted(each["adopted"]) for number, each in found["versions"].items()} == {
        "1": ["deployment", "incidents", "logistics"],
        "2": ["logistics"],
    }


def test_a_log_that_has_adopted_nothing_makes_it_half_applied() -> None:
    found = answer(DEPLOYMENT, INCIDENTS)
    assert found["in_force"] == {"deployment": 1, "logistics": None, "incidents": 1}
    assert found["flags"] == ["half_applied"]


def test_different_files_under_the_same_version_are_seen() -> None:
    other = replace(INCIDENTS, villages=(Voting(village="36.04.13.2009", jurisdiction="polres-cilegon", stations=2),))
    assert answer(DEPLOYMENT, LOGISTICS, other)["flags"] == ["contradicting"]


@pytest.mark.parametrize(("at", "stage"), [("00:00", "voting"), ("05:59", "voting"), ("06:00", None)])
def test_the_stage_is_that_of_the_time_asked_for(at: str, stage: str | None) -> None:
    assert answer(*ADOPTED, at=clock(at))["stage"] == stage


def test_of_several_operations_the_one_with_the_nearest_polling_day_is_meant() -> None:
    later = {**OPERATION, "operation": "pilkades-2021", "polling_day": date(2021, 10, 31)}
    other = tuple(type(each)(**later) for each in ADOPTED)
    assert answer(*other, *ADOPTED)["operation"] == DEPLOYMENT.operation
    assert answer(*other)["operation"] == "pilkades-2021"
