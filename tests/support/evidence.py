"""Evidence files over the golden logs, and what somebody may do to one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from kalimaya.evidence.lines import Digest, Line, decode, encode
from kalimaya.evidence.write import write
from schemas.catalogue import SERVICES
from services.kit.ledger.record import NO_HASH, Record, Stored, link, pack_mark, read_mark
from services.projection.sitrep.words import Head, SituationReport
from tests.support import golden

VILLAGE, ANOTHER = "36.04.13.2009", "36.04.05.2001"
Logs = Mapping[str, Sequence[Record]]
"""The records of partition 0 of each service's event log."""


def golden_logs() -> dict[str, list[Record]]:
    """Those in schemas/golden."""
    return {service: [each.record for each in golden.events(service)] for service in SERVICES}


def write_evidence(path: Path, logs: Logs, village: str = VILLAGE, *, complaints: bool = False) -> Path:
    """Evidence from these logs, in a new file."""
    write(path, village, (((f"{each}.events", 0), logs[each]) for each in logs), complaints=complaints)
    return path


def lines_of(path: Path) -> list[Line]:
    """Every line of a file, decoded."""
    return [decode(raw) for raw in path.read_bytes().splitlines(keepends=True)]


def put(path: Path, lines: Iterable[Line]) -> Path:
    """A file of these lines, each as it is written, under a digest that fits them."""
    path.write_bytes(mended(b"".join(map(encode, lines))))
    return path


def mended(said: bytes) -> bytes:
    """The same with a digest, its last line, that fits the rest."""
    kept = said[: said.rindex(b'{"is":"digest"')]
    return kept + encode(Digest(sha256=sha256(kept).hexdigest()))


def chained_anew(records: Iterable[Record], change: Callable[[bytes], bytes] = lambda value: value) -> list[Record]:
    """What a forger makes who can write the whole log again: his values, and a chain that fits."""
    made: list[Record] = []
    head = NO_HASH
    for each in records:
        mark = read_mark(each)
        assert mark is not None
        key, value = each.key or b"", change(each.value or b"")
        said = (mark.at, mark.cause, mark.i, mark.n)
        made.append(Stored(each.offset, key, value, pack_mark(*said, head, mark.digest)))
        head = link(head, *said, mark.digest, key, value)
    return made


def report(folder: Path, heads: Sequence[Head], rendered: Callable[[SituationReport], str], name: str) -> Path:
    """A situation report that says nothing but its heads."""
    day = datetime(2019, 11, 3, tzinfo=UTC)
    made = SituationReport(title="-", operation=None, start=day, end=day, cut=False, sections=[], heads=heads)
    path = folder / name
    path.write_text(rendered(made), encoding="utf-8")
    return path


def heads_at(logs: Logs, position: Callable[[Sequence[Record]], int] = len) -> list[Head]:
    """The heads before some offset of each log, recomputed here."""
    found = []
    for service, records in logs.items():
        head = NO_HASH
        for each in records[: position(records)]:
            mark = read_mark(each)
            assert mark is not None
            head = link(head, *mark[:4], mark.digest, each.key or b"", each.value or b"")
        log = msgspec.json.decode(records[0].value or b"")["log"]
        head_of = Head(log=f"{service}.events/0", id=log, next_offset=position(records), head=head.hex())
        found.append(head_of)
    return found
