"""The checker of all services: hands each record to the checker of its partition, and adds up."""

from collections.abc import Callable, Iterable, Mapping

from kalimaya.audit.findings import Counts, Findings
from kalimaya.audit.format import LogRecord
from kalimaya.audit.identities import in_several
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.kafka import Place
from kalimaya.audit.partition import Logs, PartitionChecker
from kalimaya.audit.receipts import Receipts

OnAnswer = Callable[[str, int, WholeAnswer], None]
"""Called with service, partition and each whole answer in its turn."""


class LogsChecker:
    """Checks every partition of some services. Pure."""

    def __init__(
        self, logs: Iterable[Logs], findings: Findings, receipts: Receipts | None, on_answer: OnAnswer
    ) -> None:
        self._findings, self._receipts = findings, receipts or Receipts()
        self.partitions: dict[tuple[str, int], PartitionChecker] = {}
        self._of: dict[Place, PartitionChecker] = {}
        for each in logs:
            for number in range(each.partitions):
                checker = PartitionChecker(
                    each,
                    number,
                    findings,
                    self._receipts.places.pop((each.service, number), None),
                    _telling(on_answer, each, number),
                    self._receipts.anywhere,
                )
                self.partitions[each.service, number] = checker
                self._of[Place(checker.inbox, number)] = self._of[Place(checker.events, number)] = checker

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
        self.taking(place)(record)

    def taking(self, place: Place) -> Callable[[LogRecord], None]:
        """What checks the next record of this partition of a topic."""
        checker = self._of[place]
        return checker.take_event if place.topic == checker.events else checker.take_message

    def counts(self) -> dict[str, Counts]:
        """What was counted, by service."""
        found: dict[str, Counts] = {}
        for (service, _), checker in self.partitions.items():
            found[service] = found.get(service, Counts()) + checker.counts
        return found

    def finish(self, ends: Mapping[Place, int]) -> None:
        """Everything up to these ends has been fed. To be called once."""
        for service, number in self.partitions:
            self.finish_partition(service, number, ends)
        self.finish_all()

    def finish_partition(self, service: str, number: int, ends: Mapping[Place, int]) -> None:
        """One partition has been fed up to these ends; nothing more comes of it. To be called once."""
        checker = self.partitions[service, number]
        checker.finish(ends[Place(checker.inbox, number)], ends[Place(checker.events, number)])
        checker.close()

    def finish_all(self) -> None:
        """Every partition is finished. To be called once."""
        self._check_one_log_a_service()
        for (service, partition), places in self._receipts.places.items():
            for offset, receipt in places.rest():
                detail = f"the receipt in line {receipt.line} names a partition that does not exist"
                self._findings.add("receipt without a message", f"{service}.inbox", partition, offset, detail)
        for line in self._receipts.anywhere.broken():
            detail = "a receipt says that its message was taken in, but it stands in no inbox"
            self._findings.add("receipt without a message", "receipts", None, line, detail)
        for service, counts in self.counts().items():
            if not counts.conserved:
                answered = sum(counts.outcomes.values())
                detail = f"received {counts.received}, but {answered} outcomes and {counts.in_flight} in flight"
                self._findings.add("not conserved", f"{service}.inbox", None, None, detail)

    def in_several_partitions(self) -> list[str]:
        """Messages whose source and id stand in more than one partition, by their first places in each."""
        identities = {place: each.identities for place, each in self.partitions.items()}
        return [
            ", ".join(f"{service}.inbox/{number}@{cause}" for (service, number), cause in where)
            for where in in_several(identities)
        ]

    def _check_one_log_a_service(self) -> None:
        first: dict[str, str | None] = {}
        for (service, number), checker in self.partitions.items():
            if checker.log != first.setdefault(service, checker.log):
                detail = f"the genesis record names log {checker.log}, that of another partition {first[service]}"
                self._findings.add("genesis", checker.events, number, 0, detail)


def _telling(on_answer: OnAnswer, logs: Logs, partition: int) -> Callable[[WholeAnswer], None]:
    return lambda answer: on_answer(logs.service, partition, answer)
