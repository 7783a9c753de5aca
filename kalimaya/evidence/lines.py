"""The lines of an evidence file: JSON, one object a line, each written in exactly one way (ADR 0013).

In their order: a heading; each partition of each event log, which is a `log`, its answers, and an `end`; then the
documents, events and receipts that follow from the answers; and the digest of all lines before it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from schemas.types import VillageCode

FORMAT = 1

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""SHA-256 in hexadecimal digits."""
Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Line(Struct, frozen=True, kw_only=True, tag_field="is", forbid_unknown_fields=True):
    pass


class Heading(_Line, frozen=True, tag="evidence"):
    """What the file is. `complaints`: whether records that tell of a complaint about a unit are shown, too."""

    format: int
    village: VillageCode
    name: str
    complaints: bool


class Log(_Line, frozen=True, tag="log"):
    """Here begins a partition, `<service>.events/<partition>`; `key` and `genesis` are those of its first record."""

    log: str
    key: str
    genesis: str


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record: its offset, key and value. Offsets that no line names are of records that do not count (void)."""

    at: Offset
    key: str
    value: str


class Answer(_Line, frozen=True, tag="answer"):
    """All records of one message's outcome, as `link` hashes them.

    `cause` is the message's inbox offset, `digest` that of its content; `head` is the chain after the last record.
    """

    cause: Offset
    digest: Hash
    records: Annotated[Sequence[Record], Meta(min_length=1, max_length=2**16 - 1)]
    head: Hash


class Withheld(_Line, frozen=True, tag="withheld"):
    """An answer that is not shown: how many records it has, the offset of the last, and the chain after it."""

    cause: Offset
    at: Offset
    records: Annotated[int, Meta(ge=1, lt=2**16)]
    head: Hash


class End(_Line, frozen=True, tag="end"):
    """Here the partition was read up to: the next offset and the head, as a situation report prints them."""

    log: str
    next_offset: Offset
    head: Hash


class Document(_Line, frozen=True, tag="document"):
    """An entity that concerns the village, or once did, as it stands at the end."""

    kind: str
    id: str
    document: dict[str, Any]


class Event(_Line, frozen=True, tag="event"):
    """An event that concerned the village: where it stands, and which message it came from (`source#id`).

    `at` is the effective time, `known` is when it could be known.
    """

    place: str
    type: str
    subject: str
    at: datetime
    known: datetime
    message: str


class Receipt(_Line, frozen=True, tag="receipt"):
    """What became of a message: where it stands, the digest of its content, its outcome, and where that stands."""

    source: str
    id: str
    message: str
    digest: Hash
    outcome: str
    reason: str | None
    answer: str
    known: datetime


class Digest(_Line, frozen=True, tag="digest"):
    """SHA-256 over every byte before this line, the last."""

    sha256: Hash


Line = Heading | Log | Answer | Withheld | End | Document | Event | Receipt | Digest

decode: Callable[[bytes], Line] = msgspec.json.Decoder(Line).decode
"""Raises msgspec.DecodeError."""
_encode = msgspec.json.Encoder().encode


def encode(line: Line) -> bytes:
    """The one way to write a line, with the line feed."""
    return _encode(line) + b"\n"
