"""`make planted`: plants every bug there is, and tells by what it is caught and how soon, as a table and as JSON lines.

The model has bugs of its own (tests/model), and so has the simulation (tests/simulation); those of tests/planted are
for the audit. Of the first two the lines stand in planted.jsonl, of the last in planted-audit.jsonl: {bug, caught_by,
after, seconds, says}; `after` null: nobody noticed. Exit code 1 when one is not caught.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import asyncpg
import structlog
from rich.console import Console
from rich.table import Table

from kalimaya.progress import progress
from tests.chaos import results
from tests.model.bounds import SHOWN_BY
from tests.model.bounds import Bug as Rule
from tests.model.explore import explore
from tests.model.protocol import Protocol
from tests.planted.bugs import BUGS, Catch, Caught
from tests.simulation import bugs as simulated
from tests.support.embedded import EmbeddedPair


class Line(NamedTuple):
    """What became of a planted bug. `caught_by`: who must catch it; `after`: how soon he does, None if he does not."""

    bug: str
    caught_by: str
    after: str | None
    seconds: float
    says: str


Plan = tuple[str, str, Callable[[], Caught | None]]


def plans(dsn: Callable[[], str]) -> Iterator[Plan]:
    """Every bug by its name, who must catch it, and how to let him look. `dsn`: makes an empty database."""
    for rule in Rule:
        yield rule.value, "model", partial(_by_model, rule)
    for bug in simulated.BUGS:
        yield bug.name, "simulation", partial(_by_simulation, bug)
    for bug, catch in BUGS:
        yield bug.name, "audit", partial(_by_audit, bug, catch, dsn)


def _by_model(rule: Rule) -> Caught | None:
    found = explore(Protocol(SHOWN_BY[rule], rule))
    return found.wrong and Caught(f"{len(found.wrong[1]) - 1} steps, {found.states:,} states", found.wrong[0])


def _by_simulation(bug: simulated.Bug) -> Caught | None:
    found = simulated.found(bug, range(bug.within))
    return found and Caught(f"in life {found[0] + 1}", found[1])


def _by_audit(bug: simulated.Bug, catch: Catch, dsn: Callable[[], str]) -> Caught | None:
    with simulated.planted(bug):
        return catch(dsn())


def lines(dsn: Callable[[], str], tell: Callable[[str, int, int], None]) -> Iterator[Line]:
    """Plant one after the other."""
    planned = list(plans(dsn))
    for number, (bug, by, look) in enumerate(planned):
        tell(bug, number, len(planned))
        began = perf_counter()
        caught = look()
        seconds = round(perf_counter() - began, 1)
        yield Line(bug, by, caught and f"{caught.after}, {seconds} s", seconds, caught.said if caught else "")


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
    options.add_argument("--results", type=Path, default=Path("docs/reliability"), help="the folder for the lines")
    given, console = options.parse_args(), Console()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    pair = EmbeddedPair()
    try:
        with progress(console) as tell:
            told = list(lines(lambda: new_database(pair), tell))
    finally:
        pair.close()
    around = results.circumstances()
    lines_of = {True: list[dict[str, Any]](), False: list[dict[str, Any]]()}
    for each in told:
        lines_of[each.caught_by == "audit"].append(around | each._asdict())
    results.replace("planted", lines_of[False], given.results)
    results.replace("planted-audit", lines_of[True], given.results)
    table = Table("planted bug", "caught by", "after")
    for each in told:
        table.add_row(each.bug, each.caught_by, each.after or "[red]NOT CAUGHT[/]")
    console.print(table)
    caught = sum(each.after is not None for each in told)
    console.print(f"{caught} of {len(told)} planted bugs were caught.")
    return 0 if caught == len(told) else 1


if __name__ == "__main__":
    sys.exit(main())
