"""Positions as clients see them: the header of every answer, and the parameter that waits for one.

`deployment.events/0@17` says that the next record read from partition 0 of that log is 17; asked for, that at least
this much has been read. `deployment.inbox/0@17` asks for the outcome of the message at that offset, as a 202 names it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.catalogue import SERVICES
from services.kit.http import Problem
from services.kit.ledger.reader import Place
from services.projection.store import Position

HEADER = "Kalimaya-Position"
MOST_CHARACTERS = 4000
_ONE = rf"({'|'.join(SERVICES)})\.(events|inbox)/([0-9]{{1,4}})@([0-9]{{1,18}})"
PATTERN = rf"^{_ONE}(,{_ONE})*$"
"""Of a whole `min_position`, for the contract: what we say of a wrong one is clearer."""
_PLACE = re.compile(_ONE)

Positions = Mapping[Place, Position]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One place of a `min_position`."""

    service: str
    kind: str
    partition: int
    offset: int

    def reached(self, positions: Positions) -> bool:
        """Whether the read model has got there. Raises Problem 422 for a partition that does not exist."""
        place = (f"{self.service}.events", self.partition)
        if place not in positions:
            if not positions:
                return False  # the first projector has not begun
            raise malformed(f"{self.service}.{self.kind} has no partition {self.partition}")
        at = positions[place]
        return at.next_cause > self.offset if self.kind == "inbox" else at.next_offset >= self.offset


def parse(text: str) -> list[Wanted]:
    """The places of a `min_position`. Raises Problem 422."""
    return [_one(part.strip()) for part in text.split(",")]


def _one(part: str) -> Wanted:
    found = _PLACE.fullmatch(part)
    if found is None:
        raise malformed(f"{part[:80]!r} is not like deployment.events/0@17 or deployment.inbox/0@17")
    service, kind, partition, offset = found.groups()
    return Wanted(service, kind, int(partition), int(offset))


def malformed(detail: str) -> Problem:
    """The answer to a `min_position` that cannot be meant."""
    return Problem(422, "invalid-request", "The request is not valid", f"min_position: {detail}")


def header(positions: Positions) -> str:
    """The value of `Kalimaya-Position`."""
    return ",".join(
        f"{topic}/{partition}@{positions[topic, partition].next_offset}" for topic, partition in sorted(positions)
    )
