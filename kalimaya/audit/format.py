"""The record format, written down a second time: headers `stamp` and `mark`, the genesis record and the hash chain.

On purpose not imported from the ledger: an error there would otherwise hide itself. Integers are big-endian.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

FORMAT = 1
GENESIS = -1
"""The cause of a genesis record."""
NOTHING = bytes(32)
"""Head of the chain before the first record, and digest of a message without a stamp."""

# Written out field by field: version, authorised, digest; version, at, cause, i, n, prev, digest.
_STAMP = struct.Struct("!B?32s")
_MARK = struct.Struct("!BqqHH32s32s")
_SAID = struct.Struct("!qqHH32sI")


class LogRecord(NamedTuple):
    """A record as it stands in a topic. `timestamp`: the broker's, in ms of the epoch."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Stamp(NamedTuple):
    """What the gateway vouches for on an inbox record."""

    authorised: bool
    digest: bytes


class Mark(NamedTuple):
    """What an event record says of itself: where it expects to land, what it answers, and what came before it."""

    at: int
    cause: int
    i: int
    n: int
    prev: bytes
    digest: bytes


def stamp_of(record: LogRecord) -> Stamp | None:
    """The stamp of an inbox record; None if there is none of this format."""
    packed = _header(record, "stamp", _STAMP)
    return None if packed is None else Stamp(*_STAMP.unpack(packed)[1:])


def mark_of(record: LogRecord) -> Mark | None:
    """The mark of an event record; None if there is none of this format: then it is not ours."""
    packed = _header(record, "mark", _MARK)
    return None if packed is None else Mark(*_MARK.unpack(packed)[1:])


def _header(record: LogRecord, wanted: str, shape: struct.Struct) -> bytes | None:
    for name, value in record.headers:
        if name == wanted and value is not None and len(value) == shape.size and value[0] == FORMAT:
            return value
    return None


def head_after(record: LogRecord, mark: Mark) -> bytes:
    """Head of the chain after a valid record."""
    key = record.key or b""
    said = _SAID.pack(mark.at, mark.cause, mark.i, mark.n, mark.digest, len(key))
    return hashlib.sha256(b"".join((mark.prev, said, key, record.value or b""))).digest()
