"""Runs an audit from beginning to end: waits if asked to, reads everything, compares, and gives a result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from kalimaya.audit.findings import Counts, Findings
from kalimaya.audit.kafka import Place, Reader, UnevenTopics, describe
from kalimaya.audit.logs import LogsChecker
from kalimaya.audit.partition import Logs, WholeAnswer
from kalimaya.audit.read_model import Compared, Comparison, positions, snapshot
from kalimaya.audit.receipts import ByPlace, load
from services.kit.kafka_access import Bootstrap

LOOK_AGAIN_SECONDS = 0.25

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much is done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to audit. `postgres` None: leave the read model out. `wait`: seconds until nothing may be in flight."""

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
        comparison = None
        if plan.postgres:
            _await_projection(plan.postgres, reader, deadline, progress)
            comparison = Comparison(snapshot(plan.postgres), result.findings)
        # Before the logs' ends are asked for: so what a receipt promises must be in what is read.
        receipts: ByPlace = load(plan.receipts, result.findings) if plan.receipts else {}
        checker = LogsChecker(logs, result.findings, receipts, comparison.take if comparison else _ignore)
        ends = _read(reader, checker, progress)
        while checker.in_flight and monotonic() < deadline:
            progress(f"{checker.in_flight} messages in flight", 0, 0)
            sleep(LOOK_AGAIN_SECONDS)
            ends = _read(reader, checker, progress)
    finally:
        reader.close()
    checker.finish(ends)
    if comparison:
        result.read_model = comparison.finish(checker.partitions)
    result.counts = checker.counts()
    if plan.wait:
        _expect_quiet(result)
    return result


def _describe(plan: Plan, findings: Findings) -> list[Logs]:
    found = []
    for service in plan.services:
        try:
            found.append(describe(plan.kafka, service))
        except UnevenTopics as error:
            findings.add("partition counts", f"{service}.events", None, None, str(error))
    return found


def _await_projection(dsn: str, reader: Reader, deadline: float, progress: Progress) -> None:
    """Until the read model holds an outcome of every message in the inboxes, or it is late enough."""
    while monotonic() < deadline:
        stored = positions(dsn)
        missing = 0
        for place, end in reader.ends().items():
            if place.topic.endswith(".inbox"):
                events = place._replace(topic=place.topic.removesuffix("inbox") + "events")
                missing += end - (stored[events].next_cause if events in stored else 0)
        if missing <= 0:
            return
        progress(f"{missing} messages on their way into the read model", 0, 0)
        sleep(LOOK_AGAIN_SECONDS)


def _read(reader: Reader, checker: LogsChecker, progress: Progress) -> Mapping[Place, int]:
    ends = reader.ends()
    total, done = sum(ends.values()), sum(reader.positions.values())
    for place, record in reader.read(ends):
        checker.take(place, record)
        done += 1
        if done % 1000 == 0:
            progress("records read", done, total)
    progress("records read", total, total)
    return ends


def _expect_quiet(result: Result) -> None:
    """After waiting, what is still open is wrong."""
    for service, counts in result.counts.items():
        if counts.in_flight:
            detail = f"{counts.in_flight} messages have no outcome after the wait"
            result.findings.add("still in flight", f"{service}.inbox", None, None, detail)
    if result.read_model and result.read_model.behind:
        detail = f"{result.read_model.behind} records are not in the read model after the wait"
        result.findings.add("read model", "positions", None, None, detail)


def _ignore(service: str, partition: int, answer: WholeAnswer) -> None:
    """The read model is left out."""
