"""The checker of the chaos runs: logs as they should be pass, and whatever is lost, doubled or denied is found."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.chaos.checker import Found, Record, answers, check
from tests.chaos.load import Receipt
from tests.support import golden

SERVICE = "deployment"


def as_read(entries: Sequence[golden.Entry]) -> list[Record]:
    return [Record(e.record.offset, 0, e.record.key, e.record.value, tuple(e.record.headers)) for e in entries]


class Logs:
    """The golden partition of a service, to be tampered with."""

    def __init__(self) -> None:
        self.inbox = as_read(golden.inbox(SERVICE))
        self.events = as_read(golden.events(SERVICE))

    def partitions(self, _: str) -> list[int]:
        return [0]

    def read(self, topic: str, _: int) -> list[Record]:
        return self.inbox if topic.endswith("inbox") else self.events


@pytest.fixture
def logs() -> Logs:
    return Logs()


def told(record: Record, word: str = "ok", **more: Any) -> Receipt:
    """What the publisher of an inbox record was told of it."""
    message = msgspec.json.decode(record.value or b"")
    given = {"source": message["source"], "id": message["id"], "key": message["partitionkey"], "over": "http"} | more
    return Receipt(told=word, **given)


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Found]:
    def judged(logs: Logs, *receipts: Receipt) -> Found:
        path = tmp_path / "receipts.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in receipts))
        return check(logs, [SERVICE], path, lambda *_: None)  # type: ignore[arg-type]

    return judged


def first_with_effect(logs: Logs) -> Record:
    return next(record for record in logs.inbox if record.offset == 0)


def test_logs_as_they_should_be_are_clean(logs: Logs, judge: Callable[..., Found]) -> None:
    receipts = [told(record, position=f"{SERVICE}.inbox/0@{record.offset}") for record in logs.inbox[:1]]
    found = judge(logs, *receipts)
    assert (found.wrong, found.lost, found.doubled) == ([], 0, 0)
    assert found.messages == sum(found.outcomes.values()) == len(logs.inbox)
    assert found.promises == {"ok": 1}


def test_a_record_elsewhere_or_of_another_chain_is_void(logs: Logs) -> None:
    moved = [*logs.events, logs.events[-1]._replace(offset=len(logs.events))]
    found = Found()
    assert answers("log", moved, found) == answers("log", logs.events, Found())
    assert found.voids == {"elsewhere": 1}
    changed = [*logs.events[:-1], logs.events[-1]._replace(value=b"{}")]
    again = Found()
    answers("log", [*changed, *moved[-1:]], again)
    assert again.voids == {"elsewhere": 1}


def test_a_message_without_an_answer_is_lost(logs: Logs, judge: Callable[..., Found]) -> None:
    logs.inbox.append(logs.inbox[0]._replace(offset=len(logs.inbox)))
    found = judge(logs)
    assert found.lost == 1
    assert "have no outcome" in found.wrong[0]


def test_a_second_effect_of_a_message_is_doubled(logs: Logs, judge: Callable[..., Found]) -> None:
    first = first_with_effect(logs)
    logs.inbox = [each._replace(value=first.value, headers=first.headers) for each in logs.inbox]
    found = judge(logs, told(first))
    assert found.doubled >= 1
    assert any("effects" in each for each in found.wrong)


def test_what_was_told_to_stand_somewhere_must_stand_there(logs: Logs, judge: Callable[..., Found]) -> None:
    first = first_with_effect(logs)
    elsewhere = judge(logs, told(first, position=f"{SERVICE}.inbox/0@1"))
    assert (elsewhere.lost, "was told to hold" in elsewhere.wrong[0]) == (1, True)
    nowhere = judge(logs, told(first, position=f"{SERVICE}.inbox/0@99999"))
    assert (nowhere.lost, "nothing does" in nowhere.wrong[0]) == (1, True)
    other = judge(logs, told(first, position=f"{SERVICE}.inbox/0@0", outcome="conflicting"))
    assert "was told to be conflicting" in other.wrong[0]


def test_what_was_told_ok_must_have_an_effect_and_what_failed_none(logs: Logs, judge: Callable[..., Found]) -> None:
    never = judge(logs, told(logs.inbox[0], id="never came"))
    assert (never.lost, never.wrong) == (1, [f"{told(logs.inbox[0]).source}#never came was told ok and had no effect"])
    denied = judge(logs, told(logs.inbox[0], "failed"))
    assert "refused at the door" in denied.wrong[0]
    unknown = judge(logs, told(logs.inbox[0], "unknown"), told(logs.inbox[0], "unknown", id="never came"))
    assert (unknown.wrong, unknown.promises) == ([], {"unknown": 2})


def test_an_answer_torn_or_to_other_content_is_told(logs: Logs, judge: Callable[..., Found]) -> None:
    logs.inbox[0] = logs.inbox[0]._replace(headers=())
    assert "other content" in judge(logs).wrong[0]
    hole = [each for each in logs.events if each.offset != 2]
    found = Found()
    answers("log", hole, found)
    assert "expected offset 2" in found.wrong[0]
