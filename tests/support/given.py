"""Given events, when an order, then events or a refusal: how domain tests read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

from schemas import deployment, incidents, logistics
from schemas.deployment import Need
from schemas.operation import Participant, Stage, Voting
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


OPERATION: dict[str, Any] = {
    "operation": "aman-pilkades-kalimaya-2019",
    "version": 1,
    "name": "Aman Pilkades Kalimaya 2019",
    "polling_day": date(2019, 11, 3),
    "stages": (
        Stage(
            stage="distribution",
            start=datetime(2019, 11, 1, tzinfo=UTC),
            end=datetime(2019, 11, 2, 22, tzinfo=UTC),
        ),
        Stage(stage="voting", start=datetime(2019, 11, 3, tzinfo=UTC), end=datetime(2019, 11, 3, 6, tzinfo=UTC)),
    ),
    "villages": (
        Voting(village="36.04.13.2009", jurisdiction="polres-serang", stations=2),
        Voting(village="36.04.05.2001", jurisdiction="polres-cilegon", stations=9),
    ),
    "agencies": (Participant(agency="polres-serang", name="Polres Serang"),),
    "source": "synthetic",
    "dated": date(2019, 10, 30),
}
"""An operation file, as each service's order and event of it takes it."""

ADOPTED = tuple(events.OperationAdopted(**OPERATION) for events in (deployment, logistics, incidents))
