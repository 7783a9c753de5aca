"""Where the time of one message goes, stage by stage, measured in one process without Kafka."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder

from bench import backlog
from schemas.envelope import decode_data, decode_inbox
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.record import NO_HASH, Record, Stored, link, pack_mark, read_stamp

COUNT = 20_000


def profile() -> None:
    """Print µs a message for each stage of the hot path."""
    records: list[Record] = [
        Stored(offset, key.encode(), value, headers)
        for offset, (key, value, headers) in enumerate(backlog.messages(COUNT))
    ]
    desk = Desk(DEPLOYMENT, 0, Limits())
    decoded = [decode_inbox(record.value or b"") for record in records]
    whole, decided = _timed(lambda: [desk.decide(record, 1) for record in records])
    flat = [(each.digest, *each.records[0]) for each in decided]
    marks = [pack_mark(1, 1, 0, 1, NO_HASH, digest) for digest, _, _ in flat]

    def append() -> None:
        batch = BatchBuilder(64 * 1024 * 1024, 0)
        for (_, key, value), mark in zip(flat, marks, strict=True):
            batch.append(timestamp=None, key=key, value=value, headers=mark)

    stages = {
        "read the stamp": _timed(lambda: [read_stamp(record) for record in records])[0],
        "decode the envelope": _timed(lambda: [decode_inbox(record.value or b"") for record in records])[0],
        "decode the data": _timed(lambda: [decode_data(m.type, m.dataschema, m.data) for m in decoded])[0],
        "decide, whole (with the two above, duplicates, encode)": whole,
        "pack the mark": _timed(lambda: [pack_mark(1, 1, 0, 1, NO_HASH, d) for d, _, _ in flat])[0],
        "hash the chain": _timed(lambda: [link(NO_HASH, 1, 1, 0, 1, d, key, value) for d, key, value in flat])[0],
        "append to the batch": _timed(append)[0],
    }
    print("stages, µs a message:")
    for name, seconds in stages.items():
        print(f"  {name:56} {seconds / COUNT * 1e6:6.2f}")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = perf_counter()
    result = work()
    return perf_counter() - started, result
