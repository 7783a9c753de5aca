"""Tells the way to a wrong state so that one can follow it: step by step, then the log and which of it counts."""

from collections.abc import Iterator
from string import ascii_uppercase

from services.kit.ledger.record import Stored
from tests.model.explore import Explored
from tests.model.logs import Batch, Log, mark_of
from tests.model.protocol import Protocol
from tests.model.state import DOWN, Act, State, Step, symmetric

LONGEST_TOLD = 24
"""Steps after which a course without end is left."""


def tell(protocol: Protocol, explored: Explored) -> list[str]:
    """The lines of a counterexample; the writers keep their names throughout."""
    assert explored.wrong is not None
    why, way = explored.wrong
    trace = _Trace(protocol)
    for state in way[1:]:
        trace.follow(state)
    if protocol.wrong_now(trace.state) is None:
        trace.go_on_calmly()
    return [*trace.lines, f"so {why}. The log:", *trace.log()]


class _Trace:
    def __init__(self, protocol: Protocol) -> None:
        self.lines: list[str] = []
        self.state = protocol.initial()
        self._protocol = protocol
        self._senders: dict[int, str] = {}
        self._steps = 0

    def follow(self, state: State) -> None:
        """Go the step that leads to this state but for the writers' names."""
        self._go(*next(each for each in self._protocol.steps(self.state) if symmetric(each[1]) == state))

    def go_on_calmly(self) -> None:
        """Go on until something is wrong, or nothing more happens."""
        self.lines.append("and then, though nothing goes wrong any more:")
        while self._steps < LONGEST_TOLD and (each := self._protocol.calm(self.state)) is not None:
            self._go(each[0], each[1]._replace(lost=self.state.lost))
            if self._protocol.wrong_now(self.state) is not None:
                return
        self.lines.append("      nothing more")

    def log(self) -> Iterator[str]:
        """Each record with what it says, and whether it counts."""
        log = self.state.log
        batches = [log.batch, *(shorter.batch for shorter in log.cut())][-2::-1]
        senders = [self._senders[batch] for batch in batches for _ in self._batch(batch).entries]
        if len(log.records) == 1:
            yield "  nothing but its genesis record"
            return
        yield "  offset   at  message  part  by"
        for record, sender in zip(log.records[1:], senders, strict=True):
            mark = mark_of(record)
            said = f"{record.offset:8} {mark.at:4} {mark.cause:8} {mark.i + 1:3}/{mark.n}  {sender}"
            yield f"{said:35} {_verdict(log, record.offset, mark.at)}"

    def _go(self, step: Step, after: State) -> None:
        before, self.state = self.state, after
        self._steps += 1
        who = "" if step.writer < 0 else ascii_uppercase[step.writer]
        if step.act is Act.SEND:
            for batch in self._flights(after, step):
                self._senders[batch] = "".join(sorted({*self._senders.get(batch, ""), who}))
        self.lines.append(f"{self._steps:4}  {who:1}  {step.act}{self._detail(step, before, after)}")

    def _detail(self, step: Step, before: State, after: State) -> str:
        match step.act:
            case Act.SEND:
                sent = self._flights(after, step)[len(self._flights(before, step)) :]
                told = ": " + ", then ".join(map(self._told, sent))
            case Act.LAND:
                told = f" at offset {before.log.end}"
            case Act.LAND_LATE:
                told = f" at offset {before.log.end}: {self._senders[step.batch]}'s {self._told(step.batch)}"
            case Act.CUT:
                told = f" from offset {after.log.end} on"
            case Act.ACKNOWLEDGE:
                base = self._protocol.writers[before.writers[step.writer]].flights[0].base
                at = self._batch(step.batch).at
                where = "though it did not" if base < 0 else f"at {base}" + (f" and not at {at}" if base != at else "")
                told = f" {where}{self._knows(after.writers[step.writer])}"
            case Act.CRASH | Act.DOUBLE | Act.STAND_DOWN | Act.COMMIT:
                told = ""
            case _:
                told = self._knows(after.writers[step.writer])
        return told

    def _knows(self, number: int) -> str:
        if number == DOWN:
            return "; stops, the ledger is broken"
        folded = self._protocol.writers[number].folded
        return f"; next are offset {folded.position} and message {folded.next_cause}"

    def _flights(self, state: State, step: Step) -> list[int]:
        number = state.writers[step.writer]
        return [] if number == DOWN else [flight.batch for flight in self._protocol.writers[number].flights]

    def _told(self, number: int) -> str:
        batch = self._batch(number)
        causes = sorted({mark_of(Stored(0, b"", *entry)).cause for entry in batch.entries})
        records = f"{len(batch.entries)} records" if len(batch.entries) > 1 else "1 record"
        return f"{records} for offset {batch.at}, message {' and '.join(map(str, causes))}"

    def _batch(self, number: int) -> Batch:
        return self._protocol.reading.batches[number]


def _verdict(log: Log, offset: int, at: int) -> str:
    if any(record.offset == offset for answer in log.answers for record in answer.records):
        return "counts"
    if at != offset:
        return "void: landed elsewhere"
    return "void: another chain" if offset in log.folded.chain_voids else "readers wait for the rest, or stop"
