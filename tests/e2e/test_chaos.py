"""A small piece of what `make chaos` does for long: everything under load, killed, stopped, cut off and doubled."""

from pathlib import Path

import pytest

from tests.chaos.piece import Plan, run

SHORT = Plan(minutes=0.35, seed=7, rate=100, every=2, size="small")


@pytest.mark.timeout(400)
async def test_whatever_befalls_nothing_is_lost_or_doubled_and_the_picture_is_that_of_a_fresh_fold(
    tmp_path: Path,
) -> None:
    result = await run(SHORT, tmp_path)
    assert (result["wrong"], result["lost"], result["doubled"]) == ([], 0, 0)
    assert result["digests_equal"]
    assert result["audit_clean"]
    assert result["messages"] == result["decided_again"] > SHORT.seconds * SHORT.rate
    assert sum(result["faults"].values()) >= 5
