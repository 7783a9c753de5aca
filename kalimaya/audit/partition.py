"""The checker of one partition: fed the records of an inbox and of its event log, it says what is wrong.

Pure. Each log must be fed in order; how the two are interleaved does not matter, but what waits for its other half is
kept whole. Of what is judged it keeps some 200 bytes a message until `close`, and 16 after it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from kalimaya.audit.findings import Counts, Findings
from kalimaya.audit.format import FORMAT, GENESIS, NOTHING, LogRecord, Mark, head_after, mark_of, stamp_of
from kalimaya.audit.identities import Identities
from kalimaya.audit.judge import Judge, Message, WholeAnswer
from kalimaya.audit.receipts import Anywhere, AtPlaces, Told
from schemas.envelope import decode_event, decode_inbox, message_identity, partition_of
from schemas.outcomes import outcome_of


class Logs(NamedTuple):
    """What Kafka says of a service's two topics."""

    service: str
    partitions: int
    inbox_topic_id: str
    events_topic_id: str


_genesis = msgspec.json.Decoder(dict[str, Any]).decode


def _ignore(answer: WholeAnswer) -> None:
    """Nobody wants the answers."""


class PartitionChecker:
    """Checks one partition of a service's two logs."""

    def __init__(
        self,
        logs: Logs,
        partition: int,
        findings: Findings,
        receipts: AtPlaces | None = None,
        on_answer: Callable[[WholeAnswer], None] = _ignore,
        anywhere: Anywhere | None = None,
    ) -> None:
        self.partition = partition
        self.inbox, self.events = f"{logs.service}.inbox", f"{logs.service}.events"
        self.inbox_position = self.events_position = 0
        self.head, self.next_cause = NOTHING, 0
        self.log: str | None = None
        self._logs, self._findings, self._on_answer = logs, findings, on_answer
        self._receipts, self._anywhere = receipts or AtPlaces(), anywhere or None
        self._counts = Counts()
        self._chain_lost = False
        self._open: list[tuple[LogRecord, Mark]] = []
        self._torn: int | None = None
        self._messages: deque[Message] = deque()
        self._outcomes: deque[WholeAnswer] = deque()
        self._judge = Judge(self.events, partition, findings)

    @property
    def identities(self) -> Identities:
        """Those of the messages judged."""
        return self._judge.identities

    @property
    def in_flight(self) -> int:
        """Messages behind the last one answered."""
        return max(0, self.inbox_position - self.next_cause)

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        self._counts.in_flight = self.in_flight
        return self._counts

    # The inbox.

    def take_message(self, record: LogRecord) -> None:
        """Check the next record of the inbox."""
        offset = record.offset
        if offset != self.inbox_position:
            self._wrong_message("hole", offset, f"expected offset {self.inbox_position}: messages are missing")
        self.inbox_position = offset + 1
        self._counts.received += 1
        message = self._message(record, self._receipts.take(offset))
        if message.receipts or self._anywhere is not None:
            self._check_told(message)
        self._messages.append(message)
        self._judge_what_is_there()

    def _check_told(self, message: Message) -> None:
        identity = hash(message.identity)
        for receipt in message.receipts:
            self._counts.receipts += 1
            if receipt.identity != identity:
                detail = f"the receipt in line {receipt.line} names this place, where {message.identity} stands"
                self._wrong_message("receipt without a message", message.offset, detail)
        failed = None if self._anywhere is None else self._anywhere.meet(identity)
        if failed is not None:
            detail = f"the receipt in line {failed} says that {message.identity} was not taken in, but here it stands"
            self._wrong_message("message in spite of a receipt", message.offset, detail)

    def _message(self, record: LogRecord, receipts: Sequence[Told]) -> Message:
        stamp = stamp_of(record)
        digest = NOTHING if stamp is None else stamp.digest
        try:
            if stamp is None:
                raise ValueError("no stamp")
            message = decode_inbox(record.value or b"")
        except ValueError:  # not the gateway's: it must be rejected, under a name made of its place
            identity = message_identity("/unreadable", f"{self.inbox}/{self.partition}@{record.offset}")
            return Message(record.offset, identity, digest, "unreadable", False, None, None, receipts)
        key = message.partitionkey
        if partition_of(key, self._logs.partitions) != self.partition:
            self._wrong_message("wrong partition", record.offset, f"messages about {key} belong into another partition")
        identity = message_identity(message.source, message.id)
        kind = message.type, message.dataschema
        return Message(record.offset, identity, digest, key, stamp.authorised, kind, message.recordedtime, receipts)

    # The event log.

    def take_event(self, record: LogRecord) -> None:
        """Check the next record of the event log."""
        offset = record.offset
        if offset != self.events_position:
            self._wrong_event("hole", offset, f"expected offset {self.events_position}: records are missing")
            self._chain_lost = True
        self.events_position = offset + 1
        mark = mark_of(record)
        if offset == 0:
            self._check_genesis(record, mark)
        elif mark is None:
            self._counts.voids["not ours"] += 1
        elif mark.at != offset:
            self._counts.voids["elsewhere"] += 1
        elif mark.prev != self.head and not self._chain_lost:
            self._counts.voids["wrong chain"] += 1
            detail = (
                "it stands where it says, but does not continue the chain: forged, or the log before it was changed"
            )
            self._wrong_event("broken chain", offset, detail)
        else:
            self._chain_lost = False  # after a hole the chain is taken up where it goes on
            self._take_valid(record, mark)

    def _check_genesis(self, record: LogRecord, mark: Mark | None) -> None:
        self._chain_lost = True
        if mark != Mark(0, GENESIS, 0, 1, NOTHING, NOTHING):
            self._wrong_event("genesis", 0, "the log does not begin with a genesis record")
            return
        self._chain_lost = False
        self.head = head_after(record, mark)
        try:
            said = _genesis(record.value or b"")
        except msgspec.DecodeError as error:
            self._wrong_event("genesis", 0, f"the genesis record cannot be read: {error}")
            return
        self.log = said.get("log")
        expected = {
            "format": FORMAT,
            "partition": self.partition,
            "partitions": self._logs.partitions,
            "inbox_topic_id": self._logs.inbox_topic_id,
            "events_topic_id": self._logs.events_topic_id,
        }
        for name, value in expected.items():
            if said.get(name) != value:
                self._wrong_event("genesis", 0, f"{name}: the genesis record says {said.get(name)}, it is {value}")

    def _take_valid(self, record: LogRecord, mark: Mark) -> None:
        self.head = head_after(record, mark)
        self._counts.events += 1
        if self._open:
            first = self._open[0][1]
            if (mark.cause, mark.i, mark.n, mark.digest) != (first.cause, len(self._open), first.n, first.digest):
                self._tear(record.offset)
        if not self._open and (mark.i != 0 or mark.n < 1):
            if mark.cause != self._torn:
                detail = f"part {mark.i} of {mark.n} of the answer to cause {mark.cause} follows no part before it"
                self._wrong_event("torn answer", record.offset, detail)
                self._torn = mark.cause
            return
        self._open.append((record, mark))
        if len(self._open) == mark.n:
            records, self._open = tuple([each for each, _ in self._open]), []
            self._complete(records, mark)

    def _tear(self, offset: int) -> None:
        first, there = self._open[0][1], len(self._open)
        detail = f"the answer to cause {first.cause} breaks off after {there} of {first.n} records"
        self._wrong_event("torn answer", offset, detail)
        self._torn = first.cause
        self._open = []

    def _complete(self, records: tuple[LogRecord, ...], mark: Mark) -> None:
        offset, cause = records[0].offset, mark.cause
        try:
            events = tuple([decode_event(record.value or b"") for record in records])
        except msgspec.DecodeError as error:
            self._wrong_event("unreadable event", offset, str(error))
            self.next_cause = max(self.next_cause, cause + 1)
            return
        kind = outcome_of(events[0].type)
        self._counts.outcomes[kind] += 1
        if cause < self.next_cause:
            detail = f"cause {cause} is answered once more; the next to be answered is {self.next_cause}"
            self._wrong_event("doubled outcome", offset, detail)
            return
        self.next_cause = cause + 1
        answer = WholeAnswer(cause, offset, mark.digest, records, self.head, kind, events)
        self._on_answer(answer)
        self._outcomes.append(answer)
        self._judge_what_is_there()

    # Both together.

    def _judge_what_is_there(self) -> None:
        messages, outcomes = self._messages, self._outcomes
        while messages and outcomes:
            message, answer = messages[0], outcomes[0]
            if message.offset < answer.cause:
                detail = f"it has no whole outcome, and the log goes on to cause {answer.cause} at {answer.offset}"
                self._wrong_message("missing outcome", message.offset, detail)
                messages.popleft()
            elif message.offset > answer.cause:
                self._answers_nothing(answer)
                outcomes.popleft()
            else:
                self._judge.judge(messages.popleft(), outcomes.popleft())

    def finish(self, inbox_end: int, events_end: int) -> None:
        """Everything up to these ends has been fed: say what is still missing. To be called once."""
        if self.events_position == 0:
            self._wrong_event("genesis", 0, "the log is empty: it has no genesis record")
        if self.inbox_position < inbox_end:
            detail = f"nothing more can be read, but the log ends at {inbox_end}"
            self._wrong_message("hole", self.inbox_position, detail)
        if 0 < self.events_position < events_end:
            detail = f"nothing more can be read, but the log ends at {events_end}"
            self._wrong_event("hole", self.events_position, detail)
        if self._open:
            self._tear(self._open[0][0].offset)
        for answer in self._outcomes:
            self._answers_nothing(answer)
        for message in self._messages:
            for receipt in message.receipts:
                if receipt.outcome is not None:
                    detail = f"the sender was told {receipt.outcome}, the log has no outcome yet"
                    self._wrong_message("receipt with another outcome", message.offset, detail)
        for offset, receipt in self._receipts.rest():
            detail = f"the receipt in line {receipt.line} says that a message stands here, but none does"
            self._wrong_message("receipt without a message", offset, detail)

    def close(self) -> None:
        """Nothing more comes, and everything was said: let go of what grows with the messages."""
        self._receipts = AtPlaces()
        self._judge.identities.close()

    def _answers_nothing(self, answer: WholeAnswer) -> None:
        detail = f"it answers cause {answer.cause}, where no message stands"
        self._wrong_event("outcome without a message", answer.offset, detail)

    def _wrong_message(self, rule: str, offset: int, detail: str) -> None:
        self._findings.add(rule, self.inbox, self.partition, offset, detail)

    def _wrong_event(self, rule: str, offset: int, detail: str) -> None:
        self._findings.add(rule, self.events, self.partition, offset, detail)
