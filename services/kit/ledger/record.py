"""The record format: what stands in the headers of inbox and event records, and how the chain is hashed.

An inbox record carries one header, `stamp`, written by the gateway; an event record carries one header, `mark`,
written by a decider (one compact header, because six cost 2.5 µs to append and one 1.0). Integers are big-endian.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec

FORMAT = 1
STAMP = "stamp"
MARK = "mark"
ILLEGIBLE = "\N{REPLACEMENT CHARACTER}"
"""Stands for a header whose name is not UTF-8, with that name as its value, and for all others of its record."""

NO_HASH = bytes(32)
GENESIS_CAUSE = -1

_STAMP = struct.Struct(">BB32s")
_MARK = struct.Struct(">BqqHH32s32s")
_LINK = struct.Struct(">qqHH32sI")


Headers = Sequence[tuple[str, bytes | None]]
"""Kafka lets a header have no value, and others may write to our topics."""


class Record(Protocol):
    """A record as read from a log; aiokafka's ConsumerRecord is one. `timestamp`: broker's, in ms of the epoch."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """What the gateway vouches for: may this source speak for that thing, and the digest of the content."""

    authorised: bool
    digest: bytes


class Mark(NamedTuple):
    """What an event record says of itself.

    at: the offset at which it expects to land. cause: the inbox offset that it answers (-1: genesis). i, n: its
    place among the records of that cause. prev: head of the chain before it. digest: that of the inbox record.
    """

    at: int
    cause: int
    i: int
    n: int
    prev: bytes
    digest: bytes


class Genesis(msgspec.Struct, frozen=True, kw_only=True):
    """Value of the record at offset 0 of each event-log partition."""

    format: int
    log: str
    partition: int
    partitions: int
    inbox_topic_id: str
    events_topic_id: str


def pack_stamp(stamp: Stamp) -> list[tuple[str, bytes]]:
    """Headers of an inbox record."""
    return [(STAMP, _STAMP.pack(FORMAT, stamp.authorised, stamp.digest))]


def read_stamp(record: Record) -> Stamp | None:
    """The gateway's stamp, or None if the record carries none that this format knows."""
    for name, value in record.headers:
        if name == STAMP and value is not None and len(value) == _STAMP.size:
            version, authorised, digest = _STAMP.unpack(value)
            if version == FORMAT:
                return Stamp(bool(authorised), digest)
    return None


def pack_mark(at: int, cause: int, i: int, n: int, prev: bytes, digest: bytes) -> list[tuple[str, bytes]]:
    """Headers of an event record."""
    return [(MARK, _MARK.pack(FORMAT, at, cause, i, n, prev, digest))]


def read_mark(record: Record) -> Mark | None:
    """What an event record says of itself, or None if it is not one of ours."""
    for name, value in record.headers:
        if name == MARK and value is not None and len(value) == _MARK.size:
            version, at, cause, i, n, prev, digest = _MARK.unpack(value)
            if version == FORMAT:
                return Mark(at, cause, i, n, prev, digest)
    return None


def link(prev: bytes, at: int, cause: int, i: int, n: int, digest: bytes, key: bytes, value: bytes) -> bytes:
    """Head of the chain after a record: SHA-256 over the head before it and all that the record says."""
    return sha256(b"".join((prev, _LINK.pack(at, cause, i, n, digest, len(key)), key, value))).digest()


@dataclass(frozen=True, slots=True)
class Stored:
    """A record, of the in-memory log or read without aiokafka."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int = 0
