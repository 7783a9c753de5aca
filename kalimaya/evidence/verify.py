"""Verifies an evidence file by itself: recomputes its chains, folds its records anew, and compares what was told.

It needs the file and, to hold it against what was signed, situation reports; no Kafka, no database, no network.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from kalimaya.evidence.lines import (
    FORMAT,
    Answer,
    Digest,
    Document,
    End,
    Event,
    Heading,
    Line,
    Log,
    Receipt,
    Withheld,
    decode,
    encode,
)
from kalimaya.evidence.reports import PrintedHead
from kalimaya.evidence.village import VillageFold
from schemas.catalogue import SERVICES
from schemas.places import VILLAGES
from services.kit.ledger import fold as ledger
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Genesis, Stored, pack_mark

WITHHOLDING = "incidents"
"""The service whose answers may tell of a complaint; no other's may be withheld."""

Read = Callable[[int], None]
"""Told how many bytes were read since it was told last."""


class Wrong(Exception):
    """The first thing that is wrong with a file, and where."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(f"{place}: {detail}")
        self.place, self.detail = place, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition as verified: `answers` that are shown, of which printed heads hold `held`, and those `withheld`."""

    log: str
    next_offset: int
    head: str
    answers: int
    held: int
    withheld: int


@dataclass(slots=True)
class Verified:
    """What a file was found to hold: nothing in it is wrong."""

    village: str
    name: str
    partitions: list[Partition] = field(default_factory=list)
    documents: int = 0
    events: int = 0
    receipts: int = 0
    sha256: str = ""


def verify(
    path: Path,
    village: str | None = None,
    printed: Sequence[PrintedHead] = (),
    read: Read = lambda _: None,
) -> Verified:
    """Verify a file. `village`: the one that it must be about, if not any. `printed`: heads that its logs must have.

    Raises Wrong for the first thing that is wrong, and OSError.
    """
    with path.open("rb") as file:
        return _File(_Lines(file, read), printed, village).verify()


class _Lines:
    """The lines of a file one after the other, and the digest of those before the current one."""

    def __init__(self, file: BinaryIO, read: Read) -> None:
        self._file, self._read = file, read
        self._sha256, self._number, self._raw = sha256(), 0, b""

    def raw(self) -> bytes:
        """The next line; empty at the end of the file."""
        self._sha256.update(self._raw)
        self._number += 1
        self._raw = self._file.readline()
        self._read(len(self._raw))
        return self._raw

    def next(self) -> Line:
        """The next line, which must be written as the format has it."""
        raw = self.raw()
        try:
            line = decode(raw)
        except (msgspec.DecodeError, ValueError) as error:
            detail = f"this is no line of an evidence file: {error}" if raw else "the file breaks off"
            raise self.wrong(detail) from error
        if encode(line) != raw:
            raise self.wrong("it is not written as a file of this format is")
        return line

    @property
    def before(self) -> str:
        """The digest of all lines before the current one."""
        return self._sha256.hexdigest()

    def wrong(self, detail: str) -> Wrong:
        """What is wrong with the current line."""
        return Wrong(f"line {self._number}", detail)


class _File:
    """The order in which lines must come, and what they come to."""

    def __init__(self, lines: _Lines, printed: Sequence[PrintedHead], village: str | None) -> None:
        self._lines, self._printed = lines, printed
        heading = self._heading(village)
        self._complaints = heading.complaints
        self._fold = VillageFold(heading.village)
        self._verified = Verified(heading.village, heading.name)

    def verify(self) -> Verified:
        logs = list(self._logs())
        for each in self._printed:
            if each.log not in logs:
                raise Wrong(each.log, "a report prints its head, but the file does not have this log")
        self._compare()
        self._end()
        return self._verified

    def _heading(self, village: str | None) -> Heading:
        line = self._lines.next()
        if not isinstance(line, Heading):
            raise self._lines.wrong("an evidence file begins with its heading")
        if line.format != FORMAT:
            raise self._lines.wrong(f"the file has format {line.format}, this program knows format {FORMAT}")
        if line.village not in VILLAGES or line.name != VILLAGES[line.village].name:
            raise self._lines.wrong(f"no village has the code {line.village} and the name {line.name}")
        if village not in (None, line.village):
            raise self._lines.wrong(f"the file is about {line.village} ({line.name}), not about {village}")
        return line

    def _logs(self) -> Iterator[str]:
        """Every partition of every service's log, as their first records say how many there are."""
        for service in SERVICES:
            partition, partitions = 0, 1
            while partition < partitions:
                chain = self._log(service, partition)
                partitions = chain.genesis.partitions
                yield chain.log
                partition += 1

    def _log(self, service: str, partition: int) -> "_Chain":
        line, log = self._lines.next(), f"{service}.events/{partition}"
        if not isinstance(line, Log) or line.log != log:
            raise self._lines.wrong(f"here the log {log} must begin")
        chain = _Chain(line, [each for each in self._printed if each.log == log])
        if chain.genesis.partition != partition:
            raise Wrong(f"{log}@0", f"the first record says that this is partition {chain.genesis.partition}")
        while not isinstance(line := self._lines.next(), End):
            match line:
                case Answer():
                    self._take(service, partition, chain.shown(line))
                case Withheld() if service == WITHHOLDING and not self._complaints:
                    chain.withheld(line)
                case _:
                    raise self._lines.wrong(f"an answer, or the end of {log}, must stand here")
        self._verified.partitions.append(chain.end(line))
        self._fold.log_ends()
        return chain

    def _take(self, service: str, partition: int, answer: ledger.Answer) -> None:
        try:
            self._fold.take(service, partition, answer)
        except Exception as error:  # only a forger's record can, and in any way; who verifies is told
            place = f"{service}.events/{partition}@{answer.offset}"
            raise Wrong(place, f"the answer cannot be folded: {error!r}") from error

    def _compare(self) -> None:
        """What was told of the village must be what follows from the records, in every byte."""
        for follows in self._fold.lines():
            raw = self._lines.raw()
            if raw != encode(follows):
                raise self._differs(follows, raw)
            match follows:
                case Document():
                    self._verified.documents += 1
                case Event():
                    self._verified.events += 1
                case Receipt():
                    self._verified.receipts += 1

    def _differs(self, follows: Document | Event | Receipt, raw: bytes) -> Wrong:
        try:
            told = decode(raw)
        except (msgspec.DecodeError, ValueError) as error:
            return self._lines.wrong(f"{_name(follows)} must stand here: {error}")
        if _name(told) != _name(follows):
            return self._lines.wrong(f"{_name(follows)} follows from the records, {_name(told)} stands here")
        return self._lines.wrong(f"{_name(told)} is not what follows from the records")

    def _end(self) -> None:
        line = self._lines.next()
        if not isinstance(line, Digest):
            raise self._lines.wrong(f"nothing more follows from the records, but {_name(line)} stands here")
        if line.sha256 != self._lines.before:
            raise self._lines.wrong("this is not the digest of the lines before it")
        if self._lines.raw():
            raise self._lines.wrong("the file goes on behind its end")
        self._verified.sha256 = line.sha256


def _name(line: Line) -> str:
    match line:
        case Document():
            return f"the document of {line.kind}/{line.id}"
        case Event():
            return f"the event {line.place}"
        case Receipt():
            return f"the receipt of {line.message}"
        case _:
            return f"a line of kind {type(line).__name__.lower()}"


class _Chain:
    """One partition: the chain is recomputed record by record, and held against the heads that were printed of it."""

    def __init__(self, line: Log, printed: list[PrintedHead]) -> None:
        self.log = line.log
        self._printed = printed
        self._fold = ledger.Fold()
        self._answers = self._held = self._withheld = 0
        self._stretch = 0
        """Answers since the last one that was withheld, or held already: the next printed head holds them."""
        mark = pack_mark(0, GENESIS_CAUSE, 0, 1, NO_HASH, NO_HASH)
        self._reach(0)
        self._record(Stored(0, line.key.encode(), line.genesis.encode(), mark))
        assert self._fold.genesis is not None
        self.genesis: Genesis = self._fold.genesis
        for each in printed:
            if each.id not in (None, self.genesis.log):
                raise Wrong(self.log, f"a report was made from the log {each.id}, the file from {self.genesis.log}")

    def shown(self, line: Answer) -> ledger.Answer:
        """Recompute the chain over an answer."""
        answer = None
        self._reach(line.records[0].at)
        for i, each in enumerate(line.records):
            self._skip_voids(each.at)
            mark = (each.at, line.cause, i, len(line.records), self._fold.head, bytes.fromhex(line.digest))
            answer = self._record(Stored(each.at, each.key.encode(), each.value.encode(), pack_mark(*mark)))
        assert answer is not None
        if answer.head.hex() != line.head:
            raise self._broken(line.records[0].at, "does not lead to the head that the file has after it")
        self._answers += 1
        self._stretch += 1
        return answer

    def withheld(self, line: Withheld) -> None:
        """Move over an answer that is not shown, to the head that is said to be after it."""
        first = line.at - line.records + 1
        self._reach(first)
        self._skip_voids(first)
        if line.cause != self._fold.next_cause:
            raise self._broken(line.at, f"answers cause {line.cause}, expected cause {self._fold.next_cause}")
        self._fold.wrote(line.at + 1, bytes.fromhex(line.head), line.cause + 1)
        self._withheld += 1
        self._stretch = 0

    def end(self, line: End) -> Partition:
        """Close it. Raises Wrong if a report has read further."""
        if line.log != self.log or line.next_offset < self._fold.position or line.head != self._fold.head.hex():
            raise Wrong(self.log, f"its records end at {self._fold.position} with the head {self._fold.head.hex()}")
        self._reach(line.next_offset)
        if self._printed:
            beyond = self._printed[0].next_offset
            raise Wrong(self.log, f"a report had read it up to {beyond}, the file ends at {line.next_offset}")
        return Partition(
            log=self.log,
            next_offset=line.next_offset,
            head=line.head,
            answers=self._answers,
            held=self._held,
            withheld=self._withheld,
        )

    def _record(self, record: Stored) -> ledger.Answer | None:
        try:
            return self._fold.take(record)
        except ledger.LedgerBroken as error:
            raise Wrong(f"{self.log}@{record.offset}", str(error)) from error

    def _skip_voids(self, at: int) -> None:
        if at < self._fold.position:
            raise self._broken(at, f"stands behind offset {self._fold.position - 1}")
        self._fold.position = at

    def _reach(self, at: int) -> None:
        """Hold the head before offset `at` against what was printed of it."""
        while self._printed and self._printed[0].next_offset <= at:
            printed = self._printed.pop(0)
            if printed.head != self._fold.head.hex():
                detail = f"a report prints the head {printed.head} before this offset, the file's records come to "
                raise Wrong(f"{self.log}@{printed.next_offset}", detail + self._fold.head.hex())
            self._held += self._stretch
            self._stretch = 0

    def _broken(self, at: int, what: str) -> Wrong:
        detail = f"the answer {what}: it was changed, or something before it was changed, left out or added"
        return Wrong(f"{self.log}@{at}", detail)
