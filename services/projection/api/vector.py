"""Vectors of log positions: where a reader of several logs has got. Ids of streamed events, and cursors of the history.

A vector names the next offset to read of every partition, so it holds across restarts and rebuilds. Written short:
`deployment@17.4.0,logistics@9.2.1` (partitions 0, 1, 2 ...). The value of `Kalimaya-Position` is taken as well. What it
does not name is read from its beginning.
"""

import re
from collections.abc import Mapping

from schemas.catalogue import SERVICES
from services.kit.ledger.reader import Place
from services.projection.api.position import Positions

_SERVICE = rf"(?:{'|'.join(SERVICES)})"
_NUMBER = r"[0-9]{1,18}"
_SHORT = rf"{_SERVICE}@{_NUMBER}(?:\.{_NUMBER}){{0,255}}"
_LONG = rf"{_SERVICE}\.events/[0-9]{{1,4}}@{_NUMBER}"
PATTERN = rf"^(?:{_SHORT}(?:,{_SHORT})*|{_LONG}(?:,{_LONG})*)$"
MOST_CHARACTERS = 4000

NOTHING_READ = f"{SERVICES[0]}@0"

Vector = Mapping[Place, int]


def at(positions: Positions) -> dict[Place, int]:
    """The vector of how far the read model has got."""
    return {place: each.next_offset for place, each in positions.items()}


def parse(text: str) -> dict[Place, int]:
    """The vector that a client sends back. Raises ValueError for what is none."""
    if len(text) > MOST_CHARACTERS or re.fullmatch(PATTERN, text) is None:
        raise ValueError("not like deployment@17.4.0,logistics@9.2.1 or deployment.events/0@17")
    found: dict[Place, int] = {}
    for part in text.split(","):
        name, _, numbers = part.partition("@")
        topic, _, first = name.partition("/")
        for partition, offset in enumerate(numbers.split("."), int(first or 0)):
            found[f"{topic.removesuffix('.events')}.events", partition] = int(offset)
    return found


def write(vector: Vector) -> str:
    """The vector in its short form; it names partition 0 and those after it up to the last that it knows."""
    parts = [_of_service(vector, service) for service in SERVICES if any(_partitions(vector, service))]
    return ",".join(parts) or NOTHING_READ


def _of_service(vector: Vector, service: str) -> str:
    numbers = (str(vector.get((f"{service}.events", each), 0)) for each in range(max(_partitions(vector, service))))
    return f"{service}@{'.'.join(numbers)}"


def _partitions(vector: Vector, service: str) -> list[int]:
    return [partition + 1 for topic, partition in vector if topic == f"{service}.events"]


def covers(one: Vector, other: Vector) -> bool:
    """Whether nothing that `other` has read is still to come in `one`."""
    return all(one.get(place, 0) >= offset for place, offset in other.items())
