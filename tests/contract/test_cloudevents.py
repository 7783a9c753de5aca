"""CloudEvents in JSON, by our vectors: what is one passes the envelope check, what is none is named.

`data` and what describes it (type, dataschema, datacontenttype, time) are replaced by ours to see the rest accepted.
"""

import asyncio
import json
from pathlib import Path

import pytest

from services.gateway.intake import Taken
from services.gateway.unreadable import Unreadable
from services.kit.ledger.record import Stored
from tests.support.conformance import INVALID, VALID, Vector
from tests.support.gateway import Door, sighting

JSON = [("content-type", b"application/cloudevents+json")]
OURS = {name: sighting()[name] for name in ("type", "data", "time")}
DESCRIBES_DATA = ("dataschema", "datacontenttype", "data_base64")


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def named(vector: Vector) -> str:
    return vector.name


def with_ours(vector: Vector) -> dict[str, object]:
    return {name: value for name, value in vector.event.items() if name not in DESCRIBES_DATA} | OURS


def test_there_are_as_many_as_in_the_projects_own() -> None:
    assert (len(VALID), len(INVALID)) == (10, 25)


@pytest.mark.parametrize("vector", VALID, ids=named)
async def test_what_is_a_cloudevent_passes_and_is_of_an_unknown_type(door: Door, vector: Vector) -> None:
    answer = await door.post(vector.event)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:kalimaya:problem:unknown-type"), answer.text
    aside = door.read(Stored(0, None, json.dumps(vector.event).encode(), JSON))
    assert isinstance(aside, Unreadable)
    assert aside.reason == "unknown-type"


@pytest.mark.parametrize("vector", VALID, ids=named)
async def test_with_our_type_data_and_time_it_is_accepted(door: Door, vector: Vector) -> None:
    deciding = asyncio.create_task(door.deciding())
    try:
        answer = await door.post(with_ours(vector), prefer="wait=5")
    finally:
        deciding.cancel()
    assert (answer.status_code, answer.json()["outcome"]["kind"]) == (200, "accepted"), answer.text
    taken = door.read(Stored(0, None, json.dumps(with_ours(vector)).encode(), JSON))
    assert isinstance(taken, Taken)


@pytest.mark.parametrize("vector", INVALID, ids=named)
async def test_what_is_none_is_answered_400_with_the_attribute(door: Door, vector: Vector) -> None:
    answer = await door.post(vector.event)
    assert (answer.status_code, answer.json()["attribute"]) == (400, vector.attribute), answer.text
    aside = door.read(Stored(0, None, json.dumps(vector.event).encode(), JSON))
    assert isinstance(aside, Unreadable)
    assert aside.reason == "invalid-envelope"
    assert not door.inbox.site.topics.inbox


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"heads": 2**31}, "heads"),
        ({"dataschema": "not-absolute"}, "dataschema"),
        ({"data": ..., "data_base64": "?"}, "data_base64"),
        ({"data": ..., "data_base64": 7}, "data_base64"),
        ({"subject": 7}, "subject"),
        ({"source": "a b"}, "source"),
    ],
)
async def test_beyond_the_vectors_each_attribute_has_its_form(
    door: Door, changes: dict[str, object], attribute: str
) -> None:
    answer = await door.post(sighting(**changes))
    assert (answer.status_code, answer.json().get("attribute")) == (400, attribute), answer.text
