"""What was once written stays readable, by both engines, for ever."""

import shutil
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from schemas.catalogue import BY_CLASS, CATALOGUE, SERVICES, Definition, definition, newest
from schemas.envelope import decode_data, decode_event, decode_inbox, encode
from schemas.export.json_schemas import json_schema
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Fold
from services.kit.ledger.record import read_stamp
from tests.support import golden

INBOX = [(service, entry) for service in SERVICES for entry in golden.inbox(service)]
EVENTS = [(service, entry) for service in SERVICES for entry in golden.events(service)[1:]]
MESSAGES = [decode_inbox(entry.value) for _, entry in INBOX] + [decode_event(entry.value) for _, entry in EVENTS]


def test_golden_entries_are_only_ever_added() -> None:
    assert golden.listed(), "the list of sums is empty"
    assert len(golden.listed()) == len(set(golden.listed()))
    assert golden.differences() == [], "changed or removed: restore it; added: see tests/support/golden.py"


def changed(lines: list[str]) -> list[str]:
    return [*lines[:2], lines[2].replace("polairud-01", "polairud-02", 1), *lines[3:]]


def removed(lines: list[str]) -> list[str]:
    return lines[:-1]


def moved(lines: list[str]) -> list[str]:
    return [lines[1], lines[0], *lines[2:]]


def added_without_its_sum(lines: list[str]) -> list[str]:
    return [*lines, "{}"]


@pytest.mark.parametrize("what", [changed, removed, moved, added_without_its_sum])
def test_what_is_done_to_an_entry_is_seen(
    what: Callable[[list[str]], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(golden.FOLDER, tmp_path / "golden"))
    monkeypatch.setattr(golden, "FOLDER", folder)
    monkeypatch.setattr(golden, "SUMS", folder / golden.SUMS.name)
    assert golden.differences() == []
    file = folder / "deployment.inbox.jsonl"
    lines = file.read_text(encoding="utf-8").split("\n")[:-1]
    file.write_text("".join(f"{line}\n" for line in what(lines)), encoding="utf-8")
    assert golden.differences() != []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.type}@{message.id}")
def test_both_engines_read_the_same_data(message: Any) -> None:
    found = definition(message.type, message.dataschema)
    assert found is not None
    by_pydantic = TypeAdapter(found.cls).validate_json(bytes(message.data))
    by_msgspec = msgspec.json.decode(message.data, type=found.cls)
    assert by_pydantic == by_msgspec
    assert type(by_pydantic) is type(by_msgspec) is found.cls
    assert TypeAdapter(found.cls).validate_json(encode(by_msgspec)) == by_msgspec


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.type}@{message.id}")
def test_every_version_is_read_as_the_newest(message: Any) -> None:
    data = decode_data(message.type, message.dataschema, message.data)
    assert type(data) is newest(message.type).cls
    assert TypeAdapter(type(data)).validate_json(encode(data)) == data


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.type}@{message.id}")
def test_golden_data_fits_the_exported_schema(message: Any) -> None:
    found = definition(message.type, message.dataschema)
    assert found is not None
    Draft202012Validator(json_schema(found)).validate(TypeAdapter(Any).validate_json(bytes(message.data)))


@pytest.mark.parametrize(("service", "entry"), INBOX)
def test_an_inbox_record_is_written_as_it_was(service: str, entry: golden.Entry) -> None:
    message, stamp = decode_inbox(entry.value), read_stamp(entry.record)
    assert encode(message) == entry.value
    assert entry.record.key == message.partitionkey.encode()
    found = definition(message.type, message.dataschema)
    assert found is not None
    assert found.service == service
    data = decode_data(message.type, message.dataschema, message.data)
    assert found.partition_key(data) == message.partitionkey
    assert stamp is not None
    assert stamp.digest == golden.content_digest(message)


@pytest.mark.parametrize(("service", "entry"), EVENTS)
def test_an_event_record_is_written_as_it_was(service: str, entry: golden.Entry) -> None:
    event = decode_event(entry.value)
    assert encode(event) == entry.value
    assert entry.record.key == event.subject.encode()
    assert event.id.startswith(f"{service}.events/0/")


@pytest.mark.parametrize("service", SERVICES)
def test_a_golden_log_folds_whole_and_its_chain_holds(service: str) -> None:
    fold, desk = Fold(), Desk(golden.DECIDERS[service], 0, Limits())
    for entry in golden.events(service):
        answer = fold.take(entry.record)
        assert fold.head == entry.head
        if answer:
            desk.apply(answer)
    assert fold.voids == 0
    assert fold.whole
    assert fold.next_cause == len(golden.inbox(service))
    assert sum(desk.counts.values()) == len(golden.inbox(service))


@pytest.mark.parametrize("service", SERVICES)
def test_a_golden_log_shows_every_kind_of_outcome(service: str) -> None:
    types = {decode_event(entry.value).type for entry in golden.events(service)[1:]}
    assert {found.type for found in CATALOGUE.values() if found.kind == "outcome"} <= types


@pytest.mark.parametrize("found", CATALOGUE.values(), ids=lambda found: found.dataschema)
def test_every_message_version_has_a_golden_example(found: Definition) -> None:
    asked = {decode_inbox(entry.value).dataschema for _, entry in INBOX}
    logged = {decode_event(entry.value).dataschema for _, entry in EVENTS}
    assert found.dataschema in asked or found.kind in ("event", "outcome")
    assert found.dataschema in logged or found.kind in ("order", "policy")


@pytest.mark.parametrize("found", CATALOGUE.values(), ids=lambda found: found.dataschema)
def test_every_optional_field_is_shown_with_and_without_a_value(found: Definition) -> None:
    shown = [msgspec.json.decode(m.data, type=found.cls) for m in MESSAGES if m.dataschema == found.dataschema]
    for field in fields(found.cls):
        if field.default is not MISSING:
            values = [getattr(data, field.name) for data in shown]
            assert field.default in values, f"{field.name} is never left out"
            assert any(value != field.default for value in values), f"{field.name} is never given"


def test_every_order_has_its_event_and_every_event_its_order() -> None:
    orders = [found.cls for found in CATALOGUE.values() if found.kind in ("order", "policy")]
    answered = [found.of for found in CATALOGUE.values() if found.kind == "event"]
    assert sorted(map(repr, orders)) == sorted(map(repr, answered))


@pytest.mark.parametrize(
    "event", [found for found in CATALOGUE.values() if found.kind == "event"], ids=lambda found: found.dataschema
)
def test_an_event_has_the_fields_of_its_order(event: Definition) -> None:
    assert event.of is not None
    order = BY_CLASS[event.of]
    assert _fields(event.cls) == _fields(order.cls)
    assert (event.service, event.key) == (order.service, order.key)


def _fields(cls: type[Any]) -> dict[str, tuple[Any, Any]]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: (hints[field.name], field.default) for field in fields(cls)}
