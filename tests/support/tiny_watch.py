"""A watch with one rule, for tests: `python -m tests.support.tiny_watch`.

A unit whose name begins with TINY_PREFIX is silent while the speed it last told is 0. Folding a fact about the unit
`<prefix>-poison` raises, as a bug of ours would.
"""

import os
from collections.abc import Iterator
from datetime import datetime

from services.views.facts import Fact
from services.views.unit import Unit
from services.watch.app import run_watch
from services.watch.rules import Breach, Watch
from services.watch.settings import WatchSettings
from services.watch.tables import Tables


class TinySettings(WatchSettings):
    tiny_prefix: str


def standing_still(tables: Tables, _: datetime, parameters: TinySettings) -> Iterator[Breach]:
    for unit in tables.all(Unit):
        if unit.unit.startswith(parameters.tiny_prefix) and unit.position and unit.position.speed == 0:
            numbers = {"metres_per_second": unit.position.speed}
            yield Breach(subject=f"unit/{unit.unit}", since=unit.position.as_of, numbers=numbers)


def poisoned(self: Tables, fact: Fact) -> None:
    if fact.subject.endswith("-poison"):
        raise RuntimeError("a planted bug")
    fold(self, fact)


fold = Tables.fold
Tables.fold = poisoned  # type: ignore[method-assign]

if __name__ == "__main__":
    tiny: Watch[TinySettings] = Watch(
        service=os.environ["KALIMAYA_TINY_PREFIX"],  # a group of its own, which waits for nobody's session to run out
        rules={"unit_silent": standing_still},
        reads=("deployment", "incidents"),
        kinds=frozenset({"unit"}),
    )
    run_watch(tiny, TinySettings)
