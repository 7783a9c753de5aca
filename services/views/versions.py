"""Versions of a plan: which one is in force when. A later one supersedes and erases nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeVar


class Windowed(Protocol):
    """What holds for a window [start, end)."""

    @property
    def start(self) -> datetime:
        """The first instant of the window."""

    @property
    def end(self) -> datetime:
        """The first instant after it."""


V = TypeVar("V", bound=Windowed)


def in_force(versions: Mapping[str, V], at: datetime) -> V | None:
    """The version in force at an instant: of those whose window holds it the one of the highest number, if any."""
    return max(
        ((int(number), version) for number, version in versions.items() if version.start <= at < version.end),
        key=lambda each: each[0],
        default=(0, None),
    )[1]
