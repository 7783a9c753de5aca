"""A watch on a real Kafka and Faust: what it raises and clears, whatever happens to it meanwhile."""

import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from schemas.catalogue import SERVICES
from schemas.deployment import UnitSighted
from schemas.envelope import partition_of
from schemas.types import alert_id
from services.kit.ledger import topics
from services.kit.ledger.kafka import KafkaPair, producer
from services.kit.ledger.record import Record
from tests.support.ledger import answers, message, until
from tests.support.pair import Pair
from tests.support.processes import Processes

pytestmark = pytest.mark.timeout(180)

PARTITIONS = 6
TICK = 0.5
TINY = "tests.support.tiny_watch"


class WatchSite:
    """Deciders and watches as processes; units of one test only."""

    def __init__(self, pair: Pair, folder: Path) -> None:
        self.pair, self.prefix = pair, f"t{uuid.uuid4().hex[:10]}"
        self.processes = Processes(pair.kafka, folder)
        self._writer = producer(pair.kafka, "test")

    async def begin(self) -> None:
        await topics.create(self.pair.kafka, SERVICES, PARTITIONS)
        await self._writer.start()
        for service in ("deployment", "incidents"):
            self.processes.start(service)
        self.watch("first")
        for name in ("deployment", "incidents", "first"):
            await self.ready(name)

    def watch(self, name: str) -> None:
        self.processes.start(name, TINY, KALIMAYA_TINY_PREFIX=self.prefix, KALIMAYA_TICK=str(TICK))

    async def ready(self, name: str) -> None:
        async def is_ready() -> bool:
            return await self.processes.is_ready(name)

        await until(is_ready, self.processes.last_words, 60)

    async def shows(self, name: str, metric: str, value: int) -> None:
        """Wait until a metric of a watch has a value."""

        async def shown() -> bool:
            line = f'kalimaya_watch_{metric}{{service="{self.prefix}"}} {value:.1f}'
            return line in await self.processes.metrics(name)

        await until(shown, self.processes.last_words, 40)

    async def say(self, unit: str, speed: float) -> int:
        """A unit tells its speed, now, until Kafka acknowledges it; the record's time, in ms of the epoch."""
        now = datetime.now(UTC)
        sighted = UnitSighted(unit=f"{self.prefix}-{unit}", lat=-6.1, lon=106.1, speed=speed)
        key, value, headers = message(sighted, uuid.uuid4().hex, time=now, recorded=now)
        partition = partition_of(key.decode(), PARTITIONS)
        times = list[int]()

        async def acknowledged() -> bool:
            with suppress(KafkaError):
                sent = self._writer.send_and_wait("deployment.inbox", value, key, partition, headers=headers)
                times.append((await sent).timestamp)
            return bool(times)

        await until(acknowledged, self.processes.last_words, 40)
        return times[0]

    async def alerts(self) -> Counter[str]:
        """How often an alert on each unit was raised (`+unit`) and cleared (`-unit`)."""
        found: Counter[str] = Counter()
        subjects: dict[str, str] = {}
        events = [each[0] for partition in range(PARTITIONS) for each in answers(await self._log(partition))]
        for event in sorted(events, key=lambda each: each["recordedtime"]):
            data = event["data"]
            if event["type"] == "kalimaya.alert.raised" and self.prefix in data["subject"]:
                subjects[data["alert"]] = data["subject"].removeprefix(f"unit/{self.prefix}-")
                found[f"+{subjects[data['alert']]}"] += 1
            elif event["type"] == "kalimaya.alert.cleared" and data["alert"] in subjects:
                found[f"-{subjects[data['alert']]}"] += 1
        return found

    async def _log(self, partition: int) -> list[Record]:
        pair, found = KafkaPair(self.pair.kafka, "incidents", partition, "test"), list[Record]()
        try:
            end = await pair.events_end()
            while len(found) < end:
                found += await pair.read_events(len(found), 0.5)
        finally:
            await pair.close()
        return found

    async def stand(self, **expected: int) -> None:
        """Wait for these alerts, written `raised_<unit>` and `cleared_<unit>`, and no others."""
        names = {name.replace("raised_", "+").replace("cleared_", "-"): count for name, count in expected.items()}
        wanted = Counter(names)

        async def there() -> bool:
            return await self.alerts() == wanted

        await until(there, self.processes.last_words, 40)

    async def takes(self, speed: float, kind: str, n: int) -> float:
        """Seconds from a sighting of unit `a` until its alert `n` is raised or cleared, by the times of the records."""
        said = await self.say("a", speed)
        await self.stand(raised_a=n + 1, cleared_a=n + (kind == "cleared"))
        parts = alert_id("unit_silent", f"unit/{self.prefix}-a", n).encode(), f'"kalimaya.alert.{kind}"'.encode()
        records = [record for partition in range(PARTITIONS) for record in await self._log(partition)]
        told = [each.timestamp for each in records if all(part in (each.value or b"") for part in parts)]
        return (max(told) - said) / 1000

    async def end(self) -> None:
        self.processes.end()
        await self._writer.stop()


@pytest.fixture
async def site(pair: Pair, tmp_path: Path) -> AsyncIterator[WatchSite]:
    made = WatchSite(pair, tmp_path)
    await made.begin()
    yield made
    await made.end()


async def test_an_alert_is_raised_and_cleared_within_a_tick_and_two_seconds(site: WatchSite) -> None:
    took = list[float]()
    while not took or min(took) >= TICK + 2:  # a stall of the machine spoils one round, a fault of ours each of them
        assert len(took) < 5, f"{took}\n{site.processes.last_words()}"
        took.append(max(await site.takes(0, "raised", len(took)), await site.takes(5, "cleared", len(took))))


async def test_while_a_second_worker_is_there_nobody_ticks_and_then_all_is_made_up_for(site: WatchSite) -> None:
    await site.say("a", 0)
    await site.stand(raised_a=1)
    site.watch("second")
    await site.shows("first", "ticking", 0)
    await site.say("a", 5)
    await site.say("b", 0)
    site.processes.kill("second")
    await site.shows("first", "ticking", 1)
    await site.stand(raised_a=1, cleared_a=1, raised_b=1)


async def test_killed_and_started_again_it_raises_once_what_began_meanwhile(site: WatchSite) -> None:
    await site.say("a", 0)
    await site.stand(raised_a=1)
    site.processes.kill("first")
    await site.say("b", 0)
    await site.say("gone", 0)
    await site.say("gone", 5)
    site.watch("first")
    await site.stand(raised_a=1, raised_b=1)
    await site.say("a", 5)
    await site.stand(raised_a=1, raised_b=1, cleared_a=1)


async def test_a_paused_worker_that_wakes_up_does_no_harm(site: WatchSite) -> None:
    await site.say("a", 0)
    await site.stand(raised_a=1)
    site.processes.signal("first", signal.SIGSTOP)
    site.watch("second")
    await site.say("a", 5)
    await site.say("b", 0)
    await site.stand(raised_a=1, cleared_a=1, raised_b=1)
    site.processes.signal("first", signal.SIGCONT)
    await site.shows("second", "ticking", 0)
    site.processes.kill("first")
    await site.say("b", 5)
    await site.stand(raised_a=1, cleared_a=1, raised_b=1, cleared_b=1)


async def test_it_outlives_kafka(site: WatchSite) -> None:
    await site.say("a", 0)
    await site.stand(raised_a=1)
    site.pair.kill_kafka()
    site.pair.start_kafka()
    await site.say("a", 5)
    await site.say("b", 0)
    await site.stand(raised_a=1, cleared_a=1, raised_b=1)


async def test_an_event_that_cannot_be_folded_is_told_and_keeps_no_other_from_being_watched(site: WatchSite) -> None:
    await site.say("poison", 0)
    await site.say("a", 0)
    await site.stand(raised_a=1)
    await site.shows("first", "left_out_answers", 1)
    assert not await site.processes.is_ready("first")
    await site.say("a", 5)
    await site.stand(raised_a=1, cleared_a=1)
