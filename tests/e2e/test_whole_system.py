"""The whole system, as processes, the way an operator runs it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kalimaya.settings import SERVICES
from tests.support.gateway import sighting
from tests.support.system import System

pytestmark = pytest.mark.timeout(400)

KILLED = (*SERVICES, "kafka", "postgres", "scenario")
FLAT_OUT = ("--speed", "max")
TICK = 2.0
"""Seconds: the default of the watches."""


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
    unit = system.picture("/v1/units/polres-serang-001", min_position=position)
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


def reported(number: int) -> dict[str, Any]:
    data = {"type": "protest", "severity": 3, "village": "36.04.13.2009", "summary": "massa"}
    incident = {**data, "incident": f"kumpul-{number}"}
    return sighting(f"i{number}", type="kalimaya.incident.reported", time=..., data=incident)


async def test_an_alert_is_shown_a_tick_and_two_seconds_after_its_condition_began(system: System) -> None:
    system.up("--scenario", "none")
    await system.ready()
    for number in range(3):
        told = system.publish("polres-serang", reported(number))
        assert told.status_code == 200, told.text
    await system.reach(lambda: system.picture("/v1/alerts", rule="cluster").json()["items"], TICK + 2)
    (alert,) = system.picture("/v1/alerts", rule="cluster").json()["items"]
    assert (alert["subject"], alert["numbers"]["incidents_count"]) == ("36.04.13", 3)
    assert alert["words"]["helps_id"]
