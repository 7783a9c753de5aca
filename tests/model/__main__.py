"""`python -m tests.model`: explores the ledger protocol within bounds, then plants each bug and tells what it does.

Exit code 1 when a rule does not hold or a planted bug is not caught.
"""

import argparse
import sys
from dataclasses import fields

from tests.model.bounds import SHOWN_BY, Bounds, Bug
from tests.model.explore import Explored, explore
from tests.model.protocol import Protocol
from tests.model.trace import tell


def main() -> int:
    """The command line: the bounds by their names, and how long to look."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    for field in fields(Bounds):
        many = "+" if isinstance(field.default, tuple) else None
        parser.add_argument(f"--{field.name}", type=int, nargs=many, default=field.default, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=120, help="how long to look at the sound rules, default 120")
    given = vars(parser.parse_args())
    seconds = given.pop("seconds")
    bounds = Bounds(**given | {"sizes": tuple(given["sizes"])})
    print(bounds)
    protocol = Protocol(bounds)
    sound = explore(protocol, seconds)
    print(f"the rules as they are: {_figures(sound)}")
    if sound.wrong is not None:
        print(*tell(protocol, sound), sep="\n")
    missed = sum(not _caught(bug) for bug in Bug)
    return int(sound.wrong is not None or missed > 0)


def _caught(bug: Bug) -> bool:
    protocol = Protocol(SHOWN_BY[bug], bug)
    found = explore(protocol)
    print(f"\n{bug.value}: {_figures(found)}")
    if found.wrong is None:
        print("NOT CAUGHT")
        return False
    print(*tell(protocol, found), sep="\n")
    return True


def _figures(explored: Explored) -> str:
    looked = "all" if explored.complete else "the first"
    rate = explored.states / max(explored.seconds, 1e-9)
    said = f"{looked} {explored.states:,} states, to a depth of {explored.depth} steps"
    return f"{said}, in {explored.seconds:.1f} s ({rate:,.0f}/s)"


if __name__ == "__main__":
    sys.exit(main())
