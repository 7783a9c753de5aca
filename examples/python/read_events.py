"""Prints the events of a log that count, as JSON lines: read_events.py deployment [--follow].

Without --follow it ends where the log ended when it got there.
"""

import os
import struct
import sys
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

MARK = struct.Struct(">BqqHH32s32s")
"""Format (1), at, cause, i, n, hash of the chain before, digest of the message answered; big-endian."""


def counts(message: Message) -> bool:
    """The reader rule: a record counts only at the offset where it says it would land."""
    mark = dict(message.headers() or []).get("mark", b"")
    if not isinstance(mark, bytes) or len(mark) != MARK.size:
        return False
    form, at, cause, *_ = MARK.unpack(mark)
    if form != 1:
        sys.exit(f"a mark of format {form}: this reader is older than the log")
    return bool(at == message.offset() and cause >= 0)  # cause -1 is the record that begins a log


def read(topic: str, follow: bool) -> Iterator[Message]:
    """All records of a topic from its beginning, in order within each partition."""
    # The group is never joined and commits nothing: your position is yours to keep, beside what you made of the events.
    settings = {"group.id": "reader", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer({"bootstrap.servers": os.environ["KALIMAYA_KAFKA"], **settings})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    reading = set(partitions)
    while reading:
        message = consumer.poll(1.0)
        if message is None:
            continue
        error = message.error()
        if error is None:
            yield message
        elif error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        elif not follow:
            reading.discard(message.partition())
    consumer.close()


def main() -> None:
    """Read one service's log."""
    for message in read(f"{sys.argv[1]}.events", "--follow" in sys.argv):
        if counts(message):
            print((message.value() or b"").decode(), flush=True)


if __name__ == "__main__":
    main()
