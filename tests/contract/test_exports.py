"""The contract in its generated forms: up to date, valid by others' tools, and true of what stands in the logs."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from kalimaya.contracts import EXPORTS, ROOT, files, senders, stale, write
from schemas.catalogue import CATALOGUE, SERVICES, Definition, definition
from schemas.envelope import decode_event, decode_inbox
from schemas.export import asyncapi
from schemas.export.json_schemas import json_schema, name
from schemas.export.page import page
from schemas.reasons import REASONS
from services.kit.ledger.record import Record, read_mark, read_stamp
from tests.support import golden

VALIDATOR = ROOT / "tests" / "asyncapi"
ASYNCAPI = asyncapi.document()
DEFINITIONS = list(CATALOGUE.values())


def each_version(entry: Definition) -> str:
    return entry.dataschema


# Written, and written anew when a definition changes.


def test_the_committed_files_are_up_to_date() -> None:
    assert stale() == [], "run `make contracts`"


def test_a_changed_a_missing_and_a_left_over_file_are_stale(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "docs/messages.md").write_text("# Messages")
    (tmp_path / EXPORTS / "unit.arrived.1.json").unlink()
    (tmp_path / EXPORTS / "unit.vanished.1.json").write_text("{}")
    changed = ["docs/messages.md", "schemas/exports/unit.arrived.1.json", "schemas/exports/unit.vanished.1.json"]
    assert [str(path) for path in stale(tmp_path)] == changed
    assert [str(path) for path in write(tmp_path)] == changed
    assert stale(tmp_path) == []


def test_every_run_writes_the_same() -> None:
    assert files.__wrapped__() == files()


# JSON Schema.


@pytest.mark.parametrize("found", DEFINITIONS, ids=each_version)
def test_every_message_version_has_a_schema_in_the_index(found: Definition) -> None:
    exported = json.loads((ROOT / EXPORTS / f"{name(found)}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(exported)
    assert exported["$id"] == found.dataschema
    index = json.loads((ROOT / EXPORTS / "index.json").read_text(encoding="utf-8"))
    assert [entry["dataschema"] for entry in index if entry["schema"] == f"{name(found)}.json"] == [found.dataschema]


def undescribed(schema: dict[str, Any]) -> Iterator[str]:
    """Fields that neither say what they mean nor hold something that does."""
    for part in (schema, *schema.get("$defs", {}).values()):
        for field, described in part.get("properties", {}).items():
            inside = [described, described.get("items", {}), *described.get("anyOf", ())]
            inside += [choice.get("items", {}) for choice in described.get("anyOf", ())]
            if not any("description" in each or "$ref" in each for each in inside):
                yield field


@pytest.mark.parametrize("found", DEFINITIONS, ids=each_version)
def test_every_message_and_each_of_its_fields_says_what_it_means(found: Definition) -> None:
    assert found.cls.__doc__
    assert list(undescribed(json_schema(found))) == []


# AsyncAPI.


def test_asyncapi_is_valid_by_its_own_parser(tmp_path: Path) -> None:
    if shutil.which("node") is None or not (VALIDATOR / "node_modules").exists():
        pytest.skip("needs Node and AsyncAPI's parser: cd tests/asyncapi && npm ci")
    assert validated(ROOT / EXPORTS / "asyncapi.json") == ""
    broken = json.loads(json.dumps(ASYNCAPI))
    broken["operations"]["publish"]["channel"]["$ref"] = "#/channels/nowhere"
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    assert "nowhere" in validated(tmp_path / "broken.json")


def validated(document: Path) -> str:
    """What AsyncAPI's parser has against a document."""
    command = ["node", str(VALIDATOR / "validate.mjs"), str(document)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode == 0) == (run.stderr == ""), run.stderr
    return run.stderr


def judge(message: str) -> Draft7Validator:
    """A validator of one message's payload, as AsyncAPI's default schema format has it."""
    return Draft7Validator(
        ASYNCAPI["components"]["messages"][message]["payload"] | {"components": ASYNCAPI["components"]}
    )


@pytest.mark.parametrize("service", SERVICES)
def test_what_stands_in_the_logs_is_what_asyncapi_says(service: str) -> None:
    for entry in golden.inbox(service):
        found = version_of(decode_inbox(entry.value))
        assert f"inbox.{name(found)}" in ASYNCAPI["channels"][f"{service}.inbox"]["messages"]
        judge(f"inbox.{name(found)}").validate(json.loads(entry.value))
    genesis, *events = golden.events(service)
    judge("genesis").validate(json.loads(genesis.value))
    for entry in events:
        found = version_of(decode_event(entry.value))
        assert f"log.{name(found)}" in ASYNCAPI["channels"][f"{service}.events"]["messages"]
        judge(f"log.{name(found)}").validate(json.loads(entry.value))


def version_of(message: Any) -> Definition:
    found = definition(message.type, message.dataschema)
    assert found is not None
    return found


def test_asyncapi_turns_away_what_is_not_so() -> None:
    sent = {"specversion": "1.0", "id": "1", "source": "x", "type": "kalimaya.unit.arrived"}
    arrived = sent | {"data": {"unit": "polairud-01", "post": "36.04.13.2009"}}
    assert judge("sent.unit.arrived.1").is_valid(arrived)
    assert not judge("sent.unit.arrived.1").is_valid(arrived | {"type": "kalimaya.unit.left_post"})
    assert not judge("sent.unit.arrived.1").is_valid(arrived | {"data": {"unit": "polairud-01"}})
    assert not judge("log.unit.arrived.1").is_valid(arrived)


def test_a_newer_version_must_be_named_by_who_sends_it() -> None:
    data = {
        "post": "36.04.13.2009",
        "jurisdiction": "polres-serang",
        "vulnerability": "rawan",
        "stations": 2,
        "needs": [{"force": "polri", "heads": 1, "per": "stations"}],
        "start": "2019-11-02T17:00:00Z",
        "end": "2019-11-03T17:00:00Z",
        "plan_version": 2,
        "plan_source": "Rencana pengamanan",
    }
    sent = {"specversion": "1.0", "id": "1", "source": "x", "type": "kalimaya.post.require", "data": data}
    assert judge("sent.post.require.2").is_valid(sent | {"dataschema": "urn:kalimaya:schema:post.require:2"})
    assert not judge("sent.post.require.2").is_valid(sent)


def laid_out(schema: str, header: str, record: Record) -> dict[str, bytes]:
    """A header of a record, cut up as AsyncAPI says."""
    value = dict(record.headers)[header]
    found = {}
    for field in ASYNCAPI["components"]["schemas"][schema]["properties"][header]["x-layout"]:
        found[field["field"]], value = value[: field["bytes"]], value[field["bytes"] :]
    assert value == b""
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_the_headers_are_laid_out_as_asyncapi_says(service: str) -> None:
    for entry in golden.inbox(service):
        fields, stamp = laid_out("Stamp", "stamp", entry.record), read_stamp(entry.record)
        assert stamp is not None
        assert (fields["format"], fields["authorised"] == b"\1", fields["digest"]) == (b"\1", *_of(stamp))
    for entry in golden.events(service):
        fields, mark = laid_out("Mark", "mark", entry.record), read_mark(entry.record)
        assert mark is not None
        numbers = [int.from_bytes(fields[field], signed=True) for field in ("at", "cause", "i", "n")]
        assert (*numbers, fields["prev"], fields["digest"]) == tuple(mark)


def _of(stamp: Any) -> tuple[bool, bytes]:
    return stamp.authorised, stamp.digest


# OpenAPI.


@pytest.mark.parametrize("api", ["gateway", "picture"])
def test_openapi_is_valid(api: str) -> None:
    document = json.loads((ROOT / EXPORTS / f"openapi-{api}.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document)


# The page.

PAGE = page(senders)


@pytest.mark.parametrize("type_", sorted({e.type for e in DEFINITIONS if e.kind != "event"}))
def test_the_page_has_a_place_for_every_message(type_: str) -> None:
    assert PAGE.count(f"### {type_}\n") == 1
    assert f"(#{type_.replace('.', '')})" in PAGE or type_.startswith("kalimaya.message.")


@pytest.mark.parametrize("reason", REASONS)
def test_the_page_says_what_every_reason_means_and_what_to_do(reason: str) -> None:
    said = REASONS[reason]
    rows = f"| `{reason}` | {said.en} {said.do_en} | {said.id} {said.do_id} |"
    assert PAGE.count(rows) == len(said.of or ("any",))


def test_the_page_names_those_who_are_granted_a_message_and_nobody_else() -> None:
    assert "who may send it: our own watch only" in PAGE
    assert senders("kalimaya.unit.sighted")
    assert "Posko Aman Pilkades Kalimaya" in senders("kalimaya.unit.assign")
    assert "Polres Serang" not in senders("kalimaya.unit.assign")
