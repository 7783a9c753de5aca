"""A whole operation to measure on: logs as the services write them, the picture folded from them, and receipts.

Kafka and PostgreSQL keep their data in a folder. One that is kept is filled once; what was interrupted goes on.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kalimaya.embedded.kafka import KafkaNode
from kalimaya.embedded.postgres import PostgresServer
from kalimaya.ports import free_ports
from kalimaya.process import Child, end, spawn, wait_ready
from kalimaya.settings import Settings
from scenarios import serang2019
from scenarios.over_kafka import STATUS
from scenarios.receipts import Receipt
from scenarios.scale import scaled
from schemas.catalogue import SERVICES
from schemas.envelope import decode_event, split_identity
from schemas.outcomes import outcome_of
from services.kit.ledger import topics
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.record import read_mark
from services.projection.projector import Projector
from services.projection.store import Store, new_pool
from tests.support.deciding import Deciding, deciding
from tests.support.ledger import until
from tests.support.rehearsal import Record, judge_each

TOGETHER = 20_000
"""Messages that are judged and sent before the next: what is on its way stays in bounds."""

_line = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Filled:
    """Where things are. `receipts`: a file as the scenario's player writes it."""

    kafka: str
    postgres: str
    receipts: Path

    async def ends(self) -> Mapping[Place, int]:
        """Where the event logs end."""
        reader = LogReader(self.kafka, "bench")
        places = await topics.places(self.kafka, SERVICES, "events")
        await reader.start(dict.fromkeys(places, 0))
        try:
            return await reader.ends()
        finally:
            await reader.stop()


@asynccontextmanager
async def filled(folder: Path, scale: int) -> AsyncIterator[Filled]:
    """The full scenario `scale` times over, decided and projected; the engines run while this lasts."""
    async with AsyncExitStack() as engines:
        there = await _start(folder, engines)
        if not there.receipts.exists():
            await _decide(there, scale)
        await _project(there)
        yield there


async def _start(folder: Path, engines: AsyncExitStack) -> Filled:
    kafka_port, controller, postgres_port = free_ports(3)
    libs = Settings().kafka_libs
    node = KafkaNode(home=folder / "kafka", libs=libs, port=kafka_port, controller_port=controller, heap="1g")
    server = PostgresServer(home=folder / "postgres", port=postgres_port)
    for engine in (node, server):
        engine.prepare()
        child = engine.child(folder / "engine.log")
        await _spawn(child, engines)
    return Filled(node.bootstrap, server.dsn(), folder / "receipts.jsonl")


async def _spawn(child: Child, engines: AsyncExitStack) -> None:
    process = await spawn(child)
    engines.push_async_callback(end, child, process)
    reason = await wait_ready(child, process, 90)
    if reason is not None:
        raise RuntimeError(f"{child.name}: {reason}")


async def _decide(there: Filled, scale: int) -> None:
    """Send everything and have it answered; then write down what the senders were told."""
    plan = scaled(serang2019.make("full", serang2019.SEED), scale)
    async with deciding(there.kafka) as decided:
        for first in range(0, len(plan.messages), TOGETHER):
            judged = judge_each(plan.messages[first : first + TOGETHER])
            await decided.send(each for each in judged.values() if isinstance(each, Record))
            print(
                f"  {min(first + TOGETHER, len(plan.messages)):,} of {len(plan.messages):,} messages sent", flush=True
            )
        await until(lambda: _answered(there, decided), lambda: decided.sent, 600)
    await _write_receipts(there, plan.name)


async def _answered(there: Filled, decided: Deciding) -> bool:
    return sum((await there.ends()).values()) > sum(offset + 1 for offset in decided.sent.values())


async def _write_receipts(there: Filled, plan: str) -> None:
    ends, draft = await there.ends(), there.receipts.with_suffix(".draft")
    reader, missing = LogReader(there.kafka, "bench"), sum(ends.values())
    await reader.start(dict.fromkeys(ends, 0))
    with draft.open("wb") as file:
        while missing > 0:
            for (topic, partition), records in (await reader.read(1)).items():
                missing -= len(records)
                for record in records:
                    mark = read_mark(record)
                    if mark is None or mark.at != record.offset or mark.cause < 0 or mark.i:
                        continue
                    event = decode_event(record.value or b"")
                    kind = outcome_of(event.type)
                    source, id_ = split_identity(event.causationid)
                    place = f"{topic.removesuffix('.events')}.inbox/{partition}@{mark.cause}"
                    told = Receipt(
                        plan=plan, step=0, source=source, id=id_, status=STATUS[kind], position=place, outcome=kind
                    )
                    file.write(_line(told) + b"\n")
    await reader.stop()
    draft.rename(there.receipts)


async def _project(there: Filled) -> None:
    pool = await new_pool(there.postgres)
    try:
        store = Store(pool)
        await store.migrate()
        await Projector(store, there.kafka, SERVICES, until=await there.ends()).run()
    finally:
        pool.terminate()
