"""Runs an audit from beginning to end: waits if asked to, reads everything, compares, and gives a result."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import msgspec

from kalimaya.audit.alerts import Alerts
from kalimaya.audit.findings import Counts, Findings
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.kafka import Place, Reader, UnevenTopics, Unreachable, describe
from kalimaya.audit.logs import LogsChecker
from kalimaya.audit.partition import Logs
from kalimaya.audit.read_model import Compared, Comparison
from kalimaya.audit.receipts import Receipts, load
from kalimaya.audit.stored import ReadModel, StoredPartition, StoredPosition
from schemas.envelope import UnknownMessage, decode_data
from services.kit.kafka_access import Bootstrap

LOOK_AGAIN_SECONDS = 0.25

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much is done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to audit. `postgres` None: leave the read model out.

    `wait`: seconds within which everything that was published before must be answered and in the read model.
    """

    kafka: Bootstrap
    services: Sequence[str]
    postgres: str | None = None
    receipts: Path | None = None
    wait: float = 0.0


@dataclass(slots=True)
class Result:
    """What the audit came to."""

    findings: Findings = field(default_factory=Findings)
    counts: dict[str, Counts] = field(default_factory=dict)
    read_model: Compared | None = None
    told: dict[str, int] = field(default_factory=dict)
    """Receipts, by what they say: ok, failed, unknown."""
    in_several_partitions: list[str] = field(default_factory=list)
    """No fault of ours: messages whose source and id stand in other partitions, too; each as its places."""

    @property
    def total(self) -> Counts:
        """Over all services."""
        return sum(self.counts.values(), Counts())

    @property
    def clean(self) -> bool:
        """Whether nothing at all is wrong."""
        return self.findings.total == 0


def audit(plan: Plan, progress: Progress) -> Result:
    """Audit the logs, the receipts and the read model. Raises Unreachable, and OSError for the receipts."""
    result = Result()
    deadline = monotonic() + plan.wait
    logs = _describe(plan, result.findings)
    places = [
        Place(f"{s.service}.{kind}", p) for s in logs for kind in ("inbox", "events") for p in range(s.partitions)
    ]
    reader = Reader(plan.kafka, places)
    try:
        owed = _Owed(reader.ends(p for p in places if p.topic.endswith(".inbox")) if plan.wait else {})
        with closing(_open(plan.postgres, deadline, progress)) if plan.postgres else nullcontext() as read_model:
            if read_model:
                _await_projection(read_model, owed, deadline, progress)
            # Before the logs' ends are asked for: so what a receipt promises must be in what is read.
            receipts = load(plan.receipts, result.findings) if plan.receipts else Receipts()
            _Audit(result, logs, receipts, reader, read_model, owed, deadline, progress).run()
    finally:
        reader.close()
    return result


class _Owed:
    """What is waited for: the answers to all that stood in the inboxes when the audit began.

    What comes later may be on its way when the audit ends: so it can be clean beside a system that is never quiet.
    """

    def __init__(self, inbox_ends: Mapping[Place, int]) -> None:
        self._causes = {
            place._replace(topic=place.topic.removesuffix("inbox") + "events"): end for place, end in inbox_ends.items()
        }

    def missing(self, events: Place, next_cause: int) -> int:
        """How many of an event log's answers are missing in something that has those before `next_cause`."""
        return max(0, self._causes.get(events, 0) - next_cause)

    def missing_in(self, stored: Mapping[Place, StoredPosition]) -> int:
        """How many are missing in the read model."""
        return sum(self.missing(place, stored.get(place, StoredPosition()).next_cause) for place in self._causes)


class _Audit:
    """One partition after the other: so only one of them is in memory."""

    def __init__(
        self,
        result: Result,
        logs: Sequence[Logs],
        receipts: Receipts,
        reader: Reader,
        read_model: ReadModel | None,
        owed: _Owed,
        deadline: float,
        progress: Progress,
    ) -> None:
        self._result, self._reader, self._read_model = result, reader, read_model
        self._owed, self._deadline, self._progress = owed, deadline, progress
        self._checker = LogsChecker(logs, result.findings, receipts, self._take)
        self._alerts = Alerts(result.findings)
        self._comparison: Comparison | None = None
        self._first = reader.ends()
        if read_model:
            result.read_model = Compared()
        result.told = receipts.count

    def run(self) -> None:
        """Judge everything."""
        for service, number in self._checker.partitions:
            stored = self._read_model.partition(service, number) if self._read_model else nullcontext()
            with stored as rows:
                self._partition(service, number, rows)
        self._checker.finish_all()
        self._alerts.finish({p.partition: end for p, end in self._first.items() if p.topic == "incidents.events"})
        self._result.in_several_partitions = self._checker.in_several_partitions()
        self._result.counts = self._checker.counts()
        if self._read_model:
            for each in self._read_model.strays(self._checker.partitions.keys()):
                detail = f"{each}, which is no partition of any log"
                self._result.findings.add("read model", each.partition(":")[0], None, None, detail)

    def _partition(self, service: str, number: int, rows: StoredPartition | None) -> None:
        checker = self._checker.partitions[service, number]
        places = [Place(f"{service}.{kind}", number) for kind in ("events", "inbox")]
        events = places[0]
        if rows:
            self._comparison = Comparison(service, number, rows, self._result.findings)
        ends = self._read(places)  # asked for after the rows: the log goes at least as far as they do
        while (missing := self._owed.missing(events, checker.next_cause)) and monotonic() < self._deadline:
            self._progress(f"{missing} messages in flight", 0, 0)
            sleep(LOOK_AGAIN_SECONDS)
            ends = self._read(places)
        self._checker.finish_partition(service, number, ends)
        if missing:
            detail = f"{missing} messages have no outcome after the wait"
            self._result.findings.add("still in flight", f"{service}.inbox", number, None, detail)
        elif rows and (missing := self._owed.missing(events, rows.position.next_cause)):
            detail = f"{missing} outcomes are not in the read model after the wait"
            self._result.findings.add("read model", *events, None, detail)
        if self._comparison and self._result.read_model:
            self._comparison.finish(checker, self._alerts, self._result.read_model)
        self._comparison = None

    def _read(self, places: Sequence[Place]) -> Mapping[Place, int]:
        ends = self._reader.ends(places)
        done, total = sum(self._reader.positions.values()), sum(self._first.values())
        take = {place: self._checker.taking(place) for place in places}
        for place, record in self._reader.read(ends):
            take[place](record)
            done += 1
            if done % 1000 == 0:
                self._progress("records read", done, max(done, total))
        return ends

    def _take(self, service: str, partition: int, answer: WholeAnswer) -> None:
        """A whole answer was read: hand it to all who judge by what it says."""
        try:
            data = [decode_data(event.type, event.dataschema, event.data) for event in answer.events]
        except (UnknownMessage, msgspec.DecodeError) as error:
            detail = f"the answer to cause {answer.cause} cannot be folded: {error}"
            self._result.findings.add("unreadable event", f"{service}.events", partition, answer.offset, detail)
            return
        if service == "incidents" and answer.kind == "accepted":
            for record, each in zip(answer.records, data, strict=True):
                self._alerts.take(partition, record.offset, each)
        if self._comparison:
            self._comparison.take(answer, data)


def _describe(plan: Plan, findings: Findings) -> list[Logs]:
    found = []
    for service in plan.services:
        try:
            found.append(describe(plan.kafka, service))
        except UnevenTopics as error:
            findings.add("partition counts", f"{service}.events", None, None, str(error))
    return found


def _open(dsn: str, deadline: float, progress: Progress) -> ReadModel:
    """The read model; a PostgreSQL that is just starting is waited for, too."""
    while True:
        try:
            return ReadModel(dsn)
        except Unreachable as error:
            if monotonic() >= deadline:
                raise
            progress(str(error), 0, 0)
            sleep(LOOK_AGAIN_SECONDS)


def _await_projection(read_model: ReadModel, owed: _Owed, deadline: float, progress: Progress) -> None:
    """Until the read model holds every outcome that is owed, or it is late enough."""
    while monotonic() < deadline and (missing := owed.missing_in(read_model.positions())):
        progress(f"{missing} messages on their way into the read model", 0, 0)
        sleep(LOOK_AGAIN_SECONDS)
