"""`python -m tests.chaos.sick SERVICE BUG`: a service as a process, with a planted bug; and the bugs there are.

Those of the simulation, by their names, and some that only real processes can have.
"""

import runpy
import sys

import services.gateway.inbox
from tests.simulation.bugs import BUGS as SIMULATED
from tests.simulation.bugs import Bug, Edit, planted

BUGS = {
    bug.name: bug
    for bug in (
        *SIMULATED,
        Bug(
            "the gateway says 202 before Kafka has acknowledged",
            (Edit(services.gateway.inbox, "producer", '"all"', "0"),),
        ),
    )
}


if __name__ == "__main__":
    _, service, name = sys.argv
    with planted(BUGS[name]):
        runpy.run_module(f"services.{service.replace('-', '.')}", run_name="__main__", alter_sys=True)
