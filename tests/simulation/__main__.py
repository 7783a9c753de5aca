"""Runs many seeds, replays one, or plants bugs and says which seed finds each.

Exit code 1 when a seed found something wrong, or a planted bug was not found within the seeds that it states.
"""

import argparse
import sys
from collections import Counter
from time import perf_counter, process_time

from rich.console import Console
from rich.table import Table

from kalimaya.progress import progress
from tests.simulation.bugs import BUGS, found
from tests.simulation.run import Run, simulate


def run_many(console: Console, seeds: range) -> int:
    """Run seeds and sum up; those that went wrong are told one by one."""
    failed: list[Run] = []
    counted: dict[str, Counter[str]] = {"fault": Counter(), "reload": Counter(), "all": Counter()}
    began, worked = perf_counter(), process_time()
    with progress(console) as tell:
        for done, seed in enumerate(seeds):
            tell(f"seed {seed}", done, len(seeds))
            run = simulate(seed)
            failed += [run] * bool(run.wrong)
            counted["fault"].update(run.faults)
            counted["reload"].update(run.reloads)
            counted["all"].update(messages=run.messages, voids=run.voids, callbacks=run.steps, seconds=int(run.seconds))
    took, worked = perf_counter() - began, process_time() - worked
    for run in failed:
        _print_wrong(console, run)
    table = Table("what", "of which", "how often")
    for what in ("fault", "reload"):
        for name, often in counted[what].most_common():
            table.add_row(what, name, f"{often:,}")
    for name, unit in (("messages", ""), ("voids", "records"), ("callbacks", ""), ("seconds", "of simulated time")):
        table.add_row(name, unit, f"{counted['all'][name]:,}")
    console.print(table)
    speed = f"{len(seeds) / took:.0f} a second, {len(seeds) / worked:.0f} a CPU-second"
    console.print(f"{len(seeds)} seeds in {took:.1f} s, {speed}; {len(failed)} went wrong.")
    return 1 if failed else 0


def replay(console: Console, seed: int) -> int:
    """Print all that happens in a seed."""
    run = simulate(seed)
    for line in run.trace:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    _print_wrong(console, run)
    console.print(f"seed {seed}: {run.messages} messages, {run.voids} void records, digest {run.digest}")
    return 1 if run.wrong else 0


def find_bugs(console: Console) -> int:
    """Plant each bug and look for the first seed that finds it."""
    table = Table("planted bug", "within", "found by seed", "what it says")
    missed = 0
    with progress(console) as tell:
        for done, bug in enumerate(BUGS):
            tell(bug.name, done, len(BUGS))
            seed, said = found(bug, range(bug.within)) or (None, "")
            missed += seed is None
            table.add_row(bug.name, str(bug.within), "none" if seed is None else str(seed), said[:80])
    console.print(table)
    console.print(f"{len(BUGS) - missed} of {len(BUGS)} planted bugs were found.")
    return 1 if missed else 0


def _print_wrong(console: Console, run: Run) -> None:
    for each in run.wrong:
        console.print(f"seed {run.seed}: {each}", markup=False, highlight=False, style="red", soft_wrap=True)


def main() -> int:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", type=int, default=1000, help="how many to run")
    options.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    options.add_argument("--replay", type=int, metavar="SEED", help="print the trace of one")
    options.add_argument("--bugs", action="store_true", help="plant bugs and see each found")
    given, console = options.parse_args(), Console()
    if given.bugs:
        return find_bugs(console)
    if given.replay is not None:
        return replay(console, given.replay)
    return run_many(console, range(given.first, given.first + given.seeds))


if __name__ == "__main__":
    sys.exit(main())
