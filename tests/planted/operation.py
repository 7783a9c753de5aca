"""The small scenario lived through in memory, with whatever bug is planted at that time, and then audited.

Inboxes and event logs are as the gateway and the deciders write them, the read model is what the projection's fold
makes of them. The audit has the same bug planted under it: what it finds, it finds by rules of its own.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from kalimaya.audit.alerts import Alerts
from kalimaya.audit.findings import Findings
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.kafka import Place
from kalimaya.audit.logs import LogsChecker
from kalimaya.audit.partition import Logs
from kalimaya.audit.read_model import Compared, Comparison
from kalimaya.audit.stored import StoredPartition, StoredPosition
from schemas.catalogue import SERVICES
from schemas.envelope import decode_data
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Answer, Fold
from services.kit.ledger.log import Identity
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Stored, link, pack_mark
from services.kit.ledger.topics import genesis_value
from services.views.model import Key, Model
from tests.support.deciding import small_scenario
from tests.support.rehearsal import DECIDERS, PARTITIONS, Record

IDENTITY = Identity("inbox-id", "events-id", PARTITIONS)


class Partition:
    """One partition of a service's two logs, and what is folded from it."""

    def __init__(self, service: str, number: int) -> None:
        self.service, self.number = service, number
        self.inbox: list[Stored] = []
        self.events: list[Stored] = []
        self._desk: Desk[Any] = Desk(DECIDERS[service], number, Limits())
        self._head = NO_HASH
        self._append(b"genesis", genesis_value(f"log of {service}", number, IDENTITY), GENESIS_CAUSE, 0, 1, NO_HASH)

    def put(self, record: Record) -> None:
        """Take in a message and answer it."""
        message = Stored(len(self.inbox), record.key, record.value, record.headers)
        self.inbox.append(message)
        decided = self._desk.decide(message, len(self.events))
        self._desk.commit()
        for i, (key, value) in enumerate(decided.records):
            self._append(key, value, message.offset, i, len(decided.records), decided.digest)

    def _append(self, key: bytes, value: bytes, cause: int, i: int, n: int, digest: bytes) -> None:
        at = len(self.events)
        mark = pack_mark(at, cause, i, n, self._head, digest)
        self.events.append(Stored(at, key, value, tuple(mark)))
        self._head = link(self._head, at, cause, i, n, digest, key, value)

    def stored(self) -> StoredPartition:
        """What the projection has stored of it."""
        fold, model, outcomes = Fold(), Model(), dict[str, int]()
        for record in self.events:
            answer: Answer | None = fold.take(record)
            if answer is not None:
                kind = model.apply(self.service, self.number, answer).outcome.kind
                outcomes[kind] = outcomes.get(kind, 0) + 1
        position = StoredPosition(fold.position, fold.next_cause, fold.head, f"log of {self.service}")
        return StoredPartition(position, outcomes, _as_json(model))


def _as_json(model: Model) -> Iterator[tuple[Key, bytes]]:
    return ((key, msgspec.json.encode(each)) for key, each in model.documents().items())


class Operation:
    """All partitions of all services. `sent` goes into the inboxes after the small scenario."""

    def __init__(self, sent: list[Record]) -> None:
        self.partitions = {(service, n): Partition(service, n) for service in SERVICES for n in range(PARTITIONS)}
        for record in [*small_scenario(), *sent]:
            self.partitions[record.service, record.partition].put(record)

    def audit(self) -> Findings:
        """What `kalimaya audit` finds."""
        findings = Findings()
        alerts, compared = Alerts(findings), Compared()
        comparisons = {place: Comparison(*place, each.stored(), findings) for place, each in self.partitions.items()}

        def take(service: str, partition: int, answer: WholeAnswer) -> None:
            data = [decode_data(event.type, event.dataschema, event.data) for event in answer.events]
            if service == "incidents" and answer.kind == "accepted":
                for record, each in zip(answer.records, data, strict=True):
                    alerts.take(partition, record.offset, each)
            comparisons[service, partition].take(answer, data)

        logs = [Logs(service, PARTITIONS, IDENTITY.inbox_topic_id, IDENTITY.events_topic_id) for service in SERVICES]
        checker = LogsChecker(logs, findings, None, take)
        ends = {}
        for (service, number), there in self.partitions.items():
            for kind, records in (("inbox", there.inbox), ("events", there.events)):
                place = Place(f"{service}.{kind}", number)
                ends[place] = len(records)
                for record in records:
                    checker.take(place, record)  # type: ignore[arg-type]
        checker.finish(ends)
        alerts.finish({n: len(self.partitions["incidents", n].events) for n in range(PARTITIONS)})
        for place, comparison in comparisons.items():
            comparison.finish(checker.partitions[place], alerts, compared)
        return findings
