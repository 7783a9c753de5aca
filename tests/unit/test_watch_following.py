"""A watch follows an event log by the reader rule, and folds it anew when something goes wrong."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from schemas.envelope import LogEvent, encode
from schemas.registry import BY_CLASS
from services.kit.ledger.fold import Fold
from services.kit.ledger.reader import Place
from services.kit.ledger.record import NO_HASH, Record, Stored, pack_mark
from services.views.facts import Fact
from services.views.unit import Unit
from services.watch import following
from services.watch.following import NOTHING_READ, Behind, Following
from services.watch.tables import Tables
from tests.support.ledger import NOON, MemorySite, message, run_until_answered, sighted, worker

PLACE: Place = ("deployment.events", 0)
UNITS = ("polres-serang-001", "polres-serang-002", "polres-serang-003")


@pytest.fixture
async def site() -> MemorySite:
    """A log with its genesis record and a position of each of three units."""
    made = MemorySite()
    for n, unit in enumerate(UNITS):
        await made.put(*message(sighted(n, unit), f"m{n}", recorded=NOON + timedelta(minutes=n)))
    await run_until_answered(made, worker(made))
    return made


class MemoryReader:
    """Reads the log of a site, as the reader of Kafka's does."""

    site: MemorySite

    def __init__(self, bootstrap: str, client_id: str) -> None:
        self._positions: dict[Place, int] = {}

    async def start(self, positions: Mapping[Place, int]) -> None:
        self._positions = dict(positions)

    async def read(self, wait: float) -> Mapping[Place, Sequence[Record]]:
        found = {place: self.site.topics.events[offset:] for place, offset in self._positions.items()}
        self._positions = {place: len(self.site.topics.events) for place in self._positions}
        return found

    async def stop(self) -> None:
        """There is nothing to let go."""


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, site: MemorySite) -> None:
    monkeypatch.setattr(MemoryReader, "site", site, raising=False)
    monkeypatch.setattr(following, "LogReader", MemoryReader)


def followed(*records: Record) -> Following:
    found = Following("test", {"unit"})
    for each in records:
        found.take(PLACE, each)
    return found


def units(found: Following) -> set[str]:
    return {each.unit for each in found.tables.all(Unit)}


def ends(site: MemorySite) -> dict[Place, int]:
    return {PLACE: len(site.topics.events)}


def append(site: MemorySite, value: bytes, *, cause: int = 3, prev: bytes | None = None) -> None:
    """A record that says it lands where it does, and by default continues the chain."""
    fold = Fold()
    for each in site.topics.events:
        fold.take(each)
    head = fold.head if prev is None else prev
    site.topics.put_events([(b"unit", value, pack_mark(fold.position, cause, 0, 1, head, NO_HASH))])


def event(type_: str = "") -> bytes:
    data = sighted(unit="polres-serang-004")
    entry = BY_CLASS[type(data)]
    return encode(
        LogEvent(
            specversion="1.0",
            id="deployment.events/0/3/0",
            source="/services/deployment",
            type=type_ or entry.type,
            subject="unit/polres-serang-004",
            time=NOON,
            recordedtime=NOON,
            knowntime=NOON,
            causationid="/agencies/polres-serang#m3",
            dataschema=entry.dataschema,
            data=data,
        )
    )


# From the stream.


def test_records_that_come_in_order_are_folded(site: MemorySite) -> None:
    found = followed(*site.topics.events)
    assert (units(found), found.position(PLACE)) == ({*UNITS}, 4)
    assert (found.spoilt, found.begun, found.behind({PLACE: 4})) == (None, True, {})
    assert found.read_to == NOON + timedelta(minutes=2)


def test_before_the_first_record_nothing_is_known() -> None:
    found = followed()
    assert (found.position(PLACE), found.read_to, found.begun) == (0, NOTHING_READ, False)
    assert found.behind({PLACE: 4, ("logistics.events", 0): 0}) == {PLACE: 4}


def test_what_lies_behind_a_gap_waits_until_the_gap_is_filled(site: MemorySite) -> None:
    genesis, first, second, third = site.topics.events
    found = followed(genesis, first, third)
    assert (units(found), found.position(PLACE), found.spoilt) == ({UNITS[0]}, 2, None)
    assert found.behind({PLACE: 4}) == {PLACE: 2}
    for each in (second, third):
        found.take(PLACE, each)
    assert (units(found), found.position(PLACE)) == ({*UNITS}, 4)


def test_what_is_known_already_is_skipped(site: MemorySite, monkeypatch: pytest.MonkeyPatch) -> None:
    found = followed(*site.topics.events)
    monkeypatch.setattr(Tables, "fold", lambda *_: pytest.fail("folded twice"))
    for each in site.topics.events:
        found.take(PLACE, each)
    assert (found.position(PLACE), found.spoilt) == (4, None)


def test_each_log_has_its_own_position(site: MemorySite) -> None:
    found = followed(*site.topics.events[:2])
    found.take(("deployment.events", 1), site.topics.events[0])
    assert (found.position(PLACE), found.position(("deployment.events", 1))) == (2, 1)


def test_a_record_that_is_not_where_it_said_it_would_be_is_void(site: MemorySite) -> None:
    again = site.topics.events[1]
    site.topics.put_events([(b"unit", again.value or b"", list(again.headers))])
    found = followed(*site.topics.events)
    assert (units(found), found.position(PLACE), found.spoilt) == ({*UNITS}, 5, None)


# What goes wrong.


def test_a_record_that_does_not_continue_the_chain_spoils_the_tables_until_they_are_filled(site: MemorySite) -> None:
    append(site, event(), prev=b"x" * 32)
    found = followed(*site.topics.events)
    assert found.spoilt is not None
    assert not found.begun
    found.take(PLACE, Stored(4, b"", b"", ()))
    assert found.position(PLACE) == 4


@pytest.mark.usefixtures("reader")
async def test_if_it_still_does_not_when_all_is_folded_anew_it_is_void(site: MemorySite) -> None:
    append(site, event(), prev=b"x" * 32)
    found = followed(*site.topics.events)
    await found.fill("", ends(site), 5)
    assert (units(found), found.position(PLACE), found.spoilt) == ({*UNITS}, 5, None)


@pytest.mark.usefixtures("reader")
async def test_a_gap_is_filled_from_where_we_stand(site: MemorySite) -> None:
    found = followed(*site.topics.events[:2])
    before = found.tables
    await found.fill("", ends(site), 5)
    assert (units(found), found.position(PLACE)) == ({*UNITS}, 4)
    assert found.tables is before


@pytest.mark.usefixtures("reader")
async def test_an_event_that_cannot_be_folded_spoils_the_tables_and_the_second_time_it_is_left_out(
    site: MemorySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, fold = [], Tables.fold

    def poisoned(self: Tables, fact: Fact) -> None:
        if fact.data.unit == UNITS[1]:
            tried.append(fact.id)
            raise RuntimeError("a planted bug")
        fold(self, fact)

    monkeypatch.setattr(Tables, "fold", poisoned)
    found = followed(*site.topics.events)
    assert (found.spoilt is not None, found.left_out, tried) == (True, set(), ["m1"])
    await found.fill("", ends(site), 5)
    assert (units(found), found.position(PLACE), found.spoilt) == ({UNITS[0], UNITS[2]}, 4, None)
    assert (found.left_out, tried) == ({(PLACE, 1)}, ["m1", "m1"])


@pytest.mark.usefixtures("reader")
async def test_an_event_that_fails_only_once_is_folded_after_all(
    site: MemorySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Tables, "fold", lambda *_: 1 / 0)
        found = followed(*site.topics.events)
    await found.fill("", ends(site), 5)
    assert (units(found), found.left_out) == ({*UNITS}, set())


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(("value", "cause"), [(event("kalimaya.unit.vanished"), 3), (event(), 7)])
async def test_a_log_that_cannot_be_read_on_is_broken_and_nobody_may_go_on(
    site: MemorySite, value: bytes, cause: int
) -> None:
    append(site, value, cause=cause)
    found = followed(*site.topics.events)
    assert found.broken.keys() == {PLACE}
    with pytest.raises(Behind, match="cannot be read on"):
        await found.fill("", ends(site), 5)


@pytest.mark.usefixtures("reader")
async def test_an_end_that_is_not_reached_in_time_is_told(site: MemorySite) -> None:
    with pytest.raises(Behind, match="in time"):
        await followed().fill("", {PLACE: 9}, 0.05)


@pytest.mark.usefixtures("reader")
async def test_a_log_that_ends_before_where_we_stood_is_folded_anew(site: MemorySite) -> None:
    found = followed(*site.topics.events)
    found.check({PLACE: 4}, {PLACE: 4})
    assert found.spoilt is None
    site.topics.truncate_events(3)
    found.check({PLACE: 4}, ends(site))
    assert found.spoilt is not None
    await found.fill("", ends(site), 5)
    assert (units(found), found.position(PLACE)) == ({*UNITS[:2]}, 3)
