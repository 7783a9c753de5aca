"""The operation's clock: the wall clock, or in a scenario a clock that runs from its start at its pace.

The pace is written once beside the data, so that restarts and second runs go on by it; at the scenario's end the clock
stands still, so that nothing goes stale behind a newcomer's back. Flat out there is no pace: it is as late as what has
been recorded, and at the end it stands at the last of that.
"""

import json
import os
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

Pace = tuple[tuple[float, float], ...]
"""Seconds on the wall and in the scenario since they began, where the speed changes: from (0, 0) to the end."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the operation's time. Without a scenario that is the wall's.

    `flat_out` is the file in which the player of a scenario without a pace keeps how far it has come.
    """

    scenario_start: datetime | None = None
    wall_start: datetime | None = None
    pace: Pace = ()
    flat_out: Path | None = None

    @property
    def lifelike(self) -> bool:
        """Whether it goes as fast as life: the wall clock does, and a scenario's at speed 1."""
        return self.scenario_start is None or (self.flat_out is None and all(wall == own for wall, own in self.pace))

    def now(self, read_to: datetime | None = None, ago: timedelta = timedelta()) -> datetime:
        """The operation's time, aware, UTC; or what it was so long `ago` by the wall, if it runs with that.

        `read_to` is the greatest `recordedtime` in the logs that the caller has read: flat out that is his time. Who
        reads no log is told how far the player has come.
        """
        wall = datetime.now(UTC) - ago
        if self.scenario_start is None or self.wall_start is None:
            return wall
        if self.flat_out is not None:
            return max(self.scenario_start, read_to or _reached(self.flat_out)).astimezone(UTC)
        ran = _along(self.pace, (wall - self.wall_start).total_seconds())
        return (self.scenario_start + timedelta(seconds=ran)).astimezone(UTC)

    def wall_at(self, instant: datetime) -> datetime:
        """The wall time at which this clock shows `instant`; flat out, now."""
        if self.flat_out is not None:
            return datetime.now(UTC)
        if self.scenario_start is None or self.wall_start is None:
            return instant
        own = (instant - self.scenario_start).total_seconds()
        return self.wall_start + timedelta(seconds=_along(self.pace, own, by=1))


def steady(length: timedelta, speed: float) -> Pace:
    """A scenario of this length at one speed, in scenario seconds a second."""
    seconds = length.total_seconds()
    return ((0.0, 0.0), (seconds / speed, seconds))


def _along(pace: Pace, seconds: float, by: int = 0) -> float:
    """The scenario's seconds at these of the wall, or the other way round (`by` 1), from its begin to its end."""
    after, found = bisect_right(pace, seconds, key=itemgetter(by)), 1 - by
    if after in (0, len(pace)):
        return pace[0 if after == 0 else -1][found]
    before, then = pace[after - 1], pace[after]
    share = (seconds - before[by]) / (then[by] - before[by])
    return before[found] + share * (then[found] - before[found])


class AnotherClockError(Exception):
    """The data's time runs by another clock; the message says by which."""


def start(path: Path, scenario_start: datetime, pace: Pace | None) -> Clock:
    """Start a scenario's clock now, flat out without a `pace`; if `path` holds one already, that one goes on.

    Raises AnotherClockError when that is the wall clock: time would go back, and what is newest by then stay newest.
    """
    begun: dict[str, Any] = {
        "scenario_start": scenario_start.isoformat(),
        "wall_start": datetime.now(UTC).isoformat(),
    }
    found = _keep(path, begun | ({"reached": scenario_start.isoformat()} if pace is None else {"pace": pace}))
    if found.scenario_start is None:
        raise AnotherClockError(f"{path.parent} keeps the wall clock, and a scenario would turn it back.")
    return found


def keep_wall(path: Path) -> Clock:
    """Let the wall clock be the operation's, unless `path` holds one already: then that one goes on."""
    return _keep(path, {"scenario_start": None})


def _keep(path: Path, fields: dict[str, Any]) -> Clock:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, fields)
    return load(path)


def reach(path: Path, instant: datetime) -> None:
    """Say how far a scenario has come that is played flat out; it never goes back."""
    fields = json.loads(path.read_text())
    if instant > datetime.fromisoformat(fields["reached"]):
        _write(path, fields | {"reached": instant.isoformat()})


def load(path: Path | None) -> Clock:
    """The clock at `path`; the wall clock when there is none.

    Raises ValueError when the file is there but cannot be read as a clock.
    """
    return Clock() if path is None or not path.exists() else _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _: int) -> Clock:
    """The clock in a file that was changed last at this moment."""
    try:
        fields = json.loads(path.read_text())
        if fields["scenario_start"] is None:
            return Clock()
        flat_out = path if "reached" in fields else None
        if flat_out:
            _reached(flat_out)
        return Clock(
            datetime.fromisoformat(fields["scenario_start"]),
            datetime.fromisoformat(fields["wall_start"]),
            () if flat_out else tuple((float(wall), float(own)) for wall, own in fields["pace"]),
            flat_out,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a clock: {error!r}") from error


def _reached(path: Path) -> datetime:
    return datetime.fromisoformat(json.loads(path.read_text())["reached"])


def _write(path: Path, fields: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(fields))
    os.replace(fresh, path)
