"""POST /v1/messages: every kind of bad input has its answer, and every kind of outcome its status."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from schemas.catalogue import CATALOGUE
from services.gateway import api
from tests.support.gateway import Door, sighting


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.fixture
async def deciding(door: Door) -> AsyncIterator[Door]:
    running = asyncio.create_task(door.deciding())
    yield door
    running.cancel()


async def test_a_good_message_is_taken_in_and_told_where_its_outcome_will_be(door: Door) -> None:
    answer = await door.post(sighting())
    assert answer.status_code == 202
    assert answer.json() == {
        "id": "a",
        "source": "/agencies/polres-serang",
        "position": "deployment.inbox/0@0",
        "outcome": None,
    }
    assert answer.headers["location"].endswith("/v1/messages?source=%2Fagencies%2Fpolres-serang&id=a")
    assert answer.headers["kalimaya-position"] == "deployment.inbox/0@0"


BAD = {
    "broken JSON": (b'{"specversion":', 400, "invalid-json"),
    "not UTF-8": (b'{"id":"\xff"}', 400, "invalid-json"),
    "NaN": (
        json.dumps(sighting(data={"unit": "polres-serang-001", "lat": float("nan"), "lon": 1})).encode(),
        400,
        "invalid-json",
    ),
    "a number too large": (b'{"id": 1e999}', 400, "invalid-json"),
    "an integer that others round": (b'{"id": 9007199254740992}', 400, "invalid-json"),
    "a name twice": (b'{"id":"a","id":"b"}', 400, "invalid-json"),
    "half a surrogate pair": (b'{"id":"\\ud800"}', 400, "invalid-json"),
    "too deep": (b"[" * 50 + b"]" * 50, 400, "invalid-json"),
    "very deep": (b"[" * 100_000, 400, "invalid-json"),
    "not an object": (b"[]", 400, "invalid-envelope"),
    "missing id": (sighting(id=...), 400, "invalid-envelope"),
    "empty id": (sighting(id=""), 400, "invalid-envelope"),
    "id with a control character": (sighting(id="a\x00"), 400, "invalid-envelope"),
    "missing source": (sighting(source=...), 400, "invalid-envelope"),
    "another specversion": (sighting(specversion="0.3"), 400, "invalid-envelope"),
    "id that is a number": (sighting(id=7), 400, "invalid-envelope"),
    "upper-case attribute": (sighting(Foo="x"), 400, "invalid-envelope"),
    "attribute with too long a name": (sighting(**{"a" * 21: "x"}), 400, "invalid-envelope"),
    "attribute that is an object": (sighting(foo={}), 400, "invalid-envelope"),
    "time without offset": (sighting(time="2019-11-03T12:00:00"), 400, "invalid-envelope"),
    "time that is none": (sighting(time="yesterday"), 400, "invalid-envelope"),
    "data that is not JSON": (sighting(datacontenttype="text/xml"), 400, "invalid-envelope"),
    "unknown type": (sighting(type="kalimaya.unit.vanished"), 422, "unknown-type"),
    "an event's type": (sighting(type="kalimaya.unit.registered"), 422, "unknown-type"),
    "an outcome's type": (sighting(type="kalimaya.message.refused"), 422, "unknown-type"),
    "raising an alert": (sighting(type="kalimaya.alert.raise"), 422, "unknown-type"),
    "clearing an alert": (sighting(type="kalimaya.alert.clear"), 422, "unknown-type"),
    "unknown version": (sighting(dataschema="urn:kalimaya:schema:unit.sighted:99"), 422, "unknown-version"),
    "missing data": (sighting(data=...), 422, "invalid-data"),
    "wrong schema": (sighting(data={"unit": "polres-serang-001", "lat": "north", "lon": 1}), 422, "invalid-data"),
    "a field too many": (
        sighting(data={"unit": "polres-serang-001", "lat": 1, "lon": 1, "nik": "36"}),
        422,
        "invalid-data",
    ),
    "out of bounds": (sighting(data={"unit": "polres-serang-001", "lat": 91, "lon": 1}), 422, "invalid-data"),
    "unknown village": (
        sighting(type="kalimaya.unit.arrived", data={"unit": "polres-serang-001", "post": "36.04.99.2001"}),
        422,
        "invalid-data",
    ),
    "binary data": (sighting(data=..., data_base64="AAAA"), 422, "invalid-data"),
}


@pytest.mark.parametrize(("body", "status", "slug"), BAD.values(), ids=BAD.keys())
async def test_bad_input_is_told_what_is_wrong_and_nothing_is_taken_in(
    door: Door, body: Any, status: int, slug: str
) -> None:
    answer = await door.post(body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:kalimaya:problem:{slug}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert not door.inbox.site.topics.inbox


async def test_an_unknown_village_is_named(door: Door) -> None:
    answer = await door.post(
        sighting(type="kalimaya.unit.arrived", data={"unit": "polres-serang-001", "post": "36.04.99.2001"})
    )
    assert "36.04.99.2001" in answer.json()["detail"]


@pytest.mark.parametrize("token", [None, "wrong", ""])
async def test_without_a_known_token_nobody_comes_in(door: Door, token: str | None) -> None:
    answer = await door.post(sighting(), token=token)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_body_of_two_mebibytes_is_too_large(door: Door) -> None:
    answer = await door.post(b" " * (2 * 1024 * 1024))
    assert (answer.status_code, answer.json()["limit"]) == (413, 1_048_576)


async def test_a_body_that_does_not_say_its_length_is_too_large_as_well(door: Door) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield b" " * 65_536

    answer = await door.post(drip())
    assert answer.status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"[" * 1000
        await asyncio.sleep(5)
        yield b"]"

    monkeypatch.setattr(api, "BODY_SECONDS", 0.05)
    answer = await door.post(pieces())
    assert (answer.status_code, answer.json()["detail"]) == (400, "not all came in 0.05 s")


async def test_another_content_type_is_told_which_to_use(door: Door) -> None:
    answer = await door.client.post(
        "/v1/messages", content=b"x", headers={"Authorization": "Bearer a-token", "Content-Type": "text/plain"}
    )
    assert answer.status_code == 415


async def test_another_method_or_path_is_a_problem_document_too(door: Door) -> None:
    assert (await door.client.get("/v1/messages")).json()["status"] == 405
    assert (await door.client.get("/nowhere")).json()["status"] == 404


async def test_without_kafka_the_answer_is_503_and_says_that_sending_again_is_safe(door: Door) -> None:
    door.inbox.away = True
    answer = await door.post(sighting())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "safe to send" in answer.json()["detail"]


async def test_without_kafkas_acknowledgement_there_is_never_a_202(door: Door) -> None:
    door.inbox.lost_acks = True
    assert (await door.post(sighting())).status_code == 503
    assert (await door.post([sighting()], batch=True)).json()["results"][0]["status"] == 503


async def test_who_waits_is_told_that_it_was_accepted(deciding: Door) -> None:
    answer = await deciding.post(sighting(), prefer="respond-async, wait=5")
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait"
    outcome = answer.json()["outcome"]
    assert outcome["kind"] == "accepted"
    assert outcome["events"][0]["causationid"] == "/agencies/polres-serang#a"
    assert outcome["events"][0]["type"] == "kalimaya.unit.sighted"


async def test_who_speaks_for_anothers_unit_is_rejected_on_record(deciding: Door) -> None:
    answer = await deciding.post(sighting(data={"unit": "brimob-banten-001", "lat": 1, "lon": 1}), prefer="wait=5")
    assert (answer.status_code, answer.json()["reason"]) == (422, "not_authorised")
    assert answer.json()["advice"]["en"].startswith("The sender may not speak for this thing. Send it from")
    assert "Kirim dari instansi" in answer.json()["advice"]["id"]
    assert answer.json()["position"] == "deployment.inbox/0@0"


async def test_a_time_two_days_ahead_is_rejected_and_told_what_the_clock_read(deciding: Door) -> None:
    answer = await deciding.post(sighting(time="2019-11-05T12:00:00+07:00"), prefer="wait=5")
    assert (answer.status_code, answer.json()["reason"]) == (422, "time_out_of_range")
    assert "2019-11-03T05:00:00+00:00" in answer.json()["detail"]


async def test_an_order_that_clashes_is_refused_with_what_it_clashes_with(deciding: Door) -> None:
    order = sighting(
        type="kalimaya.unit.assign",
        data={
            "unit": "polres-serang-001",
            "assignment": "a-1",
            "duty": "guard",
            "target_kind": "post",
            "target": "36.04.13.2009",
            "start": "2019-11-03T05:00:00Z",
            "end": "2019-11-03T15:00:00Z",
            "headcount": {"polri": 2},
        },
    )
    answer = await deciding.post(order, prefer="wait=5")
    assert (answer.status_code, answer.json()["reason"]) == (409, "unit_unknown")


async def test_the_same_id_with_other_content_is_conflicting(deciding: Door) -> None:
    assert (await deciding.post(sighting(), prefer="wait=5")).status_code == 200
    answer = await deciding.post(sighting(data={"unit": "polres-serang-001", "lat": 5, "lon": 5}), prefer="wait=5")
    assert (answer.status_code, answer.json()["outcome"]["kind"]) == (409, "conflicting")


async def test_what_transport_adds_does_not_make_a_message_another(deciding: Door) -> None:
    assert (await deciding.post(sighting(), prefer="wait=5")).status_code == 200
    answer = await deciding.post(sighting(source="elsewhere", correlationid="c", extension="x"), prefer="wait=5")
    assert (answer.status_code, answer.json()["outcome"]["kind"]) == (200, "repeated")


async def test_a_wait_that_ends_without_outcome_is_202(door: Door) -> None:
    answer = await door.post(sighting(), prefer="wait=0")
    assert answer.status_code == 202
    answer = await door.post(sighting("b"), prefer="wait=1")
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("prefer", ["wait=5", "wait = 5", "return=minimal; x, WAIT=5", "wait=5, respond-async"])
async def test_a_preference_is_read_however_it_is_written(deciding: Door, prefer: str) -> None:
    assert (await deciding.post(sighting(), prefer=prefer)).status_code == 200


async def test_nobody_waits_longer_than_the_setting(tmp_path: Path) -> None:
    door = Door(tmp_path, longest_wait=0.01)
    assert (await door.post(sighting(), prefer="wait=" + "9" * 500)).status_code == 202


async def test_what_is_repeated_comes_with_the_first_outcome(deciding: Door) -> None:
    first = await deciding.post(sighting(), prefer="wait=5")
    again = await deciding.post(sighting(), prefer="wait=5")
    assert again.json()["outcome"]["kind"] == "repeated"
    assert again.json()["outcome"]["first"] == first.json()["outcome"]


async def test_a_batch_is_answered_item_by_item_and_keeps_its_order(deciding: Door) -> None:
    batch = [sighting("a"), sighting(id=...), sighting("b"), sighting("a")]
    results = (await deciding.post(batch, batch=True, prefer="wait=5")).json()["results"]
    assert [each["status"] for each in results] == [200, 400, 200, 200]
    assert [each.get("position") for each in results] == [
        "deployment.inbox/0@0",
        None,
        "deployment.inbox/0@1",
        "deployment.inbox/0@2",
    ]
    assert results[3]["outcome"]["kind"] == "repeated"


async def test_a_batch_of_too_many_is_turned_away_whole(tmp_path: Path) -> None:
    door = Door(tmp_path, largest_batch=2)
    assert (await door.post([sighting()] * 3, batch=True)).status_code == 413
    assert not door.inbox.site.topics.inbox


async def test_more_at_once_than_there_is_room_for_is_told_to_come_back(tmp_path: Path) -> None:
    door = Door(tmp_path, most_held=300)
    answer = await door.post([sighting("a"), sighting("b")], batch=True)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    for id_ in "abc":  # what was held is given back, whatever became of it
        assert (await door.post(sighting(id_))).status_code == 202


async def test_a_failure_of_ours_shows_nothing_of_the_inside(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.inbox, "put", None)
    answer = await door.post(sighting())
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:kalimaya:problem:internal-error")
    assert "NoneType" not in answer.text


def test_openapi_is_valid_and_knows_every_message(door: Door) -> None:
    openapi_spec_validator.validate(door.contract)
    named = (name.rpartition(".") for name in door.contract["components"]["schemas"])
    known = {f"urn:kalimaya:schema:{type_}:{version}" for type_, _, version in named if version.isdigit()}
    sent = {e.dataschema for e in CATALOGUE.values() if e.kind in ("order", "report")}
    assert known == sent


def test_openapi_takes_what_the_gateway_takes(door: Door) -> None:
    root = {"$ref": "#/components/schemas/Message", "components": door.contract["components"]}
    judge = jsonschema.Draft202012Validator(root)
    judge.validate(sighting())
    assert not judge.is_valid(sighting(data={"unit": "polres-serang-001", "lat": 91, "lon": 1}))
    assert not judge.is_valid(sighting(type="kalimaya.unit.vanished"))
