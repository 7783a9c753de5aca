"""Breadth first through every state that the protocol can reach; the shortest way to one that is wrong."""

from collections import Counter
from dataclasses import dataclass
from time import monotonic

from tests.model.protocol import Protocol
from tests.model.state import Act, State, symmetric


@dataclass(frozen=True, slots=True)
class Explored:
    """What an exploration found.

    states: how many, with writers' names exchanged counted once. depth: steps to the farthest. acts: how often each
    thing happened. complete: whether all states within the bounds were looked at. wrong: what is broken and the way
    there, from the initial state on; None if nothing is.
    """

    states: int
    seconds: float
    depth: int
    acts: Counter[Act]
    complete: bool
    wrong: tuple[str, list[State]] | None


def explore(protocol: Protocol, seconds: float = float("inf")) -> Explored:
    """Look at every state within the bounds, or at those that can be looked at in so many seconds."""
    began, depth, acts = monotonic(), 0, Counter[Act]()
    start = symmetric(protocol.initial())
    came_from: dict[State, State | None] = {start: None}
    frontier = [start]
    while frontier:
        beyond: list[State] = []
        for state in frontier:
            if monotonic() - began > seconds:
                return Explored(len(came_from), monotonic() - began, depth, acts, False, None)
            if (wrong := protocol.wrong(state)) is not None:
                way = _way(came_from, state)
                return Explored(len(came_from), monotonic() - began, depth, acts, False, (wrong, way))
            for step, after in protocol.steps(state):
                acts[step.act] += 1
                found = symmetric(after)
                if found not in came_from:
                    came_from[found] = state
                    beyond.append(found)
        frontier = beyond
        depth += bool(beyond)
    return Explored(len(came_from), monotonic() - began, depth, acts, True, None)


def _way(came_from: dict[State, State | None], state: State) -> list[State]:
    way = [state]
    while (before := came_from[way[-1]]) is not None:
        way.append(before)
    return way[::-1]
