"""What was so when, and since when that could be known: the versions of an entity's brief, worked out fact by fact.

A version holds from its `at_from` on, for whoever may know what was known from its `known_from` on. The one that
answers (at, known_at) has, of those that hold for both, the greatest `at_from`, and of these the greatest `known_from`.
A fact that happened after all others adds at most one; a late one adds those of every later instant anew, as far as
they differ. So the versions are a fold of the log alone, whatever came in which batch. Pure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.views.area import Area, area
from services.views.briefs import Brief, brief
from services.views.facts import Fact
from services.views.model import Key, fold, fold_all, is_report, slot


@dataclass(frozen=True, slots=True)
class Version:
    """A brief from `at_from` on; `offset` is that of the fact that brought it, known from `known_from` on."""

    key: Key
    at_from: datetime
    known_from: datetime
    offset: int
    brief: Brief


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as it is now: its state and its newest brief, and the first and the last `at_from` of its facts."""

    state: Any
    brief: Brief
    first_at: datetime
    last_at: datetime


class Past:
    """What must be known of an entity before a late fact can be told: its facts that count, and its versions.

    Both are in the order of the log. Of each instant at which something happened the state up to then is at hand: to
    tell one more fact it is folded into each of the later ones and nothing is folded anew, so that a thing may be
    reported thousands of times, and each time a little late.
    """

    def __init__(self, facts: Iterable[Fact] = (), versions: Iterable[Version] = ()) -> None:
        self._facts = list(facts)
        self._told = {each.at_from: each.brief for each in versions}
        self._instants = sorted({each.at for each in self._facts} | self._told.keys())
        self._states: list[Any] = []
        self._trimmed = False

    def reaches(self, at: datetime) -> bool:
        """Whether a fact of an instant can be told."""
        return not self._trimmed or at >= self._instants[0]

    def tell(self, key: Key, fact: Fact) -> list[Version]:
        """What the next fact of the log changes, at its own instant and at every later one."""
        first = self._place(key[0], fact.at)
        in_force = self._in_force(first)
        found: list[Version] = []
        for place in range(first, len(self._instants)):
            at, state = self._instants[place], fold_all(key[0], [fact], self._states[place])
            in_force = self._told.get(at, in_force)
            if slot(fact) is None:
                self._states[place] = state
            if state is not None and (now := brief(key[0], state)) != in_force:
                self._told[at] = in_force = now
                found.append(_version(key, at, fact, now))
        return found

    def trim(self, most: int) -> None:
        """Keep the latest so many states, if there are twice as many: what happened before them can be told no more."""
        if len(self._instants) < 2 * most:
            return
        first = len(self._instants) - most
        in_force = self._in_force(first + 1)
        del self._instants[:first], self._states[:first]
        self._told = {at: told for at, told in self._told.items() if at > self._instants[0]}
        if in_force is not None:
            self._told[self._instants[0]] = in_force
        self._trimmed = True

    def _place(self, kind: str, at: datetime) -> int:
        """Where the states from an instant on begin; what was read is folded when the first is asked for."""
        if len(self._states) < len(self._instants):
            self._states = list(_states(kind, self._facts, self._instants))
            self._facts.clear()
        place = bisect_left(self._instants, at)
        if place == len(self._instants) or self._instants[place] != at:
            self._instants.insert(place, at)
            self._states.insert(place, self._states[place - 1] if place else None)
        return place

    def _in_force(self, place: int) -> Brief | None:
        """The brief that was told last of the instants before a place."""
        earlier = (self._instants[each] for each in range(place - 1, -1, -1))
        return next((self._told[at] for at in earlier if at in self._told), None)


def needs_past(entity: Entity | None, facts: Iterable[Fact]) -> bool:
    """Whether any of these next facts on an entity changes what was so before its last one."""
    first, last = (entity.first_at, entity.last_at) if entity else (None, None)
    for each in facts:
        if first is None or last is None:
            first = last = each.at
        elif each.at < first or (slot(each) is None and each.at < last):
            return True
        elif slot(each) is None:
            last = each.at
    return False


def advance(
    key: Key, entity: Entity | None, facts: Iterable[Fact], past: Past | None = None
) -> tuple[Entity, list[Version], list[Area]]:
    """An entity after its next facts (at least one), in the order of the log; the versions that they add; and of each
    fact what it concerns: the area of the entity before it, and after it.

    `past` is what was so before, if `needs_past` of these facts; these facts are added to it.
    """
    added: list[Version] = []
    areas: list[Area] = []
    where = area(entity and entity.state)
    for fact in facts:
        state = fold(key[0], entity and entity.state, fact)
        # What another of its slot replaces (a position) moves no columns: most facts are of that kind.
        before, where = where, where if slot(fact) is not None else area(state)
        areas.append(before | where)
        entity, fresh = _after(key, entity, state, fact, past)
        added += fresh
    assert entity is not None
    return entity, added, areas


def _after(key: Key, before: Entity | None, state: Any, fact: Fact, past: Past | None) -> tuple[Entity, list[Version]]:
    """The entity in its state after a fact, and what this adds."""
    if before is not None and slot(fact) is not None and fact.at >= before.first_at:
        return replace(before, state=state), []
    now = brief(key[0], state)
    first, last = (before.first_at, before.last_at) if before else (fact.at, fact.at)
    after = Entity(state, now, min(first, fact.at), max(last, fact.at))
    if past is not None:
        return after, past.tell(key, fact)
    if fact.at < last:
        raise ValueError(f"{key[0]}/{key[1]}: a late fact needs the past")
    return after, [] if before and now == before.brief else [_version(key, fact.at, fact, now)]


def _states(kind: str, facts: Sequence[Fact], instants: Iterable[datetime]) -> Iterator[Any]:
    """The state that the facts up to each instant come to, folded in the order of the log; the instants ascend.

    One fold goes on from instant to instant, as long as of orders what happened later also stands later in the log;
    reports come to the same in any order.
    """
    by_time = sorted(facts, key=lambda each: each.at)  # and within an instant in the order of the log
    state, folded, last_order = None, 0, -1
    for at in instants:
        until = bisect_right(by_time, at, lo=folded, key=lambda each: each.at)
        fresh = by_time[folded:until]
        orders = [each.offset for each in fresh if not is_report(each)]
        if orders and (orders != sorted(orders) or orders[0] < last_order):
            state = fold_all(kind, sorted(by_time[:until], key=lambda each: each.offset))
        else:
            state = fold_all(kind, fresh, state)
        folded, last_order = until, max([last_order, *orders])
        yield state


def _version(key: Key, at: datetime, fact: Fact, now: Brief) -> Version:
    return Version(key, at, fact.knowntime, fact.offset, now)
