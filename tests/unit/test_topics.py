"""How many copies a topic gets when the operator does not say."""

from collections.abc import Sequence

import pytest

from kalimaya.topics import There, usual_copies


@pytest.mark.parametrize(
    ("there", "brokers", "copies"),
    [
        pytest.param([], 1, 1, id="one a broker"),
        pytest.param([], 5, 3, id="three at most"),
        pytest.param([3, 3], 2, 3, id="as others have, while a broker restarts"),
        pytest.param([1, 1], 3, 3, id="more when brokers have come"),
    ],
)
def test_a_topic_gets(there: Sequence[int], brokers: int, copies: int) -> None:
    assert usual_copies([There(6, each, {}) for each in there], brokers) == copies
