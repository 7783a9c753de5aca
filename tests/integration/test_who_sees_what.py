"""Every endpoint by every kind of token: nothing outside a reader's grant is returned, counted or hinted at (ADR 0011).

Each reader asks the whole operation, and one in which what he may not see has never been. Every answer must be the
same, body and status: so nothing that he may not see has had a part in it, in whichever list, sum or refusal. That he
sees what he may is seen by the lists.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.kit import clock as kit_clock
from services.projection.api.app import new_app
from services.projection.api.viewer import viewer_of
from services.projection.store import SCHEMA
from services.views.model import subject_of
from tests.support.facts import clock
from tests.support.pair import Pair
from tests.support.read_model import new_database, showing, token_of
from tests.support.sight import DENIED, EVERYTHING, FACTS, READERS, SEES, VILLAGES, Question, questions

DOCUMENT: Mapping[str, Any] = new_app(None).openapi()  # type: ignore[arg-type]
QUESTIONS = [*questions(DOCUMENT)]
UNREADABLE = ("alpha", "beta", "nobody")


@asynccontextmanager
async def operation(pair: Pair, clock_file: Path, reader: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """The API over the whole operation, or over that which a reader sees and what he has sent."""
    seen = EVERYTHING if reader is None else SEES[reader]
    source = None if reader is None else READERS[reader].source
    facts = [each for each in FACTS if "/".join(subject_of(each)) in seen]
    messages = [each for each in FACTS if "/".join(subject_of(each)) in seen or each.source == source]
    dsn = await new_database(pair)
    async with showing(facts, pair, dsn, READERS.values(), messages, clock=clock_file) as client:
        await set_aside(dsn, [each for each in UNREADABLE if reader in (None, "posko", each)])
        yield client


async def set_aside(dsn: str, agencies: Any) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.executemany(
        f"""INSERT INTO {SCHEMA}.unreadable
            VALUES ($1, 0, 0, $2, $3, 'invalid-json', '-', NULL, '[]', 1, 'x'::bytea)""",
        [(f"agency.{each}", UNREADABLE.index(each), each) for each in agencies],
    )
    await connection.close()


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    kit_clock.start(tmp_path / "clock.json", clock("12:00"), None)
    return tmp_path / "clock.json"


@pytest.fixture
async def whole(pair: Pair, clock_file: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with operation(pair, clock_file) as client:
        yield client


async def asked(client: httpx.AsyncClient, question: Question, reader: str) -> tuple[int, str]:
    """Status and body."""
    answer = await client.get(question.url, params=question.params, headers=token_of(reader))
    return answer.status_code, answer.text


@pytest.mark.parametrize("reader", SEES)
async def test_what_a_reader_may_not_see_makes_no_difference_to_any_answer(
    whole: httpx.AsyncClient, pair: Pair, clock_file: Path, reader: str
) -> None:
    async with operation(pair, clock_file, reader) as his:
        differing = [each for each in QUESTIONS if await asked(whole, each, reader) != await asked(his, each, reader)]
    assert not differing


@pytest.mark.parametrize("reader", SEES)
async def test_a_reader_sees_all_that_he_may_and_is_told_when_a_whole_endpoint_is_not_for_him(
    whole: httpx.AsyncClient, reader: str
) -> None:
    for question in QUESTIONS:
        if question.params:
            continue
        status, text = await asked(whole, question, reader)
        denied = not DENIED.get(reader, frozenset()).isdisjoint(question.shows.kinds)
        assert (status == 403) == denied, (question, text)
        if question.shows.ids and not denied:
            kind = question.shows.kinds[0]
            found = {f"{kind}/{each[question.shows.ids]}" for each in httpx.Response(200, text=text).json()["items"]}
            assert found == {each for each in SEES[reader] if each.partition("/")[0] == kind}, question


@pytest.mark.parametrize("reader", VILLAGES)
async def test_rows_sums_and_coverage_are_of_the_villages_in_ones_areas(whole: httpx.AsyncClient, reader: str) -> None:
    """A unit that has been on both sides of a border, and the operation file, tell of villages beyond it."""
    villages, districts = VILLAGES[reader], {code[:8] for code in VILLAGES[reader]}
    headers = token_of(reader)
    picture = (await whole.get("/v1/picture", headers=headers)).json()
    assert {each["code"] for each in picture["villages"]} == villages
    assert picture["operation"]["villages"] == len(villages)
    assert picture["districts"].keys() == districts
    coverage = (await whole.get("/v1/engagement-coverage", headers=headers)).json()
    assert {each["district"] for each in coverage["districts"]} == districts
    for code in VILLAGES["posko"]:
        status = (await whole.get(f"/v1/villages/{code}", headers=headers)).status_code
        assert status == (200 if code in villages else 404), code


@pytest.mark.parametrize("token", [None, "wrong", "player", ""])
async def test_without_a_token_that_somebody_has_nothing_is_answered(
    whole: httpx.AsyncClient, token: str | None
) -> None:
    headers = {} if token is None else token_of(token)
    del whole.headers["Authorization"]
    for question in QUESTIONS:
        answer = await whole.get(question.url, params=question.params, headers=headers)
        assert answer.status_code == 401, question
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


async def test_of_what_a_stream_would_tell_a_reader_is_given_what_he_sees(pair: Pair, clock_file: Path) -> None:
    dsn = await new_database(pair)
    async with showing(FACTS, pair, dsn, READERS.values(), clock=clock_file):
        connection = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
        for reader in SEES:
            assert await viewer_of(READERS[reader]).seen(connection, EVERYTHING) == SEES[reader], reader
        await connection.close()


async def test_the_sender_learns_what_became_of_a_message_that_turned_into_a_complaint(
    whole: httpx.AsyncClient,
) -> None:
    params = {"source": "/agencies/alpha", "id": "says-complaint"}
    statuses = {
        reader: (await whole.get("/v1/messages", params=params, headers=token_of(reader))).status_code
        for reader in SEES
    }
    assert {reader for reader, status in statuses.items() if status == 200} == {"posko", "district", "alpha"}
