"""Where the events behind a figure stand in the logs. Pure.

A place is `<log>/<partition>@<offset>`. What a document keeps of a fact carries partition and offset; the log is that
of the service whose document it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

Places = tuple[str, ...]


def place(service: str, partition: int, offset: int) -> str:
    """Where an event stands."""
    return f"{service}.events/{partition}@{offset}"


def of(service: str, *parts: Any) -> Places:
    """Where all facts stand that these parts of a service's documents keep, in order, each once."""
    found = {each for part in parts for each in _facts(part)}
    return tuple(place(service, *each) for each in sorted(found))


def _facts(part: Any) -> Iterable[tuple[int, int]]:
    match part:
        case {"partition": int(partition), "offset": int(offset)}:
            yield partition, offset
        case dict():
            for each in part.values():
                yield from _facts(each)
        case list() | tuple():
            for each in part:
                yield from _facts(each)


def together(several: Iterable[Sequence[str]]) -> Places:
    """Places of several figures together, in the order of the logs, each once."""
    return tuple(sorted({each for places in several for each in places}, key=_order))


def _order(place: str) -> tuple[str, int]:
    log, _, offset = place.rpartition("@")
    return log, int(offset)


def ranges(places: Iterable[str]) -> list[str]:
    """The same places in fewer words: by log, offsets in a row as first-last, e.g. `deployment.events/3@7,9-12`."""
    by_log: defaultdict[str, list[int]] = defaultdict(list)
    for log, offset in map(_order, places):
        by_log[log].append(offset)
    return [f"{log}@{','.join(_runs(sorted(offsets)))}" for log, offsets in sorted(by_log.items())]


def _runs(offsets: Sequence[int]) -> Iterable[str]:
    for _, run in groupby(enumerate(offsets), key=lambda each: each[1] - each[0]):
        numbers = [offset for _, offset in run]
        yield f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
