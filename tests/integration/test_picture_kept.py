"""What is kept from one picture to the next never stands for what has changed since."""

from pathlib import Path
from typing import Any

from services.kit import clock as kit_clock
from services.projection.store import Store, new_pool
from tests.support.facts import clock
from tests.support.pair import Pair
from tests.support.read_model import asked, new_database
from tests.support.reports import HERE, THERE, UNIT, assigned, mustered, registered, required, sighted
from tests.support.writer import serving

OTHER = "polres-serang-008"
CHANGES = [
    [registered(), registered(OTHER)],
    [required(HERE, "polres-serang"), required(THERE, "polres-serang")],
    [assigned("jaga", HERE), assigned("jaga-juga", THERE, OTHER)],
    [mustered("01:00", "01:00")],
    [sighted(at="01:10")],
    [mustered("01:20", "01:20", THERE, OTHER)],
    [required(HERE, "polres-cilegon", version=2)],
    [mustered("02:00", "02:00", THERE, UNIT)],
]
PATHS = ("/v1/picture", f"/v1/picture?district={THERE[:8]}", f"/v1/villages/{HERE}", "/v1/villages", "/v1/posts")


async def test_whoever_has_asked_before_is_shown_what_a_newcomer_is_shown(pair: Pair, tmp_path: Path) -> None:
    """After each of several changes, of one kind of entity and of another."""
    kit_clock.start(tmp_path / "clock.json", clock("12:00"), None)
    dsn, shown = await new_database(pair), set[bytes]()
    pool = await new_pool(dsn)
    nobody: Any = None
    async with serving(pair, dsn, clock=tmp_path / "clock.json") as (writer, client):
        for change in CHANGES:
            await writer.add(*change)
            async with asked(pool, Store(pool), nobody, pair, dsn, clock=tmp_path / "clock.json") as newcomer:
                for path in PATHS:
                    again = (await client.get(path)).content
                    assert again == (await newcomer.get(path)).content, (path, change)
                    shown.add(again)
    pool.terminate()
    assert len(shown) > 2 * len(CHANGES)
