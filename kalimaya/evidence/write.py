"""Writes an evidence file from the event logs. Each partition is read once; what is long goes through a file.

It knows records, and not where they are read.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

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
    Record,
    Withheld,
    decode,
    encode,
)
from kalimaya.evidence.village import VillageFold
from schemas.places import VILLAGES
from schemas.types import VillageCode
from services.kit.ledger import fold as ledger
from services.kit.ledger import record as stored
from services.kit.ledger.reader import Place

Taken = Callable[[], None]
"""Called after each record that was read."""


@dataclass(slots=True)
class Written:
    """What a file holds."""

    answers: int = 0
    withheld: int = 0
    documents: int = 0
    events: int = 0
    receipts: int = 0


class EmptyLog(Exception):
    """A log has not even its first record."""


def write(
    path: Path,
    village: VillageCode,
    logs: Iterable[tuple[Place, Iterable[stored.Record]]],
    *,
    complaints: bool = False,
    taken: Taken = lambda: None,
) -> Written:
    """Write the evidence on a village into a new file.

    `logs`: every partition of every event log from offset 0, services in the order of `schemas.catalogue.SERVICES`;
    each is read when the one before it was. `complaints`: show what tells of complaints about units. Raises OSError
    (FileExistsError: nothing is overwritten), and for logs that cannot be folded LedgerBroken, EmptyLog,
    UnknownMessage, ValueError and msgspec.DecodeError; then nothing is written.
    """
    fold = VillageFold(village)
    with TemporaryFile(dir=path.parent) as spool:
        # What tells of a complaint is known only when everything was read.
        for place, records in logs:
            _spool(spool, fold, place, records, taken)
        spool.seek(0)
        withheld = frozenset[str]() if complaints else fold.complaints.subjects()
        with path.open("xb") as file:
            out = _Out(file)
            heading = Heading(format=FORMAT, village=village, name=VILLAGES[village].name, complaints=complaints)
            out.put(heading)
            for line in map(decode, spool):
                out.put(_shown(line, withheld))
            for told in fold.lines(withheld):
                out.put(told)
            out.put(out.digest())
    return out.written


def _spool(spool: BinaryIO, village: VillageFold, place: Place, records: Iterable[stored.Record], taken: Taken) -> None:
    topic, partition = place
    log, fold = f"{topic}/{partition}", ledger.Fold()
    end = None
    for record in records:
        answer = _take(fold, record)
        if answer is not None:
            village.take(topic.removesuffix(".events"), partition, answer)
            spool.write(encode(_answer(answer)))
        elif fold.position == 1:
            spool.write(encode(Log(log=log, key=_text(record.key), genesis=_text(record.value))))
        if fold.whole:
            end = End(log=log, next_offset=fold.position, head=fold.head.hex())
        taken()
    if end is None:
        raise EmptyLog(f"{log} is empty")
    spool.write(encode(end))
    village.log_ends()


def _take(fold: ledger.Fold, record: stored.Record) -> ledger.Answer | None:
    try:
        return fold.take(record)
    except ledger.ChainMismatch:  # folded from the start: it is void (R3)
        fold.void_by_chain.add(record.offset)
        return fold.take(record)


def _answer(answer: ledger.Answer) -> Answer:
    return Answer(
        cause=answer.cause,
        digest=answer.digest.hex(),
        records=[Record(at=each.offset, key=_text(each.key), value=_text(each.value)) for each in answer.records],
        head=answer.head.hex(),
    )


def _text(said: bytes | None) -> str:
    return (said or b"").decode()


def _shown(line: Line, withheld: Set[str]) -> Line:
    if not isinstance(line, Answer) or withheld.isdisjoint(each.key for each in line.records):
        return line
    return Withheld(cause=line.cause, at=line.records[-1].at, records=len(line.records), head=line.head)


class _Out:
    """The file, its digest, and what is counted of its lines."""

    def __init__(self, file: BinaryIO) -> None:
        self.written = Written()
        self._file, self._sha256 = file, sha256()

    def put(self, line: Line) -> None:
        match line:
            case Answer():
                self.written.answers += 1
            case Withheld():
                self.written.withheld += 1
            case Document():
                self.written.documents += 1
            case Event():
                self.written.events += 1
            case Receipt():
                self.written.receipts += 1
        said = encode(line)
        self._sha256.update(said)
        self._file.write(said)

    def digest(self) -> Digest:
        """Of all that was put so far."""
        return Digest(sha256=self._sha256.hexdigest())
