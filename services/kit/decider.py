"""What a service adds to the kit: a decider, two pure functions over the state of one aggregate.

Reports need no deciding (reality is never refused): the desk accepts them as their own events. Orders are decided on
orders alone, so a decider's state holds what orders brought about, and nothing that reports say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from schemas.outcomes import Refused

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Decider(Generic[S]):
    """The rules of one service.

    decide(state, order): the events that the order brings about (at least one), or a refusal that names why.
    evolve(state, event): the state after it; a new object, never the old one changed, because the ledger takes
    decisions back. `state` is None for an aggregate of which no order has been accepted.
    states: the classes of state, dataclasses of plain values, for snapshots.
    over(state): whether nothing more will be ordered of that aggregate, so that it may be forgotten in time (ADR 0015).
    """

    service: str
    decide: Callable[[S | None, Any], Sequence[Any] | Refused]
    evolve: Callable[[S | None, Any], S]
    states: tuple[type[Any], ...]
    over: Callable[[S], bool] = lambda _: False
