"""Whether a run came to what it should: judged from the logs and the read model alone.

The audit's checker, which has code of its own, judges each partition (one outcome a message, whole chain, right
repeats). An undisturbed run over the same inbox says which outcomes there must be, and a fresh fold of the logs what
the read model must show.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from kalimaya.audit.findings import Findings
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.partition import Logs, PartitionChecker
from services.kit.ledger.desk import Decided, Desk, Limits
from services.kit.ledger.fold import Answer
from services.kit.ledger.log import Identity
from services.kit.ledger.reader import Place
from services.kit.ledger.record import Stored
from services.projection.digest import digest
from services.projection.history import Past, advance
from services.views.facts import Fact
from services.views.model import Key, Model, Outcome, subject_of
from tests.simulation.broker import SimulatedLog
from tests.simulation.store import MemoryStore
from tests.simulation.workload import deciders

TOLD_AT_MOST = 5
INTERNAL_ERROR = "we failed on this message; it can be sent again under a new id"


class Partition:
    """One partition under inspection, read as far as it goes each time."""

    def __init__(self, service: str, number: int, log: SimulatedLog, identity: Identity) -> None:
        self.service, self.number, self.log = service, number, log
        self.findings, self.answers = Findings(), list[WholeAnswer]()
        logs = Logs(service, identity.partitions, identity.inbox_topic_id, identity.events_topic_id)
        self.checker = PartitionChecker(logs, number, self.findings, on_answer=self.answers.append)

    @property
    def place(self) -> Place:
        """Its event log."""
        return f"{self.service}.events", self.number

    def look(self) -> bool:
        """Read on; whether every message has its answer."""
        for message in self.log.inbox[self.checker.inbox_position :]:
            self.checker.take_message(message)  # type: ignore[arg-type]
        for event in self.log.events[self.checker.events_position :]:
            self.checker.take_event(event)  # type: ignore[arg-type]
        return self.checker.in_flight == 0

    def wrong(self) -> Iterator[str]:
        """What breaks a rule of the ledger, or is not the outcome that there must be.

        Who did not see that a tail was lost writes on another chain than is there; that is void, with an alarm.
        """
        self.checker.finish(len(self.log.inbox), len(self.log.events))
        for each in self.findings.kept:
            if not (self.log.cut and each.rule == "broken chain"):
                yield f"{each.rule} at {each.place}: {each.detail}"
        desk = Desk(deciders()[self.service], self.number, Limits())
        for message, answer in zip(self.log.inbox, self.answers, strict=False):
            expected = _undisturbed(desk, message, answer.offset).records
            if expected != [(each.key, each.value) for each in answer.records]:
                yield f"{self.service}/{self.number}: cause {answer.cause} should have been answered {expected}"


def _undisturbed(desk: Desk[object], message: Stored, at: int) -> Decided:
    """The answer to the next message if nothing ever goes wrong but the rules themselves."""
    try:
        decided = desk.decide(message, at)
    except Exception:  # the planted bug in the rules: an outcome like any other
        desk.retract()
        decided = desk.reject(message, at, "internal_error", INTERNAL_ERROR)
    desk.commit()
    return decided


def wrong_picture(partitions: Sequence[Partition], store: MemoryStore) -> Iterator[str]:
    """What the read model shows otherwise than a fresh fold of the logs does."""
    model, outcomes, facts = Model(), list[Outcome](), defaultdict[Key, list[Fact]](list)
    for partition in partitions:
        for each in partition.answers:
            answer = Answer(each.cause, each.offset, each.digest, each.records, each.head)
            applied = model.apply(partition.service, partition.number, answer)
            outcomes.append(applied.outcome)
            for fact in applied.facts:
                facts[subject_of(fact)].append(fact)
    fresh = {key: msgspec.json.decode(msgspec.json.encode(each)) for key, each in model.documents().items()}
    stored = {key: store.document(key) for key in store.entities}
    yield from (f"{'/'.join(key)} is not what follows from the logs" for key in _differing(fresh, stored))
    if digest(fresh) != digest(stored):
        yield "the digest of the read model is not that of a fresh fold"
    if sorted(store.outcomes, key=_in_log) != sorted(outcomes, key=_in_log):
        yield "the outcomes in the read model are not those of the logs"
    for key, own in facts.items():
        if store.versions[key] != advance(key, None, own, Past())[1]:
            yield f"the history of {'/'.join(key)} is not what follows from the logs"


def _differing(fresh: Mapping[Key, object], stored: Mapping[Key, object]) -> list[Key]:
    return [key for key in sorted(fresh.keys() | stored.keys()) if fresh.get(key) != stored.get(key)]


def _in_log(outcome: Outcome) -> tuple[str, int, int]:
    return outcome.service, outcome.partition, outcome.cause
