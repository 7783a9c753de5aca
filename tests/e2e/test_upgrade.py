"""A release and the next beside each other on a live system, and past the switch: the short form of tests/upgrade.

How long the picture stands still meanwhile is for `make prove-upgrade`, which has the machine for itself.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.site import scratch
from tests.upgrade.steps import live, short

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def folder() -> Iterator[Path]:
    """PostgreSQL's account may enter it, too."""
    with scratch("upgrade") as own:
        yield own


async def test_the_next_release_takes_over_under_load_and_nothing_is_lost_past_the_switch(folder: Path) -> None:
    async with live(folder) as upgrade:
        await short(upgrade, folder / "receipts.jsonl")
    upgrade.show()
    assert upgrade.wrong == []
