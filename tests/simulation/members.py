"""A consumer group as its members see it: told late, told wrongly, but told in the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from services.kit.ledger.membership import POLL_EVERY_SECONDS
from services.kit.ledger.reader import Place


class Member:
    """What one instance of a service believes to own; stands in for Membership."""

    def __init__(self, service: str, partitions: set[int]) -> None:
        self._topic, self._partitions = f"{service}.inbox", partitions
        self.changed = asyncio.Event()

    def tell(self, partitions: set[int]) -> None:
        """News of the group's coordinator."""
        self._partitions = partitions
        self.changed.set()

    def owned(self) -> set[Place]:
        return {(self._topic, partition) for partition in self._partitions}

    async def poll(self) -> None:
        """There is no coordinator that would forget us."""

    async def wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.changed.wait(), POLL_EVERY_SECONDS)
        self.changed.clear()


Members = dict[str, Member]
"""By client id, `<service>-<instance>`."""


def joining(members: Members) -> object:
    """What stands in for `membership.joined`."""

    @contextlib.asynccontextmanager
    async def joined(bootstrap: str, group: str, client_id: str, topics: Sequence[str]) -> AsyncIterator[Member]:
        yield members[client_id]

    return joined
