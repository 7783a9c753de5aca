"""A copy of the logs: what it keeps, what it leaves out, and when it is none."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from kalimaya.cli import app
from kalimaya.copy import target
from kalimaya.copy.plan import CannotCopy
from kalimaya.copy.restamp import Predecessor
from kalimaya.copy.run import begun_at, prepare
from kalimaya.copy.source import Copied
from schemas.envelope import decode_event, partition_of
from schemas.outcomes import outcome_of
from services.kit.ledger.fold import Fold, LedgerBroken
from services.kit.ledger.log import Unavailable
from services.kit.ledger.memory import Fault, MemoryPair
from services.kit.ledger.record import Headers, Stored
from services.kit.ledger.record import Record as Found
from services.kit.ledger.worker import Worker
from tests.support.copied import Cluster, untold
from tests.support.deciding import small_scenario
from tests.support.ledger import NOON, message, register, sighted
from tests.support.rehearsal import DECIDERS, PARTITIONS, Record

UNITS = [f"polres-serang-{n:03}" for n in range(40)]


def at(cluster: Cluster, message: tuple[bytes, bytes, Headers]) -> Record:
    """A message where it belongs in this cluster."""
    key, value, headers = message
    return Record("deployment", partition_of(key.decode(), cluster.partitions), key, value, headers)


def unit_in(partition: int, partitions: int, *, but: str = "") -> str:
    return next(u for u in UNITS if u != but and partition_of(f"unit/{u}", partitions) == partition)


@pytest.fixture(scope="module")
def old() -> Cluster:
    """The small scenario, decided under faults, with what no gateway wrote and messages that have no outcome yet."""
    return asyncio.run(decided_scenario())


async def decided_scenario() -> Cluster:
    made = Cluster("old", PARTITIONS).begin()
    made.receive(small_scenario())
    for partition in range(PARTITIONS):
        there = made.at("deployment", partition)
        there.put_inbox(b"stranger", b"not JSON", [])
        there.faults.extend([Fault.DOUBLE_APPEND, Fault.LOST_ACK])
    await made.decide()
    made.receive(at(made, message(sighted(n, UNITS[n % 40]), f"late-{n}")) for n in range(50))
    return made


@pytest.mark.parametrize("partitions", [1, 4, 6, 9])
async def test_a_copy_is_clean_and_shows_the_same_picture(old: Cluster, partitions: int) -> None:
    new = Cluster("new", partitions)
    for service in DECIDERS:
        done = await old.copy_to(new, service)
        assert old.audit(service).kept == []
        assert new.audit(service).kept == []
        assert sum(len(new.at(service, p).inbox) for p in range(partitions)) == done.messages
        assert sum(len(new.at(service, p).events) - 1 for p in range(partitions)) == done.events
        assert done.voids > 0 or service != "deployment"
    assert new.digest() == old.digest()
    assert outcomes(new) == outcomes(old)
    assert by_key(new) == by_key(old)


async def test_as_many_partitions_keep_every_place(old: Cluster) -> None:
    new = Cluster("new", PARTITIONS)
    await old.copy_to(new, "deployment")
    for partition in range(PARTITIONS):
        one, other = old.at("deployment", partition), new.at("deployment", partition)
        assert one.inbox == other.inbox
        assert [r.value for r in other.events if same_anywhere(r)] == [
            r.value for r in counted(one.events) if same_anywhere(r)
        ]


async def test_the_genesis_of_a_copy_names_the_old_heads(old: Cluster) -> None:
    new = Cluster("new", 4)
    done = await old.copy_to(new, "incidents")
    of = json.loads(new.at("incidents", 3).events[0].value or b"")["copied_from"]
    assert of["log"] == "old"
    heads = defaultdict(str)
    for service, partition, answer in old.answers():
        heads[service, partition] = answer.head.hex()
    assert [each["head"] for each in of["partitions"]] == [heads["incidents", p] for p in range(PARTITIONS)]
    assert done.late == 0


@pytest.mark.parametrize("partitions", [4, 6])
async def test_deciders_go_on_where_the_old_ones_ended(old: Cluster, partitions: int) -> None:
    new = Cluster("new", partitions)
    for service in DECIDERS:
        await old.copy_to(new, service)
    again = small_scenario()[0]
    key = again.key.decode()
    new.receive([Record(again.service, partition_of(key, partitions), again.key, again.value, again.headers)])
    await new.decide()
    assert [new.audit(service).kept for service in DECIDERS] == [[], [], []]
    here = new.at(again.service, partition_of(key, partitions))
    event = json.loads(here.events[-1].value or b"")
    assert event["type"] == "kalimaya.message.repeated"
    assert json.loads(here.inbox[event["data"]["first"]].value or b"")["id"] == json.loads(again.value)["id"]


@pytest.mark.parametrize("appends", [0, 1, 5, 20, 40, 55, 80])
async def test_it_is_taken_up_where_it_broke_off(old: Cluster, appends: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "BATCH_BYTES", 20_000)
    whole, broken = Cluster("new", 4), Cluster("new", 4, most=appends)
    await old.copy_to(whole, "logistics")
    with pytest.raises(Unavailable):
        await old.copy_to(broken, "logistics")
    inboxes = any(inbox for inbox, _ in broken.contents().values())
    assert inboxes == (appends > 50)
    if inboxes:  # events come first
        assert [events for _, events in broken.contents().values()] == [e for _, e in whole.contents().values()]
    broken.most = None
    await old.copy_to(broken, "logistics")
    assert broken.contents() == whole.contents()


async def test_half_a_copy_stops_a_decider(old: Cluster) -> None:
    """Events come before inboxes: answers to messages that are not there."""
    new = Cluster("new", 4)
    await old.copy_to(new, "deployment")
    del new.at("deployment", 1).inbox[:]
    with pytest.raises(LedgerBroken, match="the inbox lacks offset"):
        await Worker(DECIDERS["deployment"], 1, new.pair("deployment", 1), new.identity("deployment")).run()


async def test_it_ends_where_it_began_though_the_source_goes_on() -> None:
    source, new = Cluster("old", 2).begin(), Cluster("new", 3, most=2)
    source.receive(at(source, message(register(unit), f"one-{unit}")) for unit in UNITS)
    await source.decide()
    with pytest.raises(Unavailable):
        await source.copy_to(new, "deployment")
    source.receive(at(source, message(sighted(1, unit), f"two-{unit}")) for unit in UNITS)
    new.most = None
    done = await source.copy_to(new, "deployment")
    assert (done.messages, done.late) == (40, 40)
    assert new.audit("deployment").kept == []


async def test_what_comes_while_another_service_is_copied_is_counted() -> None:
    source, new = Cluster("old", 2).begin(), Cluster("new", 2)
    meanwhile = [at(source, message(register(unit), unit)) for unit in UNITS[:3]]

    def told(topic: str) -> None:
        if topic.startswith("logistics."):
            source.receive(meanwhile)
            meanwhile.clear()

    new.told = told
    done = await source.copy_all(new, "deployment", "logistics")
    assert [(each.messages, each.late) for each in done] == [(0, 3), (0, 0)]


async def test_nothing_is_known_later_in_a_partition_that_comes_from_two() -> None:
    source, new = Cluster("old", 2).begin(), Cluster("new", 1)
    for n, unit in enumerate(UNITS):
        recorded = NOON + timedelta(minutes=n)
        source.receive([at(source, message(register(unit), unit, time=NOON, recorded=recorded))])
    await source.decide()
    await source.copy_to(new, "deployment")
    assert new.audit("deployment").kept == []
    assert known(new) == known(source)


async def test_no_copy_onto_logs_of_its_own(old: Cluster) -> None:
    with pytest.raises(CannotCopy, match="logs of its own"):
        await old.copy_to(Cluster("new", 4).begin(), "deployment")


async def test_a_genesis_that_does_not_come_is_no_log_of_its_own(old: Cluster) -> None:
    """Nobody should delete topics because a broker is slow."""

    class Slow(MemoryPair):
        async def read_events(self, offset: int, wait: float) -> Sequence[Found]:
            return ()

    with pytest.raises(Unavailable):
        await begun_at(Slow(old.at("deployment", 0)))


@pytest.mark.parametrize(("partitions", "units"), [(PARTITIONS, 1), (PARTITIONS, 40), (PARTITIONS + 1, 1), (1, 40)])
async def test_no_copy_onto_a_copy_of_other_logs(old: Cluster, partitions: int, units: int) -> None:
    other, new = Cluster("other", partitions).begin(), Cluster("new", 4)
    other.receive(at(other, message(register(unit), unit)) for unit in UNITS[:units])
    await other.decide()
    await other.copy_to(new, "deployment")
    with pytest.raises(CannotCopy, match="copied from another"):
        await old.copy_to(new, "deployment")


async def test_where_the_copy_of_another_log_ends_breaks_nothing_here(old: Cluster) -> None:
    """Read up to there, this log would have answers to messages that are not there."""
    begun = Predecessor("other", (Copied(0, 5, ""),) * PARTITIONS)
    with pytest.raises(CannotCopy, match="copied from another"):
        await prepare("deployment", [old.pair("deployment", p) for p in range(PARTITIONS)], begun, 4, untold)


async def test_no_copy_onto_a_copy_of_more_than_there_is(old: Cluster) -> None:
    """The source was restored from a backup that is older than the copy."""
    new = Cluster("new", 4)
    await old.copy_to(new, "deployment")
    restored = deepcopy(old)
    del restored.at("deployment", 3).inbox[-1]
    with pytest.raises(CannotCopy, match="another part"):
        await restored.copy_to(new, "deployment")


async def test_no_copy_onto_a_copy_that_went_on(old: Cluster) -> None:
    new = Cluster("new", 4)
    await old.copy_to(new, "deployment")
    await new.decide()
    with pytest.raises(CannotCopy, match="gone on by itself"):
        await old.copy_to(new, "deployment")


async def test_no_copy_onto_a_copy_that_was_changed(old: Cluster) -> None:
    new = Cluster("new", 4)
    await old.copy_to(new, "deployment")
    events = new.at("deployment", 2).events
    events[5] = Stored(5, events[5].key, b"{}", events[5].headers)
    with pytest.raises(CannotCopy, match=r"deployment\.events/2@5"):
        await old.copy_to(new, "deployment")


async def test_no_copy_in_which_a_conflict_would_lose_its_first() -> None:
    """One id about two units: judged beside one another now, and in different partitions of the copy."""
    source, unit = Cluster("old", 1).begin(), unit_in(0, 2)
    source.receive([at(source, message(register(each), "same")) for each in (unit, unit_in(1, 2))])
    await source.decide()
    assert outcomes(source)["conflicting"] == 1
    with pytest.raises(CannotCopy, match="same was sent about two things"):
        await source.copy_to(Cluster("new", 2), "deployment")
    new = Cluster("new", 1)
    await source.copy_to(new, "deployment")
    assert new.audit("deployment").kept == []


async def test_no_copy_in_which_two_firsts_would_meet() -> None:
    """One id about two units in two partitions: both were accepted, and would be a conflict in one."""
    source, unit = Cluster("old", 2).begin(), unit_in(0, 2)
    source.receive([at(source, message(register(each), "same")) for each in (unit, unit_in(1, 2))])
    await source.decide()
    with pytest.raises(CannotCopy, match="same was sent about two things in different partitions"):
        await source.copy_to(Cluster("new", 1), "deployment")
    new = Cluster("new", 2)
    await source.copy_to(new, "deployment")
    assert new.audit("deployment").kept == []


@pytest.mark.parametrize(
    ("bootstrap", "settings", "named"),
    [
        ("new.example:9093", {}, "KALIMAYA_TO_KAFKA_SECURITY=ssl"),
        ("localhost:9093", {"SECURITY": "sasl"}, "KALIMAYA_TO_KAFKA_SECURITY: "),
        ("localhost:9093", {"SECURITY": "ssl", "CA": "/nowhere.pem"}, "KALIMAYA_TO_KAFKA_CA: "),
        ("localhost:9093", {"SECURITY": "ssl", "CA": __file__}, "KALIMAYA_TO_KAFKA_*: the certificates"),
    ],
)
def test_what_is_wrong_with_the_target_is_named_as_it_was_said(
    bootstrap: str, settings: dict[str, str], named: str
) -> None:
    environment = {f"KALIMAYA_TO_KAFKA_{name}": value for name, value in settings.items()} | {"COLUMNS": "400"}
    told = CliRunner().invoke(app, ["copy", "--to", bootstrap], env=environment)
    assert told.exit_code == 2
    assert "Invalid value for --to" in told.stderr
    assert named in told.stderr


def test_what_is_wrong_with_the_source_is_named_as_it_was_said() -> None:
    line = ["copy", "--from", "old.example:9093", "--to", "localhost:9"]
    told = CliRunner().invoke(app, line, env={"COLUMNS": "400"})
    assert told.exit_code == 2
    assert "Invalid value for --from" in told.stderr
    assert "KALIMAYA_KAFKA_SECURITY=ssl" in told.stderr


def counted(events: list[Stored]) -> list[Stored]:
    """The records that count."""
    fold, found = Fold(), []
    for record in events:
        voids = fold.voids
        fold.take(record)
        if fold.voids == voids:
            found.append(record)
    return found


def same_anywhere(record: Stored) -> bool:
    """Whether a record says nothing of its place in the log."""
    return b"message.repeated" not in record.value and b"message.conflicting" not in record.value and record.offset > 0


def outcomes(cluster: Cluster) -> dict[str, int]:
    """How many of each kind."""
    found: dict[str, int] = defaultdict(int)
    for _, _, answer in cluster.answers():
        found[outcome_of(decode_event(answer.records[0].value or b"").type)] += 1
    return found


def known(cluster: Cluster) -> dict[str, datetime]:
    """From when on each message could be known."""
    events = [decode_event(answer.records[0].value or b"") for _, _, answer in cluster.answers()]
    return {event.causationid: event.knowntime for event in events}


def by_key(cluster: Cluster) -> dict[bytes, list[str]]:
    """What happened to each aggregate, in order."""
    found: dict[bytes, list[str]] = defaultdict(list)
    for _, _, answer in cluster.answers():
        for record in answer.records:
            if record.key != b"unreadable":
                event = json.loads(record.value or b"")
                found[record.key].append(f"{event['causationid']} {event['type']}")
    return found
