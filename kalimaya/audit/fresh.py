"""The picture of one partition folded anew, with the views that the projection uses too.

Positions of units are most of what is reported. Of those of a unit only the last in their order counts, whatever came
first (docs/domain.md), so only that one is folded; the projection folds each. The two must come to the same.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kalimaya.audit.judge import WholeAnswer
from schemas.deployment import UnitSighted
from schemas.envelope import RawEvent, split_identity
from services.views.facts import Fact
from services.views.model import Key, fold, subject_of, to_document

_Order = tuple[datetime, str, str]


class Fresh:
    """Entities by kind and id; fed answers in the order of the log."""

    def __init__(self, service: str, partition: int) -> None:
        self._service, self._partition = service, partition
        self._entities: dict[Key, Any] = {}
        self._sighted: dict[tuple[str, bool], tuple[_Order, WholeAnswer, RawEvent, UnitSighted]] = {}
        """By unit, and whether the source's clock was ahead of ours: that one was is shown, whatever came later."""

    def take(self, answer: WholeAnswer, data: list[Any]) -> None:
        """Fold an accepted answer; `data` of its events."""
        for index, each in enumerate(data):
            event = answer.events[index]
            if type(each) is UnitSighted and len(data) == 1:
                self._see(answer, event, each)
            else:
                self._fold(answer, event, each, answer.records[index].offset)

    def _see(self, answer: WholeAnswer, event: RawEvent, data: UnitSighted) -> None:
        ahead = event.time > event.recordedtime
        order = (event.recordedtime if ahead else event.time, *split_identity(event.causationid))
        before = self._sighted.get((data.unit, ahead))
        if before is None or order > before[0]:
            self._sighted[data.unit, ahead] = order, answer, event, data

    def _fold(self, answer: WholeAnswer, event: RawEvent, data: Any, offset: int) -> None:
        source, id_ = split_identity(event.causationid)
        fact = Fact(
            data=data,
            type=event.type,
            time=event.time.astimezone(UTC),
            recordedtime=event.recordedtime.astimezone(UTC),
            knowntime=event.knowntime.astimezone(UTC),
            source=source,
            id=id_,
            subject=event.subject,
            service=self._service,
            partition=self._partition,
            offset=offset,
            cause=answer.cause,
        )
        key = subject_of(fact)
        self._entities[key] = fold(key[0], self._entities.get(key), fact)

    def documents(self) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Every entity as it must be shown, each made when it is asked for. To be called once, when all is folded."""
        for _, answer, event, data in self._sighted.values():
            self._fold(answer, event, data, answer.offset)
        self._sighted.clear()
        for key in sorted(self._entities):
            yield key, to_document(self._entities.pop(key))
