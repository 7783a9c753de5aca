"""The examples in OpenAPI: what the API answers over the golden logs, asked for again.

To record them anew (read the difference before it is committed):

    KALIMAYA_RECORD=1 pytest tests/integration/test_openapi_examples.py
"""

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.kit.http import FAILED
from services.projection.api.app import new_app
from tests.support.golden_model import STORE_KEEPER, showing_the_golden_logs
from tests.support.pair import Pair
from tests.support.read_model import asked, token_of

NOW = datetime(2019, 11, 3, 9, tzinfo=UTC)
STREAM = "/v1/changes"
PDF = {"examples": {"report": {"summary": "A report as PDF.", "externalValue": "/v1/sitrep?format=pdf"}}}
MOST_LINES = 40
"""Of a text."""
MOST_ROWS = 2


@pytest.fixture
async def client(pair: Pair, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with showing_the_golden_logs(pair, tmp_path, NOW) as found:
        yield found


async def answers(client: httpx.AsyncClient, contract: dict[str, Any]) -> dict[str, Any]:
    """An example of every answer that the contract names, by path and media type."""
    found: dict[str, Any] = {}
    for path, operations in contract["paths"].items():
        offered = operations["get"]["responses"]["200"]["content"]
        if path != STREAM:
            names = {each["name"] for each in operations["get"].get("parameters", ())}
            found[path] = {media: await answer(client, path, media, names) for media in offered}
    return found


async def answer(client: httpx.AsyncClient, path: str, media: str, names: set[str]) -> dict[str, Any]:
    if media == "application/pdf":
        return PDF
    url, parameters = path, {"limit": "1"} if "limit" in names else {}
    if "{" in path:
        url = path.replace(path[path.index("{") : path.index("}") + 1], await first_of(client, path))
    if path == "/v1/messages":
        event = (await client.get("/v1/events", params={"limit": 1})).json()["items"][0]
        parameters = {"source": event["source"], "id": event["message"]}
    response = await client.get(url, params=parameters, headers={"Accept": media})
    assert response.status_code == 200, (url, response.text)
    assert response.headers["content-type"].partition(";")[0] == media
    if media.endswith("json"):
        return {"example": response.json()}
    lines = response.text.splitlines(keepends=True)
    return {"example": "".join(lines[: 1 + MOST_ROWS if media == "text/csv" else MOST_LINES])}


async def first_of(client: httpx.AsyncClient, path: str) -> str:
    """The id of the first thing in the list that a path is under."""
    listed, name = path.split("/{", maxsplit=1)[0], path[path.index("{") + 1 : path.index("}")]
    (item,) = (await client.get(listed, params={"limit": 1})).json()["items"]
    return str(item[name] if name in item else item[listed.rpartition("/")[2].rstrip("s")])


async def problems(client: httpx.AsyncClient, pair: Pair) -> dict[str, Any]:
    """An example of every problem, by its status."""
    nobody, keeper = {"Authorization": "Bearer nobody"}, token_of(STORE_KEEPER.id)
    beyond: dict[str, str | int] = {"min_position": "deployment.events/0@9000", "wait": 0}
    responses = [
        await client.get("/v1/picture", headers=nobody),
        await client.get("/v1/incidents", headers=keeper),
        await client.get("/v1/units/polres-serang-999"),
        await client.get("/v1/sitrep", headers={"Accept": "image/png"}),
        await client.get("/v1/units", params={"limit": 0}),
        await while_away(pair),
        await client.get("/v1/picture", params=beyond),
    ]
    assert all(each.headers["content-type"] == "application/problem+json" for each in responses)
    found = {str(each.status_code): each.json() for each in responses}
    return dict(sorted((found | {"500": FAILED.document}).items()))


async def while_away(pair: Pair) -> httpx.Response:
    """What is answered while there is no PostgreSQL."""
    nowhere = "postgresql://127.0.0.1:1/nowhere"
    pool = await asyncpg.create_pool(nowhere, min_size=0)
    store: Any = None
    async with asked(pool, store, store, pair, nowhere) as client:
        return await client.get("/v1/picture")


async def test_every_example_is_what_is_answered(client: httpx.AsyncClient, pair: Pair) -> None:
    nothing: Any = None
    contract = new_app(nothing).openapi()
    found = {"problems": await problems(client, pair), "answers": await answers(client, contract)}
    file = Path(str(files("services.projection.api").joinpath("examples.json")))
    if os.environ.get("KALIMAYA_RECORD"):
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(file.read_text("utf-8"))


def test_every_answer_has_an_example() -> None:
    nothing: Any = None
    contract = new_app(nothing).openapi()
    for path, operations in contract["paths"].items():
        for status, response in operations["get"]["responses"].items():
            named = response.get("$ref", "").rpartition("/")[2]
            content = (contract["components"]["responses"][named] if named else response).get("content", {})
            assert content or status == "304", f"{path} {status}: no media type"
            assert all(each.get("example") or each.get("examples") for each in content.values()), f"{path} {status}"
