"""Which scenario is played, how fast, how large and by which way, for `kalimaya up` and `kalimaya scenario play`."""

import sys
from dataclasses import dataclass
from enum import StrEnum

from kalimaya.process import Child
from kalimaya.settings import AGENCIES, HOST, PROJECT, Settings
from scenarios import serang2019
from scenarios.pace import even
from scenarios.scale import scaled
from services.kit import clock

UNMET = 3
"""Exit code of a player that has played everything and found outcomes other than planned."""
FLAT_OUT = "max"
EVEN = "even"


class Scenario(StrEnum):
    """What is played."""

    SMALL = "small"
    FULL = "full"
    NONE = "none"


class Over(StrEnum):
    """The way that messages take."""

    HTTP = "http"
    KAFKA = "kafka"


@dataclass(frozen=True, slots=True)
class Playback:
    """A scenario, and `speed`: scenario seconds a second, `even`, or flat out; None for the usual of its size."""

    scenario: Scenario
    speed: float | str | None = None
    scale: int = 1
    over: Over = Over.HTTP

    def start_clock(self, settings: Settings) -> None:
        """Start the operation's clock, unless it runs already: then that one goes on."""
        clock.start(settings.data / "clock.json", serang2019.START, self._pace())

    def _pace(self) -> clock.Pace | None:
        fastest = serang2019.fastest(self.scenario)
        if self.speed == FLAT_OUT:
            return None
        if self.speed == EVEN or (self.speed is None and self.scenario == Scenario.FULL):
            plan = scaled(serang2019.make(self.scenario, serang2019.SEED), self.scale)
            return even(plan, serang2019.START, serang2019.END, fastest)
        return clock.steady(serang2019.END - serang2019.START, float(self.speed or fastest))

    def arguments(self, settings: Settings) -> list[str]:
        """Those of `python -m scenarios.play`."""
        data = settings.data
        options = {
            "--scenario": self.scenario,
            "--scale": self.scale,
            "--over": self.over,
            "--gateway": f"http://{HOST}:{settings.gateway_port}",
            "--kafka": settings.bootstrap,
            "--agencies": AGENCIES,
            "--tokens": data / "tokens.json",
            "--clock": data / "clock.json",
            "--receipts": data / "receipts.jsonl",
        }
        return [str(part) for option in options.items() for part in option]

    def player(self, settings: Settings) -> Child:
        """The process that plays it."""
        return Child(
            name="scenario",
            argv=(sys.executable, "-m", "scenarios.play", *self.arguments(settings)),
            cwd=PROJECT,
            finished_by=frozenset({0, UNMET}),
        )


def speed(text: str | None) -> float | str | None:
    """A speed as it is written: a number from 1 on, `even` or `max`. Raises ValueError."""
    if text in (None, EVEN, FLAT_OUT):
        return text
    number = float(text)
    if not 1 <= number < float("inf"):
        raise ValueError(f"{text} is not a speed")
    return number
