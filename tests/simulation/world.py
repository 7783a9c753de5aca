"""One run: processes over a broker, a store and a group, what befalls them, and the quiet after it.

The processes are the real ones, DecidingService and Projector; only what they would reach over the network is replaced.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

import structlog

from schemas.catalogue import SERVICES
from schemas.envelope import partition_of
from services.kit.ledger import keeper, service, topics, worker
from services.kit.ledger.log import Identity
from services.kit.ledger.reader import Place
from services.kit.ledger.service import DecidingService
from services.kit.ledger.worker import Tuning
from services.projection import projector, share
from services.projection.projector import Projector
from tests.simulation.broker import Broker, SimulatedLog, SimulatedPair, SimulatedReader
from tests.simulation.check import Partition
from tests.simulation.faults import Fault, Faults
from tests.simulation.loop import PROCESS, Deadlock, Process, SimulatedLoop
from tests.simulation.members import Member, joining
from tests.simulation.store import MemoryStore
from tests.simulation.workload import Sent, deciders, messages
from tests.support.ledger import genesis_entry

STORM_SECONDS = (3.0, 12.0)
"""How long things go wrong; messages arrive during most of it."""
BETWEEN_BLOWS = 0.5
"""Seconds from one occasion for a fault of a process to the next, on average."""
ANSWERED_SECONDS = 24.0
"""So long after the calm the last message may wait for its answer: an owner hears of it after 6 s, stood down for 15,
or has waited as long for an acknowledgement from a broker that came back after 5."""
SETTLED_SECONDS = 150.0
"""And so long if a log has lost its tail, for which an idle owner looks every 30 s; and for all to be projected."""
STIRRING_SECONDS = 16.0
"""So long after the calm who was paused, or waits for slow answers, may still write what will be void."""
LOOK_SECONDS, LINGER_SECONDS = 0.5, 3.0
"""How often to look whether it is; and how long to look on after that, in case somebody still writes: who tries again
does so every 2 s."""
DOWN_SECONDS, PAUSED_SECONDS, AWAY_SECONDS, TOLD_SECONDS = (0.05, 3.0), (0.1, 10.0), (0.3, 5.0), (0.0, 5.0)
STEP_SECONDS = 7200.0
SNAPSHOT_AFTER = 3
"""Answers: a run has some twenty messages."""
WALL = 1_572_757_200.0
"""Where the wall clock stands when a run begins, in s of the epoch."""

Main = Callable[[], Awaitable[None]]


class World:
    """All that there is in one run. `wrong`: what was seen to go wrong that no fault explains."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = Random(f"simulation {seed}")
        self.loop = SimulatedLoop(chance)
        self.trace: list[str] = []
        self.reloads: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.steps, self.seconds = 0, 0.0
        self.faults = Faults(chance, self.note)
        self.broker = Broker(self.loop, chance, self.faults, self.note)
        self.store = MemoryStore(self.broker)
        self.inbox = messages(chance)
        self.services = [each for each in SERVICES if any(sent.service == each for sent in self.inbox)]
        self.partition_count = chance.choice((1, 1, 2))
        self.partitions: list[Partition] = []
        self.members: dict[str, Member] = {}
        self._seed, self._wall, self._gateway_ahead = seed, WALL, timedelta()
        self._mains: dict[str, Main] = {}
        self._processes: dict[str, Process] = {}
        self._troubles: dict[str, Callable[[], str | None]] = {}
        self._build(instances=chance.choice((1, 2, 2, 3)), projectors=chance.choice((1, 1, 2)))

    def live(self) -> None:
        """From the first process to the last."""
        with self._in_place_of_the_network():
            try:
                self.loop.run_until_complete(self._live())
            except Deadlock:
                self.wrong.append("everything stands still for ever")
            self.wrong += self.loop.complaints
            self.steps, self.seconds = self.loop.steps, self.loop.time()
            self.note(f"end: {self.steps} callbacks, the next draw is {self.chance.random()}")
            said = list(self.trace), list(self.wrong)
            self.loop.bury()  # in no order: what is said now is nobody's
            self.trace, self.wrong = said

    def note(self, what: str) -> None:
        """Write a line of the trace: when, who, what."""
        process = PROCESS.get()
        self.trace.append(f"{self.loop.time():9.4f} {process.name if process else '-'}: {what}")

    # What there is.

    def _build(self, instances: int, projectors: int) -> None:
        for name in self.services:
            for number in range(self.partition_count):
                log = self.broker.logs[name, number] = SimulatedLog(f"{name}/{number}", self.broker)
                log.put_events([genesis_entry(self._identity(name), number)])
                self.partitions.append(Partition(name, number, log, self._identity(name)))
            for instance in range(instances):
                self.members[f"{name}-{instance}"] = Member(name, self._some_partitions())
                self._mains[f"{name}-{instance}"] = self._deciding(name, str(instance))
        for instance in range(projectors):
            self._mains[f"projection-{instance}"] = self._projecting(f"projection-{instance}")

    def _some_partitions(self) -> set[int]:
        return {number for number in range(self.partition_count) if self.chance.random() < 0.6}

    def _identity(self, name: str) -> Identity:
        return Identity(f"{name}-inbox-id", f"{name}-events-id", self.partition_count)

    def _deciding(self, name: str, instance: str) -> Main:
        async def main() -> None:
            deciding = DecidingService(deciders()[name], "", instance, "group")
            self._troubles[f"{name}-{instance}"] = deciding.not_live
            await deciding.run()

        return main

    def _projecting(self, client_id: str) -> Main:
        async def main() -> None:
            projecting = Projector(self.store, "", self.services, client_id)  # type: ignore[arg-type]
            self._troubles[client_id] = projecting.trouble
            await projecting.run()

        return main

    @contextmanager
    def _in_place_of_the_network(self) -> Iterator[None]:
        """Give the services our broker, group, clocks and log for as long as this lasts."""
        log = structlog.wrap_logger(
            None, processors=[self._logged], wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING)
        )
        clock: dict[str, Any] = {"monotonic": self.loop.time}
        before = random.getstate()
        random.seed(self._seed)  # the services draw their back-offs from the module's own source
        with ExitStack() as replaced:
            for module, others in (
                (worker, clock | {"time": self._wall_clock, "Tuning": partial(Tuning, snapshot_after=SNAPSHOT_AFTER)}),
                (keeper, clock),
                (share, clock),
                (projector, clock | {"time": self._wall_clock, "LogReader": lambda *_: SimulatedReader(self.broker)}),
                (service, {"KafkaPair": self._pair, "joined": joining(self.members), "tune_collector": lambda: None}),
            ):
                replaced.enter_context(patch.multiple(module, log=log, **others))
            replaced.enter_context(patch.multiple(topics, identify=self._identify, places=self._places))
            try:
                yield
            finally:
                random.setstate(before)

    def _wall_clock(self) -> float:
        return self._wall + self.loop.time()

    def _pair(self, _: str, name: str, partition: int, __: str) -> SimulatedPair:
        return SimulatedPair(self.broker, self.broker.logs[name, partition])

    async def _identify(self, _: str, name: str) -> Identity:
        await self.broker.travel()
        return self._identity(name)

    async def _places(self, _: str, names: Sequence[str], kind: str) -> list[Place]:
        await self.broker.travel()
        return [(f"{name}.{kind}", number) for name in names for number in range(self.partition_count)]

    def _logged(self, _: Any, level: str, said: Any) -> Any:
        """What a process logs becomes a part of the trace."""
        if said["event"] == "reload":
            self.reloads[said["reason"]] += 1
        told = (f"{name}={value}" for name, value in said.items() if name not in ("event", "exc_info"))
        self.note(f"{level}: {said['event']} {' '.join(told)}")
        raise structlog.DropEvent

    # What happens.

    async def _live(self) -> None:
        storm = self.chance.uniform(*STORM_SECONDS)
        # What nobody has projected can be lost: the later, the more.
        projected_from = self.chance.choice((0.0, storm * self.chance.random(), storm))
        for name in self._mains:
            self.loop.call_later(projected_from if name.startswith("projection") else 0.0, self._start, name)
        for sent in self.inbox:
            self.loop.call_later(storm * 0.8 * self.chance.random() ** 2, self._arrive, sent)
        await self._storm(self.loop.time() + storm)
        self._calm()
        await self._settle(self.loop.time())

    def _arrive(self, sent: Sent) -> None:
        """The gateway writes a message to its inbox, by a clock that may be set now and then."""
        if self.faults.strike(Fault.CLOCK_STEP):
            step = self.chance.uniform(-STEP_SECONDS, STEP_SECONDS)
            self._wall += step
            self._gateway_ahead += timedelta(seconds=step)
        number = partition_of(sent.message.partitionkey, self.partition_count)
        self.broker.logs[sent.service, number].put_inbox(*sent.record(self._gateway_ahead))

    def _start(self, name: str) -> None:
        process = self._processes[name] = Process(name)
        self.note(f"start {name}")
        self.loop.start(process, self._run(name))

    async def _run(self, name: str) -> None:
        try:
            await self._mains[name]()
            self.wrong.append(f"{name} ended")
        except Exception as error:  # no process may end: told by the check
            self.wrong.append(f"{name} crashed: {error!r}")

    async def _storm(self, until: float) -> None:
        while self.loop.time() < until:
            await asyncio.sleep(self.chance.expovariate(1 / BETWEEN_BLOWS))
            for blow in (self._kill, self._pause, self._reassign, self._go_away, self._lose_tail):
                blow()

    def _kill(self) -> None:
        if not self._processes or not self.faults.strike(Fault.KILL):
            return
        name = self.chance.choice(sorted(self._processes))
        self.note(f"kill {name}")
        self.loop.kill(self._processes.pop(name))
        self.loop.call_later(self.chance.uniform(*DOWN_SECONDS), self._start, name)

    def _pause(self) -> None:
        if not self._processes or not self.faults.strike(Fault.PAUSE):
            return
        process = self._processes[self.chance.choice(sorted(self._processes))]
        self.note(f"pause {process.name}")
        self.loop.pause(process)
        self.loop.call_later(self.chance.uniform(*PAUSED_SECONDS), self._resume, process)

    def _resume(self, process: Process) -> None:
        if process.alive:
            self.note(f"resume {process.name}")
            self.loop.resume(process)

    def _reassign(self) -> None:
        """Each member of a group believes something new of its own, some time from now."""
        if not self.faults.strike(Fault.RIVAL):
            return
        name = self.chance.choice(self.services)
        for client_id, member in self.members.items():
            if client_id.startswith(name):
                self._tell(client_id, member, self._some_partitions(), self.chance.uniform(*TOLD_SECONDS))

    def _tell(self, client_id: str, member: Member, partitions: set[int], after: float) -> None:
        self.note(f"{client_id} will be told in {after:.3f} s to own {sorted(partitions)}")
        self.loop.call_later(after, member.tell, partitions)

    def _go_away(self) -> None:
        if self.faults.strike(Fault.AWAY):
            log = self.chance.choice(list(self.broker.logs.values()))
            log.away = True
            self.note(f"{log.name} is away")
            self.loop.call_later(self.chance.uniform(*AWAY_SECONDS), log.come_back)

    def _lose_tail(self) -> None:
        cut = [(log, end) for log in self.broker.logs.values() for end in log.cuts()]
        if cut and self.faults.strike(Fault.LOST_TAIL):
            log, end = self.chance.choice(cut)
            log.lose_tail(end)

    # The quiet after it.

    def _calm(self) -> None:
        """No more faults; what was begun ends by itself. Each partition has one owner, who will hear of it last."""
        self.faults.over = True
        self.note("calm")
        for name in self.services:
            ids = [client_id for client_id in self.members if client_id.startswith(name)]
            owners = [self.chance.choice(ids) for _ in range(self.partition_count)]
            for client_id in ids:
                theirs = {number for number, owner in enumerate(owners) if owner == client_id}
                self._tell(client_id, self.members[client_id], theirs, TOLD_SECONDS[1] + self.chance.random())

    async def _settle(self, calm: float) -> None:
        await asyncio.sleep(STIRRING_SECONDS)
        while undone := self._undone():
            waited = self.loop.time() - calm
            late = any(not (each.log.cut or each.look()) for each in self.partitions)
            if waited > SETTLED_SECONDS or (late and waited > ANSWERED_SECONDS):
                self.wrong += undone
                break
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)  # an answer may have come late from elsewhere while its owner wrote the same
        ends = [len(each.log.events) for each in self.partitions]
        await asyncio.sleep(LINGER_SECONDS)
        for each, end in zip(self.partitions, ends, strict=True):
            each.look()
            if len(each.log.events) != end:
                self.wrong.append(f"{each.log.name}: somebody still writes, at {end}")

    def _undone(self) -> list[str]:
        """What is not as it should be, causes first."""
        undone = [] if self._processes.keys() == self._mains.keys() else ["a process is down"]
        undone += [f"{name}: {said}" for name, trouble in self._troubles.items() if (said := trouble()) is not None]
        for each in self.partitions:
            if not each.look():
                undone.append(f"{each.log.name}: cause {each.checker.next_cause} is not answered")
            if self.store.reached(each.place) != len(each.log.events):
                undone.append(f"{each.log.name}: projected to {self.store.reached(each.place)} only")
        if self.broker.under_way:
            undone.append(f"{self.broker.under_way} batches are under way")
        return undone
