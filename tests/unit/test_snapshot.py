"""What a snapshot holds: all that a desk knows, in pieces that are written once."""

from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios import serang2019
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger import snapshot
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Fold
from services.kit.ledger.log import Identity
from services.kit.ledger.record import Genesis, Stored
from services.kit.ledger.snapshot import MANIFEST, Manifest, Unfit
from tests.support.ledger import NOON, message, register, sighted
from tests.support.rehearsal import DECIDERS, Rehearsal
from tests.support.size import SIZE

DAY = timedelta(days=1)
IDENTITY = Identity("inbox-id", "events-id", 6)
CODE = "the code"


def fold(position: int = 1) -> Fold:
    genesis = Genesis(
        format=1, log="a-log", partition=0, partitions=6, inbox_topic_id="inbox-id", events_topic_id="events-id"
    )
    return Fold(position=position, tail=position - 1, next_cause=position, genesis=genesis)


class Shelf:
    """What lies there after snapshots of one desk."""

    def __init__(self, desk: Desk[Any], service: str = "deployment") -> None:
        self.desk, self.kept, self.written = desk, dict[str, bytes](), list[str]()
        self._decider = DECIDERS[service]
        self._before: Manifest | None = None

    def keep(self) -> None:
        before = self._before.identities if self._before else ()
        manifest, pieces = snapshot.take(self.desk, fold(), CODE, before)
        self.written = [name for name in pieces if name not in self.kept]
        self.kept |= pieces | {MANIFEST: manifest.sealed()}
        self._before = manifest

    def opened(self) -> Desk[Any]:
        manifest = snapshot.read_manifest(self.kept, IDENTITY, 0, CODE)
        assert manifest is not None
        desk: Desk[Any] = Desk(self._decider, 0, Limits())
        snapshot.restore(manifest, self.kept, desk, self._decider)
        return desk


def same(one: Desk[Any], other: Desk[Any]) -> bool:
    one.forget()
    other.forget()
    return (one.states, one.over, one.known, one.days, one.counts, list(one.seen.items())) == (
        other.states,
        other.over,
        other.known,
        other.days,
        other.counts,
        list(other.seen.items()),
    )


@cache
def operation() -> Rehearsal:
    played = Rehearsal()
    played.play(serang2019.make("full" if SIZE >= 1 else "small", 2019).messages)
    return played


@pytest.mark.parametrize("service", DECIDERS)
def test_every_state_and_identity_of_the_scenario_is_as_before(service: str) -> None:
    for (owner, _), desk in operation().desks.items():
        if owner == service:
            shelf = Shelf(desk, service)
            shelf.keep()
            assert desk.states
            assert same(shelf.opened(), desk)


class Inbox:
    """Messages put before a desk of deployment."""

    def __init__(self) -> None:
        self.desk, self._next = Desk(DEPLOYMENT, 0, Limits()), 0

    def put(self, id_: str, day: int, data: Any = None) -> None:
        at = NOON + day * DAY
        record = Stored(self._next, *message(data or sighted(day), id_, time=at, recorded=at))
        self.desk.decide(record, self._next + 1)
        self.desk.commit()
        self._next += 1


@pytest.fixture
def pieces_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "IDENTITIES", 3)


@pytest.mark.usefixtures("pieces_of_three")
def test_a_full_piece_is_written_once() -> None:
    inbox, shelf = Inbox(), Shelf(Desk(DEPLOYMENT, 0, Limits()))
    shelf.desk = inbox.desk
    inbox.put("registered", 0, register())
    shelf.keep()
    assert len(shelf.written) == 2, "identities and aggregates"
    for n in range(7):
        inbox.put(f"m{n}", 0)
    shelf.keep()
    assert len(shelf.written) == 3, "two full pieces and the rest"
    inbox.put("m7", 0)
    shelf.keep()
    assert len(shelf.written) == 1, "the rest"
    assert same(shelf.opened(), inbox.desk)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9), st.booleans()), max_size=60))
def test_whatever_comes_again_and_is_forgotten(steps: list[tuple[int, int, bool]]) -> None:
    """Ten ids, days that pass by up to a dozen at a time, snapshots in between: a restart makes no difference."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(snapshot, "IDENTITIES", 3)
        inbox = Inbox()
        shelf = Shelf(inbox.desk)
        day = 0
        for passed, id_, kept in steps:
            for day in range(day + 1, day + 1 + passed):  # noqa: B020 - counts on from step to step
                inbox.put(f"day {day}", day)
            inbox.put(f"id {id_}", day)
            if kept:
                shelf.keep()
                assert same(shelf.opened(), inbox.desk)


@pytest.mark.usefixtures("pieces_of_three")
def test_what_was_forgotten_and_came_again_takes_its_new_place_though_an_old_piece_has_it_too() -> None:
    inbox = Inbox()
    shelf = Shelf(inbox.desk)
    inbox.put("again", 0)
    for day in range(1, 63):
        inbox.put(f"day {day}", day)
    shelf.keep()
    inbox.put("day 63", 63)
    inbox.put("again", 63)
    shelf.keep()
    assert same(shelf.opened(), inbox.desk)
    assert list(inbox.desk.seen)[-1].endswith("#again")


def test_a_manifest_of_other_logs_or_code_is_told_apart() -> None:
    shelf = Shelf(Desk(DEPLOYMENT, 0, Limits()))
    shelf.keep()
    for identity, partition, code, why in (
        (Identity("inbox-id", "another", 6), 0, CODE, "other logs"),
        (Identity("inbox-id", "events-id", 12), 0, CODE, "other logs"),
        (IDENTITY, 1, CODE, "other logs"),
        (IDENTITY, 0, "newer", "another version"),
    ):
        with pytest.raises(Unfit, match=why):
            snapshot.read_manifest(shelf.kept, identity, partition, code)


def test_any_changed_byte_is_seen() -> None:
    inbox = Inbox()
    inbox.put("registered", 0, register())
    shelf = Shelf(inbox.desk)
    shelf.keep()
    whole = dict(shelf.kept)
    for name, content in whole.items():
        for place in range(0, len(content), 7):
            shelf.kept[name] = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            with pytest.raises(Unfit):
                shelf.opened()
        shelf.kept[name] = content


def test_no_snapshot_is_none() -> None:
    assert snapshot.read_manifest({}, IDENTITY, 0, CODE) is None


def test_the_code_is_that_of_contract_ledger_and_the_services_rules() -> None:
    assert len({snapshot.code_of(decider) for decider in DECIDERS.values()}) == len(DECIDERS)
