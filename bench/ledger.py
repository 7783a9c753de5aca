"""`make bench-ledger`: one decider process against a raw copy loop, in turns, in one session.

Reference: getmany -> batch append -> awaited send_batch, acks=all, same partitions and batch size, nothing parsed.
Measured: the deployment service's decider with all of the ledger's rules, over the same backlog. Both are processes of
their own under uvloop; time runs from their start of reading to the last acknowledgement.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import uvloop
from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from bench import backlog
from bench.stages import profile
from kalimaya.embedded.kafka import KafkaNode, quiet_client_logs
from kalimaya.ports import free_ports
from kalimaya.process import end, spawn, wait_ready
from kalimaya.settings import Settings
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger import topics
from services.kit.ledger.kafka import BATCH_SLACK, KafkaPair, close, consumer, producer
from services.kit.ledger.log import BATCH_BYTES
from services.kit.ledger.worker import Worker
from services.kit.process import tune_collector

PARTITIONS = 6


async def copy_raw(bootstrap: str, service: str) -> None:
    """The reference: every inbox record copied to the events topic, one task a partition."""

    async def copy(partition: int) -> None:
        tp = TopicPartition(f"{service}.inbox", partition)
        reader, writer = consumer(bootstrap, "raw"), producer(bootstrap, "raw")
        reader.assign([tp])
        await reader.start()
        await writer.start()
        reader.seek(tp, 0)
        end_offset, done = (await reader.end_offsets([tp]))[tp], 0
        while done < end_offset:
            records = (await reader.getmany(tp, timeout_ms=1000, max_records=5000)).get(tp, [])
            batch, size = BatchBuilder(BATCH_BYTES + BATCH_SLACK, 0), 0
            for record in records:
                if size > BATCH_BYTES - 2000:
                    await (await writer.send_batch(batch, f"{service}.events", partition=partition))
                    batch, size = BatchBuilder(BATCH_BYTES + BATCH_SLACK, 0), 0
                size += len(record.value) + len(record.key) + 100
                batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
            if batch.record_count():
                await (await writer.send_batch(batch, f"{service}.events", partition=partition))
            done += len(records)
        await close(reader)
        await close(writer)

    await asyncio.gather(*(copy(p) for p in range(PARTITIONS)))


async def decide_all(bootstrap: str, service: str) -> None:
    """The decider, as the service runs it, until the backlog is answered."""
    decider = replace(DEPLOYMENT, service=service)
    identity = await topics.identify(bootstrap, service)

    async def own(partition: int) -> None:
        pair = KafkaPair(bootstrap, service, partition, "bench")
        backlog_end = await pair.inbox_end()
        worker = Worker(decider, partition, pair, identity)
        running = asyncio.create_task(worker.run())
        while worker.fold.next_cause < backlog_end:
            await asyncio.wait({running}, timeout=0.1)
            if running.done():
                running.result()
        worker.stop()
        await running
        await pair.close()

    await asyncio.gather(*(own(p) for p in range(PARTITIONS)))


def child(kind: str, bootstrap: str, service: str) -> None:
    """Run one side in this process and print what it took."""
    if kind == "decider":
        tune_collector()  # as the service does; the reference is left as anybody would write it
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = perf_counter()
    uvloop.run({"raw": copy_raw, "decider": decide_all}[kind](bootstrap, service))
    seconds = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": after.ru_maxrss / 1024}))


def measure(kind: str, bootstrap: str, service: str, count: int) -> dict[str, float]:
    """Run one side as a process; its rate (messages/s), CPU seconds per 100,000 and memory (MiB)."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench.ledger", "--child", kind, bootstrap, service],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return {"rate": count / told["seconds"], "cpu": told["cpu"] * 100_000 / count, "mib": told["mib"]}


async def prepare(bootstrap: str, service: str, count: int, *, ledger: bool) -> int:
    """Topics and backlog for one run; the mean size of a message in bytes."""
    if ledger:
        await topics.create(bootstrap, [service], partitions=PARTITIONS)
    else:
        names = [f"{service}.inbox", f"{service}.events"]
        await asyncio.to_thread(topics._create, bootstrap, names, PARTITIONS, 1)
    return await backlog.write(bootstrap, f"{service}.inbox", count, PARTITIONS)


@asynccontextmanager
async def own_kafka() -> AsyncIterator[str]:
    """A Kafka for one session, ended and removed after it; its address."""
    with tempfile.TemporaryDirectory(prefix="kalimaya-bench-") as folder:
        port, controller = free_ports(2)
        node = KafkaNode(
            home=Path(folder) / "kafka", libs=Settings().kafka_libs, port=port, controller_port=controller, heap="1g"
        )
        node.prepare()
        broker = node.child(Path(folder) / "kafka.log")
        process = await spawn(broker)
        try:
            reason = await wait_ready(broker, process, 60)
            if reason is not None:
                raise RuntimeError(reason)
            yield node.bootstrap
        finally:
            await end(broker, process)


async def session(count: int, runs: int) -> None:
    """Start a Kafka of its own, run both sides in turns, print."""
    async with own_kafka() as bootstrap:
        await compare(bootstrap, count, runs)


async def compare(bootstrap: str, count: int, runs: int) -> None:
    """Run the two sides in turns and print each run, the medians and the ratio."""
    sides: dict[str, list[dict[str, float]]] = {"raw": [], "decider": []}
    print(f"{count:,} messages from {backlog.UNITS:,} units, {PARTITIONS} partitions, {runs} runs each")
    for n in range(runs):
        for kind, results in sides.items():
            service = f"{kind}{n}"
            size = await prepare(bootstrap, service, count, ledger=kind == "decider")
            result = await asyncio.to_thread(measure, kind, bootstrap, service, count)
            results.append(result)
            print(
                f"  run {n + 1} {kind:8} {result['rate']:9,.0f} messages/s  {result['cpu']:5.2f} CPU-s per 100,000  "
                f"{result['mib']:4.0f} MiB  ({size} B a message)",
                flush=True,
            )
    middle: dict[str, Any] = {
        kind: {key: median(result[key] for result in results) for key in ("rate", "cpu", "mib")}
        for kind, results in sides.items()
    }
    print(f"raw copy loop  {middle['raw']['rate']:9,.0f}/s  {middle['raw']['cpu']:.2f} CPU-s per 100,000")
    print(f"ledger         {middle['decider']['rate']:9,.0f}/s  {middle['decider']['cpu']:.2f} CPU-s per 100,000")
    print(f"ratio          {middle['decider']['rate'] / middle['raw']['rate']:.2f}")


def main() -> None:
    """Measure, or be one of the two processes measured."""
    options = argparse.ArgumentParser(description="ledger loop against a raw copy loop")
    options.add_argument("--messages", type=int, default=300_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--child", nargs=3, metavar=("KIND", "BOOTSTRAP", "SERVICE"))
    chosen = options.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    quiet_client_logs()
    asyncio.run(session(chosen.messages, chosen.runs))
    profile()


if __name__ == "__main__":
    main()
