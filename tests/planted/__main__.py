"""`make planted`: plants every bug there is, and tells by what it is caught and how soon, as a table and as JSON lines.

The model has bugs of its own (tests/model), and so has the simulation (tests/simulation); those of tests/planted are
for the audit. A line is {bug, caught_by, after, seconds, says}. Exit code 1 when one is not caught.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import asyncpg
import msgspec
import structlog
from rich.console import Console
from rich.table import Table

from kalimaya.progress import progress
from tests.model.bounds import SHOWN_BY
from tests.model.bounds import Bug as Rule
from tests.model.explore import explore
from tests.model.protocol import Protocol
from tests.planted.bugs import BUGS, Catch, Caught
from tests.simulation import bugs as simulated
from tests.support.embedded import EmbeddedPair


class Line(NamedTuple):
    """What became of a planted bug; `caught_by` None: nobody noticed."""

    bug: str
    caught_by: str | None
    after: str
    seconds: float
    says: str


Plan = tuple[str, Callable[[], Caught | None]]


def plans(dsn: Callable[[], str]) -> Iterator[Plan]:
    """Every bug by its name, and how to look for who catches it. `dsn`: makes an empty database."""
    for rule in Rule:
        yield rule.value, lambda rule=rule: _by_model(rule)  # type: ignore[misc]
    for bug in simulated.BUGS:
        yield bug.name, lambda bug=bug: _by_simulation(bug)  # type: ignore[misc]
    for bug, catch in BUGS:
        yield bug.name, lambda bug=bug, catch=catch: _by_audit(bug, catch, dsn())  # type: ignore[misc]


def _by_model(rule: Rule) -> Caught | None:
    explored = explore(Protocol(SHOWN_BY[rule], rule))
    return explored.wrong and Caught("model", f"{len(explored.wrong[1]) - 1} steps", explored.wrong[0])


def _by_simulation(bug: simulated.Bug) -> Caught | None:
    found = simulated.found(bug, range(bug.within))
    return found and Caught("simulation", f"seed {found[0]}", found[1])


def _by_audit(bug: simulated.Bug, catch: Catch, dsn: str) -> Caught | None:
    with simulated.planted(bug):
        return catch(dsn)


def lines(dsn: Callable[[], str], tell: Callable[[str, int, int], None]) -> Iterator[Line]:
    """Plant one after the other."""
    planned = list(plans(dsn))
    for number, (bug, look) in enumerate(planned):
        tell(bug, number, len(planned))
        began = perf_counter()
        caught = look() or Caught("", "", "")
        yield Line(bug, caught.by or None, caught.after, round(perf_counter() - began, 2), caught.said)


def new_database(pair: EmbeddedPair) -> str:
    """The address of an empty one."""

    async def make(name: str) -> None:
        connection = await asyncpg.connect(pair.postgres)
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(make("planted"))
    return f"{pair.postgres.rpartition('/')[0]}/planted"


def main() -> int:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    options.add_argument("--results", type=Path, default=Path("build/planted.jsonl"), help="where the lines go")
    given, console = options.parse_args(), Console()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    pair = EmbeddedPair()
    try:
        with progress(console) as tell:
            told = list(lines(lambda: new_database(pair), tell))
    finally:
        pair.close()
    given.results.parent.mkdir(parents=True, exist_ok=True)
    given.results.write_bytes(b"".join(msgspec.json.encode(each._asdict()) + b"\n" for each in told))
    table = Table("planted bug", "caught by", "after", "seconds")
    for each in told:
        table.add_row(each.bug, each.caught_by or "[red]NOBODY[/]", each.after, f"{each.seconds:.1f}")
    console.print(table)
    caught = sum(each.caught_by is not None for each in told)
    console.print(f"{caught} of {len(told)} planted bugs were caught; written to {given.results}.")
    return 0 if caught == len(told) else 1


if __name__ == "__main__":
    sys.exit(main())
