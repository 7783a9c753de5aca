"""Bugs to plant: mistakes that a change could make, or that other systems have made, each as a few words of the code.

An edit that no longer fits the code is an error, so the list cannot rot unnoticed.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from inspect import getsource
from textwrap import dedent
from typing import Any, NamedTuple
from unittest.mock import patch

from services.kit.ledger import snapshot
from services.kit.ledger.desk import Desk
from services.kit.ledger.fold import Fold
from services.kit.ledger.worker import Worker
from services.projection.projector import Projector, Track
from services.views import shipment, unit
from tests.simulation.run import simulate


class Edit(NamedTuple):
    """In the source of what `owner` calls `name`, `sound` stands once; `broken` comes in its place."""

    owner: Any
    name: str
    sound: str
    broken: str


@dataclass(frozen=True)
class Bug:
    """A mistake; `within`: in so many seeds, counted from 0, the simulation must find it, by `harm`."""

    name: str
    edits: tuple[Edit, ...]
    within: int = 100
    harm: str = ""


BUGS = (
    Bug(
        "a reader ignores `at`",
        (Edit(Fold, "take", "mark.at != offset", "False"),),
        harm="is not answered",
    ),
    Bug(
        "a reader ignores `prev`",
        (Edit(Fold, "take", "if mark.prev != self.head:", "if False:"),),
        within=300,
        harm="answers cause",
    ),
    Bug(
        "a reader takes a part of an answer for the whole",
        (Edit(Fold, "take", "if len(self._pending) < mark.n:", "if False:"),),
        harm="answers cause",
    ),
    Bug(
        "the writer goes on after a mismatch",
        (Edit(Worker, "_answer_all", "if base != expected:", "if False:"),),
        harm="is not answered",
    ),
    Bug(
        "the worker goes on from the group's offset",
        (
            Edit(
                Worker, "_inbox", "return await self._logs.read_inbox(self.fold.next_cause, self._tuning.wait)",
                "topic = self._logs._log.__dict__\n"
                "        self.fold.next_cause = max(self.fold.next_cause, topic.get('committed', 0))\n"
                "        records = await self._logs.read_inbox(self.fold.next_cause, self._tuning.wait)\n"
                "        topic['committed'] = self.fold.next_cause + len(records)\n"
                "        return records",
            ),
        ),
        harm="answers cause",
    ),
    Bug(
        "two batches of a partition are in flight",
        (
            Edit(
                Worker, "_answer_all", "base = await self._logs.append(batch)",
                "before = self.__dict__.get('flying')\n"
                "        self.flying = asyncio.ensure_future(self._logs.append(batch)), expected\n"
                "        self.flying[0].add_done_callback(lambda done: done.cancelled() or done.exception())\n"
                "        base, expected = (await before[0], before[1]) if before else (expected, expected)",
            ),
        ),
        harm="broken chain",
    ),
    Bug(
        "what was decided stays decided after an error",
        (Edit(Worker, "_run", "self.desk.rollback()", "pass"),),
        harm="wrong repeat",
    ),
    Bug(
        "a failed producer is used again",
        (Edit(Worker, "_run", "await self._logs.renew()", "pass"),),
        harm="is not answered",
    ),
    Bug(
        "an idle owner never looks back",
        (Edit(Worker, "_serve", "await self._check_own_tail()", "True"),),
        within=300,
        harm="is not answered",
    ),
    Bug(
        "an owner looks at its last record only, and only when it is idle",
        (
            Edit(Worker, "_check_own_tail", "self._read.apart()", "self.fold.apart()"),
            Edit(Worker, "_read_to_end", "not await self._ends_as_left(self.fold)", "False"),
        ),
        within=300,
        harm="is not answered",
    ),
    Bug(
        "a snapshot lacks the identities behind its last full piece",
        (Edit(snapshot, "take", "for start in range(0, len(fresh), IDENTITIES):", "for start in ():"),),
        harm="wrong repeat",
    ),
    Bug(
        "of several messages that break the decider one is remembered",
        (Edit(Worker, "_decide", "self._suspects.add(record.offset)", "self._suspects = {record.offset}"),),
        harm="is not answered",
    ),
    Bug(
        "the newest known time is not taken back",
        (Edit(Desk, "_take_back", "kinds, self.known, self.days = to", "kinds, _, self.days = to"),),
        harm="wrong known time",
    ),
    Bug(
        "duplicates are told by their id alone",
        (
            Edit(
                Desk, "_meet", "if message.recordedtime > self.known:",
                "identity = identity.rpartition('#')[2]\n    if message.recordedtime > self.known:",
            ),
            Edit(
                Desk, "apply", "event = decode_event(record.value or b\"\")",
                "event = decode_event(record.value or b\"\")\n"
                "        event = msgspec.structs.replace(event, causationid=event.causationid.rpartition('#')[2])",
            ),
        ),
        harm="wrong repeat",
    ),
    Bug(
        "a late report overwrites a newer one",
        (Edit(unit, "later", "new.order > kept.order", "True"),),
        harm="is not what follows from the logs",
    ),
    Bug(
        "the second half of a handover loses the first",
        (Edit(shipment, "_handed", "replace(handover, received=", "Handover(received="),),
        harm="is not what follows from the logs",
    ),
    Bug(
        "the projector keeps what a lost commit brought",
        (
            Edit(Projector, "_forget", "self._entities.clear()", "pass"),
        ),
        harm="is not what follows from the logs",
    ),
    Bug(
        "the projector keeps the past that a lost commit brought",
        (Edit(Projector, "_forget", "self._pasts.clear()", "pass"),),
        harm="is not what follows from the logs",
    ),
    Bug(
        "the projector stores a position inside of an answer",
        (Edit(Track, "note", "if self.fold.whole:", "if True:"),),
        within=300,
        harm="answers cause",
    ),
)  # fmt: skip


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Let the services have a bug for as long as this lasts. Raises ValueError if the code is not what it was."""
    with ExitStack() as broken:
        for edit in bug.edits:
            broken.enter_context(patch.object(edit.owner, edit.name, _broken(edit)))
        yield


def _broken(edit: Edit) -> Any:
    function = getattr(edit.owner, edit.name)
    source = dedent(getsource(function))
    if source.count(edit.sound) != 1:
        raise ValueError(f"{edit.name} no longer says {edit.sound!r} once: the bug needs another edit")
    made: dict[str, Any] = {}
    exec(source.replace(edit.sound, edit.broken), function.__globals__, made)
    return made[edit.name]


def found(bug: Bug, seeds: range) -> tuple[int, str] | None:
    """The first of these seeds in which a bug does its harm before all else, and what is found; None if none does.

    A bug that fails of itself, with an error that its edit makes, is not found.
    """
    for seed in seeds:
        run = simulate(seed, planted(bug))
        if run.wrong and bug.harm in run.wrong[0]:
            return seed, run.wrong[0]
    return None
