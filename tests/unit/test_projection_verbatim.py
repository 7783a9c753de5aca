"""JSON that is put into answers as it is."""

import json
from datetime import UTC, datetime

import pytest

from services.projection.api.verbatim import Json, as_stored, page_of
from services.projection.api.words import Answer

TEXT = '{"a": 1.10, "b": "two: x, \\"y\\" \\u0001 é", "c": [1, 2], "d": {}}'
"""As PostgreSQL writes it; who decodes the number and encodes it again loses its last digit."""
SENT = b'{"a":1.10,"b":"two: x, \\"y\\" \\u0001 \xc3\xa9","c":[1,2],"d":{}}'


class Row(Answer):
    """A model."""

    at: datetime


def test_of_what_is_stored_only_the_blanks_between_are_left_out() -> None:
    assert bytes(as_stored(TEXT)) == SENT
    assert json.loads(SENT) == json.loads(TEXT)


def test_a_page_has_what_is_stored_as_it_is_and_says_what_comes_next() -> None:
    found = {id_: as_stored(TEXT) for id_ in ("x", "y", "z")}
    assert Json(page_of(found, 2), {}).body == b'{"items":[%b,%b],"next":"y"}' % (SENT, SENT)
    assert Json(page_of(found, 3), {}).body == b'{"items":[%b,%b,%b],"next":null}' % (SENT, SENT, SENT)
    assert Json(page_of({}, 3), {}).body == b'{"items":[],"next":null}'


def test_an_answer_may_hold_models_and_instants_too_and_has_the_headers_of_its_look() -> None:
    noon = datetime(2019, 11, 3, 12, tzinfo=UTC)
    answer = Json({"row": Row(at=noon), "at": noon, "one": as_stored("{}")}, {"Kalimaya-Position": "x"})
    assert answer.body == b'{"row":{"at":"2019-11-03T12:00:00Z"},"at":"2019-11-03T12:00:00Z","one":{}}'
    assert answer.headers["kalimaya-position"] == "x"
    assert answer.headers["content-type"] == "application/json"


def test_what_cannot_be_said_in_json_is_a_bug_of_ours() -> None:
    with pytest.raises(TypeError, match="object is not to be had in JSON"):
        Json(object(), {})
