"""Problem documents, and what a process shows of itself."""

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.kit.http import Problem, install
from services.kit.observe import Health, observer


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost"
    )


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()
    install(app)

    @app.get("/full")
    async def full() -> None:
        raise Problem(503, "full", "Full", "Come back.", {"Retry-After": "3"}, limit=7)

    @app.get("/number")
    async def number(n: int) -> int:
        return n

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a secret of the inside")

    return client_of(app)


async def test_a_problem_is_a_document_with_its_members_and_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/full")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.json() == {
        "type": "urn:kalimaya:problem:full",
        "title": "Full",
        "status": 503,
        "detail": "Come back.",
        "limit": 7,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("POST", "/full", 405, "method-not-allowed"),
        ("GET", "/number?n=x", 422, "invalid-request"),
        ("GET", "/number", 422, "invalid-request"),
        ("GET", "/broken", 500, "internal-error"),
    ],
)
async def test_every_error_is_a_problem_document(
    client: httpx.AsyncClient, method: str, path: str, status: int, slug: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.json()["type"] == f"urn:kalimaya:problem:{slug}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]


async def test_what_is_wrong_with_a_request_is_named(client: httpx.AsyncClient) -> None:
    (error,) = (await client.get("/number?n=x")).json()["errors"]
    assert error["loc"] == ["query", "n"]


async def test_a_failure_shows_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    assert "secret" not in (await client.get("/broken")).text


async def test_a_method_that_is_not_allowed_is_told_which_are(client: httpx.AsyncClient) -> None:
    assert (await client.post("/full")).headers["allow"] == "GET"


async def test_health_says_why_not() -> None:
    reasons: dict[str, str | None] = {"worker": None, "kafka": None}
    health = Health()
    health.live("worker", lambda: reasons["worker"])
    health.ready("kafka", lambda: reasons["kafka"])
    client = client_of(observer(health))

    async def seen() -> list[tuple[int, dict[str, str]]]:
        answers = [await client.get("/livez"), await client.get("/readyz")]
        return [(each.status_code, each.json()["failing"]) for each in answers]

    assert await seen() == [(200, {}), (200, {})]
    reasons["kafka"] = "away"
    assert await seen() == [(200, {}), (503, {"kafka": "away"})]
    reasons["worker"] = "stuck"
    assert await seen() == [(503, {"worker": "stuck"}), (503, {"worker": "stuck", "kafka": "away"})]


async def test_metrics_are_prometheus_text() -> None:
    answer = await client_of(observer(Health())).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "process_cpu_seconds_total" in answer.text


async def test_the_documentation_page_fetches_nothing_from_outside() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    install(app)
    async with client_of(app) as client:
        page = (await client.get("/docs")).text
        assert "swagger-ui-bundle.js" in page
        for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
            assert asset.startswith("/docs-assets/"), asset
            assert (await client.get(asset)).status_code == 200
