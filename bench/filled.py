"""A whole operation to measure on: logs as the services write them, the picture folded from them, and receipts.

The full scenario is judged by the real gateway and answered by the real deciders; copies of it, told apart by a suffix,
are answered too. The records go straight to Kafka, without the processes between. The real projector makes the picture.
Kafka and PostgreSQL keep their data in a folder; one that is kept is filled once, an interrupted projection goes on.
"""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from confluent_kafka import Producer

from kalimaya.embedded.kafka import KafkaNode
from kalimaya.embedded.postgres import PostgresServer
from kalimaya.ports import free_ports
from kalimaya.process import Child, end, spawn, wait_ready
from kalimaya.settings import Settings
from scenarios import serang2019
from scenarios.over_kafka import STATUS
from scenarios.receipts import Receipt
from scenarios.scale import told_apart
from schemas.catalogue import SERVICES, definition
from schemas.envelope import decode_event, decode_inbox, encode, partition_of
from schemas.outcomes import outcome_of
from services.kit.ledger import topics
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.log import Identity
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.record import GENESIS_CAUSE, NO_HASH, Stored, link, pack_mark, pack_stamp, read_stamp
from services.kit.ledger.topics import genesis_value
from services.projection.projector import Projector
from services.projection.store import Store, new_pool
from tests.support.rehearsal import DECIDERS, PARTITIONS, Record, judge_each

_line = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Filled:
    """Where things are. `receipts`: a file as the scenario's player writes it."""

    kafka: str
    postgres: str
    receipts: Path

    async def ends(self) -> Mapping[Place, int]:
        """Where the event logs end."""
        reader = LogReader(self.kafka, "bench")
        await reader.start(dict.fromkeys(await topics.places(self.kafka, SERVICES, "events"), 0))
        try:
            return await reader.ends()
        finally:
            await reader.stop()


@asynccontextmanager
async def filled(folder: Path, copies: int) -> AsyncIterator[Filled]:
    """The full scenario so many times, decided and projected; the engines run while this lasts."""
    async with AsyncExitStack() as engines:
        there = await _start(folder, engines)
        if not there.receipts.exists():
            await _decide(there, copies)
        await _project(there)
        yield there


async def _start(folder: Path, engines: AsyncExitStack) -> Filled:
    kafka_port, controller, postgres_port = free_ports(3)
    libs = Settings().kafka_libs
    node = KafkaNode(home=folder / "kafka", libs=libs, port=kafka_port, controller_port=controller, heap="1g")
    server = PostgresServer(home=folder / "postgres", port=postgres_port)
    for engine in (node, server):
        engine.prepare()
        await _spawn(engine.child(folder / "engine.log"), engines)
    return Filled(node.bootstrap, server.dsn(), folder / "receipts.jsonl")


async def _spawn(child: Child, engines: AsyncExitStack) -> None:
    process = await spawn(child)
    engines.push_async_callback(end, child, process)
    reason = await wait_ready(child, process, 90)
    if reason is not None:
        raise RuntimeError(f"{child.name}: {reason}")


class _Partition:
    """One partition's two logs on their way to Kafka."""

    def __init__(self, service: str, number: int, identity: Identity, log: str, out: Producer) -> None:
        self._service, self._number, self._out = service, number, out
        self._desk: Desk[Any] = Desk(DECIDERS[service], number, Limits())
        self._messages, self._events, self._head = 0, 0, NO_HASH
        self._append(b"genesis", genesis_value(log, number, identity), GENESIS_CAUSE, 0, 1, NO_HASH)

    def put(self, record: Record, receipts: BinaryIO) -> None:
        """Take a message in, answer it, and write down what its sender is told."""
        message = Stored(self._messages, record.key, record.value, record.headers)
        self._messages += 1
        self._send("inbox", record.key, record.value, record.headers)
        decided = self._desk.decide(message, self._events)
        self._desk.commit()
        for i, (key, value) in enumerate(decided.records):
            self._append(key, value, message.offset, i, len(decided.records), decided.digest)
        receipts.write(
            _receipt(record, f"{self._service}.inbox/{self._number}@{message.offset}", decided.records[0][1])
        )

    def _append(self, key: bytes, value: bytes, cause: int, i: int, n: int, digest: bytes) -> None:
        self._send("events", key, value, pack_mark(self._events, cause, i, n, self._head, digest))
        self._head = link(self._head, self._events, cause, i, n, digest, key, value)
        self._events += 1

    def _send(self, kind: str, key: bytes, value: bytes, headers: Any) -> None:
        topic = f"{self._service}.{kind}"
        while True:
            try:
                self._out.produce(topic, value, key, self._number, headers=list(headers))
                return
            except BufferError:
                self._out.poll(1)


def _receipt(record: Record, position: str, answer: bytes) -> bytes:
    message, kind = decode_inbox(record.value), outcome_of(decode_event(answer).type)
    receipt = Receipt(
        plan="bench", step=0, source=message.source, id=message.id, status=STATUS[kind], position=position, outcome=kind
    )
    return _line(receipt) + b"\n"


async def _decide(there: Filled, copies: int) -> None:
    """Fill the logs. Their order is kept by the client, which sends each record once (idempotence)."""
    names = [f"{service}.{kind}" for service in SERVICES for kind in ("inbox", "events")]
    topics._create(there.kafka, names, PARTITIONS, 1)
    out = Producer({"bootstrap.servers": there.kafka, "enable.idempotence": True, "linger.ms": 20, "log_level": 0})
    partitions: dict[tuple[str, int], _Partition] = {}
    for service in SERVICES:
        identity, log = await topics.identify(there.kafka, service), str(uuid.uuid4())
        for number in range(PARTITIONS):
            partitions[service, number] = _Partition(service, number, identity, log, out)
    judged = judge_each(serang2019.make("full", serang2019.SEED).messages).values()
    originals = [each for each in judged if isinstance(each, Record)]
    draft = there.receipts.with_suffix(".draft")
    with draft.open("wb") as receipts:
        for copy in range(1, copies + 1):
            for record in originals if copy == 1 else _copied(originals, f"-x{copy}"):
                partitions[record.service, record.partition].put(record, receipts)
            out.flush()
            print(f"  {copy} of {copies} operations written", flush=True)
    draft.rename(there.receipts)


def _copied(originals: list[Record], suffix: str) -> Iterator[Record]:
    """The same again under other ids, save for what concerns nothing but a place (scenarios/scale.py)."""
    for record in originals:
        if record.key.startswith(b"post/"):
            continue
        message, stamp = decode_inbox(record.value), read_stamp(Stored(0, None, None, record.headers))
        entry = definition(message.type, message.dataschema)
        if entry is None or stamp is None:
            continue
        data = told_apart(_from_json(message.data), suffix)
        key = f"{entry.aggregate}/{data[entry.key]}"
        copy = msgspec.structs.replace(
            message, id=message.id + suffix, partitionkey=key, data=msgspec.Raw(encode(data))
        )
        digest = sha256(stamp.digest + suffix.encode()).digest()
        headers = pack_stamp(msgspec.structs.replace(stamp, digest=digest))
        yield Record(record.service, partition_of(key, PARTITIONS), key.encode(), encode(copy), headers)


async def _project(there: Filled) -> None:
    pool = await new_pool(there.postgres)
    try:
        store = Store(pool)
        await store.migrate()
        await Projector(store, there.kafka, SERVICES, until=await there.ends()).run()
    finally:
        pool.terminate()
