"""How large a world is explored, and which bug is planted in it."""

from dataclasses import dataclass, replace
from enum import Enum


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many of each there may be.

    writers: deciders that all believe to own the partition. messages: records in the inbox. batch: most messages that
    one batch answers. sizes: the answers that a decider may give, by their number of records; each time it is any of
    them, because two writers may run two versions of the code. faults: crashes, lost acknowledgements and doubled
    batches, together. cuts: times that the log loses its tail, which R1 forbids. appends: batches in the log.
    """

    writers: int = 2
    messages: int = 2
    batch: int = 2
    sizes: tuple[int, ...] = (1, 2)
    faults: int = 2
    cuts: int = 0
    appends: int = 4


class Bug(Enum):
    """A rule of DESIGN's section 3 left out; the value says which, in words."""

    IGNORES_AT = "readers ignore `at` (R3)"
    IGNORES_PREV = "readers do not check `prev`, so that what was decided on a lost tail counts (R3)"
    IGNORES_BOTH = "readers check neither, so that a doubled batch counts twice (R3)"
    GOES_ON = "the writer goes on after an acknowledgement of another offset (R7)"
    GROUP_OFFSET = "the next input is a committed group offset and not the log's (R8)"
    TWO_IN_FLIGHT = "two batches in flight (R6)"
    SKIPS = "catches up from the log's end and not from the folded position (R5, R7)"
    SPLITS = "an answer's records are split over two batches (R6)"
    EARLY_ACK = "what is sent counts as acknowledged before the broker has it (R7)"
    NEVER_READS_BACK = "an idle owner does not read its tail back (R9)"
    READS_ON = "reads on without a look at its own tail, and nobody heeds the alarm after a lost tail (R9, R3)"
    UNHEEDED = "nobody heeds the alarm after a lost tail (R3)"


ONE = Bounds(writers=1, messages=1, batch=1, sizes=(1,), faults=1)
TWO = Bounds(writers=2, messages=2, batch=1, sizes=(1, 1), faults=0)

SHOWN_BY = {
    Bug.IGNORES_AT: replace(TWO, messages=1),
    Bug.IGNORES_PREV: replace(ONE, messages=2, cuts=1),
    Bug.IGNORES_BOTH: ONE,
    Bug.GOES_ON: TWO,
    Bug.GROUP_OFFSET: ONE,
    Bug.TWO_IN_FLIGHT: TWO,
    Bug.SKIPS: ONE,
    Bug.SPLITS: replace(ONE, sizes=(2,)),
    Bug.EARLY_ACK: TWO,
    Bug.NEVER_READS_BACK: replace(ONE, cuts=1),
    Bug.READS_ON: replace(ONE, messages=2, cuts=1),
    Bug.UNHEEDED: replace(ONE, messages=2, cuts=1, faults=2),
}
"""The smallest world in which each bug does harm: the way to it is short."""
