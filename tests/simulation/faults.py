"""What may go wrong, and how often in this run: each seed has some kinds of fault and not others, at rates of its own.

So some runs see one kind alone and often, and some see all of them; many at low rates would hide each other.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """A kind of fault; docs/simulation.md says what each is in life."""

    LOST_ACK = "lost acknowledgement"
    ERROR_REPLY = "error though written"
    LOST_BATCH = "lost batch"
    LATE_BATCH = "late batch"
    DOUBLED_BATCH = "doubled batch"
    TORN_BATCH = "torn batch"
    SLOW_ANSWER = "slow answer"
    SHORT_READ = "short read"
    AWAY = "broker away"
    LOST_TAIL = "lost tail"
    KILL = "kill"
    PAUSE = "pause"
    RIVAL = "other owners"
    CLOCK_STEP = "clock step"
    FAILED_COMMIT = "failed commit"
    UNSEEN_COMMIT = "commit unseen"


RATES = (0.0, 0.0, 0.02, 0.1, 0.3)
"""Of the occasions on which a kind can strike; each seed draws one for each kind."""


class Faults:
    """Decides at each occasion whether a fault strikes, until they end."""

    def __init__(self, chance: Random, note: Callable[[str], None]) -> None:
        self._chance, self._note = chance, note
        self._rates = {kind: chance.choice(RATES) for kind in Fault}
        self.struck: Counter[Fault] = Counter()
        self.over = False

    def strike(self, kind: Fault) -> bool:
        """Whether this kind of fault happens here and now."""
        rate = self._rates[kind]
        if self.over or not rate or self._chance.random() >= rate:
            return False
        self.struck[kind] += 1
        self._note(f"fault: {kind}")
        return True
