"""The gateway on a real Kafka, with a real decider behind it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from schemas.catalogue import SERVICES
from services.kit.ledger import topics
from tests.support.gateway import sighting
from tests.support.ledger import until
from tests.support.pair import Pair
from tests.support.processes import Processes


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Processes]:
    """A gateway and a deployment service for all tests here, each of which leaves them at work."""
    await topics.create(pair.kafka, SERVICES, 6)
    made = Processes(pair.kafka, tmp_path_factory.mktemp("gateway"))
    for service in ("gateway", "deployment"):
        made.start(service)

    async def ready() -> bool:
        return await made.is_ready("gateway") and await made.is_ready("deployment")

    await until(ready, made.last_words, 30)
    yield made
    made.end()


async def post(running: Processes, body: Any, wait: int = 10, kind: str = "cloudevents") -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {running.tokens['polres-serang']}",
        "Content-Type": f"application/{kind}+json",
        "Prefer": f"wait={wait}",
    }
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.post(f"{running.url('gateway')}/v1/messages", json=body, headers=headers)


async def test_a_message_is_accepted_and_the_same_again_is_repeated_with_the_first_outcome(
    running: Processes, tmp_path: Path
) -> None:
    event = sighting(f"once-{tmp_path.name}", time=...)
    first = await post(running, event)
    assert (first.status_code, first.json()["outcome"]["kind"]) == (200, "accepted"), first.text
    again = await post(running, event)
    assert (again.status_code, again.json()["outcome"]["kind"]) == (200, "repeated")
    assert again.json()["outcome"]["first"] == first.json()["outcome"]


async def test_the_first_outcome_is_read_from_the_log_by_a_gateway_that_did_not_see_it(
    running: Processes, tmp_path: Path
) -> None:
    event = sighting(f"seen-{tmp_path.name}", time=...)
    first = await post(running, event)
    running.kill("gateway")
    running.start("gateway")
    await until(lambda: running.is_ready("gateway"), running.last_words, 30)
    again = await post(running, event)
    assert again.json()["outcome"]["kind"] == "repeated", again.text
    assert again.json()["outcome"]["first"] == first.json()["outcome"]


async def test_of_hundreds_of_callers_at_once_about_one_unit_all_are_taken_in(
    running: Processes, tmp_path: Path
) -> None:
    headers = {
        "Authorization": f"Bearer {running.tokens['polres-serang']}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(base_url=running.url("gateway"), headers=headers, timeout=60, limits=limits) as client:
        pairs = ([sighting(f"{n}-{each}-{tmp_path.name}", time=...) for each in "ab"] for n in range(400))
        answers = await asyncio.gather(*(client.post("/v1/messages", json=pair) for pair in pairs))
    assert Counter(each["status"] for answer in answers for each in answer.json()["results"]) == {202: 800}


async def test_a_full_batch_is_answered_item_by_item_and_each_unit_keeps_its_order(
    running: Processes, tmp_path: Path
) -> None:
    batch = [
        sighting(
            f"{n}-{tmp_path.name}", time=..., data={"unit": f"polres-serang-{n % 40:03}", "lat": -6.1, "lon": 106.2}
        )
        for n in range(1000)
    ]
    answer = await post(running, batch, wait=30, kind="cloudevents-batch")
    results = answer.json()["results"]
    assert {each["status"] for each in results} == {200}
    assert [each["id"] for each in results] == [each["id"] for each in batch]
    for unit in range(40):
        offsets = [int(each["position"].partition("@")[2]) for each in results[unit::40]]
        assert offsets == sorted(offsets)


async def test_two_mebibytes_are_refused_to_a_client_that_sends_them_all(running: Processes) -> None:
    answer = await post(running, ["x" * 2 * 1024 * 1024], kind="cloudevents-batch")
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:kalimaya:problem:body-too-large")


async def test_openapi_describes_the_endpoint(running: Processes) -> None:
    async with httpx.AsyncClient() as client:
        described = (await client.get(f"{running.url('gateway')}/openapi.json")).json()
    assert {"200", "202", "400", "401", "409", "413", "415", "422", "503"} <= described["paths"]["/v1/messages"][
        "post"
    ]["responses"].keys()


async def test_while_kafka_is_away_it_says_503_and_afterwards_goes_on_by_itself(
    pair: Pair, running: Processes, tmp_path: Path
) -> None:
    async def not_ready() -> bool:
        return not await running.is_ready("gateway")

    async def accepted() -> bool:
        return (await post(running, sighting(f"away-{tmp_path.name}", time=...))).status_code == 200

    pair.kill_kafka()
    try:
        away = await post(running, sighting(f"away-{tmp_path.name}", time=...), wait=0)
        assert (away.status_code, away.json()["type"]) == (503, "urn:kalimaya:problem:kafka-unavailable")
        assert away.headers["retry-after"] == "2"
        await until(not_ready, running.last_words, 10)
    finally:
        pair.start_kafka()
    await until(accepted, running.last_words, 60)
    await until(lambda: running.is_ready("gateway"), running.last_words, 10)


async def test_it_starts_while_kafka_is_away_and_goes_on_when_it_comes(
    pair: Pair, running: Processes, tmp_path: Path
) -> None:
    async def answers_503() -> bool:
        try:
            answer = await post(running, sighting(f"early-{tmp_path.name}", time=...), wait=0)
        except httpx.ConnectError:
            return False
        return answer.status_code == 503

    async def accepted() -> bool:
        return (await post(running, sighting(f"early-{tmp_path.name}", time=...))).status_code == 200

    pair.kill_kafka()
    try:
        running.kill("gateway")
        running.start("gateway")
        await until(answers_503, running.last_words, 30)
        assert not await running.is_ready("gateway")
    finally:
        pair.start_kafka()
    await until(lambda: running.is_ready("gateway"), running.last_words, 60)
    await until(accepted, running.last_words, 30)
