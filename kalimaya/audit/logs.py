"""The checker of all services: hands each record to the checker of its partition, and adds up."""

from collections.abc import Callable, Iterable, Mapping

from kalimaya.audit.findings import Counts, Findings
from kalimaya.audit.format import LogRecord
from kalimaya.audit.kafka import Place
from kalimaya.audit.partition import Logs, PartitionChecker, WholeAnswer
from kalimaya.audit.receipts import ByPlace

OnAnswer = Callable[[str, int, WholeAnswer], None]
"""Called with service, partition and each whole answer in its turn."""


class LogsChecker:
    """Checks every partition of some services. Pure."""

    def __init__(self, logs: Iterable[Logs], findings: Findings, receipts: ByPlace, on_answer: OnAnswer) -> None:
        self._findings = findings
        self.partitions: dict[tuple[str, int], PartitionChecker] = {}
        self._of: dict[Place, PartitionChecker] = {}
        for each in logs:
            for number in range(each.partitions):
                checker = PartitionChecker(
                    each,
                    number,
                    findings,
                    receipts.pop((each.service, number), None),
                    _telling(on_answer, each, number),
                )
                self.partitions[each.service, number] = checker
                self._of[Place(checker.inbox, number)] = self._of[Place(checker.events, number)] = checker
        self._strays = receipts

    @property
    def places(self) -> list[Place]:
        """Every partition of every topic that must be read."""
        return list(self._of)

    @property
    def in_flight(self) -> int:
        """Messages read and not answered yet."""
        return sum(each.in_flight for each in self.partitions.values())

    def take(self, place: Place, record: LogRecord) -> None:
        """Check the next record of a partition of a topic."""
        checker = self._of[place]
        if place.topic == checker.events:
            checker.take_event(record)
        else:
            checker.take_message(record)

    def counts(self) -> dict[str, Counts]:
        """What was counted, by service."""
        found: dict[str, Counts] = {}
        for (service, _), checker in self.partitions.items():
            found[service] = found.get(service, Counts()) + checker.counts
        return found

    def finish(self, ends: Mapping[Place, int]) -> None:
        """Everything up to these ends has been fed. To be called once."""
        for (_, number), checker in self.partitions.items():
            checker.finish(ends[Place(checker.inbox, number)], ends[Place(checker.events, number)])
        self._check_one_log_a_service()
        for (service, partition), by_offset in self._strays.items():
            for offset, receipts in by_offset.items():
                detail = f"the receipt for {receipts[0].identity} names a partition that does not exist"
                self._findings.add("receipt without a message", f"{service}.inbox", partition, offset, detail)
        for service, counts in self.counts().items():
            if not counts.conserved:
                answered = sum(counts.outcomes.values())
                detail = f"received {counts.received}, but {answered} outcomes and {counts.in_flight} in flight"
                self._findings.add("not conserved", f"{service}.inbox", None, None, detail)

    def _check_one_log_a_service(self) -> None:
        first: dict[str, str | None] = {}
        for (service, number), checker in self.partitions.items():
            if checker.log != first.setdefault(service, checker.log):
                detail = f"the genesis record names log {checker.log}, that of another partition {first[service]}"
                self._findings.add("genesis", checker.events, number, 0, detail)


def _telling(on_answer: OnAnswer, logs: Logs, partition: int) -> Callable[[WholeAnswer], None]:
    return lambda answer: on_answer(logs.service, partition, answer)
