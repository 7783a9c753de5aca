"""Receipts: what the senders of messages were told, one JSON object a line (docs/audit.md); a million take 30 MB."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec

from kalimaya.audit.findings import Findings
from schemas.envelope import message_identity
from schemas.outcomes import OutcomeKind

TAKEN_IN = (200, 202, 409, 422)
"""Statuses that, together with a position, promise that the message stands there."""

_KINDS: tuple[str | None, ...] = (None, *get_args(OutcomeKind))
_POSITION = re.compile(r"(?P<service>[^/@]+)\.inbox/(?P<partition>\d+)@(?P<offset>\d+)")
_TOPIC_PLACE = re.compile(r"[^/@]+/\d+@\d+")
FAR = 2**63 - 1
"""Behind every offset."""


class Told(NamedTuple):
    """What one sender was told of a message.

    `identity` is its hash (see identities.py), `outcome` its kind, None if it was not told; `line` is that of the file.
    """

    identity: int
    outcome: str | None
    line: int


class AtPlaces:
    """Receipts that name an offset of one inbox partition."""

    def __init__(self) -> None:
        self._offsets, self.identities, self._lines = array("q"), array("q"), array("q")
        self._outcomes = bytearray()
        self._order: array[int] | None = None
        self._cursor = 0
        self._missed: list[tuple[int, Told]] = []

    def add(self, offset: int, told: Told) -> None:
        """One more; before the first `take`."""
        self._offsets.append(offset)
        self.identities.append(told.identity)
        self._lines.append(told.line)
        self._outcomes.append(_KINDS.index(told.outcome))

    def take(self, offset: int) -> Sequence[Told]:
        """Those that name this offset; offsets must be asked for in their order."""
        if self._next() > offset:
            return ()
        found: list[Told] = []
        while (at := self._next()) <= offset:
            told = self._told()
            if at < offset:
                self._missed.append((at, told))
            else:
                found.append(told)
            self._cursor += 1
        return found

    def rest(self) -> Iterator[tuple[int, Told]]:
        """Those that name an offset which was not asked for."""
        yield from self._missed
        while (at := self._next()) < FAR:
            yield at, self._told()
            self._cursor += 1

    def _next(self) -> int:
        if self._order is None:
            self._order = array("q", sorted(range(len(self._offsets)), key=self._offsets.__getitem__))
        return self._offsets[self._order[self._cursor]] if self._cursor < len(self._order) else FAR

    def _told(self) -> Told:
        assert self._order is not None
        n = self._order[self._cursor]
        return Told(self.identities[n], _KINDS[self._outcomes[n]], self._lines[n])


class Anywhere:
    """Identities that must stand in some inbox, wherever, and those that must not stand in any."""

    def __init__(self) -> None:
        self.failed: dict[int, int] = {}
        self._promised: list[tuple[int, int]] = []
        self._identities, self._lines = array("q"), array("q")
        self._kept = bytearray()

    def promise(self, told: Told) -> None:
        """It must stand somewhere. Before `begin`."""
        self._identities.append(told.identity)
        self._lines.append(told.line)

    def begin(self, not_failed: Iterable[int]) -> None:
        """All receipts are read; of those identities another receipt says that they are, or may be, there."""
        if self.failed:
            for identity in chain(self._identities, not_failed):
                self.failed.pop(identity, None)
        order = sorted(range(len(self._identities)), key=self._identities.__getitem__)
        self._lines = array("q", (self._lines[n] for n in order))
        self._identities = array("q", (self._identities[n] for n in order))
        self._kept = bytearray(len(order))

    def meet(self, identity: int) -> int | None:
        """A message stands in an inbox; the line of a receipt that says that it failed, if there is one."""
        n = bisect_left(self._identities, identity)
        while n < len(self._identities) and self._identities[n] == identity:
            self._kept[n] = True
            n += 1
        return self.failed.get(identity)

    def broken(self) -> Iterator[int]:
        """The lines of promises that were not kept."""
        return (line for line, kept in zip(self._lines, self._kept, strict=True) if not kept)

    def __bool__(self) -> bool:
        return bool(self.failed or self._identities)


class _Line(msgspec.Struct):
    id: str
    source: str
    status: int = 0
    told: Literal["ok", "failed", "unknown"] | None = None
    position: str | None = None
    outcome: OutcomeKind | None = None


_line = msgspec.json.Decoder(_Line).decode


class Receipts:
    """All receipts. `places`: by service and partition; `count`: of lines that are receipts, by what was told."""

    def __init__(self) -> None:
        self.places: dict[tuple[str, int], AtPlaces] = {}
        self.anywhere = Anywhere()
        self.count = {"ok": 0, "failed": 0, "unknown": 0}
        self._unknown = array("q")

    def add(self, line: bytes, number: int) -> None:
        """One line of the file. Raises msgspec.DecodeError and ValueError for what is no receipt."""
        receipt = _line(line)
        told = Told(hash(message_identity(receipt.source, receipt.id)), receipt.outcome, number)
        what = receipt.told or _meaning(receipt)
        place = receipt.position and _POSITION.fullmatch(receipt.position)
        if receipt.position and not place and not _TOPIC_PLACE.fullmatch(receipt.position):
            raise ValueError(f"{receipt.position} is no position")
        self.count[what] += 1
        if what == "unknown":
            self._unknown.append(told.identity)
        elif what == "failed":
            self.anywhere.failed.setdefault(told.identity, number)
        elif place:
            there = self.places.setdefault((place["service"], int(place["partition"])), AtPlaces())
            there.add(int(place["offset"]), told)
        else:
            self.anywhere.promise(told)

    def begin(self) -> None:
        """All lines are there."""
        named = (each.identities for each in self.places.values())
        self.anywhere.begin(chain(self._unknown, *named))


def _meaning(receipt: _Line) -> Literal["ok", "failed", "unknown"]:
    """What a status means that the gateway gave; 0: it gave none."""
    if receipt.status in TAKEN_IN and receipt.position:
        return "ok"
    return "failed" if 400 <= receipt.status < 500 else "unknown"


def load(path: Path, findings: Findings) -> Receipts:
    """The receipts in a file. Raises OSError."""
    with path.open("rb") as file:
        return read(file, findings, str(path.name))


def read(lines: Iterable[bytes], findings: Findings, name: str = "receipts") -> Receipts:
    """Receipts; a line that is none becomes a finding, save for a last one that is still being written."""
    found = Receipts()
    for number, line in enumerate(lines, start=1):
        try:
            found.add(line, number)
        except (msgspec.DecodeError, ValueError) as error:
            if line.endswith(b"\n"):
                findings.add("unreadable receipt", name, None, number, str(error))
    found.begin()
    return found
