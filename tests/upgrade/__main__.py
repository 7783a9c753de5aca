"""`make prove-upgrade`: the whole upgrade on a real Kafka and PostgreSQL, in four minutes; exit code 1 if it fails."""

import asyncio
import sys
from pathlib import Path
from time import monotonic

from tests.chaos.site import scratch
from tests.upgrade.steps import live, whole

LONGEST_GAP_SECONDS = 10.0
"""On two cores with nothing else to do. Six of them pass until Kafka misses a member that has left."""


async def main(folder: Path) -> int:
    """Run it in an empty folder."""
    began = monotonic()
    async with live(folder) as upgrade:
        await whole(upgrade, folder / "receipts.jsonl")
    gap = upgrade.show()
    print(f"longest gap in the picture, there and back and past the switch: {gap:.1f} s")
    upgrade.must(gap <= LONGEST_GAP_SECONDS, f"it is longer than {LONGEST_GAP_SECONDS:.0f} s")
    print(f"{'failed' if upgrade.wrong else 'as it should be'}, after {monotonic() - began:.0f} s")
    return 1 if upgrade.wrong else 0


if __name__ == "__main__":
    with scratch("upgrade") as own:
        if code := asyncio.run(main(own)):
            sys.exit(code)
