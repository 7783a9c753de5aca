"""A scenario played in memory: the gateway's real judgement, the real deciders, and the fold of the picture."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kalimaya.settings import PROJECT
from scenarios.plan import Planned
from schemas.envelope import encode, partition_of
from schemas.outcomes import OutcomeKind
from services.deployment.domain import DEPLOYMENT
from services.gateway import strict_json
from services.gateway.intake import Taken, judge
from services.incidents.domain import INCIDENTS
from services.kit.http import Problem
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Answer
from services.kit.ledger.record import NO_HASH, Stored, pack_stamp
from services.kit.principals import load_principals
from services.logistics.domain import LOGISTICS
from services.projection.digest import Digest, digest
from services.views.facts import Fact
from services.views.model import Model

PARTITIONS = 6
PRINCIPALS = load_principals(PROJECT / "deploy" / "embedded" / "agencies.yaml")
DECIDERS: dict[str, Any] = {each.service: each for each in (DEPLOYMENT, LOGISTICS, INCIDENTS)}


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a message: its outcome or HTTP status, and why."""

    what: OutcomeKind | int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it stands in an inbox, wherever its offset will be."""

    service: str
    partition: int
    key: bytes
    value: bytes
    headers: Any


Judged = Mapping[int, Record | Answered]
"""By step: what goes into an inbox, or the HTTP status of what does not."""


def sent_at(planned: Planned) -> datetime:
    """The operation's time when a message arrives that is sent at its moment."""
    return planned.send_at


def judge_each(messages: Iterable[Planned], now: Callable[[Planned], datetime] = sent_at) -> Judged:
    """What the gateway makes of each message. `now`: the operation's time at its arrival, its `recordedtime`."""
    return {each.step: _judge(each, now(each)) for each in messages}


def _judge(planned: Planned, now: datetime) -> Record | Answered:
    try:
        taken = judge(strict_json.parse(planned.body), PRINCIPALS[planned.principal], now)
    except strict_json.NotJson as error:
        return Answered(400, str(error))
    except Problem as problem:
        return Answered(problem.document["status"], problem.document["detail"])
    return inbox_record(taken)


def inbox_record(taken: Taken) -> Record:
    """What the gateway writes of a message that it takes in."""
    key = taken.message.partitionkey
    place = taken.service, partition_of(key, PARTITIONS)
    return Record(*place, key.encode(), encode(taken.message), pack_stamp(taken.stamp))


class Rehearsal:
    """An operation in memory, without any log. `listen` is told every fact, as one who follows the logs would be."""

    def __init__(self, listen: Callable[[Fact], None] = lambda _: None) -> None:
        self.model = Model()
        self._listen = listen
        self.desks: dict[tuple[str, int], Desk[Any]] = {}
        self._offsets: dict[tuple[str, int], tuple[int, int]] = {}

    def play(
        self, messages: Iterable[Planned], now: Callable[[Planned], datetime] = sent_at, judged: Judged | None = None
    ) -> dict[int, Answered]:
        """Send each message and wait for what becomes of it; by step.

        `judged`: what the gateway has made of them already, so that another order of the same need not ask it again.
        """
        known = {} if judged is None else judged
        return {each.step: self.put(known.get(each.step) or _judge(each, now(each))) for each in messages}

    def digest(self) -> Digest:
        """That of the picture as it is now."""
        return digest(self.model.documents())

    def put(self, record: Record | Answered) -> Answered:
        """Let a decider answer what was put into its inbox."""
        if isinstance(record, Answered):
            return record
        place = record.service, record.partition
        desk = self.desks.get(place)
        if desk is None:
            desk = self.desks[place] = Desk(DECIDERS[record.service], record.partition, Limits())
        cause, at = self._offsets.get(place, (0, 1))
        decided = desk.decide(Stored(cause, record.key, record.value, record.headers), at)
        desk.commit()
        self._offsets[place] = (cause + 1, at + len(decided.records))
        records = tuple(Stored(at + n, *pair, ()) for n, pair in enumerate(decided.records))
        applied = self.model.apply(*place, Answer(cause, at, decided.digest, records, NO_HASH))
        for fact in applied.facts:
            self._listen(fact)
        return Answered(applied.outcome.kind, applied.outcome.reason)
