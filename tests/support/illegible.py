"""Records with a header whose name is not UTF-8, as any client but Python's may send them."""

from collections.abc import Sequence

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from services.kit.ledger.kafka import producer
from tests.support.ledger import Entry

NAME = b"caf\xe9"
SIZE = 1_000_000


class _Name(str):
    def encode(self, *_: str) -> bytes:
        return NAME


async def publish(bootstrap: str, topic: str, entries: Sequence[Entry], *, illegible: int) -> int:
    """Append these records as one batch, the one of this number with a header more; the offset of the first."""
    batch = BatchBuilder(SIZE, 0)
    batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, SIZE)  # the one in C asks the name for its bytes
    for number, (key, value, headers) in enumerate(entries):
        more = [(_Name(), b"value")] if number == illegible else []
        assert batch.append(timestamp=None, key=key, value=value, headers=headers + more) is not None
    batch.close()
    writer = producer(bootstrap, "test")
    await writer.start()
    try:
        sent = await (await writer.send_batch(batch, topic, partition=0))
        return int(sent.offset)
    finally:
        await writer.stop()
