"""Long work beside short: an answer about the past is worked out in pieces, and those about the present go first.

One process serves everybody, and an answer about the present takes a few milliseconds of it; one about the past folds
documents and draws all rows anew, which takes ten times as long.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter

PIECE_SECONDS = 0.001
"""So long whoever is quick may have to wait."""
PATIENCE_SECONDS = 0.1
"""So long one long work gives way, in all: then it takes its turns like everybody."""

Pause = Callable[[], Awaitable[None]]
"""To be awaited between two small steps: lets others go before, once the piece is long enough."""


class Turns:
    """One for a process: who is quick, and who gives way."""

    def __init__(self) -> None:
        self._quick = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @asynccontextmanager
    async def quick(self) -> AsyncIterator[None]:
        """For as long as this lasts, long work gives way."""
        self._quick += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._quick -= 1
            if not self._quick:
                self._calm.set()

    def in_pieces(self) -> Pause:
        """Begin long work."""
        began, patience = perf_counter(), PATIENCE_SECONDS

        async def pause() -> None:
            nonlocal began, patience
            stopped = perf_counter()
            if stopped - began < PIECE_SECONDS:
                return
            await asyncio.sleep(0)
            if self._quick and patience > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._calm.wait(), patience)
            began = perf_counter()
            patience -= began - stopped

        return pause
