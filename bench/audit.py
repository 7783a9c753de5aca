"""`make bench-audit`: `kalimaya audit` with all its checks, against a raw read of the same logs in the same run.

Reference: the audit's client reads the same topics from their beginning, and nothing is done with the records. Both are
processes of their own; seconds run from start to end of a process, memory is its largest resident set.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from bench.filled import Filled, filled
from kalimaya.audit.kafka import Place, Reader, describe
from kalimaya.embedded.kafka import quiet_client_logs
from schemas.catalogue import SERVICES


class Took(NamedTuple):
    """What a process took, and what it printed."""

    seconds: float
    cpu: float
    mib: float
    said: str


LOOK_SECONDS = 0.05


def read_raw(bootstrap: str) -> None:
    """The reference."""
    described = [describe(bootstrap, service) for service in SERVICES]
    places = [
        Place(f"{each.service}.{kind}", p) for each in described for kind in KINDS for p in range(each.partitions)
    ]
    reader = Reader(bootstrap, places)
    print(sum(1 for _ in reader.read(reader.ends())))
    reader.close()


KINDS = ("inbox", "events")


def run(*arguments: str) -> Took:
    """Run a Python module as a process. Raises CalledProcessError if it does not end well."""
    command, began = [sys.executable, "-m", *arguments], perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    mib, ended = 0.0, 0
    while not ended:
        mib = max(mib, _largest(process.pid))
        time.sleep(LOOK_SECONDS)
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    said = process.stdout.read()  # some lines: they fit into the pipe
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, said)
    seconds = perf_counter() - began
    return Took(seconds, usage.ru_utime + usage.ru_stime, mib, said)


def _largest(pid: int) -> float:
    """Largest resident set of a process so far, in MiB. (That of `wait4` begins with what its parent had.)"""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def compare(there: Filled, runs: int) -> None:
    """Run both in turns, and print."""
    audit = ("kalimaya", "audit", "--json", "--kafka", there.kafka, "--postgres", there.postgres)
    for _ in range(runs):
        raw = run("bench.audit", "--raw", there.kafka)
        _tell("raw", raw, int(raw.said))
        audited = run(*audit, "--receipts", str(there.receipts))
        said = json.loads(audited.said)
        counted = said["all"]
        _tell("audit", audited, counted["events"] + counted["received"])
        print(
            f"  {counted['received']:,} messages, {counted['events']:,} events, {counted['receipts']:,} receipts, "
            f"{said['read_model']['entities']:,} entities; clean: {said['clean']}; "
            f"{audited.seconds / raw.seconds:.1f} times the raw read, {audited.cpu / raw.cpu:.1f} times its CPU",
            flush=True,
        )


def _tell(name: str, took: Took, records: int) -> None:
    print(
        f"  {name:6} {took.seconds:6.1f} s  {took.cpu:6.1f} CPU-s  {records / took.seconds:9,.0f} records/s"
        f"  {took.mib:5.0f} MiB",
        flush=True,
    )


async def session(folder: Path, copies: int, runs: int) -> None:
    """Fill, then measure."""
    async with filled(folder, copies) as there:
        await asyncio.to_thread(compare, there, runs)


def main() -> None:
    """Measure, or be the reference."""
    options = argparse.ArgumentParser(description="the audit against a raw read of the same logs")
    options.add_argument("--copies", type=int, default=10, help="full scenarios, of about 100,000 messages each")
    options.add_argument("--runs", type=int, default=2)
    options.add_argument("--data", type=Path, help="a folder that is kept, and filled only once")
    options.add_argument("--raw", metavar="BOOTSTRAP")
    chosen = options.parse_args()
    quiet_client_logs()
    if chosen.raw:
        read_raw(chosen.raw)
    elif chosen.data:
        asyncio.run(session(chosen.data.absolute(), chosen.copies, chosen.runs))
    else:
        with tempfile.TemporaryDirectory(prefix="kalimaya-bench-") as folder:
            asyncio.run(session(Path(folder), chosen.copies, chosen.runs))


if __name__ == "__main__":
    main()
