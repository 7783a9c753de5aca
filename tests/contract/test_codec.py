"""What pydantic lets in at the gateway, msgspec reads on the hot path, and reads the same."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.catalogue import CATALOGUE, SERVICES, Definition, definition, upcast
from schemas.deployment import UnitArrived, UnitLeftPost, UnitMustered, UnitSighted
from schemas.envelope import InboxMessage, RawEvent, UnknownMessage, decode_data, decode_event, decode_inbox
from schemas.registry import BY_CLASS
from schemas.types import Instant
from tests.support import golden

ADAPTERS = {found.cls: TypeAdapter(found.cls) for found in CATALOGUE.values()}
WARGASARA = "36.04.13.2009"

INSTANTS = [
    "2019-11-03T07:00:00Z",
    "2019-11-03T07:00:00+07:00",
    "2019-11-03T07:00:00.123456-05:30",
    "2019-11-03T07:00:00.1234567Z",
    "2019-11-03t07:00:00z",
    "2019-11-03 07:00:00Z",
    "2019-11-03T07:00:00,5Z",
    "2019-11-03T07:00Z",
    "2019-11-03T07:00:00",
    "2019-11-03",
    "1572757200",
    "0001-01-01T00:00:00+07:00",
    "9999-12-31T23:59:59-07:00",
    "2019-11-03T23:59:60Z",
    "",
]


def golden_data() -> Iterator[tuple[Definition, Any]]:
    messages: list[InboxMessage | RawEvent] = []
    for service in SERVICES:
        messages += [decode_inbox(entry.value) for entry in golden.inbox(service)]
        messages += [decode_event(entry.value) for entry in golden.events(service)[1:]]
    for message in messages:
        found = definition(message.type, message.dataschema)
        assert found is not None
        yield found, json.loads(bytes(message.data))


GOLDEN = list(golden_data())
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**65),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([*INSTANTS, WARGASARA, f"{WARGASARA}-tps٠١", "polri", "1", "1.0", "true", "a\x00b", "é", "\u2028"]),
    st.just([]),
    st.just({}),
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*at, key))


def put(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    """A copy of a JSON value with something else in one place."""
    if not at:
        return odd
    inner = put(value[at[0]], at[1:], odd)
    if isinstance(value, dict):
        return {**value, at[0]: inner}
    return [*value[: at[0]], inner, *value[at[0] + 1 :]]


@given(st.data())
def test_what_pydantic_accepts_msgspec_reads_the_same(data: st.DataObject) -> None:
    found, value = data.draw(st.sampled_from(GOLDEN))
    at = data.draw(st.sampled_from(list(paths(value))))
    body = json.dumps(put(value, at, data.draw(ODD))).encode()
    try:
        judged = ADAPTERS[found.cls].validate_json(body)
    except ValidationError:
        return
    assert decode_data(found.type, found.dataschema, body) == upcast(judged)


@pytest.mark.parametrize("text", INSTANTS)
def test_an_instant_is_read_the_same_or_turned_away(text: str) -> None:
    body = json.dumps(text).encode()
    try:
        judged = TypeAdapter(Instant).validate_json(body, strict=True)
    except ValidationError:
        return
    assert msgspec.json.decode(body, type=datetime) == judged
    assert judged.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2019-11-03T07:00:00", "2019-11-03T07:00Z", "1572757200", "0001-01-01T00:00:00+07:00"]
)
def test_an_instant_that_is_not_rfc_3339_with_its_offset_is_turned_away(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_json(json.dumps(text), strict=True)


ARRIVED = {"unit": "polairud-01", "post": WARGASARA}
LEFT = {**ARRIVED, "reason": "Cuaca"}
MUSTERED = {**ARRIVED, "present": {"polri": 2}}
SIGHTED = {"unit": "polairud-01", "lat": -5.81, "lon": 106.3}


@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (UnitArrived, {**ARRIVED, "post": f"{WARGASARA}-tps٠١"}),
        (UnitArrived, {**ARRIVED, "post": "36.04.99.2009"}),
        (UnitArrived, {**ARRIVED, "post": f"{WARGASARA}\n"}),
        (UnitArrived, {**ARRIVED, "colour": "red"}),
        (UnitArrived, {"unit": "polairud-01"}),
        (UnitArrived, {**ARRIVED, "unit": "Polairud 01"}),
        (UnitLeftPost, {**LEFT, "reason": "a\x00b"}),
        (UnitLeftPost, {**LEFT, "reason": ""}),
        (UnitLeftPost, {**LEFT, "consent": 12}),
        (UnitMustered, {**MUSTERED, "present": {}}),
        (UnitMustered, {**MUSTERED, "present": {"polri": -1}}),
        (UnitMustered, {**MUSTERED, "present": {"polri": 2.0}}),
        (UnitMustered, {**MUSTERED, "present": {"polri": False}}),
        (UnitMustered, {**MUSTERED, "present": {"marinir": 2}}),
        (UnitSighted, {**SIGHTED, "lat": 90.1}),
        (UnitSighted, {**SIGHTED, "lat": "-5.81"}),
        (UnitSighted, {**SIGHTED, "lat": float("nan")}),
        (UnitSighted, {**SIGHTED, "accuracy": float("inf")}),
        (UnitSighted, {**SIGHTED, "heading": 360}),
    ],
)
def test_what_no_field_may_hold_is_turned_away(cls: type[Any], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTERS[cls].validate_json(json.dumps(body))


@pytest.mark.parametrize(("cls", "body"), [(UnitArrived, ARRIVED), (UnitLeftPost, LEFT), (UnitSighted, SIGHTED)])
def test_the_same_bodies_without_the_fault_are_accepted(cls: type[Any], body: dict[str, Any]) -> None:
    found = BY_CLASS[cls]
    judged = ADAPTERS[cls].validate_json(json.dumps(body))
    assert decode_data(found.type, found.dataschema, json.dumps(body).encode()) == judged


@pytest.mark.parametrize(
    ("type_", "dataschema"),
    [
        ("kalimaya.unit.vanished", "urn:kalimaya:schema:unit.vanished:1"),
        ("kalimaya.unit.arrived", "urn:kalimaya:schema:unit.arrived:2"),
        ("kalimaya.unit.arrived", "urn:kalimaya:schema:unit.sighted:1"),
    ],
)
def test_a_reader_stops_at_a_message_version_that_it_does_not_know(type_: str, dataschema: str) -> None:
    with pytest.raises(UnknownMessage):
        decode_data(type_, dataschema, b"{}")
