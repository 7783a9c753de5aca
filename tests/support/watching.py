"""A scenario played in memory with watches beside it: which alerts are raised and cleared, and when."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scenarios.plan import Planned
from schemas.envelope import partition_of
from schemas.incidents import ClearAlert, RaiseAlert
from schemas.types import AlertRule
from services.views.facts import Fact
from services.watch.difference import difference, look
from services.watch.rules import Watch
from services.watch.sending import entry
from services.watch.tables import Tables
from tests.support.rehearsal import PARTITIONS, Record, Rehearsal


@dataclass(slots=True)
class Episode:
    """An alert that was raised, with its numbers, and when it was cleared, if it was."""

    rule: AlertRule
    subject: str
    since: datetime
    raised: datetime
    numbers: dict[str, float]
    cleared: datetime | None = None


class Watched:
    """An operation in memory that is watched; `episodes` are the alerts by id, in the order in which they were raised.

    Each watch comes with the parameters of its rules.
    """

    def __init__(self, *watches: tuple[Watch[Any], Any]) -> None:
        self._watches = [(watch, parameters, Tables(watch.kinds)) for watch, parameters in watches]
        self.rehearsal = Rehearsal(self._hear)
        self.episodes: dict[str, Episode] = {}

    def _hear(self, fact: Fact) -> None:
        for watch, _, tables in self._watches:
            if fact.service in watch.reads:
                tables.fold(fact)

    def play(self, messages: Iterable[Planned], every: timedelta, until: datetime | None = None) -> None:
        """Send each message at its moment, and let the watches look in between, `every` so often."""
        for due, batch in _by_tick(messages, every):
            self.tick(due)
            self.rehearsal.play(batch)
        if until is not None:
            self.tick(until)

    def tick(self, now: datetime) -> None:
        """Every watch looks once, and what it sends is answered. Raises what a rule raised."""
        for watch, parameters, tables in self._watches:
            found = look(watch.rules, tables, now, parameters)
            for error in found.failed.values():
                raise error
            sent = list(difference(found, watch.rules, tables, now))
            sent += [] if watch.due is None else [(each.id, each.data) for each in watch.due(tables, now, parameters)]
            for id_, data in sent:
                self._send(f"/services/{watch.service}-watch", id_, data, now)

    def _send(self, source: str, id_: str, data: Any, now: datetime) -> None:
        key, value, headers = entry(source, id_, data, now)
        answered = self.rehearsal.put(Record("incidents", partition_of(key.decode(), PARTITIONS), key, value, headers))
        assert answered.what == "accepted", (answered, data)
        match data:
            case RaiseAlert():
                self.episodes[data.alert] = Episode(data.rule, data.subject, data.since, now, data.numbers)
            case ClearAlert():
                self.episodes[data.alert].cleared = now

    def of(self, rule: AlertRule) -> list[Episode]:
        """The episodes of a rule."""
        return [each for each in self.episodes.values() if each.rule == rule]


def _by_tick(messages: Iterable[Planned], every: timedelta) -> Iterator[tuple[datetime, Sequence[Planned]]]:
    """The messages between one look and the next, each with the instant of the look before them."""
    batch: list[Planned] = []
    due: datetime | None = None
    for each in sorted(messages, key=lambda each: (each.send_at, each.step)):
        due = due or each.send_at
        while each.send_at >= due + every:
            yield due, batch
            batch, due = [], due + every
        batch.append(each)
    if due is not None:
        yield due, batch
