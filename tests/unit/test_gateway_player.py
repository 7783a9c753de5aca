"""The scenario's player speaks for others and says when a message was taken in; nobody else does. And held versions."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.envelope import decode_inbox
from services.gateway.unreadable import Unreadable
from services.kit.ledger.record import Stored, read_stamp
from tests.support.gateway import NOW, Door, sighting

EARLIER = "2019-11-01T07:00:00+07:00"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def played(**changes: Any) -> dict[str, Any]:
    return sighting(**{"source": "/agencies/polres-serang", "recordedtime": EARLIER} | changes)


async def test_it_speaks_for_the_principal_in_source_and_at_its_recordedtime(door: Door) -> None:
    assert (await door.post(played(), token="player-token")).json()["source"] == "/agencies/polres-serang"
    assert (await door.post(sighting())).status_code == 202
    mine, own = await door.inbox.site.inbox()
    message = decode_inbox(mine.value or b"")
    assert (message.source, message.recordedtime.isoformat()) == (
        "/agencies/polres-serang",
        "2019-11-01T00:00:00+00:00",
    )
    assert decode_inbox(own.value or b"").recordedtime == NOW
    assert read_stamp(mine) == read_stamp(own)


async def test_it_may_what_that_principal_may_and_no_more(door: Door) -> None:
    await door.post(played(data={"unit": "brimob-banten-001", "lat": 1, "lon": 1}), token="player-token")
    await door.post(played(id="b", source="/operators/everybody", type="kalimaya.unit.sighted"), token="player-token")
    stamps = [read_stamp(each) for each in await door.inbox.site.inbox()]
    assert [stamp and stamp.authorised for stamp in stamps] == [False, True]


async def test_without_recordedtime_it_is_now_and_without_time_that_is_recordedtime(door: Door) -> None:
    await door.post(played(recordedtime=...), token="player-token")
    await door.post(played(id="b", time=...), token="player-token")
    first, second = (decode_inbox(each.value or b"") for each in await door.inbox.site.inbox())
    assert first.recordedtime == NOW
    assert second.time == second.recordedtime


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"source": "/agencies/nobody"}, "source"),
        ({"source": "/operators/scenario-player"}, "source"),
        ({"recordedtime": "yesterday"}, "recordedtime"),
        ({"recordedtime": 7}, "recordedtime"),
        ({"recordedtime": "9999-12-31T00:00:00Z"}, "recordedtime"),
        ({"recordedtime": "2019-11-01T07:00:00"}, "recordedtime"),
    ],
)
async def test_for_nobody_and_at_no_time_it_cannot_speak(door: Door, changes: dict[str, Any], attribute: str) -> None:
    answer = await door.post(played() | changes, token="player-token")
    assert (answer.status_code, answer.json()["attribute"]) == (400, attribute)


async def test_anybody_elses_source_and_recordedtime_are_ignored(door: Door) -> None:
    await door.post(sighting(source="/operators/everybody", recordedtime=EARLIER))
    (record,) = await door.inbox.site.inbox()
    message = decode_inbox(record.value or b"")
    assert (message.source, message.recordedtime) == ("/agencies/polres-serang", NOW)


async def test_over_kafka_it_is_the_same(door: Door) -> None:
    taken = door.read(Stored(0, None, json.dumps(played()).encode(), ()), "scenario-player")
    assert not isinstance(taken, Unreadable)
    assert taken.message.source == "/agencies/polres-serang"
    assert taken.message.recordedtime.isoformat() == "2019-11-01T00:00:00+00:00"


HELD = "urn:kalimaya:schema:unit.sighted:1"


async def test_a_version_that_is_held_back_is_not_known_yet(tmp_path: Path) -> None:
    door = Door(tmp_path, held_back=frozenset({HELD}))
    for event in (sighting(), sighting(dataschema=HELD)):
        answer = await door.post(event)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:kalimaya:problem:unknown-version")
        assert answer.json()["known"] == []
        aside = door.read(Stored(0, None, json.dumps(event).encode(), ()))
        assert isinstance(aside, Unreadable)
        assert aside.reason == "unknown-version"
    assert (await door.post(sighting(type="kalimaya.unit.arrived", data=ARRIVED))).status_code == 202


ARRIVED = {"unit": "polres-serang-001", "post": "36.04.13.2009"}


async def test_a_message_that_its_inbox_cannot_hold_is_told_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.intake.LARGEST", 500)
    assert (await door.post(sighting())).status_code == 202
    answer = await door.post(sighting("b", correlationid="c" * 256))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:kalimaya:problem:message-too-large")
    assert len(door.inbox.site.topics.inbox) == 1
