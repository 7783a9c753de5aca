"""The envelope: CloudEvents 1.0 structured JSON as it stands in an inbox and in an event log.

What outsiders may send is wider (any CloudEvents extension, no recordedtime) and is judged by the gateway;
these two shapes are what it and the deciders write, and they are read with msgspec on the hot path.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zlib import crc32

import msgspec

from schemas.catalogue import CATALOGUE, Definition, newest, upcast


class InboxMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A message in an inbox. `source` is derived from the credentials; `time` and `recordedtime` are UTC."""

    specversion: str
    id: str
    source: str
    type: str
    partitionkey: str
    dataschema: str
    time: datetime
    recordedtime: datetime
    data: msgspec.Raw
    subject: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None


class LogEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An event in a log.

    `id` is `<topic>/<partition>/<cause>/<index>`; `causationid` is `<source>#<id>` of the message that it
    answers; `knowntime` never decreases within a partition and says from when the fact could be known.
    `subject` and the record's key are the aggregate, e.g. `unit/polres-serang-007`.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    dataschema: str
    time: datetime
    recordedtime: datetime
    knowntime: datetime
    causationid: str
    data: Any
    correlationid: str | None = None
    traceparent: str | None = None


class RawEvent(LogEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A log event as it is read: data not decoded yet."""

    data: msgspec.Raw


encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
decode_inbox: Callable[[bytes], InboxMessage] = msgspec.json.Decoder(InboxMessage).decode
decode_event: Callable[[bytes], RawEvent] = msgspec.json.Decoder(RawEvent).decode


def decoder(entry: Definition) -> Callable[[bytes | msgspec.Raw], Any]:
    """The decoder of one version of a message's `data`, which gives the newest version's class.

    It raises msgspec.DecodeError for what does not fit.
    """
    decode = msgspec.json.Decoder(entry.cls).decode
    return decode if entry is newest(entry.type) else lambda data: upcast(decode(data))


_DECODERS = {(entry.type, entry.dataschema): decoder(entry) for entry in CATALOGUE.values()}


class UnknownMessage(Exception):
    """No version of this message is defined here: this reader is older than the writer and must stop."""


def decode_data(type_: str, dataschema: str, data: bytes | msgspec.Raw) -> Any:
    """Decode `data` into the newest class of its message.

    Raises UnknownMessage for an unknown type or version, msgspec.DecodeError for data that does not fit.
    """
    try:
        decode = _DECODERS[type_, dataschema]
    except KeyError:
        raise UnknownMessage(f"{type_} {dataschema}") from None
    return decode(data)


def message_identity(source: str, id_: str) -> str:
    """Identity of a message as one string, `<source>#<id>`; a source never contains `#`."""
    return f"{source}#{id_}"


def split_identity(identity: str) -> tuple[str, str]:
    """The (source, id) of a `causationid`."""
    source, _, id_ = identity.partition("#")
    return source, id_


def partition_of(key: str, partitions: int) -> int:
    """The partition of an aggregate: CRC-32 (IEEE) of its UTF-8 key, modulo the partition count.

    The gateway names the partition itself, because Kafka clients differ in their hash functions.
    """
    return crc32(key.encode()) % partitions
