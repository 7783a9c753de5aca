"""The operation's clock: the wall clock, or in a scenario a clock that runs from its start at its speed.

now = scenario_start + speed x (wall - wall_start), written once beside the data, so that restarts and second runs go
on from it; it stands still at the scenario's end, so that nothing goes stale behind a newcomer's back.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the operation's time. Without a scenario (`speed` 0) that is the wall's."""

    scenario_start: datetime | None = None
    scenario_end: datetime | None = None
    wall_start: datetime | None = None
    speed: float = 0.0

    def now(self) -> datetime:
        """The operation's time, aware, UTC."""
        wall = datetime.now(UTC)
        if self.scenario_start is None or self.scenario_end is None or self.wall_start is None:
            return wall
        length = (self.scenario_end - self.scenario_start).total_seconds()
        ran = self.speed * max(0.0, (wall - self.wall_start).total_seconds())
        return (self.scenario_start + timedelta(seconds=min(ran, length))).astimezone(UTC)

    def wall_at(self, instant: datetime) -> datetime:
        """The wall time at which this clock shows `instant`."""
        if self.scenario_start is None or self.wall_start is None:
            return instant
        return self.wall_start + (instant - self.scenario_start) / self.speed


class AnotherClockError(Exception):
    """The data's time runs by another clock; the message says by which."""


def start(path: Path, scenario_start: datetime, scenario_end: datetime, speed: float) -> Clock:
    """Start a scenario's clock now, unless `path` holds one already: then that one goes on.

    Raises AnotherClockError when that is the wall clock: time would go back, and what is newest by then stay newest.
    """
    found = _keep(path, Clock(scenario_start, scenario_end, datetime.now(UTC), speed))
    if found.scenario_start is None:
        raise AnotherClockError(f"{path.parent} keeps the wall clock, and a scenario would turn it back.")
    return found


def keep_wall(path: Path) -> Clock:
    """Let the wall clock be the operation's, unless `path` holds one already: then that one goes on."""
    return _keep(path, Clock())


def _keep(path: Path, clock: Clock) -> Clock:
    if not path.exists():
        fields = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(clock).items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(fields, indent=1))
        os.replace(fresh, path)
    return load(path)


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
        return Clock(
            datetime.fromisoformat(fields["scenario_start"]),
            datetime.fromisoformat(fields["scenario_end"]),
            datetime.fromisoformat(fields["wall_start"]),
            float(fields["speed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a clock: {error!r}") from error
