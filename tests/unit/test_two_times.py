"""What was so at one instant by what could be known at another: versions and folds against code that knows neither.

The oracle picks the facts that happened by the one and were known by the other, folds them, and takes document, brief
and picture off that. It shares the views with what it judges, and nothing that chooses among facts or instants.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from schemas.deployment import UnitSighted
from schemas.incidents import IncidentReported, IncidentTriaged
from services.projection import history
from services.projection.api.briefs import BRIEFED, Briefs, briefs, sorted_out
from services.projection.api.picture import drawn
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_kept import Drawings
from services.projection.api.picture_rows import by_village, row
from services.projection.arrivals import Arrived, provisional
from services.projection.history import Entity, Past, Version, advance, needs_past
from services.projection.store import Position
from services.views.briefs import Brief, brief, from_json, of_document
from services.views.facts import Fact
from services.views.model import Key, fold, fold_all, from_document, listed, slot, subject_of, to_document
from tests.support.facts import fact
from tests.support.scenario import small_facts

PAIRS = 500
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
CROWD = IncidentReported(incident="ins-1", type="crowding", severity=3, village="36.04.13.2009", summary="massa")


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return list(small_facts())


def late(facts: Iterable[Fact], chance: random.Random) -> list[Fact]:
    """The same, every third of them up to ten hours older than it is, and many of the same instant."""
    return [
        replace(each, time=each.time - chance.randrange(11) * HOUR) if chance.random() < 1 / 3 else each
        for each in facts
    ]


def ahead(facts: Iterable[Fact], chance: random.Random) -> list[Fact]:
    """The same, some of them by a clock that is ahead of ours."""
    return [replace(each, time=each.recordedtime + HOUR) if chance.random() < 0.1 else each for each in facts]


def by_entity(facts: Iterable[Fact]) -> dict[Key, list[Fact]]:
    found: defaultdict[Key, list[Fact]] = defaultdict(list)
    for each in facts:
        found[subject_of(each)].append(each)
    return found


def pairs(facts: Sequence[Fact], chance: random.Random) -> list[tuple[datetime, datetime]]:
    """Two instants each, of facts or just before one, together or hours apart."""
    ats, knowns = [each.at for each in facts], [each.knowntime for each in facts]
    tick = timedelta(microseconds=1)
    return [
        (chance.choice(ats) - tick * chance.randrange(2), chance.choice(knowns) - tick * chance.randrange(2))
        for _ in range(PAIRS)
    ]


# The oracle.


def so_then(facts: Iterable[Fact], at: datetime, known_at: datetime) -> dict[Key, Any]:
    """The states that those facts come to which happened by `at` and were known by `known_at`."""
    states: dict[Key, Any] = {}
    for each in facts:
        key = subject_of(each)
        if min(each.time, each.recordedtime) > at or each.knowntime > known_at:
            continue
        if key[0] == "alert" and key not in states and not each.type.endswith("alert.raised"):
            continue
        states[key] = fold(key[0], states.get(key), each)
    return states


def picture_then(states: Mapping[Key, Any], at: datetime) -> Any:
    """The picture of these states, judged at `at`, by way of whole documents."""
    documents: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for (kind, _), state in sorted(states.items(), key=lambda each: each[0]):
        documents[kind].append(to_document(state))
    return picture(briefs(documents, at), at)


def picture(found: Briefs, at: datetime) -> Any:
    return drawn(found, Judge(at, 6 * HOUR, 6 * HOUR, 2 * HOUR, 36 * HOUR, found.polls_open)).model_dump()


# What is judged.


def versions_of(facts: Iterable[Fact], chance: random.Random | None = None) -> dict[Key, list[Version]]:
    """The versions of every entity, by one fold; or, by chance, in batches, with restarts in between.

    Like a projector it keeps a past between batches, cut short, and reads it again where it is too short.
    """
    return {key: _written(key, own, chance) for key, own in by_entity(facts).items()}


def _written(key: Key, facts: Sequence[Fact], chance: random.Random | None) -> list[Version]:
    entity: Entity | None = None
    found: list[Version] = []
    begin, past = 0, None
    while begin < len(facts):
        end = len(facts) if chance is None else min(len(facts), begin + chance.randint(1, 9))
        batch, before = facts[begin:end], [each for each in facts[:begin] if slot(each) is None]
        if needs_past(entity, batch) and (past is None or not past.reaches(min(each.at for each in batch))):
            past = Past(before, list(found))
        entity, added, _ = advance(key, entity, batch, past)
        found += added
        begin = end
        if past is not None:
            past.trim(2)
        if chance is not None and chance.random() < 0.5:
            entity = _read_again(key, entity)
        if chance is not None and chance.random() < 0.3:
            past = None
    return found


def _read_again(key: Key, entity: Entity) -> Entity:
    """An entity as a projector that starts finds it in the store."""
    document = msgspec.json.decode(msgspec.json.encode(to_document(entity.state)))
    told = from_json(key[0], msgspec.json.encode(entity.brief).decode())
    return Entity(from_document(key[0], document), told, entity.first_at, entity.last_at)


def answer(versions: Iterable[Version], at: datetime, known_at: datetime) -> Brief | None:
    """The brief that holds: of those for both instants the one from the latest, and of these the one known latest."""
    holding = [each for each in versions if each.at_from <= at and each.known_from <= known_at]
    last = max(holding, key=lambda each: (each.at_from, each.known_from, each.offset), default=None)
    return last and last.brief


@pytest.mark.parametrize("changed", [lambda facts, _: facts, late, ahead])
def test_versions_answer_for_any_two_times_as_a_fold_of_the_facts_that_count(facts: list[Fact], changed: Any) -> None:
    chance = random.Random(0)
    told = changed(facts, chance)
    versions = versions_of(told, chance)
    for at, known_at in pairs(told, chance):
        states = so_then(told, at, known_at)
        found = {key: answer(own, at, known_at) for key, own in versions.items()}
        assert {key: each for key, each in found.items() if each} == {
            key: brief(key[0], state) for key, state in states.items()
        }


def test_a_late_fact_is_folded_into_what_happened_after_it_and_into_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = [replace(each, time=each.time + n * MINUTE) for n, each in enumerate(fact(CROWD) for _ in range(600))]
    key, past = subject_of(told[0]), Past()
    entity, _, _ = advance(key, None, told, past)
    folded = Mock(wraps=fold_all)
    monkeypatch.setattr(history, "fold_all", folded)
    late = [replace(each, time=each.time + SECOND, id=f"late-{each.id}") for each in told[-10:]]
    _, versions, _ = advance(key, entity, late, past)
    assert [each.at_from for each in versions] == [each.time for each in late]
    assert folded.call_count == sum(range(1, 11))


def test_orders_of_a_past_that_is_read_again_count_in_the_order_in_which_they_came() -> None:
    nine, eight = (
        fact(IncidentTriaged(incident="ins-1", type="riot", severity=severity), at)
        for severity, at in ((1, "09:00"), (2, "08:00"))
    )
    late = fact(CROWD, "07:00")
    key = subject_of(late)
    entity, versions, _ = advance(key, None, [nine, eight], Past())
    _, added, _ = advance(key, entity, [late], Past([nine, eight], versions))
    assert [(each.at_from, each.brief.severity) for each in added] == [(late.at, 3), (eight.at, 2), (nine.at, 2)]


def test_the_picture_drawn_from_versions_is_the_one_drawn_from_documents(facts: list[Fact]) -> None:
    chance = random.Random(1)
    told = late(facts, chance)
    versions = versions_of(told)
    for at, known_at in pairs(told, chance)[: PAIRS // 10]:
        found: dict[str, list[Any]] = {kind: [] for kind in BRIEFED}
        for key, own in sorted(versions.items()):
            if key[0] in found and (each := answer(own, at, known_at)):
                found[key[0]].append(each)
        assert picture(sorted_out(found, at), at) == picture_then(so_then(told, at, known_at), at)


@pytest.mark.parametrize("seed", range(5))
def test_any_batching_with_restarts_in_between_writes_the_same_versions(facts: list[Fact], seed: int) -> None:
    chance = random.Random(seed)
    told = late(facts, chance)
    assert versions_of(told, chance) == versions_of(told)


def test_a_version_is_there_only_where_a_brief_changes(facts: list[Fact]) -> None:
    for own in versions_of(facts).values():
        for n, each in enumerate(own):
            before = answer(own[:n], each.at_from, each.known_from)
            assert before != each.brief
    sightings = sum(isinstance(each.data, UnitSighted) for each in facts)
    assert sum(map(len, versions_of(facts).values())) <= len(facts) - sightings


def test_a_brief_is_a_part_of_its_document_and_has_what_lists_filter_on(facts: list[Fact]) -> None:
    states: dict[Key, Any] = {}
    for each in facts:
        key = subject_of(each)
        states[key] = fold(key[0], states.get(key), each)
    assert {kind for kind, _ in states} >= {"unit", "post", "shipment", "incident", "readiness"}
    for (kind, _), state in states.items():
        part, whole = msgspec.json.decode(msgspec.json.encode(brief(kind, state))), to_document(state)
        assert within(part, whole), (part, whole)
        assert listed(kind, part) == listed(kind, whole)
        assert of_document(kind, whole) == brief(kind, state) or kind in ("unit", *operations())


def operations() -> tuple[str, ...]:
    return tuple(kind for kind in BRIEFED if kind.endswith("-operation"))


def within(part: Any, whole: Any) -> bool:
    match part, whole:
        case dict(), dict():
            return all(name in whole and within(each, whole[name]) for name, each in part.items())
        case list(), list():
            return len(part) == len(whole) and all(map(within, part, whole))
        case _:
            return bool(part == whole)


# Rows that are kept.


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8, 1])
def test_a_row_that_is_kept_is_the_one_that_would_be_drawn(facts: list[Fact], share: float) -> None:
    chance = random.Random(2)
    begin, end = facts[0].at, facts[-1].at
    last = begin + (end - begin) * share
    documents: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for (kind, _), state in so_then(facts, last, facts[-1].knowntime).items():
        documents[kind].append(to_document(state))
    found, kept = briefs(documents, last), Drawings()
    judge = Judge(begin, 6 * HOUR, 6 * HOUR, 2 * HOUR, 36 * HOUR, found.polls_open)
    instants = sorted(begin + (end - begin) * chance.random() for _ in range(200))
    for code, own in by_village(found).items():
        turns = (row(code, own, replace(judge, now=at)).changes_at for at in instants[::10])
        for at in sorted({*instants, *(each for each in turns if each and each < end)}) + instants[::50]:
            then = replace(judge, now=at)
            assert kept.row(code, own, then) == row(code, own, then)
    for at in sorted(instants) + instants[::50]:
        then = replace(judge, now=at)
        drawing = kept.picture(None, found, then, lambda then=then: drawn(found, then, kept=kept))  # type: ignore[misc]
        assert drawing == drawn(found, then)
        assert json.loads(drawing.as_json) == drawing.model_dump(mode="json")


# What may be missing.


def test_an_answer_is_provisional_while_anything_recorded_by_then_may_be_missing(facts: list[Fact]) -> None:
    """Every log read up to some fact and every inbox seen at some instant: what is missing is never kept silent."""
    chance = random.Random(3)
    logs: defaultdict[tuple[str, int], list[Fact]] = defaultdict(list)
    for each in facts:
        logs[f"{each.service}.events", each.partition].append(each)
    told = {True: 0, False: 0}
    for _, known_at in pairs(facts, chance):
        read = {place: own[: chance.choice([len(own), chance.randrange(len(own) + 1)])] for place, own in logs.items()}
        looked = chance.choice(facts).recordedtime
        seen = {place: Arrived(sum(each.recordedtime < looked for each in own), looked) for place, own in logs.items()}
        positions = {
            place: Position(next_cause=len(own), known=own[-1].knowntime if own else None)
            for place, own in read.items()
        }
        missing = any(each.recordedtime <= known_at for place, own in logs.items() for each in own[len(read[place]) :])
        said = provisional(positions, seen, known_at)
        assert said or not missing
        told[said] += 1
    assert min(told.values()) > PAIRS / 50


def test_an_answer_is_not_provisional_once_all_that_was_recorded_by_then_is_read() -> None:
    noon = datetime.fromisoformat("2019-11-03T12:00:00Z")
    place = ("incidents.events", 0)
    quiet = {place: Position(next_cause=7, known=noon - HOUR)}
    assert not provisional(quiet, {place: Arrived(7, noon)}, noon - timedelta(minutes=1))
    assert provisional(quiet, {place: Arrived(7, noon)}, noon)
    assert provisional(quiet, {place: Arrived(8, noon)}, noon - timedelta(minutes=1))
    assert provisional(quiet, {}, noon - timedelta(minutes=1))
    assert not provisional(quiet, {}, noon - 2 * HOUR)
    assert provisional(quiet, {}, noon - HOUR), "another with the same known time may come"
    assert provisional({}, {}, noon)
