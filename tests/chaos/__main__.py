"""`make chaos`: one piece of chaos, whose result is appended to docs/reliability/chaos.jsonl.

Exit code 1 when something was lost, doubled or is otherwise wrong; its logs are then kept. With a planted bug (`--bug`)
that is what must be, and the result goes to planted-chaos.jsonl.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.chaos import results
from tests.chaos.piece import Plan, run
from tests.chaos.sick import BUGS


def main() -> int:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    options.add_argument("--minutes", type=float, default=5)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    options.add_argument("--rate", type=float, default=300, help="messages a second")
    options.add_argument("--every", type=float, default=4, help="seconds from fault to fault, on average")
    options.add_argument("--size", choices=("small", "full"), default="full", help="of the scenario")
    options.add_argument(
        "--bug", choices=sorted(BUGS), metavar="NAME", help="plant this bug (sick.py); it must be found"
    )
    options.add_argument("--keep", action="store_true", help="keep logs, receipts and the list of faults")
    options.add_argument("--not-recorded", action="store_true", help="print the result only")
    given = vars(options.parse_args())
    keep, recorded = given.pop("keep"), not given.pop("not_recorded")
    plan = Plan(**given)
    folder = Path(tempfile.mkdtemp(prefix="kalimaya-chaos-"))
    folder.chmod(0o755)
    wrong = True
    try:
        try:
            result = asyncio.run(run(plan, folder))
        except Exception as error:
            if recorded and not plan.bug:
                given = {"minutes": plan.minutes, "seed": plan.seed, "brokers": plan.brokers}
                results.add("chaos-broken", results.circumstances() | given | {"wrong": repr(error)[:300]})
            raise
        wrong = bool(result["wrong"])
        if plan.bug:
            results.add("planted-chaos", _planted(plan, result))
        elif recorded:
            results.add("chaos", result)
        print(json.dumps(result, indent=1, ensure_ascii=False))
    finally:
        for each in ("data", "postgres", "clocks", *(f"kafka-{number}" for number in range(1, 4))):
            shutil.rmtree(folder / each, ignore_errors=True)
        if wrong or keep:
            print(f"logs, receipts and faults are in {folder}")
        else:
            shutil.rmtree(folder)
    return int(wrong != bool(plan.bug))


def _planted(plan: Plan, result: dict[str, Any]) -> dict[str, Any]:
    """What docs/reliability/planted-chaos.jsonl says of a planted bug."""
    around = {name: result[name] for name in ("date", "commit", "changed", "machine")}
    faults = sum(result["faults"].values())
    after = f"{faults} faults, {plan.minutes:g} minutes: {result['wrong'][0][:100]}" if result["wrong"] else None
    return around | {"bug": plan.bug, "caught_by": "chaos", "after": after}


if __name__ == "__main__":
    sys.exit(main())
