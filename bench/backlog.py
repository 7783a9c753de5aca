"""A backlog of messages as the gateway would have written them: 5,000 units, 95 % positions and 5 % orders."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from schemas.deployment import AssignUnit, RegisterUnit, UnitSighted
from schemas.envelope import InboxMessage, encode, partition_of
from schemas.registry import BY_CLASS
from services.kit.ledger.kafka import bounded, close, producer
from services.kit.ledger.record import Stamp, pack_stamp

UNITS = 5_000
START = datetime(2019, 11, 3, tzinfo=UTC)

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]


def messages(count: int, seed: int = 2019) -> Iterator[tuple[str, bytes, list[tuple[str, bytes]]]]:
    """(partition key, value, headers), about 500 bytes a value; every unit is registered before it is assigned."""
    dice = random.Random(seed)
    units = [f"polres-serang-{n:05}" for n in range(UNITS)]
    assigned = dict.fromkeys(units, 0)
    unregistered = list(units)
    for n in range(count):
        at = START + timedelta(milliseconds=100 * n)
        if n % 20 == 0 and unregistered:
            unit = unregistered.pop()
            data: object = RegisterUnit(
                unit=unit, name=f"Regu {unit}", agency="polres-serang", strength={"polri": 12}, callsign=unit.upper()
            )
        elif n % 20 == 0:
            unit = dice.choice(units)
            begin = START + timedelta(hours=6 * assigned[unit])
            assigned[unit] += 1
            data = AssignUnit(
                unit=unit,
                assignment=f"{unit}-{assigned[unit]}",
                duty="guard",
                target_kind="post",
                target="36.04.13.2009",
                start=begin,
                end=begin + timedelta(hours=6),
                headcount={"polri": 7},
                order_reference="sprin/2019/0001",
            )
        else:
            unit = dice.choice(units)
            data = UnitSighted(
                unit=unit,
                lat=-6 - dice.random() / 3,
                lon=106 + dice.random() / 3,
                accuracy=8.5,
                speed=dice.random() * 9,
                heading=dice.random() * 359,
            )
        yield _message(unit, data, n, at)


def one(number: int) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    """A position of a unit, by a number that no other message has."""
    return _message("polres-serang-00000", UnitSighted(unit="polres-serang-00000", lat=-6, lon=106), number, START)


def _message(unit: str, data: object, n: int, at: datetime) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    entry = BY_CLASS[type(data)]
    key = f"unit/{unit}"
    value = encode(
        InboxMessage(
            specversion="1.0",
            id=f"{n:08}-1f0e-4c57-9a53-3d1d2a7c6b11",
            source="/agencies/polres-serang",
            type=entry.type,
            partitionkey=key,
            dataschema=entry.dataschema,
            time=at,
            recordedtime=at + timedelta(milliseconds=250),
            data=msgspec.Raw(encode(data)),
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
    )
    return key, value, pack_stamp(Stamp(True, hashlib.sha256(value).digest()))


async def write(bootstrap: str, topic: str, count: int, partitions: int) -> int:
    """Write the backlog; the mean size of a value in bytes."""
    writer = producer(bootstrap, "bench")
    await bounded(writer.start(), 15)
    try:
        batches = {p: writer.create_batch() for p in range(partitions)}
        size = 0
        for key, value, headers in messages(count):
            size += len(value)
            p = partition_of(key, partitions)
            if batches[p].append(key=key.encode(), value=value, timestamp=None, headers=headers) is None:
                await bounded(await writer.send_batch(batches[p], topic, partition=p), 15)
                batches[p] = writer.create_batch()
                batches[p].append(key=key.encode(), value=value, timestamp=None, headers=headers)
        for p, batch in batches.items():
            if batch.record_count():
                await bounded(await writer.send_batch(batch, topic, partition=p), 15)
    finally:
        await close(writer)
    return size // count
