"""The whole system, as processes, the way an operator runs it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from kalimaya.settings import SERVICES
from tests.support.gateway import sighting
from tests.support.system import System

pytestmark = pytest.mark.timeout(400)

KILLED = ("gateway", "scenario", *(each for each in SERVICES if each != "gateway"), "kafka", "postgres")
"""The scenario early, while it surely plays."""
FLAT_OUT = ("--speed", "max")
TICK = 2.0
"""Seconds: the default of the watches."""
VILLAGES = ("36.04.13.2009", "36.04.15.2007", "36.04.20.2003")
"""Each in another district."""


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    made = System(tmp_path)
    yield made
    made.down()


def digest(system: System) -> str:
    told = system.run("digest", "--json")
    assert told.returncode == 0, told.stderr
    return str(json.loads(told.stdout)["digest"])


def audit(system: System) -> None:
    told = system.run("audit", "--wait", "60")
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{system.last_words()}"


async def test_kill_anything_during_the_scenario_and_the_picture_is_that_of_one_played_flat_out_over_kafka(
    tmp_path: Path,
) -> None:
    undisturbed = System(tmp_path / "undisturbed")
    (tmp_path / "undisturbed").mkdir()
    try:
        undisturbed.up(*FLAT_OUT, "--over", "kafka")
        await undisturbed.played(150)
        audit(undisturbed)
        expected = digest(undisturbed)
    finally:
        undisturbed.down()
    disturbed = System(tmp_path / "disturbed")
    (tmp_path / "disturbed").mkdir()
    try:
        disturbed.up()
        await disturbed.reach(lambda: "scenario" in disturbed.pids(), 120)
        for name in KILLED:
            await disturbed.kill(name)
            await asyncio.sleep(3)
        await disturbed.played(240)
        audit(disturbed)
        assert digest(disturbed) == expected
    finally:
        disturbed.down()


async def counted_once(system: System) -> None:
    """The message is in the metrics that the objectives and alerts are judged by."""
    of_one = {
        "gateway": 'kalimaya_gateway_heard_total{source="/agencies/polres-serang"}',
        "deployment": 'kalimaya_answered_total{service="deployment"}',
        "projection": "kalimaya_projected_answers_total",
    }
    await system.reach(lambda: all(system.gauge(*each) == 1 for each in of_one.items()), 10)
    assert system.gauge("gateway", f'kalimaya_disk_free_bytes{{folder="{system.data}"}}')


async def test_a_published_event_is_in_the_picture_and_a_second_start_goes_on_with_the_data(system: System) -> None:
    system.up("--scenario", "none")
    await system.ready()
    told = system.publish("polres-serang", sighting("mine", time=...))
    assert told.status_code == 200, told.text
    position = told.json()["position"]
    unit = system.picture("/v1/units/polres-serang-001", min_position=position, wait=10)
    assert unit.status_code == 200, unit.text
    assert "unknown_subject" in json.dumps(unit.json())
    mine = system.picture("/v1/messages", "polres-serang", source="/agencies/polres-serang", id="mine")
    assert mine.status_code == 200, mine.text
    assert system.picture("/v1/units/polres-serang-001", "polres-cilegon").status_code == 404
    await counted_once(system)
    assert system.down() == 0
    assert not system.pids()
    system.up("--scenario", "none")
    await system.ready()
    again = system.publish("polres-serang", sighting("mine", time=...))
    assert again.json()["outcome"]["kind"] == "repeated"
    audit(system)


def reported(village: str, number: int) -> dict[str, Any]:
    incident = f"kumpul-{village}-{number}"
    data = {"type": "protest", "severity": 3, "village": village, "summary": "massa", "incident": incident}
    return sighting(incident, type="kalimaya.incident.reported", time=..., data=data)


async def shown_after(system: System, village: str) -> float:
    """Seconds from the third incident in the village's district to the alert that these are a cluster."""
    for number in range(3):
        told = system.publish("polres-serang", reported(village, number))
        assert told.status_code == 200, told.text
    began = monotonic()
    district, alerts = village[:8], list[dict[str, Any]]()

    def shown() -> bool:
        items = system.picture("/v1/alerts", rule="cluster").json()["items"]
        alerts[:] = [each for each in items if each["subject"] == district]
        return bool(alerts)

    await system.reach(shown, 60)
    (alert,) = alerts
    assert alert["numbers"]["incidents_count"] == 3
    assert alert["words"]["helps_id"]
    return monotonic() - began


async def test_an_alert_is_shown_a_tick_and_two_seconds_after_its_condition_began(system: System) -> None:
    system.up("--scenario", "none")
    await system.ready()
    took = [await shown_after(system, village) for village in VILLAGES]
    print(f"shown after {', '.join(f'{seconds:.1f}' for seconds in took)} s")
    assert min(took) < TICK + 2  # the machine has other things to do
