"""The operation's clock: the wall clock, or in a scenario a clock that runs from its start at its speed.

now = scenario_start + speed x (wall - wall_start), written once beside the data, so that restarts and second runs go
on from it; it stands still at the scenario's end, so that nothing goes stale behind a newcomer's back. Flat out there
is no speed: it is as late as what has been recorded, and at the end it stands at the last of that.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the operation's time. Without a scenario (`speed` 0) that is the wall's.

    `flat_out` is the file in which the player of a scenario without a speed keeps how far it has come.
    """

    scenario_start: datetime | None = None
    scenario_end: datetime | None = None
    wall_start: datetime | None = None
    speed: float = 0.0
    flat_out: Path | None = None

    @property
    def lifelike(self) -> bool:
        """Whether it goes as fast as life: the wall clock does, and a scenario's at speed 1."""
        return self.scenario_start is None or (self.flat_out is None and self.speed == 1.0)

    def now(self, read_to: datetime | None = None, ago: timedelta = timedelta()) -> datetime:
        """The operation's time, aware, UTC; or what it was so long `ago` by the wall, if it runs with that.

        `read_to` is the greatest `recordedtime` in the logs that the caller has read: flat out that is his time. Who
        reads no log is told how far the player has come.
        """
        wall = datetime.now(UTC) - ago
        if self.scenario_start is None or self.scenario_end is None or self.wall_start is None:
            return wall
        if self.flat_out is not None:
            return max(self.scenario_start, read_to or _reached(self.flat_out)).astimezone(UTC)
        length = (self.scenario_end - self.scenario_start).total_seconds()
        ran = self.speed * max(0.0, (wall - self.wall_start).total_seconds())
        return (self.scenario_start + timedelta(seconds=min(ran, length))).astimezone(UTC)

    def wall_at(self, instant: datetime) -> datetime:
        """The wall time at which this clock shows `instant`; flat out, now."""
        if self.flat_out is not None:
            return datetime.now(UTC)
        if self.scenario_start is None or self.wall_start is None:
            return instant
        return self.wall_start + (instant - self.scenario_start) / self.speed


class AnotherClockError(Exception):
    """The data's time runs by another clock; the message says by which."""


def start(path: Path, scenario_start: datetime, scenario_end: datetime, speed: float | None) -> Clock:
    """Start a scenario's clock now, flat out without a `speed`; if `path` holds one already, that one goes on.

    Raises AnotherClockError when that is the wall clock: time would go back, and what is newest by then stay newest.
    """
    begun: dict[str, Any] = {
        "scenario_start": scenario_start.isoformat(),
        "scenario_end": scenario_end.isoformat(),
        "wall_start": datetime.now(UTC).isoformat(),
    }
    found = _keep(path, begun | ({"reached": scenario_start.isoformat()} if speed is None else {"speed": speed}))
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
    if path is None or not path.exists():
        return Clock()
    try:
        fields = json.loads(path.read_text())
        if fields["scenario_start"] is None:
            return Clock()
        flat_out = path if "reached" in fields else None
        if flat_out:
            _reached(flat_out)
        return Clock(
            datetime.fromisoformat(fields["scenario_start"]),
            datetime.fromisoformat(fields["scenario_end"]),
            datetime.fromisoformat(fields["wall_start"]),
            0.0 if flat_out else float(fields["speed"]),
            flat_out,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a clock: {error!r}") from error


def _reached(path: Path) -> datetime:
    return datetime.fromisoformat(json.loads(path.read_text())["reached"])


def _write(path: Path, fields: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(fields, indent=1))
    os.replace(fresh, path)
