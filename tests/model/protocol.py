"""The protocol as a state machine: what writers, the broker and misfortune may do next (DESIGN, section 3).

A writer is `Worker` without its waiting: it folds by the real `Fold`, decides on what it has folded, sends one batch,
and believes only an acknowledgement of the offset that it expected. What takes no time here, such as hearing of
another offset and reading on, may take any time in life: it is the acknowledgement that comes late. Whether a writer
is slow, paused or deposed is not in the state, because any writer may do nothing for as long as others act.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

from services.kit.ledger.record import link
from tests.model.bounds import Bounds, Bug
from tests.model.logs import Folded, Interned, Log, Reading, build, mark_of, split
from tests.model.state import DOWN, Act, Flight, State, Step, Writer, symmetric, turned, under_way, undisturbed

LONGEST = 100
"""Steps after which we believe that a calm course leads nowhere; a sound one takes a quarter of that."""

CALM = (Act.LAND, Act.ACKNOWLEDGE, Act.SEND, Act.READ_BACK, Act.START)


class Protocol:
    """The rules within bounds, with at most one bug planted."""

    def __init__(self, bounds: Bounds, bug: Bug | None = None) -> None:
        self.bounds, self.bug = bounds, bug
        self.reading = Reading(bug)
        self.writers: Interned[Writer] = Interned()
        # Each depends on few values, which come again in very many states.
        self._started = cache(self._start)
        self._sent = cache(self._send)
        self._acknowledged = cache(self._acknowledge)
        self._gave_up = cache(self._give_up)
        self._looked_back = cache(self._look_back)
        self._judged = cache(self._judge)
        self._good: set[State] = set()

    def initial(self) -> State:
        """No writer runs, nothing is answered."""
        bounds = self.bounds
        return State(self.reading.empty, (DOWN,) * bounds.writers, (), bounds.faults, bounds.cuts)

    # What may happen.

    def steps(self, state: State) -> Iterator[tuple[Step, State]]:
        """All that may happen next, within the bounds."""
        return self._steps(state, self.bounds.appends)

    def _steps(self, state: State, appends: int) -> Iterator[tuple[Step, State]]:
        room = state.log.appends < appends
        for who in range(len(state.writers)):
            yield from self._steps_of(state, who, room)
        for batch in set(state.late) if room else ():
            rest = list(state.late)
            rest.remove(batch)
            after = state._replace(log=self.reading.append(state.log, batch), late=tuple(rest))
            yield Step(Act.LAND_LATE, -1, batch), after
        for log in state.log.cut() if state.cuts else ():
            after = state._replace(log=log, cuts=state.cuts - 1, lost=(*state.lost, state.log))
            yield Step(Act.CUT, -1, -1), after

    def _steps_of(self, state: State, who: int, room: bool) -> Iterator[tuple[Step, State]]:
        log, number = state.log, state.writers[who]
        if number == DOWN:
            started = self._started(log, state.committed)
            if started != DOWN:
                yield Step(Act.START, who, -1), turned(state, who, started)
            return
        for batch, sent in self._sent(number):
            yield Step(Act.SEND, who, batch), turned(state, who, sent)
        writer = self.writers[number]
        if writer.flights:
            yield from self._steps_of_flights(state, who, writer, room)
        elif (then := self._looked_back(number, log)) != number:
            yield Step(Act.READ_BACK, who, -1), turned(state, who, then)
            yield from self._stood_down(state, who, number, then)
        if self.bug is Bug.GROUP_OFFSET and writer.folded.next_cause > state.committed:
            yield Step(Act.COMMIT, who, -1), state._replace(committed=writer.folded.next_cause)
        if state.faults:
            yield Step(Act.CRASH, who, -1), turned(state, who, DOWN, under_way(writer), fault=1)

    def _steps_of_flights(self, state: State, who: int, writer: Writer, room: bool) -> Iterator[tuple[Step, State]]:
        log, number, flights = state.log, state.writers[who], writer.flights
        for k, (batch, base) in enumerate(flights):
            if base < 0 and room:
                landed = (*flights[:k], Flight(batch, log.end), *flights[k + 1 :])
                then, grown = self.writers.number(Writer(writer.folded, landed)), self.reading.append(log, batch)
                yield Step(Act.LAND, who, batch), turned(state, who, then, grown=grown)
        first = flights[0].batch
        if flights[0].base >= 0 or self.bug is Bug.EARLY_ACK:
            then, freed = self._acknowledged(number, log)
            yield Step(Act.ACKNOWLEDGE, who, first), turned(state, who, then, freed)
            if not freed and flights[0].base != self.reading.batches[first].at:
                yield from self._stood_down(state, who, number, then)
        if state.faults:
            then = self._gave_up(number, log)
            yield Step(Act.GIVE_UP, who, first), turned(state, who, then, under_way(writer), fault=1)
            yield Step(Act.DOUBLE, who, first), turned(state, who, number, (first,), fault=1)

    def _stood_down(self, state: State, who: int, before: int, then: int) -> Iterator[tuple[Step, State]]:
        """R7: who loses races to others may leave; how many it takes is not counted, so that it is any number."""
        if then != DOWN and self.writers[then].folded.next_cause > self.writers[before].folded.next_cause:
            yield Step(Act.STAND_DOWN, who, -1), turned(state, who, DOWN)

    # What a writer does. Each returns the writer's number afterwards, DOWN if it stops because the ledger is broken.

    def _start(self, log: Log, committed: int) -> int:
        if log.torn or log.broken is not None:
            return DOWN
        bug = self.bug is Bug.GROUP_OFFSET
        return self.writers.number(Writer(log.folded._replace(next_cause=committed) if bug else log.folded))

    def _send(self, number: int) -> list[tuple[int, int]]:
        """Each batch that the writer may send, and the writer then."""
        writer = self.writers[number]
        if len(writer.flights) > (self.bug is Bug.TWO_IN_FLIGHT):
            return []
        on = writer.folded
        for flight in writer.flights:
            on = on.wrote(self.reading.batches[flight.batch])
        most = min(self.bounds.batch, self.bounds.messages - on.next_cause)
        sent = []
        for count in range(1, most + 1):
            for answers in product(enumerate(self.bounds.sizes), repeat=count):
                batch = build(on, answers)
                whole = self.bug is not Bug.SPLITS or len(batch.entries) == 1
                numbers = [self.reading.batches.number(part) for part in ([batch] if whole else split(batch))]
                flights = (*writer.flights, *(Flight(part, -1) for part in numbers))
                sent.append((numbers[0], self.writers.number(writer._replace(flights=flights))))
        return sent

    def _acknowledge(self, number: int, log: Log) -> tuple[int, tuple[int, ...]]:
        """R7. Also the batches that nobody waits for any more."""
        folded, (first, *rest) = self.writers[number]
        batch = self.reading.batches[first.batch]
        after = Writer(folded.wrote(batch), tuple(rest))
        if first.base < 0:
            return self.writers.number(after), (first.batch,)
        if first.base == batch.at:
            return self.writers.number(after), ()
        if self.bug is Bug.GOES_ON:
            position = first.base + len(batch.entries)
            gone_on = after.folded._replace(position=position, tail=position - 1)
            return self.writers.number(after._replace(folded=gone_on)), ()
        return self._gave_up(number, log), under_way(self.writers[number])

    def _give_up(self, number: int, log: Log) -> int:
        """Drop what was decided and read on from the folded position, if the log still is what was folded."""
        folded = self.writers[number].folded
        if self.bug is Bug.SKIPS:
            return self.writers.number(Writer(folded._replace(position=log.end, tail=log.end - 1)))
        if self.bug is not Bug.READS_ON and not _ends_as_left(folded, log):
            return self._started(log, 0)
        then = self.reading.catch_up(folded, log)
        return DOWN if then is None else self.writers.number(Writer(then))

    def _look_back(self, number: int, log: Log) -> int:
        """R9, as `Worker._check_own_tail`."""
        folded = self.writers[number].folded
        if self.bug is Bug.NEVER_READS_BACK:
            return number
        if log.end != folded.position:
            return self._gave_up(number, log)
        return number if _ends_as_left(folded, log) else self._started(log, 0)

    # What must hold.

    def wrong(self, state: State) -> str | None:
        """Which invariant is broken, in words, or None."""
        return self.wrong_now(state) or self._never_answered(state)

    def done(self, state: State) -> bool:
        """Whether every message has its answer."""
        return self.bounds.messages == state.log.folded.next_cause and not state.log.torn

    def wrong_now(self, state: State) -> str | None:
        """Which invariant of what readers see is broken in this very state, or None."""
        return self._judged(state.log, state.lost)

    def _judge(self, log: Log, lost: tuple[Log, ...]) -> str | None:
        found = self.reading.wrong(log, whole=not lost)
        for had in lost:
            for earlier in (had, *had.cut()):
                found = found or self.reading.wrong_for(earlier, log)
        return found

    def _never_answered(self, state: State) -> str | None:
        """What goes wrong on the calm course from here, if it does not lead to an answer for every message."""
        lost, path = state.lost, [symmetric(undisturbed(state))]
        while path[-1] not in self._good and not self.done(path[-1]):
            step = self.calm(path[-1])
            if step is None or len(path) > LONGEST:
                told = (self._judged(each.log, lost) for each in path)
                cause = path[-1].log.folded.next_cause
                stuck = f"message {cause} is never answered, though nothing goes wrong any more"
                return next(filter(None, told), stuck)
            path.append(symmetric(step[1]))
        self._good.update(path)
        return None

    def calm(self, state: State) -> tuple[Step, State] | None:
        """What happens next where nothing goes wrong and late batches stay away, or None: nothing.

        Batches under way come first, then who has read everything: so back-off spreads writers in life. Who writes
        after a lost tail what does not count is started again, because an alarm says so.
        """
        state = undisturbed(state)
        best = min(
            (each for each in self._steps(state, LONGEST) if each[0].act in CALM),
            key=lambda each: self._rank(state, each[0]),
            default=None,
        )
        if best is None and state.log.folded.chain_voids and self.bug not in (Bug.UNHEEDED, Bug.READS_ON):
            fresh = self._started(state.log, 0)
            for who, number in enumerate(state.writers):
                if number != fresh != DOWN:
                    return Step(Act.RESTART, who, -1), turned(state, who, fresh)
        return best

    def _rank(self, state: State, step: Step) -> tuple[int, bool, int, int]:
        number = state.writers[step.writer]
        stale = number != DOWN and self.writers[number].folded.position != state.log.end
        return CALM.index(step.act), stale, number, step.batch


def _ends_as_left(folded: Folded, log: Log) -> bool:
    """Whether the last record that counted for a writer still stands in its place, as `Worker._ends_as_left`."""
    if folded.tail >= log.end:
        return False
    record = log.records[folded.tail]
    mark = mark_of(record)
    return link(mark.prev, mark.at, mark.cause, mark.i, mark.n, mark.digest, b"", record.value or b"") == folded.head
