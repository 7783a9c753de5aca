"""Changes as events, over a real PostgreSQL: what a reader is told, and what becomes of one who is dropped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from services.projection import metrics
from services.projection.api import changes, feed
from services.views.facts import Fact
from tests.support.facts import fact
from tests.support.given import ADOPTED
from tests.support.ledger import until
from tests.support.listening import Frame, Listener, frames, listening, not_reading
from tests.support.pair import Pair
from tests.support.read_model import POSKO, new_database
from tests.support.reports import HERE, THERE, UNIT, mustered, registered, required, sighted
from tests.support.writer import Writer, positions, serving

Shown = tuple[Writer, httpx.AsyncClient]


@pytest.fixture
async def shown(pair: Pair) -> AsyncIterator[Shown]:
    async with serving(pair, await new_database(pair)) as served:
        yield served


@asynccontextmanager
async def stream(client: httpx.AsyncClient, last_id: str | None = None, **filters: Any) -> AsyncIterator[Any]:
    """The frames that come; the first one has come when this returns."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with client.stream("GET", "/v1/changes", params=filters, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        found = frames(response)
        await anext(found)
        yield found


async def next_change(found: AsyncIterator[Frame]) -> Frame:
    async with asyncio.timeout(10):
        async for frame in found:
            if frame.event:
                return frame
    raise AssertionError("the stream ended")


async def told(found: AsyncIterator[Frame], number: int) -> list[str]:
    """Where the next changes stand."""
    return [(await next_change(found)).data["position"] for _ in range(number)]


async def test_a_change_says_what_happened_to_which_entity_and_when(shown: Shown) -> None:
    writer, client = shown
    async with stream(client) as found:
        (position,) = await writer.add(mustered("02:00", "03:00"))
        frame = await next_change(found)
    assert (frame.event, frame.id) == ("changed", "deployment@1,logistics@0,incidents@0")
    assert frame.data == {
        "kind": "unit",
        "id": UNIT,
        "type": "kalimaya.unit.mustered",
        "subject": f"unit/{UNIT}",
        "position": position,
        "time": "2019-11-03T02:00:00Z",
        "knowntime": "2019-11-03T03:00:00Z",
    }


async def test_only_what_the_filters_say_is_streamed_and_what_was_missed_is_filtered_alike(shown: Shown) -> None:
    writer, client = shown
    missed = await writer.add(mustered("02:00", "03:00"), mustered("02:00", "03:00", THERE, "polri-001"))
    missed += await writer.add(*(fact(each) for each in ADOPTED), required(HERE, "polres-serang"))
    filters: list[dict[str, Any]] = [
        {"village": HERE}, {"district": THERE[:8]}, {"kind": "unit"}, {"kind": ["post", "unit"], "village": HERE},
        {"jurisdiction": "polres-cilegon"},
    ]  # fmt: skip
    for each in filters:
        async with stream(client, "deployment@0", **each) as found:
            before = await positions(client, **each)
            assert await told(found, len(before)) == before, each
            live = await writer.add(
                mustered("04:00", "04:00"), mustered("04:00", "04:00", THERE, "polri-001"), sighted()
            )
            after = [position for position in await positions(client, **each) if position in live]
            assert await told(found, len(after)) == after, each


async def test_a_reader_who_comes_back_is_told_what_he_missed_once_even_while_more_comes(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PAGE", 7)
    writer, client = shown
    expected: list[str] = []
    listener = Listener(str(client.base_url), POSKO.id)
    writing = asyncio.create_task(write(writer, expected, batches=60))
    while not writing.done():
        async with listening([listener]):
            heard = len(listener.told)
            await until(lambda heard=heard: moved(listener, heard, writing), lambda: listener)
    async with listening([listener]):
        await until(lambda: moved(listener, len(expected) - 1), lambda: listener)
    assert listener.told == sorted(expected, key=lambda position: int(position.rpartition("@")[2]))
    assert listener.connections > 3


async def write(writer: Writer, expected: list[str], batches: int) -> None:
    for number in range(batches):
        expected += await writer.add(*(sighted(f"polri-{number:03}") for _ in range(number % 5)))
        await asyncio.sleep(0.02)


async def moved(listener: Listener, beyond: int, unless: asyncio.Task[None] | None = None) -> bool:
    return len(listener.told) > beyond or (unless is not None and unless.done())


async def test_a_stream_can_begin_at_the_position_of_a_picture(shown: Shown) -> None:
    writer, client = shown
    await writer.add(registered())
    picture = await client.get("/v1/picture")
    missed = await writer.add(sighted())
    async with stream(client, since=picture.headers["kalimaya-position"]) as found:
        assert await told(found, 1) == missed


async def test_the_last_id_goes_before_the_beginning_and_a_malformed_one_is_said_to_be_one(shown: Shown) -> None:
    writer, client = shown
    added = await writer.add(registered(), sighted())
    async with stream(client, "deployment@1", since="deployment@0") as found:
        assert await told(found, 1) == added[1:]
    for wrong in ("17", "deployment@", "deployment@1,", "gateway@3"):
        response = await client.get("/v1/changes", headers={"Last-Event-ID": wrong})
        assert response.status_code == 422, wrong


async def test_when_nothing_comes_a_heartbeat_moves_the_id(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.3)
    writer, client = shown
    async with stream(client, village=THERE) as found:
        await writer.add(mustered("02:00", "03:00", HERE))
        async with asyncio.timeout(10):
            while (frame := await anext(found)).id != "deployment@1,logistics@0,incidents@0":
                pass
    assert frame == Frame(id=frame.id)


async def test_who_reads_too_slowly_is_dropped_with_the_reason_and_misses_nothing_when_he_comes_back(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_WAITING", 1_500)
    writer, client = shown
    async with not_reading(str(client.base_url), POSKO.id) as reader, stream(client, kind="post") as found:
        expected = [position for batch in range(40) for position in await writer.add(*many(batch))]
        await writer.add(required(HERE, "polres-serang"))
        await next_change(found)  # so the feed has told everybody
        text = (await reader.read()).decode()
    lines = text.splitlines()
    dropped = json.loads(next(line for line in reversed(lines) if line.startswith("data: ")).partition(": ")[2])
    assert dropped["reason"] == "slow"
    ids = [line.partition(": ")[2] for line in lines if line.startswith("id: ")]
    assert 1_000 < len(ids) < len(expected)
    async with stream(client, ids[-1], kind="unit") as found:
        rest = await told(found, len(expected) - len(ids))
    assert rest == expected[len(ids) :]


def many(batch: int) -> list[Fact]:
    return [sighted(f"polri-{batch:03}") for _ in range(500)]


async def test_who_takes_nothing_at_all_is_let_go(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "SEND_SECONDS", 0.2)
    writer, client = shown
    before = metrics.DROPPED_READERS.labels("stuck")._value.get()
    async with not_reading(str(client.base_url), POSKO.id):

        async def stuck() -> bool:
            await writer.add(*many(0))
            return metrics.DROPPED_READERS.labels("stuck")._value.get() > before

        await until(stuck, lambda: "he is still there")


async def test_when_the_villages_of_a_jurisdiction_change_its_readers_are_told_to_come_back(shown: Shown) -> None:
    writer, client = shown
    async with stream(client, jurisdiction="polres-serang") as found:
        posts = await writer.add(required(HERE, "polres-serang"), mustered("02:00", "03:00", HERE))
        dropped = await next_change(found)
    assert (dropped.event, dropped.data["reason"]) == ("dropped", "area_changed")
    async with stream(client, "deployment@0", jurisdiction="polres-serang") as found:
        assert await told(found, 2) == posts
        again = await writer.add(required(HERE, "polres-serang", version=2))
        assert await told(found, 1) == again
