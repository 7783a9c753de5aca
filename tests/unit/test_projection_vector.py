"""Vectors of positions: written and read back, and what a client may send."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import SERVICES
from services.projection.api import vector

PLACES = st.tuples(st.sampled_from([f"{service}.events" for service in SERVICES]), st.integers(0, 40))
VECTORS = st.dictionaries(PLACES, st.integers(0, 10**18 - 1), max_size=20)


@given(VECTORS)
def test_a_vector_comes_back_as_it_was_and_what_it_did_not_name_is_unread(one: dict[tuple[str, int], int]) -> None:
    back = vector.parse(vector.write(one))
    assert {place: offset for place, offset in back.items() if offset} == {p: o for p, o in one.items() if o}
    assert vector.covers(back, one)
    assert vector.covers(one, back)


def test_the_position_of_an_answer_is_a_vector_too() -> None:
    assert vector.parse("deployment.events/1@17,logistics.events/0@3") == {
        ("deployment.events", 1): 17,
        ("logistics.events", 0): 3,
    }
    assert vector.parse("deployment@5.17,logistics@3") == {
        ("deployment.events", 0): 5,
        ("deployment.events", 1): 17,
        ("logistics.events", 0): 3,
    }


@pytest.mark.parametrize(
    "text",
    ["", "17", "deployment", "deployment@", "deployment@1,", "gateway@1", "deployment@-1", "deployment@1..2",
     " deployment@1", "deployment.inbox/0@1", "deployment@1,logistics.events/0@3", "deployment@١", "deployment@1\n",
     "deployment@" + "9" * 19, ",".join(["deployment@1"] * 1000)],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not like"):
        vector.parse(text)


def test_a_vector_of_nothing_is_the_beginning() -> None:
    assert vector.parse(vector.write({})) == {("deployment.events", 0): 0}


@given(VECTORS, PLACES)
def test_one_step_back_does_not_cover(one: dict[tuple[str, int], int], place: tuple[str, int]) -> None:
    farther = {**one, place: one.get(place, 0) + 1}
    assert vector.covers(farther, one)
    assert not vector.covers(one, farther)


def test_the_pattern_says_the_same_to_clients() -> None:
    assert re.fullmatch(vector.PATTERN, "deployment@17.4.0,logistics@9.2.1")
