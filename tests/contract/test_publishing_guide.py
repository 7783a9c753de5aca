"""The publisher's guide says what is so: its code is the examples, its answers are the gateway's."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from schemas.reasons import common
from services.gateway.describe import PROBLEMS
from services.gateway.settings import GatewaySettings
from services.kit.ledger.record import pack_mark
from tests.support.gateway import Door
from tests.support.guide import EXAMPLES, FENCE, GUIDE, quoted

SHOWN = {".sh", ".py", ".mjs", ".json"}
BUILT = {"package.json", "package-lock.json"}


def example(path: str) -> Any:
    return json.loads((EXAMPLES / path).read_text())


def test_each_code_block_is_the_file_that_it_names() -> None:
    guide = GUIDE.read_text()
    assert quoted(guide) == guide, "quote the examples anew: python -m tests.support.guide"


def test_each_example_is_shown_and_nothing_else() -> None:
    shown = [block["path"] for block in FENCE.finditer(GUIDE.read_text())]
    files = [
        str(path)
        for path in EXAMPLES.rglob("*")
        if path.suffix in SHOWN and path.name not in BUILT and "node_modules" not in path.parts
    ]
    assert sorted(shown) == sorted(files)


def test_every_problem_every_reason_and_every_limit_is_told() -> None:
    guide = GUIDE.read_text()
    slugs = {slug for _, some in PROBLEMS.values() for slug in some}
    assert [word for word in sorted(slugs | set(common.REASONS)) if f"`{word}`" not in guide] == []
    limits = {name: field.default for name, field in GatewaySettings.model_fields.items()}
    assert f"{limits['largest_body']:,} bytes" in guide
    assert f"| {limits['largest_batch']:,} |" in guide
    assert f"| {limits['longest_wait']:.0f} s |" in guide


def test_the_header_has_the_length_that_the_guide_says() -> None:
    ((_, mark),) = pack_mark(0, 0, 0, 1, bytes(32), bytes(32))
    assert f"The header has {len(mark)} bytes" in GUIDE.read_text()


@pytest.mark.parametrize(("unit", "answer"), [("polres-serang-001", "accepted"), ("brimob-banten-001", "rejected")])
async def test_the_answers_shown_are_those_of_the_gateway(tmp_path: Path, unit: str, answer: str) -> None:
    message = example("messages/report.json")
    door = Door(tmp_path)
    deciding = asyncio.create_task(door.deciding())
    message["data"]["unit"] = unit
    told = await door.post(message, prefer="wait=10")
    deciding.cancel()
    assert told.json() == example(f"answers/{answer}.json")
