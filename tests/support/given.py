"""Given events, when an order, then events or a refusal: how domain tests read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from schemas.deployment import Need
from schemas.outcomes import Refused
from schemas.types import Force
from services.kit.decider import Decider


@dataclass(frozen=True)
class Given:
    """An aggregate to which some events have happened."""

    decider: Decider[Any]
    state: Any

    def when(self, order: Any) -> Sequence[Any] | Refused:
        """What the decider says to an order now."""
        return self.decider.decide(self.state, order)


def given(decider: Decider[Any], *events: Any) -> Given:
    """An aggregate after these events; without any, one of which no order has been accepted."""
    state = None
    for event in events:
        state = decider.evolve(state, event)
    return Given(decider, state)


def refusal(outcome: Sequence[Any] | Refused) -> tuple[str, tuple[str, ...]]:
    """Reason and clashes of a refusal; fails when the order was accepted."""
    assert isinstance(outcome, Refused), f"accepted: {outcome}"
    return outcome.reason, outcome.clashes


def by_post(**heads: int) -> tuple[Need, ...]:
    """A requirement of so many heads by force for the whole post."""
    return tuple(Need(force=cast(Force, force), heads=number, per="post") for force, number in heads.items())
