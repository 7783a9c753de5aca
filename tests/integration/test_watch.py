"""A watch on a real Kafka and Faust: what it raises and clears, whatever happens to it meanwhile."""

import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from schemas.catalogue import SERVICES
from schemas.deployment import UnitSighted
from schemas.envelope import partition_of
from services.kit.ledger import topics
from services.kit.ledger.kafka import KafkaPair, producer
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
        await self.ready("first")

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

    async def say(self, unit: str, speed: float) -> None:
        """A unit tells its speed, now."""
        now = datetime.now(UTC)
        sighted = UnitSighted(unit=f"{self.prefix}-{unit}", lat=-6.1, lon=106.1, speed=speed)
        key, value, headers = message(sighted, uuid.uuid4().hex, time=now, recorded=now)
        partition = partition_of(key.decode(), PARTITIONS)
        await self._writer.send_and_wait("deployment.inbox", value, key=key, headers=headers, partition=partition)

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

    async def _log(self, partition: int) -> list[object]:
        pair, found = KafkaPair(self.pair.kafka, "incidents", partition, "test"), []
        try:
            end = await pair.events_end()
            while len(found) < end:
                found += await pair.read_events(len(found), 0.5)
        finally:
            await pair.close()
        return found

    async def stand(self, **expected: int) -> None:
        """Wait for these alerts, written `raised_<unit>` and `cleared_<unit>`, and no others."""
        wanted = {name.replace("raised_", "+").replace("cleared_", "-"): count for name, count in expected.items()}

        async def there() -> bool:
            return await self.alerts() == wanted

        await until(there, self.processes.last_words, 40)

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
    for speed, expected in ((0.0, {"raised_a": 1}), (5.0, {"raised_a": 1, "cleared_a": 1})):
        await site.say("a", speed)
        began = monotonic()
        await site.stand(**expected)
        assert monotonic() - began < TICK + 2, site.processes.last_words()


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
