"""What a state concerns is what lists find it by."""

from typing import Any

import pytest

from scenarios import serang2019
from schemas.deployment import AssignmentCancelled
from services.views.area import NOWHERE, Area, area
from services.views.facts import Fact
from services.views.model import fold, listed, subject_of, to_document
from tests.support.facts import fact, folded
from tests.support.rehearsal import Rehearsal
from tests.support.reports import HERE, THERE, UNIT, assigned, mustered, registered

EVERY = 7
"""Of the facts of the scenario one in so many is looked at: the documents are what takes long."""


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    found: list[Fact] = []
    Rehearsal(found.append).play(serang2019.make("small", 2019).messages)
    return found


def test_it_is_the_same_as_in_the_columns_of_the_document_all_through_an_operation(facts: list[Fact]) -> None:
    states: dict[tuple[str, str], Any] = {}
    kinds = set()
    for number, each in enumerate(facts):
        key = subject_of(each)
        state = states[key] = fold(key[0], states.get(key), each)
        if number % EVERY == 0:
            columns = listed(key[0], to_document(state))
            assert area(state) == Area(frozenset(columns.villages), frozenset(columns.districts)), key
            kinds.add(key[0])
    assert kinds >= {"unit", "post", "shipment", "incident", "readiness"}


def test_a_cancelled_assignment_takes_the_village_away_and_a_visit_keeps_it() -> None:
    cancelled = fact(AssignmentCancelled(unit=UNIT, assignment="a1", reason="moved"))

    def concerned(*several: Fact) -> frozenset[str]:
        return area(folded(several).entities["unit", UNIT]).villages

    assert concerned(registered(), assigned("a1", HERE)) == {HERE}
    assert concerned(registered(), assigned("a1", HERE), cancelled) == set()
    assert concerned(registered(), assigned("a1", HERE), mustered("01:00", "01:00", THERE), cancelled) == {THERE}


def test_two_areas_together_hold_what_either_holds() -> None:
    one, other = Area(frozenset({HERE}), frozenset({HERE[:8]})), Area(frozenset({THERE}), frozenset({THERE[:8]}))
    assert one | other == Area(frozenset({HERE, THERE}), frozenset({HERE[:8], THERE[:8]}))
    assert area(None) | one == one == one | NOWHERE
