"""What a state of the ledger's world is, and the names of all that may happen in it."""

from enum import StrEnum
from typing import NamedTuple

from tests.model.logs import Folded, Log


class Act(StrEnum):
    """What may happen."""

    START = "starts and folds the log from its beginning"
    SEND = "decides and sends"
    LAND = "its batch lands"
    ACKNOWLEDGE = "hears that its batch landed"
    STAND_DOWN = "stands down, because others answer"
    READ_BACK = "reads its tail back"
    GIVE_UP = "hears nothing of its batch and reads on"
    DOUBLE = "its batch is doubled on its way"
    CRASH = "crashes"
    LAND_LATE = "a batch that nobody waits for lands"
    CUT = "the log loses its tail"
    COMMIT = "commits a group offset"
    RESTART = "is started again by an operator, because of the alarm"


class Step(NamedTuple):
    """Something that happens: to which writer (-1: none), and with which batch or how many of them (-1: none)."""

    act: Act
    writer: int
    batch: int


class Flight(NamedTuple):
    """A batch whose acknowledgement a writer waits for, and where it landed; -1 while it has not."""

    batch: int
    base: int


class Writer(NamedTuple):
    """What a writer knows and waits for."""

    folded: Folded
    flights: tuple[Flight, ...] = ()


DOWN = -1


class State(NamedTuple):
    """Everything, as small numbers. Writers are numbers in `Protocol.writers`, batches in `Reading.batches`.

    late: batches on their way that nobody waits for. faults, cuts: how many may still come. lost: what the log was
    before it lost its tail, each time. committed: a group offset, which only a planted bug uses.
    """

    log: Log
    writers: tuple[int, ...]
    late: tuple[int, ...]
    faults: int
    cuts: int
    lost: tuple[Log, ...] = ()
    committed: int = 0


def symmetric(state: State) -> State:
    """One state for all that differ in the writers' names only."""
    log, writers, late, faults, cuts, lost, committed = state
    return State(log, tuple(sorted(writers)), tuple(sorted(late)), faults, cuts, lost, committed)


def turned(
    state: State, who: int, number: int, freed: tuple[int, ...] = (), fault: int = 0, grown: Log | None = None
) -> State:
    """The state with another writer in this place, batches for which nobody waits any more, a fault, another log."""
    log, writers, late, faults, cuts, lost, committed = state
    writers = (*writers[:who], number, *writers[who + 1 :])
    return State(log if grown is None else grown, writers, late + freed, faults - fault, cuts, lost, committed)


def under_way(writer: Writer) -> tuple[int, ...]:
    """Batches that a writer waits for and that have not landed."""
    return tuple(flight.batch for flight in writer.flights if flight.base < 0)


def undisturbed(state: State) -> State:
    """The same where nothing goes wrong any more and what nobody waits for is lost."""
    return State(state.log, state.writers, (), 0, 0, (), state.committed)
