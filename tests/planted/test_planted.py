"""The audit is content with sound code, and catches every bug that is planted for it."""

import asyncio
import uuid

import asyncpg
import pytest

from tests.planted.bugs import BUGS, Catch, audited_commit, audited_intake, audited_operation
from tests.simulation.bugs import Bug, planted
from tests.support.pair import Pair


async def _new_database(pair: Pair) -> str:
    name = f"t{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(pair.postgres)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{pair.postgres.rpartition('/')[0]}/{name}"


@pytest.fixture
def dsn(pair: Pair) -> str:
    return asyncio.run(_new_database(pair))


@pytest.mark.parametrize("catch", [audited_operation, audited_intake, audited_commit])
def test_sound_code_is_found_sound(catch: Catch, dsn: str) -> None:
    assert catch(dsn) is None


@pytest.mark.parametrize(("bug", "catch"), BUGS, ids=lambda each: each.name if isinstance(each, Bug) else "")
def test_a_planted_bug_is_caught(bug: Bug, catch: Catch, dsn: str) -> None:
    with planted(bug):
        assert catch(dsn) is not None
