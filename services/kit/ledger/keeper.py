"""Keeps the snapshots of one partition: says when one is due, writes it beside the work, and opens the newest at start.

Nothing rests on it: whatever goes wrong here is told, and costs the next start a longer fold.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Generic, TypeVar

import structlog

from services.kit.decider import Decider
from services.kit.ledger import metrics, snapshot
from services.kit.ledger.desk import Desk
from services.kit.ledger.fold import Fold
from services.kit.ledger.log import Identity, LogPair, Unavailable
from services.kit.ledger.snapshot import MANIFEST, Identities, Manifest, Outdated, Unfit

S = TypeVar("S")
log = structlog.get_logger(__name__)

FEWER, FEWER_SECONDS = 20, 60.0
"""How many times less is enough after so long."""


class Keeper(Generic[S]):
    """The snapshots of one partition, as its owner knows them."""

    def __init__(self, decider: Decider[S], partition: int, identity: Identity, logs: LogPair, after: int) -> None:
        self._decider, self._partition, self._identity, self._logs = decider, partition, identity, logs
        self._code = snapshot.code_of(decider)
        self._after, self._kept_cause, self._tried_cause, self._tried_at = after, 0, 0, monotonic()
        self._identities: Sequence[Identities] = ()
        self._lying: set[str] = set()
        self._writing: asyncio.Task[None] | None = None
        self._unkept = metrics.UNSNAPSHOTTED.labels(decider.service, str(partition))
        self._log = log.bind(service=decider.service, partition=partition)

    async def open(self, desk: Desk[S], fits: Callable[[Fold], Awaitable[bool]]) -> Fold | None:
        """Fill the desk from the newest snapshot and give its fold; None, and an empty desk, if none counts.

        `fits`: whether the log holds, in its place, the last record that a fold counted. Raises what that raises.
        """
        desk.clear()
        try:
            kept = await self._logs.load_snapshot()
        except Unavailable as error:
            self._tell("unavailable", str(error))
            return None
        self._lying = set(kept) - {MANIFEST}
        try:
            manifest = snapshot.read_manifest(kept, self._identity, self._partition, self._code)
            if manifest is None:
                return None
            fold = snapshot.restore(manifest, kept, desk, self._decider)
            if not await fits(fold):
                raise Unfit(f"the log does not hold, at offset {fold.tail}, the record with which it ends")
        except Unfit as reason:
            desk.clear()
            self._tell("outdated" if isinstance(reason, Outdated) else "refused", str(reason))
            return None
        self._tell("opened", f"{fold.next_cause} answers need not be folded")
        self._identities, self._kept_cause = manifest.identities, manifest.next_cause
        self._tried_cause = manifest.next_cause
        return fold

    def due(self, fold: Fold) -> bool:
        """Whether enough has been answered since the last one, whatever became of it."""
        self._unkept.set(fold.next_cause - self._kept_cause)
        if self._writing is not None and not self._writing.done():
            return False
        new = fold.next_cause - self._tried_cause
        return new >= self._after or (new * FEWER >= self._after and monotonic() - self._tried_at >= FEWER_SECONDS)

    def keep(self, desk: Desk[S], fold: Fold) -> None:
        """Take a snapshot of what is committed, all of which was read back, and begin to write it."""
        manifest, pieces = snapshot.take(desk, fold, self._code, self._identities)
        self._tried_cause, self._tried_at = manifest.next_cause, monotonic()
        self._writing = asyncio.create_task(self._write(manifest, pieces))

    def begin_anew(self) -> None:
        """The log is folded from its start, for it may be another than the one that was kept, or is being."""
        if self._writing is not None:
            self._writing.cancel()
        self._identities, self._kept_cause, self._tried_cause = (), 0, 0

    async def close(self) -> None:
        """End what is being written; half a snapshot is none."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self, manifest: Manifest, pieces: Mapping[str, bytes]) -> None:
        try:
            for name in sorted(pieces.keys() - self._lying):
                await self._logs.store_snapshot(name, pieces[name])
                self._lying.add(name)
            await self._logs.store_snapshot(MANIFEST, manifest.sealed())
            self._identities, self._kept_cause = manifest.identities, manifest.next_cause
            for name in sorted(self._lying - set(manifest.names())):
                await self._logs.store_snapshot(name, None)
                self._lying.discard(name)
        except Unavailable as error:
            self._tell("failed", str(error))
        except Exception as error:  # a bug of ours: the log and the metrics tell, and the work goes on without
            self._log.exception("writing a snapshot raised", inbox_offset=manifest.next_cause)
            self._tell("failed", repr(error))
        else:
            self._tell("written", f"up to inbox offset {manifest.next_cause}")

    def _tell(self, result: str, detail: str) -> None:
        metrics.SNAPSHOTS.labels(self._decider.service, result).inc()
        say = self._log.info if result in ("opened", "written", "outdated") else self._log.warning
        say(f"snapshot {result}", detail=detail)
