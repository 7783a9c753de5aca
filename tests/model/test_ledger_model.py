"""The rules of the ledger hold in every state within bounds, and leaving one out is seen."""

from functools import cache

import pytest

from tests.model.bounds import SHOWN_BY, Bounds, Bug
from tests.model.explore import Explored, explore
from tests.model.protocol import Protocol
from tests.model.state import Act
from tests.model.trace import tell
from tests.support.size import SIZE

WORLDS = {
    "two owners": Bounds(faults=1, appends=3),
    "two owners and three messages": Bounds(messages=3, batch=1, sizes=(1,)),
    "three owners": Bounds(writers=3, messages=1, batch=1),
    "a lost tail": Bounds(writers=1, faults=1, cuts=1, appends=3),
    "a lost tail and two owners": Bounds(batch=1, sizes=(1, 1), faults=0, cuts=1, appends=2),
    "lost tails, two owners and a fault": Bounds(messages=1, batch=1, sizes=(1, 1), faults=1, cuts=2, appends=3),
}
if SIZE >= 1:
    WORLDS |= {"as `make model`": Bounds()}

HARM = {
    Bug.IGNORES_AT: "for a reader without state",
    Bug.IGNORES_PREV: "readers stop",
    Bug.IGNORES_BOTH: "readers stop",
    Bug.GOES_ON: "message 1 is never answered",
    Bug.GROUP_OFFSET: "readers stop",
    Bug.TWO_IN_FLIGHT: "for a reader without state",
    Bug.SKIPS: "for a reader without state",
    Bug.SPLITS: "message 0 is never answered",
    Bug.EARLY_ACK: "for a reader without state",
    Bug.NEVER_READS_BACK: "message 0 is never answered",
    Bug.READS_ON: "message 0 is never answered",
    Bug.UNHEEDED: "message 0 is never answered",
}


@cache
def explored(bounds: Bounds, bug: Bug | None = None) -> tuple[Explored, str]:
    """What was found, and the way to what is wrong, in words."""
    protocol = Protocol(bounds, bug)
    found = explore(protocol)
    return found, "" if found.wrong is None else "\n".join(tell(protocol, found))


@pytest.mark.parametrize("world", WORLDS)
def test_in_every_state_the_rules_hold(world: str) -> None:
    found, told = explored(WORLDS[world])
    assert found.wrong is None, told
    assert found.complete


def test_everything_that_may_happen_happens() -> None:
    happened = {act for bounds in WORLDS.values() for act in explored(bounds)[0].acts}
    only_by_a_bug, only_in_a_calm_course = Act.COMMIT, Act.RESTART
    assert happened == set(Act) - {only_by_a_bug, only_in_a_calm_course}


@pytest.mark.parametrize("bug", Bug, ids=lambda bug: bug.name)
def test_a_rule_left_out_does_harm_and_only_that_does(bug: Bug) -> None:
    assert explored(SHOWN_BY[bug])[0].wrong is None, "this world is sound without the bug"
    found, told = explored(SHOWN_BY[bug], bug)
    assert found.wrong is not None, f"not caught: {bug.value}"
    assert HARM[bug] in found.wrong[0], told


def test_a_counterexample_can_be_followed() -> None:
    _, told = explored(SHOWN_BY[Bug.GROUP_OFFSET], Bug.GROUP_OFFSET)
    assert told.splitlines() == [
        "   1  A  starts and folds the log from its beginning; next are offset 1 and message 0",
        "   2  A  decides and sends: 1 record for offset 1, message 0",
        "   3  A  its batch lands at offset 1",
        "   4  A  crashes",
        "   5  A  starts and folds the log from its beginning; next are offset 2 and message 0",
        "   6  A  decides and sends: 1 record for offset 2, message 0",
        "   7  A  its batch lands at offset 2",
        "so readers stop: record at offset 2 answers cause 0 part 0, expected cause 1 part 0. The log:",
        "  offset   at  message  part  by",
        "       1    1        0   1/1  A     counts",
        "       2    2        0   1/1  A     readers wait for the rest, or stop",
    ]
