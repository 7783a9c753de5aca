"""The examples in the gateway's OpenAPI: what it answers, asked for again.

To record them anew (read the difference before it is committed):

    KALIMAYA_RECORD=1 pytest tests/unit/test_gateway_examples.py
"""

import asyncio
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from services.gateway.describe import PROBLEMS
from services.kit.http import FAILED
from tests.support.gateway import Door, sighting

LARGE = 300
"""Bytes: the largest body and message, and the most that is held, in the examples of what is too much."""
ASSIGN = sighting(
    "order-7",
    type="kalimaya.unit.assign",
    data={
        "unit": "polres-serang-001",
        "assignment": "jaga",
        "duty": "guard",
        "target_kind": "post",
        "target": "36.04.13.2009",
        "start": "2019-11-03T00:00:00Z",
        "end": "2019-11-03T12:00:00Z",
        "headcount": {"polri": 2},
    },
)
ANOTHERS = sighting("report-9", data={"unit": "brimob-001", "lat": -6.1, "lon": 106.2})


async def decided(door: Door) -> list[httpx.Response]:
    """Answers of a gateway that waits for the outcome."""
    running = asyncio.create_task(door.deciding())
    found = [
        await door.post(sighting("report-8"), prefer="wait=5"),
        await door.post([sighting("report-1"), sighting("report-2", id="")], batch=True, prefer="wait=5"),
        await door.post(ASSIGN, token="every-token", prefer="wait=5"),
        await door.post(sighting("report-8", time="2019-11-03T12:00:01+07:00"), prefer="wait=5"),
        await door.post(ANOTHERS, prefer="wait=5"),
    ]
    running.cancel()
    return found


async def turned_away(door: Door, small: Door, full: Door) -> list[httpx.Response]:
    """Answers of a gateway that takes nothing in."""
    found = [
        await door.post(b'{"specversion":'),
        await door.post(sighting(id="")),
        await door.post(sighting(), token=None),
        await small.post(sighting(traceparent="x" * LARGE)),
        await door.post([sighting(str(number)) for number in range(1001)], batch=True),
        await door.client.post("/v1/messages", content=b"x", headers={"Authorization": "Bearer a-token"}),
        await door.post(sighting(type="kalimaya.unit.vanished")),
        await door.post(sighting(dataschema="urn:kalimaya:schema:unit.sighted:99")),
        await door.post(sighting(data={"unit": "polres-serang-001", "lat": 91, "lon": 1})),
        await full.post([sighting("a"), sighting("b")], batch=True),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.gateway.intake.LARGEST", LARGE)
        found.append(await door.post(sighting(correlationid="c" * 256)))
    door.inbox.away = True
    return [*found, await door.post(sighting())]


async def examples(folder: Path) -> dict[str, dict[str, Any]]:
    """By status, and by what it is about: of a problem the last part of its type."""
    door = Door(folder)
    taken = await door.post(sighting("report-7"))
    answers = [taken, *await decided(Door(folder))]
    answers += await turned_away(door, Door(folder, largest_body=LARGE), Door(folder, most_held=LARGE))
    found: dict[str, dict[str, Any]] = {"500": {"internal-error": FAILED.document}}
    for each in answers:
        found.setdefault(str(each.status_code), {})[_name(each.json())] = each.json()
    return {status: dict(sorted(own.items())) for status, own in sorted(found.items())}


def _name(document: dict[str, Any]) -> str:
    if "type" in document:
        return str(document["type"]).rpartition(":")[2]
    return "batch" if "results" in document else document["outcome"]["kind"] if document["outcome"] else "taken-in"


async def test_every_example_is_what_is_answered(tmp_path: Path) -> None:
    found = await examples(tmp_path)
    file = Path(str(files("services.gateway").joinpath("examples.json")))
    if os.environ.get("KALIMAYA_RECORD"):
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(file.read_text("utf-8"))


def test_every_answer_and_every_problem_has_an_example_that_fits(tmp_path: Path) -> None:
    contract = Door(tmp_path).contract
    for status, response in contract["paths"]["/v1/messages"]["post"]["responses"].items():
        for content in response["content"].values():
            named = {name: each["value"] for name, each in content["examples"].items()}
            assert int(status) not in PROBLEMS or named.keys() == {*PROBLEMS[int(status)][1]}, status
            schema = {**content["schema"], "components": contract["components"]}
            for each in named.values():
                jsonschema.Draft202012Validator(schema).validate(each)


@pytest.mark.parametrize("status", ["200", "202"])
def test_what_is_taken_in_has_examples(tmp_path: Path, status: str) -> None:
    (content,) = Door(tmp_path).contract["paths"]["/v1/messages"]["post"]["responses"][status]["content"].values()
    assert content["examples"].keys() == ({"accepted", "batch"} if status == "200" else {"taken-in"})
