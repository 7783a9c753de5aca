"""The audit's checker of one partition: a clean log passes, and each planted fault is found and named."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from kalimaya.audit.findings import Findings
from kalimaya.audit.format import LogRecord
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.partition import Logs, PartitionChecker
from kalimaya.audit.receipts import Receipts, read
from schemas.incidents import RaiseAlert
from schemas.types import alert_id
from services.deployment.domain import DEPLOYMENT
from services.incidents.domain import INCIDENTS
from services.kit.ledger.record import NO_HASH, Stamp, link, pack_mark, pack_stamp, read_mark
from tests.support.ledger import (
    NOON,
    MemorySite,
    days,
    genesis_entry,
    message,
    raising_on,
    register,
    run_until_answered,
    sighted,
    worker,
)

LOGS = Logs("deployment", 1, "inbox-id", "events-id")
AGENCY = "/agencies/polres-serang"


@dataclass(frozen=True)
class Part:
    """An event record before it is given its place and chained."""

    cause: int
    i: int
    n: int
    digest: bytes
    key: bytes
    value: bytes

    def saying(self, **changes: Any) -> "Part":
        return replace(self, value=msgspec.json.encode(json.loads(self.value) | changes))


@dataclass
class Written:
    """Two logs, taken apart so that a fault can be planted before or after chaining."""

    inbox: list[LogRecord]
    parts: list[Part]

    def events(self) -> list[LogRecord]:
        """The event log with every record chained as it should be."""
        key, value, headers = genesis_entry(MemorySite().identity)
        records = [LogRecord(0, 0, key, value, headers)]
        head = link(NO_HASH, 0, -1, 0, 1, NO_HASH, key, value)
        for at, p in enumerate(self.parts, start=1):
            records.append(
                LogRecord(at, 0, p.key, p.value, pack_mark(at, p.cause, p.i, p.n, head, p.digest)),
            )
            head = link(head, at, p.cause, p.i, p.n, p.digest, p.key, p.value)
        return records

    def place(self, cause: int) -> int:
        return next(index for index, part in enumerate(self.parts) if part.cause == cause)

    def change(self, cause: int, changed: Callable[[Part], Part]) -> None:
        index = self.place(cause)
        self.parts[index] = changed(self.parts[index])


@pytest.fixture
def written(original: Written) -> Written:
    """A copy to plant faults in."""
    return Written(original.inbox[:], original.parts[:])


@pytest.fixture(scope="module")
def original() -> Written:
    return asyncio.run(write())


async def write() -> Written:
    """What a real worker makes of messages of every outcome; the cause of each is the offset said behind it."""
    site = MemorySite()
    site.decider = raising_on(DEPLOYMENT, "polres-serang-666")
    for data, options in [
        (register(), {}),  # 0 accepted
        (sighted(1), {}),  # 1 accepted
        (register(polri=11), {}),  # 2 refused
        (sighted(2), {"authorised": False}),  # 3 rejected: not authorised
        (sighted(3), {"time": NOON + days(9)}),  # 4 rejected: time
        (register("polres-serang-666"), {}),  # 5 rejected: internal error
    ]:
        await site.put(*message(data, str(len(site.topics.inbox)), **options))
    await site.put(*message(sighted(1), "1", recorded=NOON + days(0.1)))  # 6 repeated
    await site.put(*message(sighted(7), "1", recorded=NOON))  # 7 conflicting, known later than recorded
    await site.put(b"x", b"scribble", [])  # 8 rejected: unreadable, without a stamp
    await site.put(b"x", b"scribble", pack_stamp_of(b"s" * 32))  # 9 rejected: unreadable
    await site.put(*message(sighted(10), "10"))  # 10 accepted
    await run_until_answered(site, worker(site))
    return taken_apart(site)


def taken_apart(site: MemorySite) -> Written:
    parts = []
    for record in site.topics.events[1:]:
        mark = read_mark(record)
        assert mark is not None
        parts.append(Part(mark.cause, mark.i, mark.n, mark.digest, record.key or b"", record.value or b""))
    inbox = [LogRecord(r.offset, 0, r.key, r.value, r.headers) for r in site.topics.inbox]
    made = Written(inbox, parts)
    assert [r.headers for r in made.events()] == [list(r.headers) for r in site.topics.events]
    return made


def pack_stamp_of(digest: bytes) -> list[tuple[str, bytes]]:
    return pack_stamp(Stamp(True, digest))


def check(
    inbox: list[LogRecord], events: list[LogRecord], receipts: Receipts | None = None, logs: Logs = LOGS
) -> tuple[PartitionChecker, Findings]:
    findings = Findings()
    given = receipts or Receipts()
    places, anywhere = given.places.get(("deployment", 0)), given.anywhere
    checker = PartitionChecker(logs, 0, findings, places, anywhere=anywhere)
    for record in events:
        checker.take_event(record)
    for record in inbox:
        checker.take_message(record)
    checker.finish(len(inbox), len(events))
    return checker, findings


def found(
    inbox: list[LogRecord], events: list[LogRecord], receipts: Receipts | None = None, logs: Logs = LOGS
) -> list[tuple[str, str]]:
    _, findings = check(inbox, events, receipts, logs)
    return [(each.rule, each.place) for each in findings.kept]


def receipts(*lines: dict[str, Any]) -> Receipts:
    given = {"source": AGENCY, "status": 202, "outcome": None}
    return read([json.dumps(given | line).encode() + b"\n" for line in lines], Findings())


def test_a_clean_log_has_no_findings_and_is_counted(written: Written) -> None:
    checker, findings = check(written.inbox, written.events())
    assert findings.kept == []
    assert checker.counts.conserved
    assert checker.counts.outcomes == {
        "accepted": 3,
        "refused": 1,
        "rejected": 5,
        "repeated": 1,
        "conflicting": 1,
    }
    assert (checker.counts.received, checker.counts.in_flight, checker.log) == (11, 0, "a-log")
    assert set(checker.counts.voids.values()) == {0}


@pytest.mark.parametrize("turn", [1, 3, 100])
def test_the_two_logs_may_come_in_any_order(written: Written, turn: int) -> None:
    findings, answers = Findings(), list[WholeAnswer]()
    checker = PartitionChecker(LOGS, 0, findings, on_answer=answers.append)
    inbox, events = written.inbox[:], written.events()
    while inbox or events:
        for record in inbox[:turn]:
            checker.take_message(record)
        for record in events[: 2 * turn]:
            checker.take_event(record)
        del inbox[:turn], events[: 2 * turn]
    checker.finish(len(written.inbox), len(written.parts) + 1)
    assert findings.kept == []
    assert [answer.cause for answer in answers] == list(range(11))


def test_messages_not_answered_yet_are_in_flight_and_no_fault(written: Written) -> None:
    last = written.place(9)
    written.parts = written.parts[:last]
    checker, findings = check(written.inbox, written.events())
    assert findings.kept == []
    assert (checker.counts.in_flight, checker.counts.conserved) == (2, True)


def test_a_missing_outcome(written: Written) -> None:
    del written.parts[written.place(4)]
    checker, findings = check(written.inbox, written.events())
    assert ("missing outcome", "deployment.inbox/0@4") in {(f.rule, f.place) for f in findings.kept}
    assert not checker.counts.conserved


def test_a_doubled_outcome(written: Written) -> None:
    written.parts.append(written.parts[written.place(10)])
    checker, findings = check(written.inbox, written.events())
    assert [(f.rule, f.place) for f in findings.kept] == [("doubled outcome", "deployment.events/0@12")]
    assert not checker.counts.conserved


def test_an_outcome_of_no_message(written: Written) -> None:
    assert found(written.inbox[:10], written.events()) == [("outcome without a message", "deployment.events/0@11")]


def test_a_forged_record_at_the_right_place(written: Written) -> None:
    forged = LogRecord(12, 0, b"k", b"{}", pack_mark(12, 11, 0, 1, b"f" * 32, NO_HASH))
    checker, findings = check(written.inbox, [*written.events(), forged])
    assert [(f.rule, f.place) for f in findings.kept] == [("broken chain", "deployment.events/0@12")]
    assert checker.counts.voids["wrong chain"] == 1


def test_a_record_changed_afterwards(written: Written) -> None:
    events = written.events()
    events[3] = events[3]._replace(value=(events[3].value or b"").replace(b"unit", b"post"))
    assert found(written.inbox, events)[0] == ("broken chain", "deployment.events/0@4")


def test_a_record_that_landed_elsewhere_and_one_that_is_not_ours_are_void(written: Written) -> None:
    events = written.events()
    late = events[5]._replace(offset=len(events))
    stranger = LogRecord(len(events) + 1, 0, b"k", b"v", [("mark", b"short")])
    checker, findings = check(written.inbox, [*events, late, stranger])
    assert findings.kept == []
    assert checker.counts.voids == {"elsewhere": 1, "wrong chain": 0, "not ours": 1}


def test_an_answer_to_other_content(written: Written) -> None:
    written.change(1, lambda part: replace(part, digest=b"o" * 32))
    assert found(written.inbox, written.events()) == [("wrong digest", "deployment.events/0@2")]


def test_a_torn_answer(written: Written) -> None:
    written.change(1, lambda part: replace(part, n=2))
    assert found(written.inbox, written.events())[:2] == [
        ("torn answer", "deployment.events/0@3"),
        ("missing outcome", "deployment.inbox/0@1"),
    ]


def test_an_answer_torn_at_the_end(written: Written) -> None:
    written.change(10, lambda part: replace(part, n=2))
    assert found(written.inbox, written.events()) == [("torn answer", "deployment.events/0@11")]


def test_an_answer_without_its_beginning(written: Written) -> None:
    written.change(4, lambda part: replace(part, i=1, n=2))
    assert found(written.inbox, written.events())[:2] == [
        ("torn answer", "deployment.events/0@5"),
        ("missing outcome", "deployment.inbox/0@4"),
    ]


def test_an_outcome_that_is_one_record_in_two(written: Written) -> None:
    at = written.place(2)
    first = replace(written.parts[at], n=2)
    second = replace(first, i=1).saying(id="deployment.events/0/2/1")
    written.parts[at : at + 1] = [first, second]
    assert ("torn answer", "deployment.events/0@3") in found(written.inbox, written.events())


def test_a_hole_in_the_event_log(written: Written) -> None:
    events = written.events()
    del events[4]
    assert found(written.inbox, events)[:2] == [
        ("hole", "deployment.events/0@5"),
        ("missing outcome", "deployment.inbox/0@3"),
    ]


def test_a_hole_in_the_inbox(written: Written) -> None:
    del written.inbox[3]
    assert found(written.inbox, written.events())[:2] == [
        ("hole", "deployment.inbox/0@4"),
        ("outcome without a message", "deployment.events/0@4"),
    ]


def test_a_log_that_ends_before_its_end(written: Written) -> None:
    findings = Findings()
    checker = PartitionChecker(LOGS, 0, findings)
    for record in written.events():
        checker.take_event(record)
    for record in written.inbox:
        checker.take_message(record)
    checker.finish(inbox_end=98, events_end=99)
    assert [(each.rule, each.place) for each in findings.kept] == [
        ("hole", "deployment.inbox/0@11"),
        ("hole", "deployment.events/0@12"),
    ]


def test_no_genesis(written: Written) -> None:
    assert found([], []) == [("genesis", "deployment.events/0@0")]
    events = written.events()
    for headers in ([], pack_mark(0, 0, 0, 1, NO_HASH, NO_HASH), pack_mark(0, -1, 0, 1, b"h" * 32, NO_HASH)):
        events[0] = events[0]._replace(headers=headers)
        assert found(written.inbox, events) == [("genesis", "deployment.events/0@0")]


@pytest.mark.parametrize(
    "other",
    [
        LOGS._replace(partitions=2),
        LOGS._replace(inbox_topic_id="another"),
        LOGS._replace(events_topic_id="another"),
    ],
)
def test_a_genesis_of_other_topics(written: Written, other: Logs) -> None:
    findings = Findings()
    checker = PartitionChecker(other, 0, findings)
    checker.take_event(written.events()[0])
    assert [each.rule for each in findings.kept] == ["genesis"]


def test_a_wrong_event_id(written: Written) -> None:
    written.change(2, lambda part: part.saying(id="deployment.events/0/3/0"))
    assert found(written.inbox, written.events()) == [("wrong event id", "deployment.events/0@3")]


def test_a_wrong_causation_id(written: Written) -> None:
    written.change(2, lambda part: part.saying(causationid=f"{AGENCY}#other"))
    assert found(written.inbox, written.events()) == [("wrong causation id", "deployment.events/0@3")]


def test_an_event_about_another_aggregate(written: Written) -> None:
    written.change(1, lambda part: part.saying(subject="unit/other"))
    assert found(written.inbox, written.events()) == [("wrong key", "deployment.events/0@2")]


def test_an_event_under_another_key(written: Written) -> None:
    written.change(1, lambda part: replace(part, key=b"unit/other"))
    assert found(written.inbox, written.events()) == [("wrong key", "deployment.events/0@2")]


def test_another_recorded_time(written: Written) -> None:
    written.change(1, lambda part: part.saying(recordedtime="2019-11-03T05:00:01Z"))
    assert found(written.inbox, written.events()) == [("wrong recorded time", "deployment.events/0@2")]


def test_a_falling_known_time(written: Written) -> None:
    written.change(7, lambda part: part.saying(knowntime="2019-11-03T05:00:00Z"))
    assert found(written.inbox, written.events()) == [("falling known time", "deployment.events/0@8")]


def test_a_known_time_that_nothing_explains(written: Written) -> None:
    written.change(10, lambda part: part.saying(knowntime="2030-11-03T05:00:00Z"))
    assert found(written.inbox, written.events()) == [("wrong known time", "deployment.events/0@11")]


@pytest.mark.parametrize("data", [{"first": 0, "at": 2}, {"first": 1, "at": 1}, {"first": 6, "at": 7}])
def test_a_repeat_that_points_elsewhere(written: Written, data: dict[str, int]) -> None:
    written.change(6, lambda part: part.saying(data=data))
    assert found(written.inbox, written.events()) == [("wrong repeat", "deployment.events/0@7")]


def test_repeated_said_of_other_content_and_conflicting_of_the_same(written: Written) -> None:
    written.change(6, lambda part: part.saying(type="kalimaya.message.conflicting"))
    written.change(7, lambda part: part.saying(type="kalimaya.message.repeated"))
    assert found(written.inbox, written.events()) == [
        ("wrong repeat", "deployment.events/0@7"),
        ("wrong repeat", "deployment.events/0@8"),
    ]


async def test_a_known_alert_raised_with_other_numbers_is_repeated_and_never_conflicting() -> None:
    site = MemorySite()
    site.decider = INCIDENTS
    subject = "36.04.13.2009"
    raised = RaiseAlert(
        alert=alert_id("cluster", subject, 0),
        rule="cluster",
        subject=subject,
        n=0,
        since=NOON,
        numbers={"n_count": 3.0},
    )
    watch = "/services/incidents-watch"
    await site.put(*message(raised, raised.alert, source=watch))
    await site.put(*message(replace(raised, numbers={"n_count": 4.0}), raised.alert, source=watch))
    await run_until_answered(site, worker(site))
    written, logs = taken_apart(site), LOGS._replace(service="incidents")
    assert found(written.inbox, written.events(), logs=logs) == []
    written.change(1, lambda part: part.saying(type="kalimaya.message.conflicting"))
    assert found(written.inbox, written.events(), logs=logs) == [("wrong repeat", "incidents.events/0@2")]


@pytest.mark.parametrize(("after", "kind"), [(62, "repeated"), (63, "rejected")])
async def test_who_is_forgotten_and_comes_again_is_rejected_for_his_time(after: int, kind: str) -> None:
    """By days on which messages came, as the decider counts them (ADR 0015)."""
    site = MemorySite()
    await site.put(*message(register(), "register"))
    for n in range(1, after):
        at = NOON + days(n)
        await site.put(*message(sighted(n), f"{n}", time=at, recorded=at))
    await site.put(*message(register(), "register", recorded=NOON + days(after)))
    await run_until_answered(site, worker(site))
    written = taken_apart(site)
    checker, findings = check(written.inbox, written.events())
    assert findings.kept == []
    assert checker.counts.outcomes[kind] == 1


def test_repeated_said_of_something_new(written: Written) -> None:
    written.change(1, lambda part: part.saying(type="kalimaya.message.repeated", data={"first": 0, "at": 1}))
    assert found(written.inbox, written.events()) == [("wrong repeat", "deployment.events/0@2")]


def test_the_same_identity_decided_twice(written: Written) -> None:
    written.change(6, lambda part: part.saying(type="kalimaya.unit.sighted"))
    assert found(written.inbox, written.events()) == [("wrong repeat", "deployment.events/0@7")]


@pytest.mark.parametrize(("reason", "faults"), [("not_authorised", 1), ("internal_error", 0), ("too_large", 0)])
def test_a_repeat_may_be_rejected_only_for_reasons_of_our_own(written: Written, reason: str, faults: int) -> None:
    rejected = {"type": "kalimaya.message.rejected", "data": {"reason": reason, "detail": ""}}
    written.change(6, lambda part: part.saying(**rejected))
    assert found(written.inbox, written.events()) == [("wrong repeat", "deployment.events/0@7")] * faults


def test_something_unauthorised_given_effect(written: Written) -> None:
    written.change(3, lambda part: part.saying(type="kalimaya.unit.sighted"))
    assert found(written.inbox, written.events()) == [("not authorised", "deployment.events/0@4")]


def test_a_message_in_the_wrong_partition(written: Written) -> None:
    findings = Findings()
    checker = PartitionChecker(LOGS._replace(partitions=100_003), 0, findings)
    checker.take_message(written.inbox[0])
    assert [(f.rule, f.place) for f in findings.kept] == [("wrong partition", "deployment.inbox/0@0")]


def test_right_receipts_are_counted(written: Written) -> None:
    given = receipts(
        {"id": "0", "position": "deployment.inbox/0@0", "outcome": "accepted", "status": 200},
        {"id": "1", "position": "deployment.inbox/0@6"},
        {"id": "1", "position": "deployment.inbox/0@7", "outcome": "conflicting", "status": 409},
        {"id": "gone", "position": None, "status": 401},
    )
    checker, findings = check(written.inbox, written.events(), given)
    assert findings.kept == []
    assert checker.counts.receipts == 3


def test_a_receipt_without_a_message(written: Written) -> None:
    given = receipts({"id": "99", "position": "deployment.inbox/0@99"})
    assert found(written.inbox, written.events(), given) == [("receipt without a message", "deployment.inbox/0@99")]


def test_a_receipt_for_a_place_where_another_message_stands(written: Written) -> None:
    given = receipts({"id": "5", "position": "deployment.inbox/0@4"})
    assert found(written.inbox, written.events(), given) == [("receipt without a message", "deployment.inbox/0@4")]


def test_a_receipt_with_another_outcome(written: Written) -> None:
    given = receipts({"id": "2", "position": "deployment.inbox/0@2", "outcome": "accepted", "status": 200})
    assert found(written.inbox, written.events(), given) == [("receipt with another outcome", "deployment.events/0@3")]


def test_a_receipt_with_an_outcome_that_no_log_holds(written: Written) -> None:
    del written.parts[written.place(10) :]
    given = receipts({"id": "10", "position": "deployment.inbox/0@10", "outcome": "accepted", "status": 200})
    assert found(written.inbox, written.events(), given) == [("receipt with another outcome", "deployment.inbox/0@10")]


def test_a_message_that_its_sender_was_told_has_failed(written: Written) -> None:
    given = receipts({"id": "2", "status": 400}, {"id": "3", "told": "failed"}, {"id": "99", "status": 422})
    assert [each for each in found(written.inbox, written.events(), given) if "spite" in each[0]] == [
        ("message in spite of a receipt", "deployment.inbox/0@2"),
        ("message in spite of a receipt", "deployment.inbox/0@3"),
    ]


def test_a_failure_is_no_promise_if_another_try_was_taken_in_or_may_have_been(written: Written) -> None:
    given = receipts(
        {"id": "2", "status": 400},
        {"id": "2", "status": 503},
        {"id": "3", "status": 400},
        {"id": "3", "position": "deployment.inbox/0@3"},
        {"id": "4", "status": 400},
        {"id": "4", "told": "ok", "position": "agency.polres-serang/0@7"},
    )
    assert found(written.inbox, written.events(), given) == []
    assert given.count == {"ok": 2, "failed": 3, "unknown": 1}


def test_a_promise_without_a_place_in_an_inbox(written: Written) -> None:
    given = receipts({"id": "2", "told": "ok"}, {"id": "98", "told": "ok"}, {"id": "99", "status": 503})
    assert found(written.inbox, written.events(), given) == []
    assert list(given.anywhere.broken()) == [2]


def test_receipts_come_in_any_order(written: Written) -> None:
    lines = [{"id": str(n), "position": f"deployment.inbox/0@{n}"} for n in (4, 0, 99, 2, 2)]
    checker, findings = check(written.inbox, written.events(), receipts(*lines))
    assert [each.place for each in findings.kept] == ["deployment.inbox/0@99"]
    assert "line 3" in findings.kept[0].detail
    assert checker.counts.receipts == 4


def test_lines_that_are_no_receipts() -> None:
    findings = Findings()
    read([b"{}\n", b'{"id": "1", "source": "/a", "status": 202, "position": "there"}\n', b'{"id": "1", "so'], findings)
    assert [(each.rule, each.offset) for each in findings.kept] == [
        ("unreadable receipt", 1),
        ("unreadable receipt", 2),
    ]


def test_an_event_that_cannot_be_read(written: Written) -> None:
    written.change(1, lambda part: replace(part, value=b"{}"))
    assert found(written.inbox, written.events())[0] == ("unreadable event", "deployment.events/0@2")


def test_a_repeat_that_points_nowhere(written: Written) -> None:
    written.change(6, lambda part: part.saying(data={}))
    assert found(written.inbox, written.events()) == [("unreadable event", "deployment.events/0@7")]


def test_a_genesis_that_cannot_be_read() -> None:
    findings = Findings()
    record = LogRecord(0, 0, b"genesis", b"[]", genesis_entry(MemorySite().identity)[2])
    PartitionChecker(LOGS, 0, findings).take_event(record)
    assert [each.rule for each in findings.kept] == ["genesis"]


def test_a_second_genesis_that_continues_the_chain_is_no_answer(written: Written) -> None:
    written.parts.append(Part(-1, 0, 1, NO_HASH, b"genesis", written.parts[0].value))
    assert found(written.inbox, written.events()) == [("doubled outcome", "deployment.events/0@12")]
