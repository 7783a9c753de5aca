"""More than the system can do: what it says, what it takes, and that what is slow hurts only itself."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from time import monotonic, time

import httpx
import pytest
import pytest_asyncio

from kalimaya.settings import DECIDING_SERVICES, SERVICES
from services.kit.ledger.kafka import FETCH_BYTES, producer
from services.projection.api.feed import MOST_WAITING
from services.projection.store import LOOK_SECONDS
from tests.support.flood import AGENCY, Flood, report
from tests.support.listening import Frame, Listener, listening, not_reading
from tests.support.system import System

pytestmark = pytest.mark.timeout(400)

MIB = 1_048_576
MOST_HELD = 1 * MIB
"""Less than the bodies that come at once here, so that some are told to come back."""
BACKLOG = 1_000
"""Messages that must be seen in flight, at least, while the decider cannot keep up."""
STILL_SECONDS = 8.0
"""For how long PostgreSQL does nothing; and for half of it, in as long a flood, the decider."""
OUTCOME_SECONDS = 4.0
"""So long the outcome of a lone message may take; it is some 20 ms, and the machine has other things to do; waiting for
PostgreSQL it would take 5 s or more."""
CHANGE_SECONDS = 20.0
"""So long a change may take from the gateway to who listens, far less than who takes nothing is given; it is some 0.5 s
when they come in bursts of 2,000, and the machine has other things to do."""
SLOW = MOST_WAITING + 11_000
"""So many changes drop who takes nothing: what waits for him, and what the sockets' 3 MB hold."""

UNREAD = 4 * 4 * FETCH_BYTES
"""Bytes that a client of Kafka may have fetched and not given to anybody, as Python keeps them: four times as much."""
STATE = 1024
"""Bytes of a change that waits for who listens."""

PARTITIONS = 6
KEPT = 8 * FETCH_BYTES * PARTITIONS
"""Bytes that a process may grow by, however far behind: what a fetch holds of each partition, and the
copies of that while it comes and is worked on. It is some 110 MiB."""
LARGE = 256 * 1024
BEHIND = {"deployment.inbox": 1152, "incidents.events": 1152}
"""How many records of that size are in a log and not read; of the event logs, in the one that all read who read any.
The bytes of each log alone are half as much again as may be kept."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """One for all tests here, each of which leaves it at rest."""
    made = System(tmp_path_factory.mktemp("overload"))
    made.environment["KALIMAYA_MOST_HELD"] = str(MOST_HELD)
    made.up("--scenario", "none")
    try:
        await made.ready()
        yield made
    finally:
        made.down()


def gateway(system: System) -> str:
    return f"http://127.0.0.1:{system.ports['GATEWAY']}"


def picture(system: System) -> str:
    return f"http://127.0.0.1:{system.ports['PICTURE']}"


def bearer(system: System, principal: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {system.tokens()[principal]}"}


def at_rest(system: System) -> bool:
    """Nothing is in flight and nothing waits to be shown, as the metrics say."""
    return (
        system.total("deployment", "kalimaya_messages_in_flight") == 0
        and system.gauge("projection", "kalimaya_unprojected_age_seconds") == 0
    )


def family(pid: int) -> list[int]:
    """A process and all that it has started, parents first."""
    with suppress(FileNotFoundError, ProcessLookupError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(each for child in children for each in family(int(child)))]
    return []


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """A process and all its children meanwhile do nothing."""
    stopped = []
    for each in family(pid):
        os.kill(each, signal.SIGSTOP)
        stopped.append(each)
    try:
        yield
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)


async def outcomes(system: System, took: list[float], enough: asyncio.Event) -> None:
    """A report now and then, by one who waits for its outcome, and how long that took."""
    headers = bearer(system, AGENCY) | {"Content-Type": "application/cloudevents+json", "Prefer": "wait=10"}
    async with httpx.AsyncClient(base_url=gateway(system), headers=headers, timeout=15) as client:
        while not enough.is_set():
            began = monotonic()
            answer = await client.post("/v1/messages", json=report(f"light-{began}", len(took)))
            took.append(monotonic() - began)
            assert answer.status_code == 200, answer.text
            await asyncio.sleep(0.2)


async def look(client: httpx.AsyncClient, path: str) -> tuple[float, httpx.Response]:
    began = monotonic()
    answer = await client.get(path)
    return monotonic() - began, answer


async def test_while_postgresql_stands_still_outcomes_are_told_as_before_and_the_picture_says_503(
    system: System,
) -> None:
    took, enough = list[float](), asyncio.Event()
    sending = asyncio.create_task(outcomes(system, took, enough))
    await system.reach(lambda: len(took) > 10 and at_rest(system), 30)
    before = len(took)
    paths = ["/v1/picture", "/v1/status", "/v1/units", "/v1/changes"] * 3  # more than there are connections
    headers = bearer(system, "posko-serang")
    with standing_still(system.pids()["postgres"]):
        began = monotonic()
        async with httpx.AsyncClient(base_url=picture(system), headers=headers, timeout=60) as client:
            looks = await asyncio.gather(*(look(client, path) for path in paths))
        await asyncio.sleep(max(0.0, began + STILL_SECONDS - monotonic()))
        age = system.gauge("projection", "kalimaya_unprojected_age_seconds")
        meanwhile = took[before:]
    enough.set()
    await sending
    longest = max(seconds for seconds, _ in looks)
    print(
        f"outcomes: {median(took[:before]) * 1000:.0f} ms before, {median(meanwhile) * 1000:.0f} ms meanwhile, "
        f"{max(meanwhile) * 1000:.0f} at most; 503 after {longest:.1f} s; unprojected {age:.1f} s"
    )
    assert {(answer.status_code, answer.headers["retry-after"].isdigit()) for _, answer in looks} == {(503, True)}
    assert longest < 2 * LOOK_SECONDS
    assert len(meanwhile) > 10
    assert max(meanwhile) < OUTCOME_SECONDS
    assert age > LOOK_SECONDS
    await system.reach(lambda: at_rest(system), 30)
    assert system.picture("/v1/picture").status_code == 200


@dataclass
class Timed(Listener):
    """`late`: for each change how many seconds after the gateway had it he was told."""

    late: list[float] = field(default_factory=list)

    def _take(self, frame: Frame) -> None:
        super()._take(frame)
        if frame.event == "changed" and frame.data is not None:
            self.late.append(time() - datetime.fromisoformat(frame.data["knowntime"]).timestamp())


async def test_who_takes_nothing_of_the_changes_is_dropped_and_the_others_are_told_in_time(
    system: System, tmp_path: Path
) -> None:
    token = system.tokens()["posko-serang"]
    others = [Timed(picture(system), token, last_id=None) for _ in range(2)]
    before = system.memory("projection", "VmRSS")
    flood = Flood("flow", gateway(system), system.tokens()[AGENCY], tmp_path / "receipts.jsonl")
    async with listening(others), not_reading(picture(system), token) as slow:
        await system.reach(lambda: system.gauge("projection", "kalimaya_changes_readers") == 3, 10)
        while flood.told[202] < SLOW:
            await flood.run(clients=2, together=200, seconds=1)
            await system.reach(lambda: all(len(each.told) >= flood.told[202] for each in others), 30)
        text = (await asyncio.wait_for(slow.read(), 30)).decode()
    late = [seconds for each in others for seconds in each.late]
    grown = system.memory("projection") - before
    print(
        f"{flood.told[202]} changes told after {median(late):.2f} s, {max(late):.2f} at most; the slow one was told "
        f"{text.count('event: changed')}; the API grew by {grown / MIB:.0f} MiB"
    )
    assert [each.connections for each in others] == [1, 1]
    assert all(len(each.told) == len(set(each.told)) for each in others)
    assert max(late) < CHANGE_SECONDS
    assert '"reason":"slow"' in text.rpartition("event: dropped")[2]
    assert grown < UNREAD + 3 * MOST_WAITING * STATE


@dataclass
class Lag:
    """The most of each that was seen: messages in flight, and the seconds of the oldest that waited."""

    in_flight: float = 0.0
    undecided: float = 0.0

    async def watch(self, system: System) -> None:
        """Look at the metrics, until cancelled; a process that stands still shows none."""
        while True:
            shown = await asyncio.to_thread(self._look, system)
            for name, value in shown.items():
                setattr(self, name, max(getattr(self, name), value or 0.0))
            await asyncio.sleep(0.1)

    def _look(self, system: System) -> dict[str, float | None]:
        return {
            "in_flight": system.total("deployment", "kalimaya_messages_in_flight"),
            "undecided": system.total("deployment", "kalimaya_undecided_age_seconds"),
        }


async def test_a_flood_is_answered_by_202_and_503_and_decided_once_by_itself(system: System, tmp_path: Path) -> None:
    receipts = tmp_path / "receipts.jsonl"
    flood, lag = Flood("flood", gateway(system), system.tokens()[AGENCY], receipts), Lag()
    watching = asyncio.create_task(lag.watch(system))
    flooding = asyncio.create_task(flood.run(clients=16, together=400, seconds=STILL_SECONDS))
    await system.reach(lambda: flood.told[202] > 0, 10)
    decider = system.pids()["deployment"]
    with standing_still(decider):
        await asyncio.sleep(STILL_SECONDS / 2)
    # At full speed it would be through before anybody looks, and it shows nothing until it is back in its group.
    give_up = monotonic() + 60
    while not flooding.done() or (lag.in_flight <= BACKLOG and monotonic() < give_up):
        with standing_still(decider):
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.05)
    await flooding
    began = monotonic()
    await system.reach(lambda: at_rest(system), 60)
    rested = monotonic() - began
    watching.cancel()
    print(f"{dict(flood.told)}; {lag}; at rest {rested:.0f} s later")
    assert flood.told.keys() == {202, 503}
    assert flood.unadvised == []
    assert lag.in_flight > BACKLOG
    assert lag.undecided > 2
    told = await asyncio.to_thread(system.run, "audit", "--receipts", str(receipts))
    assert told.returncode == 0, told.stdout


async def leave_behind(system: System) -> None:
    """Records of no meaning: those in an inbox are to be rejected, in an event log they are void."""
    writer = producer(f"127.0.0.1:{system.ports['KAFKA']}", "test")
    await writer.start()
    try:
        for topic, count in BEHIND.items():
            for _ in range(count // PARTITIONS):
                sent = [await writer.send(topic, bytes(LARGE), partition=each) for each in range(PARTITIONS)]
                await asyncio.gather(*sent)
    finally:
        await writer.stop()


async def test_however_far_behind_no_process_keeps_it_in_memory(system: System) -> None:
    assert 2 * min(BEHIND.values()) * LARGE >= 3 * KEPT
    pids = {name: system.pids()[name] for name in SERVICES}
    outcomes = system.total("deployment", "kalimaya_messages") or 0
    voids = system.total("projection", "kalimaya_projection_void_records") or 0
    with ExitStack() as still:
        for pid in pids.values():
            still.enter_context(standing_still(pid))
        began = monotonic()
        await leave_behind(system)
        wrote = monotonic() - began
        for pid in pids.values():
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the most it took is then what it takes now
        before = {name: system.memory(name) for name in SERVICES}
        began = monotonic()

    def caught_up() -> bool:
        """All was decided, projected, and looked at by the watches since."""
        ages = [system.gauge(f"{name}-watch", "kalimaya_watch_tick_age_seconds") for name in DECIDING_SERVICES]
        return (
            (system.total("deployment", "kalimaya_messages") or 0) >= outcomes + BEHIND["deployment.inbox"]
            and (system.total("projection", "kalimaya_projection_void_records") or 0)
            >= voids + BEHIND["incidents.events"]
            and all(age is not None and age < monotonic() - began for age in ages)
        )

    await system.reach(caught_up, 120)
    grown = {name: system.memory(name) - before[name] for name in SERVICES}
    print(
        f"written in {wrote:.0f} s, read {monotonic() - began:.0f} s later; grown by MiB: "
        f"{ {name: round(each / MIB) for name, each in grown.items()} }"
    )
    assert {name: pid for name, pid in system.pids().items() if name in SERVICES} == pids, "one was started anew"
    assert [name for name in SERVICES if grown[name] > KEPT] == []
    await system.reach(lambda: at_rest(system), 60)
