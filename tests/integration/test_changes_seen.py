"""Streams and history by every kind of token: each is told of what he may see, live and of what he missed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from services.views.model import subject_of
from tests.support.facts import LATE, clock
from tests.support.ledger import until
from tests.support.listening import frames
from tests.support.pair import Pair
from tests.support.read_model import new_database, token_of
from tests.support.sight import DENIED, FACTS, READERS, SEES
from tests.support.writer import Writer, serving

Shown = tuple[Writer, httpx.AsyncClient]


@pytest.fixture
async def shown(pair: Pair) -> AsyncIterator[Shown]:
    async with serving(pair, await new_database(pair), READERS.values()) as served:
        yield served


async def told(
    client: httpx.AsyncClient, reader: str, last: str, since: str | None = None, begun: list[str] | None = None
) -> set[str]:
    """Of what a reader is told up to the change there, which everybody sees. `begun`: whose streams have."""
    found: set[str] = set()
    params = {"since": since} if since else {}
    async with client.stream("GET", "/v1/changes", params=params, headers=token_of(reader)) as response:
        async for frame in frames(response):
            if begun is not None and reader not in begun:
                begun.append(reader)
            if frame.data is not None:
                found.add(frame.data["subject"])
                if frame.data["position"] == last:
                    return found
    raise AssertionError(f"the stream ended before {last}")


async def test_what_is_missed_and_what_comes_live_is_what_a_reader_may_see(shown: Shown) -> None:
    writer, client = shown
    first, *rest = FACTS
    frame = replace(first, knowntime=clock("23:00") + LATE * 2)  # what everybody sees, known last
    *_, missed_last = await writer.add(*rest, frame)
    async with asyncio.timeout(60):
        for reader, sees in SEES.items():
            assert await told(client, reader, missed_last, "deployment@0") == sees, reader
        begun: list[str] = []
        last = f"deployment.events/0@{2 * deployed() - 1}"
        live = [asyncio.create_task(told(client, reader, last, begun=begun)) for reader in SEES]

        async def all_begun() -> bool:
            return len(begun) == len(SEES)

        await until(all_begun, lambda: begun)
        await writer.add(*rest, frame)
        for reader, task in zip(SEES, live, strict=True):
            assert await task == SEES[reader], reader


def deployed() -> int:
    """How many of the facts are in the log of deployment, the first one being the last to be written."""
    return sum(each.service == "deployment" for each in FACTS)


async def test_the_history_is_of_what_a_reader_may_see_and_of_his_own_messages(shown: Shown) -> None:
    writer, client = shown
    await writer.add(*FACTS)
    for reader, sees in SEES.items():
        own = {"/".join(subject_of(each)) for each in FACTS if each.source == READERS[reader].source}
        response = await client.get("/v1/events", params={"limit": 1000}, headers=token_of(reader))
        assert {each["subject"] for each in response.json()["items"]} == sees | own, reader


async def test_kinds_that_a_role_does_not_read_are_refused_as_they_are_in_lists(shown: Shown) -> None:
    _, client = shown
    for reader, denied in DENIED.items():
        for kind in denied:
            for path in ("/v1/events", "/v1/changes"):
                response = await client.get(path, params={"kind": kind}, headers=token_of(reader))
                assert response.status_code == 403, (reader, kind, path)


async def test_without_a_token_there_is_no_stream(shown: Shown) -> None:
    _, client = shown
    response = await client.get("/v1/changes", headers={"Authorization": "Bearer nobody"})
    assert response.status_code == 401
