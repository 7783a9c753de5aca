"""Sends the messages of a watch: to the inbox of incidents, as the gateway would write them, under its own source."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec
import rfc8785
from aiokafka import AIOKafkaProducer

from schemas.envelope import InboxMessage, encode, partition_of
from schemas.registry import BY_CLASS
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.kafka import bounded, close, producer
from services.kit.ledger.log import Unavailable
from services.kit.ledger.record import Stamp, pack_stamp

INBOX = "incidents.inbox"
SECONDS = 10.0
"""How long all in-sync replicas may take to acknowledge a message."""


def entry(source: str, id_: str, data: object, now: datetime) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of a message in its inbox. The stamp vouches for it: a watch may speak for all alerts.

    The time is not part of what is digested: the same message from a later look is the same message.
    """
    definition = BY_CLASS[type(data)]
    content = {"source": source, "id": id_, "type": definition.type, "dataschema": definition.dataschema}
    digested = {**content, "data": msgspec.to_builtins(data)}
    message = InboxMessage(
        specversion="1.0",
        partitionkey=definition.partition_key(data),
        time=now,
        recordedtime=now,
        data=msgspec.Raw(encode(data)),
        **content,
    )
    stamp = Stamp(True, sha256(rfc8785.dumps(digested)).digest())
    return message.partitionkey.encode(), encode(message), pack_stamp(stamp)


class KafkaSender:
    """Writes to Kafka; connects when first used, and afresh after any error."""

    def __init__(self, bootstrap: Bootstrap, service: str) -> None:
        self._bootstrap, self._source = bootstrap, f"/services/{service}-watch"
        self._producer: AIOKafkaProducer | None = None

    async def send(self, messages: Sequence[tuple[str, object]], now: datetime) -> None:
        """Write messages (id, data) as taken in at `now`; returns when all are safe. Raises Unavailable."""
        try:
            await self._send(messages, now)
        except Unavailable:
            await self.close()
            raise

    async def _send(self, messages: Sequence[tuple[str, object]], now: datetime) -> None:
        if self._producer is None:
            self._producer = producer(self._bootstrap, self._source.rpartition("/")[2])
            await bounded(self._producer.start(), SECONDS)
        partitions = await bounded(self._producer.partitions_for(INBOX), SECONDS)
        if not partitions:
            raise Unavailable(f"there is no topic {INBOX}")
        sent = []
        for id_, data in messages:
            key, value, headers = entry(self._source, id_, data, now)
            partition = partition_of(key.decode(), len(partitions))
            sending = self._producer.send(INBOX, value, key=key, partition=partition, headers=headers)
            sent.append(await bounded(sending, SECONDS))
        for acknowledgement in sent:
            await bounded(acknowledgement, SECONDS)

    async def close(self) -> None:
        """Let go, in bounded time."""
        if self._producer is not None:
            gone, self._producer = self._producer, None
            await close(gone)
