"""Plays a plan over HTTP as fast as it goes, in the player's own name, in large batches.

No message waits for another's answer, and still every outcome is the planned one. What an outcome can depend on has
its partition key: the orders before it about the same thing, and the first copy of the same message. All that has one
key is sent in one lane, a lane sends one batch at a time, the gateway hands a batch over in its order, and an inbox
partition keeps it. So whatever comes before in the plan is decided before, be it in the same batch. Of a batch that is
lost half-way each partition has a beginning, and sending it again repeats that.

Between lanes nothing but time counts: they stay within a round of each other, so that the operation's clock, which
stands at the latest that was recorded, does not run away from those who are behind.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from zlib import crc32

from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipts
from scenarios.sender import Sender

LANES = 4
ROUND = 4_000
"""Messages of all lanes together that are under way before the next ones may follow."""
BATCH_MESSAGES, BATCH_BYTES = 1_000, 900_000
"""What the gateway takes at once, with room for what is added to each message."""
ADDED_BYTES = 60


class FlatOut:
    """Plays one plan. `reached` is told how far everybody has come."""

    def __init__(
        self, plan: Plan, sender: Sender, receipts: Receipts, reached: Callable[[datetime], None] = lambda _: None
    ) -> None:
        self._sender, self._receipts, self._reached = sender, receipts, reached
        self.total = len(plan.messages)
        open_ = [each for each in plan.messages if each.step not in receipts.by_step]
        self._rounds = [open_[begin : begin + ROUND] for begin in range(0, len(open_), ROUND)]
        self._behind = [LANES] * len(self._rounds)
        self._over = [asyncio.Event() for _ in self._rounds]

    @property
    def done(self) -> int:
        """Messages answered so far."""
        return len(self._receipts.by_step)

    async def play(self) -> None:
        """Send everything that is not answered yet."""
        async with asyncio.TaskGroup() as tasks:
            for lane in range(LANES):
                tasks.create_task(self._run(lane))

    async def _run(self, lane: int) -> None:
        for number, messages in enumerate(self._rounds):
            if number > 1:
                await self._over[number - 2].wait()
            for together in batches([each for each in messages if lane_of(each) == lane]):
                self._receipts.add(*await self._sender.send(together))
            self._behind[number] -= 1
            if not self._behind[number]:
                self._over[number].set()
                self._reached(messages[-1].send_at)


def lane_of(planned: Planned) -> int:
    """The lane in which a message goes, by its partition key; what is no message goes in any one."""
    return crc32((planned.key or "").encode()) % LANES


def batches(messages: Sequence[Planned]) -> Iterator[list[Planned]]:
    """What is sent at once, in the order given: as much as the gateway takes; what is no message, by itself."""
    batch: list[Planned] = []
    size = 0
    for each in messages:
        length = len(each.body) + ADDED_BYTES
        if batch and (len(batch) == BATCH_MESSAGES or size + length > BATCH_BYTES or each.key is None):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += length
        if each.key is None:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
