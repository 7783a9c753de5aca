"""`make planted`: plants each bug of the model and of the simulation, and records which caught it and how soon.

What other checks catch stands in files of their own beside it, docs/reliability/planted-<check>.jsonl, with the same
fields: `bug`, `caught_by`, `after` (in words; null: not caught). Exit code 1 when a bug was not caught.
"""

import sys
from collections.abc import Iterator
from time import monotonic
from typing import Any

from tests.chaos import results
from tests.model.bounds import SHOWN_BY
from tests.model.bounds import Bug as Omission
from tests.model.explore import explore
from tests.model.protocol import Protocol
from tests.model.trace import tell
from tests.simulation.bugs import BUGS, found


def by_the_model() -> Iterator[dict[str, Any]]:
    """Each rule left out of the protocol."""
    for bug in Omission:
        protocol = Protocol(SHOWN_BY[bug], bug)
        explored = explore(protocol)
        after = None
        if explored.wrong is not None:
            steps = sum(line[:4].strip().isdigit() for line in tell(protocol, explored))
            after = f"{steps} steps, {explored.states:,} states, {explored.seconds:.1f} s"
        yield {"bug": bug.value, "caught_by": "model", "after": after}


def by_the_simulation() -> Iterator[dict[str, Any]]:
    """Each mistake made in the code of the services."""
    for bug in BUGS:
        began = monotonic()
        caught = found(bug, range(bug.within))
        after = f"in life {caught[0] + 1}, {monotonic() - began:.1f} s" if caught else None
        yield {"bug": bug.name, "caught_by": "simulation", "after": after}


def main() -> int:
    """Record all anew."""
    around = results.circumstances()
    lines = []
    for line in (*by_the_model(), *by_the_simulation()):
        print(f"  {line['caught_by']}: {line['bug']}: {line['after'] or 'NOT CAUGHT'}", flush=True)
        lines.append(around | line)
    results.replace("planted", lines)
    return int(any(line["after"] is None for line in lines))


if __name__ == "__main__":
    sys.exit(main())
