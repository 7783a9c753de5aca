"""Reads the logs of all services from their beginning, with librdkafka: another client than the one that writes them.

Reading is bounded by ends seen before; more can be read later, up to new ends. It judges nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import methodcaller
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from kalimaya.audit.format import LogRecord
from kalimaya.audit.partition import Logs
from services.kit.kafka_access import Bootstrap, access_to

_ask_headers = methodcaller("headers")

REQUEST_SECONDS = 10.0
STILL_SECONDS = 30.0
"""With records to come and none coming for so long, the broker counts as unreachable."""
MOST_RECORDS = 5000
AHEAD_KB = 8192
"""Read ahead of us, of each partition: librdkafka would take 64 MB."""


class Unreachable(Exception):
    """The logs or the database cannot be read; the message says which and why."""


class UnevenTopics(Exception):
    """A service's inbox and events differ in their partition counts (their difference is in the message)."""


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


def describe(bootstrap: Bootstrap, service: str) -> Logs:
    """What Kafka says of a service's topics. Raises Unreachable, UnevenTopics."""
    names = [f"{service}.inbox", f"{service}.events"]
    try:
        admin = AdminClient(_quiet(access_to(bootstrap).librdkafka()))
        futures = admin.describe_topics(TopicCollection(names), request_timeout=REQUEST_SECONDS)
        inbox, events = (futures[name].result() for name in names)
    except KafkaException as error:
        raise Unreachable(f"Kafka at {bootstrap} does not tell about the topics of {service}: {error}") from error
    if len(inbox.partitions) != len(events.partitions):
        raise UnevenTopics(f"{names[0]} has {len(inbox.partitions)} partitions, {names[1]} {len(events.partitions)}")
    return Logs(service, len(inbox.partitions), str(inbox.topic_id), str(events.topic_id))


class Reader:
    """Follows partitions from their beginning. Every method may raise Unreachable."""

    def __init__(self, bootstrap: Bootstrap, places: Sequence[Place]) -> None:
        self._bootstrap, self._places = bootstrap, list(places)
        self.positions = dict.fromkeys(self._places, 0)
        self._consumer = Consumer(
            _quiet(
                access_to(bootstrap).librdkafka()
                | {
                    "group.id": "kalimaya-audit",  # asked for by the client; nothing is ever committed
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "earliest",
                    "isolation.level": "read_uncommitted",
                    "check.crcs": True,
                    "fetch.wait.max.ms": 100,
                    "queued.max.messages.kbytes": AHEAD_KB,
                    "queued.min.messages": 4 * MOST_RECORDS,
                    "fetch.queue.backoff.ms": 10,  # its second of rest when that much is read ahead would be ours, too
                }
            )
        )

    def ends(self, places: Iterable[Place] | None = None) -> dict[Place, int]:
        """The offset that each partition's next record will get; of these partitions, or of all.

        Event logs are asked first: so every message that they answer lies before the end of its inbox.
        """
        asked = self._places if places is None else places
        ordered = sorted(asked, key=lambda place: not place.topic.endswith(".events"))
        return {place: self._end(place) for place in ordered}

    def _end(self, place: Place) -> int:
        try:
            watermarks = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=REQUEST_SECONDS)
        except KafkaException as error:
            raise Unreachable(f"Kafka at {self._bootstrap} does not tell where {place.topic} ends: {error}") from error
        if watermarks is None:
            raise Unreachable(f"Kafka at {self._bootstrap} does not tell where {place.topic} ends")
        return int(watermarks[1])

    def read(self, ends: Mapping[Place, int]) -> Iterator[tuple[Place, LogRecord]]:
        """Every record before these ends that was not read yet; each partition in order."""
        waiting = {place for place, end in ends.items() if self.positions[place] < end}
        # Assigned anew each time: what was fetched beyond the ends of the last time is read again.
        wanted = [TopicPartition(*place, self.positions[place]) for place in sorted(waiting)]
        self._consumer.assign(wanted)
        self._consumer.resume(wanted)  # librdkafka keeps them paused from the last time, assigned anew or not
        named: dict[tuple[Any, Any], Place] = {(place.topic, place.partition): place for place in waiting}
        progressed = monotonic()
        while waiting:
            missing = sum(ends[place] - self.positions[place] for place in waiting)
            for message in self._consumer.consume(max(1, min(MOST_RECORDS, missing)), 0.5):
                error = message.error()
                if error is not None and _is_trouble(error):
                    continue
                place, offset = named.get((message.topic(), message.partition())), int(message.offset() or 0)
                if place not in waiting:
                    continue
                progressed = monotonic()
                at_end = error is not None
                if not at_end and offset < ends[place]:
                    self.positions[place] = offset + 1
                    yield place, _record(message)
                if at_end or offset + 1 >= ends[place]:
                    waiting.discard(place)
                    self._consumer.pause([TopicPartition(*place)])
            if monotonic() - progressed > STILL_SECONDS:
                stuck = ", ".join(f"{place.topic}/{place.partition}" for place in sorted(waiting))
                raise Unreachable(f"Kafka at {self._bootstrap} gave nothing for {STILL_SECONDS:.0f} s of {stuck}")

    def close(self) -> None:
        """Let go."""
        self._consumer.close()


def _is_trouble(error: KafkaError) -> bool:
    """Whether this stands for a broker that is away for the moment, and not for a partition's end."""
    if error.code() == KafkaError._PARTITION_EOF:
        return False
    if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED) or error.fatal():
        raise Unreachable(f"Kafka refuses: {error}")
    return True


def _quiet(config: dict[str, Any]) -> dict[str, Any]:
    """librdkafka logs to stderr by itself; what matters of it reaches us as errors."""
    return config | {"log_level": 0, "socket.timeout.ms": int(REQUEST_SECONDS * 1000), "client.id": "kalimaya-audit"}


def _headers(message: Any) -> tuple[tuple[str, bytes], ...]:
    """A message's headers; none of one with a name that is not UTF-8.

    Of such a one confluent-kafka 2 returns headers and leaves that exception standing; a call through `methodcaller` is
    checked, and raises SystemError.
    """
    try:
        return tuple(_ask_headers(message) or ())
    except SystemError as error:
        if not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        return ()


def _record(message: Any) -> LogRecord:
    return LogRecord(message.offset(), message.timestamp()[1], message.key(), message.value(), _headers(message))
