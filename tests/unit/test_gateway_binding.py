"""The same message has the same identity and digest however it travels; what is wrong is named by its attribute."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.gateway.binding import of_http, of_record
from services.gateway.intake import Taken
from services.gateway.unreadable import Unreadable
from services.kit.http import Problem
from services.kit.ledger.record import Stored, read_stamp
from tests.support.gateway import Door, sighting

STRUCTURED = ("content-type", b"application/cloudevents+json; charset=utf-8")
JSON = ("content-type", b"application/json")


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def ce(event: dict[str, Any], sign: str = "-") -> dict[str, str]:
    return {f"ce{sign}{name}": quote(str(value)) for name, value in event.items() if name != "data"}


async def binary(
    door: Door, headers: dict[str, str], body: Any, kind: str | None = "application/json"
) -> httpx.Response:
    headers = headers | {"Authorization": "Bearer a-token"} | ({"Content-Type": kind} if kind else {})
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await door.client.post("/v1/messages", content=content, headers=headers)
    door.documented(answer)
    return answer


def record(value: bytes | None, *headers: tuple[str, bytes]) -> Stored:
    return Stored(0, b"k", value, headers)


def kafka_binary(event: dict[str, Any], **changes: bytes) -> Stored:
    attributes = {f"ce_{n}": str(v).encode() for n, v in event.items() if n != "data"} | changes
    return record(json.dumps(event["data"]).encode(), JSON, *attributes.items())


async def test_every_way_of_travelling_gives_one_message_with_one_digest(door: Door) -> None:
    event = sighting(subject="pos é 1", correlationid="c-1")
    body = json.dumps(event).encode()
    assert (await door.post(event)).status_code == 202
    plain = {"Authorization": "Bearer a-token", "Content-Type": "application/json"}
    assert (await door.client.post("/v1/messages", content=body, headers=plain)).status_code == 202
    assert (await binary(door, ce(event), event["data"])).status_code == 202
    assert (await binary(door, ce(event), event["data"], kind=None)).status_code == 202
    for each in (record(body, STRUCTURED), record(body), record(body, JSON), kafka_binary(event)):
        taken = door.read(each)
        assert isinstance(taken, Taken)
        await door.inbox.put([taken], 1)
    inbox = await door.inbox.site.inbox()
    assert len(inbox) == 8
    assert len({each.value for each in inbox}) == 1
    assert len({stamp.digest for each in inbox if (stamp := read_stamp(each))}) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"plain", "plain"),
        (b"caf%C3%A9%20%25", "café %"),
        (b"caf\xc3\xa9", "café"),
        (b'"quoted \\"word\\" and \\\\ %22"', 'quoted "word" and \\ "'),
        (b"100%", "100%"),
        (b'"', '"'),
    ],
)
def test_a_header_is_unescaped_as_the_http_binding_has_it(written: bytes, meant: str) -> None:
    assert of_http([(b"ce-subject", written)], b"") == {"subject": meant}


@pytest.mark.parametrize(
    ("headers", "attribute"),
    [
        ([(b"ce-subject", b"%C0%A0")], "subject"),
        ([(b"ce-subject", b"\xff")], "subject"),
        ([(b"ce-id", b"a"), (b"ce-id", b"b")], "id"),
        ([(b"ce-data", b"{}")], "data"),
        ([(b"ce-data_base64", b"AA==")], "data_base64"),
        ([(b"ce-datacontenttype", b"application/json")], "datacontenttype"),
        ([(b"ce-id", b"a"), (b"content-type", b"text/xml")], "datacontenttype"),
        ([(b"ce-id", b"a"), (b"content-type", b"application/x-www-form-urlencoded")], "datacontenttype"),
    ],
)
def test_a_header_that_cannot_be_an_attribute_is_named(headers: list[tuple[bytes, bytes]], attribute: str) -> None:
    with pytest.raises(Problem) as told:
        of_http(headers, b"{}")
    assert (told.value.slug, told.value.document["attribute"]) == ("invalid-envelope", attribute)


BAD = {
    "no id": ({"ce-id": ...}, 400, "id"),
    "an empty id": ({"ce-id": ""}, 400, "id"),
    "another specversion": ({"ce-specversion": "0.3"}, 400, "specversion"),
    "a name with a dash": ({"ce-my-extension": "x"}, 400, "my-extension"),
    "a time that is none": ({"ce-time": "yesterday"}, 400, "time"),
    "a control character": ({"ce-id": "a%00"}, 400, "id"),
    "an unknown type": ({"ce-type": "kalimaya.unit.vanished"}, 422, None),
}


@pytest.mark.parametrize(("changes", "status", "attribute"), BAD.values(), ids=BAD.keys())
async def test_binary_mode_is_judged_as_strictly(
    door: Door, changes: dict[str, Any], status: int, attribute: str | None
) -> None:
    headers = {name: value for name, value in (ce(sighting()) | changes).items() if value is not ...}
    answer = await binary(door, headers, sighting()["data"])
    assert (answer.status_code, answer.json().get("attribute")) == (status, attribute), answer.text
    assert not door.inbox.site.topics.inbox


async def test_without_a_body_there_is_no_data(door: Door) -> None:
    answer = await binary(door, ce(sighting()), b"")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:kalimaya:problem:invalid-data")


@pytest.mark.parametrize("kind", ["application/cloudevents+xml", "text/plain", "application/cloudevents-batch+avro"])
async def test_what_is_no_cloudevent_of_ours_is_told_which_to_send(door: Door, kind: str) -> None:
    headers = ce(sighting()) if "cloudevents" in kind else {}
    assert (await binary(door, headers, b"x", kind)).status_code == 415


ASIDE = {
    "a tombstone": (record(None), "invalid-json", ""),
    "no JSON": (record(b"\xff"), "invalid-json", ""),
    "an array": (record(b"[]"), "invalid-envelope", "(message)"),
    "a batch": (
        record(b"[]", ("content-type", b"application/cloudevents-batch+json")),
        "invalid-envelope",
        "content-type",
    ),
    "a content type that is no text": (record(b"{}", ("content-type", b"\xff")), "invalid-envelope", "content-type"),
    "a text": (record(b"hello", ("content-type", b"text/plain")), "invalid-envelope", "datacontenttype"),
    "an attribute that is no text": (kafka_binary(sighting(), ce_id=b"\xff"), "invalid-envelope", "id"),
    "an attribute twice": (record(b"{}", ("ce_id", b"a"), ("ce_id", b"a")), "invalid-envelope", "id"),
    "another version": (kafka_binary(sighting(), ce_dataschema=b"urn:x"), "unknown-version", "urn:x"),
    "data that does not fit": (kafka_binary(sighting(data={"unit": "u"})), "invalid-data", "data.lat"),
}


@pytest.mark.parametrize(("record", "reason", "named"), ASIDE.values(), ids=ASIDE.keys())
def test_a_record_that_cannot_be_read_is_set_aside_with_its_reason(
    door: Door, record: Stored, reason: str, named: str
) -> None:
    aside = door.read(record)
    assert isinstance(aside, Unreadable)
    assert (aside.reason, aside.agency, aside.topic) == (reason, "polres-serang", "agency.polres-serang")
    assert named in aside.detail


def test_what_is_set_aside_is_kept_as_it_came(door: Door) -> None:
    aside = door.read(Stored(7, b"k", b"\xff", [("sent-by", b"\xfe")]))
    assert isinstance(aside, Unreadable)
    key, value, headers = aside.entry()
    assert (key, value) == (b"k", b"\xff")
    assert [said for said in headers if said[0] in ("offset", "reason", "of.sent-by")] == [
        ("offset", b"7"),
        ("reason", b"invalid-json"),
        ("of.sent-by", b"\xfe"),
    ]


def test_a_bug_of_ours_sets_the_record_aside_and_holds_nobody_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.agency_topics.judge", None)
    aside = door.read(record(json.dumps(sighting()).encode()))
    assert isinstance(aside, Unreadable)
    assert aside.reason == "internal-error"


def test_a_header_without_value_is_absent() -> None:
    assert of_record([("ce_id", b"a"), ("ce_subject", None)], b"1") == {"id": "a", "data": 1}  # type: ignore[list-item]
