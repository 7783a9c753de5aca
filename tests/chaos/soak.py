"""`make soak`: the whole system under half the rate that it sustains, and each minute its memory, files and latency.

Each minute is a line in docs/reliability/soak.jsonl, so that a run that is cut short still shows what it saw. The
messages are positions, sent and timed as `make bench-intake` does; memory is proportional (PSS), children included.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from bench.intake import AGENCY, NEW_UNITS, Run, measure
from scenarios import serang2019
from services.kit import clock
from tests.chaos import results
from tests.chaos.site import Site, scratch

TOGETHER = 20
SUSTAINED = 1000.0
"""Messages a second, so many in one POST, on two cores (`make bench-intake`)."""
MINUTE = 60.0


def sizes(site: Site) -> dict[str, dict[str, int]]:
    """MiB of memory and open files of each supervised process with its children."""
    memory, files = {}, {}
    for one in site.supervisor.children:
        pids = [] if one.process is None else list(_family(one.process.pid))
        memory[one.child.name] = sum(map(_pss, pids)) // 1024
        files[one.child.name] = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
    return {"memory": memory, "files": files}


def _family(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text().split() if children.exists() else ():
        yield from _family(int(child))


def _pss(pid: int) -> int:
    """Proportional memory in KiB; 0 for a process that has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


async def session(minutes: int, rate: float, folder: Path) -> None:
    """Run for so long."""
    site = Site(folder, 1, clock.steady(timedelta(hours=12), 1), serang2019.START)
    around = results.circumstances()
    around |= {"run": around["date"], "rate": rate}
    try:
        await site.start()
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2)
        headers = {"Authorization": f"Bearer {site.tokens[AGENCY]}"}
        async with httpx.AsyncClient(base_url=site.gateway, headers=headers, timeout=30, limits=limits) as client:
            for minute in range(1, minutes + 1):
                run = await measure(client, site.postgres.dsn(), Run(rate, NEW_UNITS), MINUTE, TOGETHER)
                line = around | {"minute": minute} | _took(run) | sizes(site)
                results.add("soak", line)
                print(f"  {minute} of {minutes}: {_took(run)}, {sum(line['memory'].values())} MiB", flush=True)
    finally:
        await site.stop()


def _took(run: Run) -> dict[str, Any]:
    """What one minute came to; times in ms."""
    taken = [each * 1000 for _, each in run.taken]
    p99 = quantiles(taken, n=100)[98]
    answers = {str(status): count for status, count in run.answered.items()}
    shown = {"open": run.open, "p50": round(median(taken)), "p99": round(p99)}
    return {"sent": sum(run.answered.values()), "answers": answers} | shown


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    options.add_argument("--minutes", type=int, default=60)
    options.add_argument("--rate", type=float, default=SUSTAINED / 2)
    chosen = vars(options.parse_args())
    with scratch("soak") as folder:
        asyncio.run(session(**chosen, folder=folder))


if __name__ == "__main__":
    sys.exit(main())
