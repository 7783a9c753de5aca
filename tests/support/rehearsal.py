"""A scenario played in memory: the gateway's real judgement, the real deciders, and the fold of the picture."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kalimaya.settings import PROJECT
from scenarios.plan import Planned
from schemas.envelope import encode, partition_of
from schemas.outcomes import OutcomeKind
from services.deployment.domain import DEPLOYMENT
from services.gateway import strict_json
from services.gateway.credentials import load_principals
from services.gateway.intake import judge
from services.incidents.domain import INCIDENTS
from services.kit.http import Problem
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Answer
from services.kit.ledger.record import NO_HASH, Stored, pack_stamp
from services.logistics.domain import LOGISTICS
from services.projection.digest import Digest, digest
from services.projection.model import Model

PARTITIONS = 6
PRINCIPALS = load_principals(PROJECT / "deploy" / "embedded" / "agencies.yaml")
DECIDERS: dict[str, Any] = {each.service: each for each in (DEPLOYMENT, LOGISTICS, INCIDENTS)}


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a message: its outcome or HTTP status, and why."""

    what: OutcomeKind | int
    reason: str | None


class Rehearsal:
    """An operation in memory, without any log."""

    def __init__(self) -> None:
        self.model = Model()
        self._desks: dict[tuple[str, int], Desk[Any]] = {}
        self._offsets: dict[tuple[str, int], tuple[int, int]] = {}

    def play(
        self, messages: Iterable[Planned], now: Callable[[Planned], datetime] = lambda each: each.send_at
    ) -> dict[int, Answered]:
        """Send each message and wait for what becomes of it; by step. `now`: the operation's time at its arrival."""
        return {each.step: self._send(each, now(each)) for each in messages}

    def digest(self) -> Digest:
        """That of the picture as it is now."""
        return digest(self.model.documents())

    def _send(self, planned: Planned, now: datetime) -> Answered:
        try:
            taken = judge(strict_json.parse(planned.body), PRINCIPALS[planned.principal], now)
        except strict_json.NotJson as error:
            return Answered(400, str(error))
        except Problem as problem:
            return Answered(problem.document["status"], problem.document["detail"])
        key = taken.message.partitionkey
        place = (taken.service, partition_of(key, PARTITIONS))
        desk = self._desks.setdefault(place, Desk(DECIDERS[taken.service], place[1], Limits()))
        cause, at = self._offsets.get(place, (0, 1))
        record = Stored(cause, key.encode(), encode(taken.message), pack_stamp(taken.stamp))
        decided = desk.decide(record, at)
        desk.commit()
        self._offsets[place] = (cause + 1, at + len(decided.records))
        records = tuple(Stored(at + n, *pair, ()) for n, pair in enumerate(decided.records))
        outcome = self.model.apply(*place, Answer(cause, at, decided.digest, records, NO_HASH)).outcome
        return Answered(outcome.kind, outcome.reason)
