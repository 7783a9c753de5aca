"""Reads on where aiokafka cannot: at a record with a header whose name is not UTF-8.

There aiokafka raises, what it had in hand of other partitions is lost, and of the batch in which the record came it
reads nothing more. librdkafka reads everything but that record's headers: it carries no stamp and no mark then.
"""

from collections.abc import Mapping, Sequence
from operator import methodcaller
from time import monotonic
from typing import Any

from aiokafka import TopicPartition
from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as Beginning

from services.kit.kafka_access import Bootstrap, access_to
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import ILLEGIBLE, Headers, Record, Stored

AT_A_TIME = 20
STILL_SECONDS = 5.0

_ask_headers = methodcaller("headers")
"""confluent-kafka 2 returns headers *and* leaves an exception standing. A plain call may not see it, and then whatever
Python does next fails. A call through here is checked, and raises SystemError."""

Found = Mapping[TopicPartition, Sequence[Record]]


def read(bootstrap: Bootstrap, wanted: Mapping[TopicPartition, range], most: int) -> Found:
    """What lies at these offsets; not all of it if that takes too long, or is more than `most` bytes and AT_A_TIME
    records. Blocks. Raises Unavailable.
    """
    settings = {
        "group.id": "kalimaya-bare",  # it never joins or commits
        "enable.auto.commit": False,
        "log_level": 0,
        "queued.max.messages.kbytes": most // 1024,
    }
    found: dict[TopicPartition, list[Record]] = {tp: [] for tp in wanted}
    waiting, progressed, size = set(wanted), monotonic(), 0
    try:
        client = Consumer(access_to(bootstrap).librdkafka() | settings)
        try:
            client.assign([Beginning(tp.topic, tp.partition, offsets.start) for tp, offsets in wanted.items()])
            while waiting and size < most and monotonic() - progressed < STILL_SECONDS:
                for message in client.consume(AT_A_TIME, 0.2):
                    if message.error() is not None:
                        continue
                    tp, offset = TopicPartition(str(message.topic()), message.partition() or 0), message.offset() or 0
                    if tp in waiting and offset in wanted[tp]:
                        progressed = monotonic()
                        size += len(message.key() or b"") + len(message.value() or b"")
                        found[tp].append(
                            Stored(offset, message.key(), message.value(), _headers_of(message), message.timestamp()[1])
                        )
                    if offset + 1 >= wanted[tp].stop:
                        waiting.discard(tp)
        finally:
            client.close()
    except KafkaException as error:
        raise Unavailable(str(error)) from error
    return {tp: records for tp, records in found.items() if records}


def _headers_of(message: Any) -> Headers:
    """The headers of a message of confluent-kafka's, or one that stands for them all."""
    try:
        return tuple(_ask_headers(message) or ())
    except SystemError as error:
        if not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        return ((ILLEGIBLE, error.__cause__.object),)
