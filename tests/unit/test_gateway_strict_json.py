"""What the gateway takes as JSON, everybody reads the same way."""

import contextlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.strict_json import DEEPEST, NotJson, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_taken_has_one_canonical_form(value: Any) -> None:
    try:
        parsed = parse(json.dumps(value).encode())
    except NotJson:
        return
    assert parsed == json.loads(json.dumps(value))  # two halves of a surrogate pair become one character
    canonical = rfc8785.dumps(parsed)
    assert rfc8785.dumps(json.loads(canonical, parse_int=float)) == canonical


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(NotJson):
        parse(body)


@pytest.mark.parametrize("largest", [2**53 - 1, -(2**53) + 1])
def test_integers_are_taken_as_far_as_a_double_is_exact(largest: int) -> None:
    assert parse(str(largest).encode()) == largest
    with pytest.raises(NotJson, match="double"):
        parse(str(largest * 2).encode())


def test_nesting_is_taken_to_its_limit_and_no_deeper() -> None:
    deep = b"[" * (DEEPEST - 1) + b"1" + b"]" * (DEEPEST - 1)
    parse(deep)
    with pytest.raises(NotJson, match="deeper"):
        parse(b"[" + deep + b"]")
    with pytest.raises(NotJson, match="deeper"):
        parse(b'{"a":' + deep + b"}")
