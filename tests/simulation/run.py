"""Runs a seed and says what came of it."""

from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tests.simulation.check import wrong_picture
from tests.simulation.faults import Fault
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a seed. `wrong`: what breaks a rule, empty when all is well. `seconds` are those of its own time.

    `digest`: SHA-256 of the trace and of all records, in hex; the same seed gives the same one in any process.
    """

    seed: int
    wrong: list[str]
    faults: Counter[Fault]
    messages: int
    voids: int
    reloads: Counter[str]
    steps: int
    seconds: float
    trace: list[str]
    digest: str


def simulate(seed: int, planted: AbstractContextManager[Any] | None = None) -> Run:
    """Live through a seed, with a bug `planted` into the services if there is one, and check what came of it."""
    world = World(seed)
    with planted or nullcontext():
        world.live()
    wrong = list(world.wrong)
    for partition in world.partitions:
        wrong += partition.wrong()
    wrong += wrong_picture(world.partitions, world.store)
    return Run(
        seed=seed,
        wrong=wrong,
        faults=world.faults.struck,
        messages=len(world.inbox),
        voids=sum(sum(each.checker.counts.voids.values()) for each in world.partitions),
        reloads=world.reloads,
        steps=world.steps,
        seconds=world.seconds,
        trace=world.trace,
        digest=_digest(world),
    )


def _digest(world: World) -> str:
    logs = [(each.log.inbox, each.log.events) for each in world.partitions]
    return sha256(repr((world.trace, logs)).encode()).hexdigest()
