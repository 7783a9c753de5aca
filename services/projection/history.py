"""What was so when, and since when that could be known: the versions of an entity's brief, worked out fact by fact.

A version holds from its `at_from` on, for whoever may know what was known from its `known_from` on. The one that
answers (at, known_at) has, of those that hold for both, the greatest `at_from`, and of these the greatest `known_from`.
A fact that happened after all others adds at most one; a late one adds those of every later instant anew, as far as
they differ. So the versions are a fold of the log alone, whatever came in which batch. Pure.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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


@dataclass(slots=True)
class Past:
    """What must be read of an entity before a late fact can be told: its facts that count, and its versions.

    Both are in the order of the log.
    """

    facts: list[Fact] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)


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

    `past` is what was so before, if `needs_past` of these facts.
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
        if past is not None:
            past.versions += fresh
            past.facts += [fact] * (slot(fact) is None)
    assert entity is not None
    return entity, added, areas


def _after(key: Key, before: Entity | None, state: Any, fact: Fact, past: Past | None) -> tuple[Entity, list[Version]]:
    """The entity in its state after a fact, and what this adds."""
    if before is not None and slot(fact) is not None and fact.at >= before.first_at:
        return replace(before, state=state), []
    now = brief(key[0], state)
    if before is None:
        return Entity(state, now, fact.at, fact.at), [_version(key, fact.at, fact, now)]
    after = Entity(state, now, min(before.first_at, fact.at), max(before.last_at, fact.at))
    if fact.at >= before.last_at:
        return after, [] if now == before.brief else [_version(key, fact.at, fact, now)]
    if past is None:
        raise ValueError(f"{key[0]}/{key[1]}: a late fact needs the past")
    return after, list(_retold(key, past, fact))


def _retold(key: Key, past: Past, late: Fact) -> Iterator[Version]:
    """What a late fact changes, at its own instant and at every later one."""
    told = {each.at_from: each.brief for each in past.versions}
    instants = {each.at for each in past.facts} | told.keys() | {late.at}
    later = sorted(each for each in instants if each >= late.at)
    in_force = told.get(max((each for each in told if each < late.at), default=late.at))
    for at, without in zip(later, _states(key[0], past.facts, later), strict=True):
        in_force = told.get(at, in_force)
        state = fold_all(key[0], [late], without)
        if state is None:
            continue
        now = brief(key[0], state)
        if now != in_force:
            in_force = now
            yield _version(key, at, late, now)


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
