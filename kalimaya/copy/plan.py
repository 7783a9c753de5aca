"""Reads everything once before anything is written: how much it is, and whether it can be copied at all."""

import sqlite3
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kalimaya.copy.restamp import UNREADABLE, Place, Predecessor, pointer
from kalimaya.copy.source import Copied, Taken, key_of, merged
from schemas.envelope import decode_event, partition_of, split_identity
from services.kit.ledger.fold import Answer, Fold
from services.kit.ledger.log import LogPair


class CannotCopy(Exception):
    """This copy would not be one; the message says why, and what can be done."""


@dataclass(slots=True)
class Plan:
    """What there is to copy of one service, read by `pairs`, to how many partitions.

    `first`: each message to which a repeated or conflicting one points, by source partition and offset; where it
    stands in the copy is filled in while that is written. `inbox`, `events`: how long each partition of the copy will
    be. `alarms`: void records that stand where they say and continue no chain.
    """

    service: str
    pairs: Sequence[LogPair]
    of: Predecessor
    inbox: list[int]
    events: list[int]
    voids: int = 0
    alarms: int = 0
    first: dict[tuple[int, int], Place | None] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return sum(self.inbox)

    def target(self, taken: Taken) -> int:
        """The partition in which a message belongs: that of its key, or of its old one if nobody can read it."""
        count = len(self.inbox)
        if count == len(self.of.partitions):
            return taken.partition  # every message keeps its place
        key = key_of(taken.message)
        return taken.partition % count if key is None else partition_of(key, count)


async def plan(
    service: str, pairs: Sequence[LogPair], until: Sequence[Copied], count: int, tell: Callable[[int], None]
) -> Plan:
    """Read a service's logs up to these ends. `tell`: how many messages have been read.

    Raises CannotCopy, LedgerBroken, Unavailable.
    """
    folds = [Fold() for _ in pairs]
    made = Plan(service, pairs, Predecessor("", tuple(until)), [0] * count, [1] * count)
    moved = len(pairs) != count
    identities, went = _Identities(), [array("i") for _ in pairs]
    async for taken in merged(pairs, until, folds):
        target = made.target(taken)
        made.inbox[target] += 1
        if moved:
            went[taken.partition].append(target)
        if taken.answer is not None:
            made.events[target] += len(taken.answer.records)
            points = pointer(taken.answer)
            if points is not None:
                made.first[taken.partition, points.first] = None
                if moved and went[taken.partition][points.first] != target:
                    raise CannotCopy(_parted(taken.answer))
            elif moved:
                identities.add(target, taken.partition, taken.answer)
        if made.messages % 1000 == 0:
            tell(made.messages)
    if twice := identities.met():
        raise CannotCopy(_meeting(twice))
    made.of = Predecessor(_one_log(service, folds), tuple(map(_ended, until, folds)))
    made.voids = sum(fold.voids for fold in folds)
    made.alarms = sum(len(fold.void_by_chain) for fold in folds)
    return made


class _Identities:
    """Which messages were the first of their identity, on disk: there may be more of them than fit into memory."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a file of its own, gone when it is closed
        self._database.execute("CREATE TABLE met (target INT, identity TEXT, source INT)")

    def add(self, target: int, source: int, answer: Answer) -> None:
        """One more; what nobody could read has no identity to share."""
        identity = decode_event(answer.records[0].value or b"").causationid
        if split_identity(identity)[0] != UNREADABLE:
            self._database.execute("INSERT INTO met VALUES (?, ?, ?)", (target, identity, source))

    def met(self) -> str | None:
        """An identity that comes from two partitions into one."""
        found = self._database.execute(
            "SELECT identity FROM met GROUP BY target, identity HAVING count(DISTINCT source) > 1 LIMIT 1"
        ).fetchone()
        self._database.close()
        return None if found is None else str(found[0])


def _one_log(service: str, folds: Sequence[Fold]) -> str:
    logs = {"" if fold.genesis is None else fold.genesis.log for fold in folds}
    if len(logs) != 1 or "" in logs:
        raise CannotCopy(f"The partitions of {service}.events are of several logs: {sorted(logs)}.")
    return logs.pop()


def _ended(until: Copied, fold: Fold) -> Copied:
    return Copied(until.inbox, until.events, fold.head.hex())


SAME_COUNT = "Copy to as many partitions as there are now: so each message stays beside those it was judged with."


def _parted(answer: Answer) -> str:
    identity = decode_event(answer.records[0].value or b"").causationid
    return (
        f"{identity} was sent about two things, which would get into different partitions, where neither is known to "
        f"have come before. {SAME_COUNT}"
    )


def _meeting(identity: str) -> str:
    return (
        f"{identity} was sent about two things in different partitions, each of them as the first. They would get into "
        f"one, where the second is a conflict. {SAME_COUNT}"
    )
