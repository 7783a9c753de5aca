"""The projector: follows every event log and brings each whole answer into the read model, once.

The read model's own positions are the only memory. Whatever goes wrong, the way back is the same: drop what was held
in memory, read the positions, go on from there. It stops, a partition or as a whole, only where going on would make the
read model wrong.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, time

import msgspec
import structlog

from services.kit.kafka_access import Bootstrap
from services.kit.ledger import topics
from services.kit.ledger.fold import Answer, ChainMismatch, Fold, LedgerBroken
from services.kit.ledger.kafka import FETCH_BYTES
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.record import Genesis, Record
from services.projection import metrics
from services.projection.history import Entity, Past, advance, needs_past
from services.projection.share import Seen
from services.projection.store import DATABASE_ERRORS, Batch, Position, SecondWriter, Store, Swapped
from services.views.facts import Fact
from services.views.model import Key, Outcome, read, subject_of

log = structlog.get_logger(__name__)

CATCHABLE = (Unavailable, *DATABASE_ERRORS)
ENTITIES_KEPT = 20_000
"""Entities whose state stays in memory between batches: ten times the operation of 2019."""
PASTS_KEPT, STATES_KEPT = 100, 1_000
"""Entities whose past stays in memory, and the states of each, which may be twice as many."""
WAIT_SECONDS = 1.0
MEASURE_EVERY_SECONDS = 1.0
AWAY_SECONDS = 5.0
STUCK_SECONDS = 60.0
PATIENCE_SECONDS = 1.5, 3.0
"""So long a partition that was lost to another projector must stand still until we take it up again."""
ABANDONED_SECONDS = 30.0
"""A group needs some ten seconds to see that a worker is dead, and the next one to take its partitions up."""
FIRST_RECORD_BYTES = 4_096
SMALL_BATCH = 50
COALESCE_SECONDS = 0.005
"""After a small batch, so that a burst becomes one transaction and not one an event."""


@dataclass(frozen=True, slots=True)
class Read:
    """An answer as the model reads it, and when it was appended to its log, in ms since 1970."""

    outcome: Outcome
    facts: tuple[Fact, ...]
    appended: int


class _Unfoldable(Exception):
    """Folding an entity raised: a bug of ours. Its partition stops, the others go on."""

    def __init__(self, place: Place, key: Key, error: Exception) -> None:
        super().__init__(f"{key[0]}/{key[1]}: {error!r}")
        self.place = place


class Track:
    """One partition on its way into the read model: what is committed, and the fold that runs ahead of it."""

    def __init__(self, place: Place, stored: Position) -> None:
        self.place, self.stored = place, stored
        self.service, self.partition = place[0].removesuffix(".events"), place[1]
        self.fold = Fold(
            position=stored.next_offset,
            tail=stored.tail,
            head=stored.head,
            next_cause=stored.next_cause,
            voids=stored.voids,
            void_by_chain=set(stored.alarms),
        )
        self.log, self.known = stored.log, stored.known
        self.whole = stored

    def note(self) -> None:
        """Remember the position if the fold stands between answers."""
        if self.fold.whole:
            f = self.fold
            self.whole = Position(
                f.position, f.next_cause, f.tail, f.head, self.known, self.log, f.voids,
                tuple(sorted(f.void_by_chain)), self.stored.table,
            )  # fmt: skip


class Projector:
    """Runs until cancelled. `services`: whose event logs there are.

    `share`: which of their partitions are ours, now; it may change at any time. `until`: how far to read before `run`
    returns; None is for ever.
    """

    def __init__(
        self,
        store: Store,
        bootstrap: Bootstrap,
        services: Sequence[str],
        client_id: str = "projection",
        *,
        share: Callable[[Place], bool] = lambda _: True,
        until: Mapping[Place, int] | None = None,
    ) -> None:
        self._store, self._bootstrap, self._services, self._client_id = store, bootstrap, services, client_id
        self._share, self._until = share, until
        self._seen: dict[Place, Seen] = {}
        self._tracks: dict[Place, Track] = {}
        self._entities: dict[Key, Entity] = {}
        self._pasts: dict[Key, Past] = {}
        self._reader: LogReader | None = None
        self._moved = asyncio.Event()
        self._behind_since: float | None = None
        self._progressed_at = monotonic()
        self._trouble: str | None = "starting"
        self._away: str | None = None
        self._swapped = False
        self.stopped: dict[Place, str] = {}
        self.lost: dict[Place, float] = {}
        """Ours, but projected by another; and how long it must stand still before we try again, in seconds."""
        self.ends: Mapping[Place, int] = {}
        metrics.UNPROJECTED_AGE.set_function(self.unprojected_age)

    # What others may ask.

    def unprojected_age(self) -> float:
        """Age in seconds of the oldest event that is not in the read model; 0 when caught up.

        Of what others project it is the age that we have seen, at the last of our looks.
        """
        ours = 0.0 if self._behind_since is None else max(0.0, time() - self._behind_since)
        return max([ours, *(seen.age for seen in self._others().values())])

    def trouble(self) -> str | None:
        """Why events are not being projected at this moment; None when they are."""
        for (topic, partition), reason in self.stopped.items():
            return f"{topic}/{partition} stopped: {reason}"
        for (topic, partition), seen in self._others().items():
            if seen.still > ABANDONED_SECONDS:
                return f"{topic}/{partition} is projected by nobody for {seen.still:.0f} s"
        return self._trouble

    def stuck(self) -> str | None:
        """Why a restart might help: there is work, we could do it, and nothing moves. None when all is well."""
        still = monotonic() - self._progressed_at
        if self.stopped or self._trouble or self._behind_since is None or still < STUCK_SECONDS:
            return None
        return f"events wait since {self.unprojected_age():.0f} s and nothing was projected for {still:.0f} s"

    @property
    def next_commit(self) -> asyncio.Event:
        """Set when the next batch is committed; ask anew for the one after that."""
        return self._moved

    @property
    def read(self) -> int:
        """Records read, of our partitions, from the beginning of their logs."""
        return sum(track.fold.position for track in self._tracks.values())

    # Running.

    async def run(self) -> None:
        """Project for ever; returns only when everything has been read that was to be read."""
        measuring = asyncio.create_task(self._measure())
        reason = "start"
        try:
            while True:
                metrics.RESTARTS.labels(reason).inc()
                try:
                    await self._start()
                    if await self._follow():
                        return
                    reason = "partitions"
                    continue
                except SecondWriter as error:
                    reason = "SecondWriter"
                    self._leave(error)
                    continue
                except Swapped as error:
                    reason = "Swapped"
                    log.info("reading on in other tables", detail=str(error))
                    self.stopped.clear()  # what was wrong with the old ones
                    continue
                except CATCHABLE as error:
                    reason = type(error).__name__
                    self._trouble = f"{reason}: {error}"
                    log.warning("reading on from the stored positions", reason=reason, detail=str(error))
                except OutOfRange as error:
                    reason = "OutOfRange"  # _start finds out which partition it is, if a log is shorter than it was
                    self._trouble = f"a log has no record at our position: {error}"
                    log.error("a log has no record at our position", detail=str(error))
                except _Unfoldable as error:
                    reason = "Unfoldable"
                    self._stop(error.place, str(error))
                self._forget()
                await asyncio.sleep(random.uniform(0.1, 1))
        finally:
            measuring.cancel()
            await self._let_go()

    def _forget(self) -> None:
        self._entities.clear()
        self._pasts.clear()

    def _leave(self, error: SecondWriter) -> None:
        """Let another projector have what it has moved, and keep the rest."""
        metrics.LOST_BATCHES.inc()
        for place, detail in error.places.items():
            self.lost[place], self._seen[place] = random.uniform(*PATIENCE_SECONDS), Seen()
            log.warning("partition left to another projector", place=place, detail=detail)

    def _ours(self) -> set[Place]:
        """What to project: our share, without what another has taken and goes on with."""
        for place, patience in list(self.lost.items()):
            if not self._share(place) or self._seen[place].still > patience:
                del self.lost[place]
        return {place for place in self._seen if self._share(place) and place not in self.lost}

    def _others(self) -> dict[Place, Seen]:
        return {place: seen for place, seen in self._seen.items() if place not in self._tracks}

    async def _start(self) -> None:
        """Stand at the stored positions, after a look at whether these are still the same logs."""
        await self._store.migrate()
        places = await topics.places(self._bootstrap, self._services, "events")
        self._seen = {place: self._seen.get(place, Seen()) for place in places}
        ours = self._ours()
        self.stopped = {place: reason for place, reason in self.stopped.items() if place in ours}
        stored = await self._store.begin(places, ours)
        self._forget()
        self._tracks = {place: Track(place, position) for place, position in stored.items()}
        for topic, partition in places:
            stopped = metrics.STOPPED.labels(topic.removesuffix(".events"), partition)
            stopped.set((topic, partition) in self.stopped)
        for track in self._tracks.values():
            self._show(track)
        await self._check_logs()
        reader = await self._read_from({place: track.stored.next_offset for place, track in self._running().items()})
        await self._let_go()
        self._reader = reader
        self.ends = await reader.ends(places)
        for track, end in self._with_ends():
            if end < track.stored.next_offset and track.place not in self.stopped:
                self._stop(
                    track.place,
                    f"the log ends at {end}, the read model has read up to {track.stored.next_offset}: "
                    "the read model is of another log",
                )
        self._trouble = self._away = None
        self._swapped = False

    async def _check_logs(self) -> None:
        """Each log's first record says its id; the one of a stored position must be the same."""
        wanted = {p: t for p, t in self._running().items() if t.log is not None}
        if not wanted:
            return
        reader = await self._read_from(dict.fromkeys(wanted, 0), FIRST_RECORD_BYTES)
        try:
            missing = {p for p, end in (await reader.ends()).items() if end == 0}
            for place in missing:
                self._stop(place, "the log is empty: the read model is of another log")
            unseen = wanted.keys() - missing
            while unseen:
                for place, records in (await reader.read(WAIT_SECONDS)).items():
                    if place in unseen and records[0].offset == 0:
                        self._check_log(wanted[place], records[0])
                    unseen -= {place}
        finally:
            await reader.stop()

    def _check_log(self, track: Track, first: Record) -> None:
        try:
            found = msgspec.json.decode(first.value or b"", type=Genesis).log
        except msgspec.DecodeError as error:
            found = f"unreadable ({error})"
        if found != track.log:
            self._stop(
                track.place,
                f"the log's id is {found}, that of the read model's log {track.log}: the read model is of another log",
            )

    def _running(self) -> dict[Place, Track]:
        return {place: track for place, track in self._tracks.items() if place not in self.stopped}

    async def _read_from(self, positions: Mapping[Place, int], fetch_bytes: int = FETCH_BYTES) -> LogReader:
        reader = LogReader(self._bootstrap, self._client_id, fetch_bytes)
        try:
            await reader.start(positions)
        except BaseException:
            await reader.stop()
            raise
        return reader

    async def _let_go(self) -> None:
        if self._reader is not None:
            gone, self._reader = self._reader, None
            await gone.stop()

    async def _follow(self) -> bool:
        """Until everything is read that was to be read (True), or until other partitions are ours."""
        assert self._reader is not None
        while self._ours() == self._tracks.keys():
            if self._until is not None and all(t.fold.position >= self._until[p] for p, t in self._tracks.items()):
                return True
            found = await self._reader.read(WAIT_SECONDS)
            if self._away is not None:  # when it is back, it may be with another log
                raise Unavailable(self._away)
            if self._swapped:
                raise Swapped("the read model was rebuilt")
            if not found:
                continue
            count = await self._project(found)
            if count < SMALL_BATCH:
                await asyncio.sleep(COALESCE_SECONDS)
        return False

    # One batch.

    async def _project(self, found: Mapping[Place, Sequence[Record]]) -> int:
        """Bring what was read into the read model; how many answers that were."""
        began = monotonic()
        self._behind(min(records[0].timestamp for records in found.values()) / 1000)
        reads: dict[Place, list[Read]] = {}
        for place, records in found.items():
            if place not in self.stopped:
                reads[place] = await self._take(self._tracks[place], records)
        batch = await self._apply(reads)
        moving = [track for track in self._tracks.values() if track.whole is not track.stored]
        batch.moves = {track.place: (track.stored, track.whole) for track in moving}
        if moving:
            await self._store.commit(batch)
            self._committed(moving, batch, monotonic() - began)
            metrics.projected([each.appended for several in reads.values() for each in several], time())
        return len(batch.outcomes)

    async def _take(self, track: Track, records: Iterable[Record]) -> list[Read]:
        """The whole answers in these records; stops the partition where it cannot be read further."""
        reads: list[Read] = []
        for record in records:
            if self._until is not None and record.offset >= self._until[track.place]:
                break
            try:
                answer = await self._fold(track, record)
                if answer is not None:
                    outcome, facts = read(track.service, track.partition, answer)
                    track.known = outcome.knowntime
                    reads.append(Read(outcome, facts, answer.records[0].timestamp))
            except (Unavailable, OutOfRange):
                raise
            except Exception as error:  # a broken log, an event newer than we are, or a bug: _stop tells everybody
                self._stop(track.place, f"offset {record.offset}: {error!r}")
                break
            track.note()
        return reads

    async def _fold(self, track: Track, record: Record) -> Answer | None:
        try:
            answer = track.fold.take(record)
        except ChainMismatch as error:
            await self._judge(track, error.offset)
            answer = track.fold.take(record)
        if record.offset == 0 and track.fold.genesis is not None:
            track.log = track.fold.genesis.log
        return answer

    async def _judge(self, track: Track, offset: int) -> None:
        """A record in the right place with a wrong chain: void if a fold from the start agrees with ours (R3)."""
        again = Fold()
        reader = await self._read_from({track.place: 0})
        try:
            while again.position < offset:
                for record in (await reader.read(WAIT_SECONDS)).get(track.place, ()):
                    if record.offset >= offset:
                        break
                    try:
                        again.take(record)
                    except ChainMismatch as error:
                        again.void_by_chain.add(error.offset)
                        again.take(record)
        finally:
            await reader.stop()
        if again.head != track.fold.head:
            raise LedgerBroken("the read model's chain is not the log's: it was folded from other records")
        track.fold.void_by_chain.add(offset)
        log.error("void record: right place, wrong chain", place=track.place, offset=offset)

    async def _apply(self, reads: Mapping[Place, Sequence[Read]]) -> Batch:
        """Fold the facts into the states of their entities; the rows of those that changed."""
        batch = Batch()
        by_key: defaultdict[Key, list[Fact]] = defaultdict(list)
        for each in (one for several in reads.values() for one in several):
            batch.outcomes.append(each.outcome)
            for fact in each.facts:
                by_key[subject_of(fact)].append(fact)
        self._entities |= await self._store.load([key for key in by_key if key not in self._entities])
        late = [key for key, facts in by_key.items() if needs_past(self._entities.get(key), facts)]
        self._pasts |= await self._store.past([key for key in late if not self._knows_past(key, by_key[key])])
        for key, facts in by_key.items():
            place = (f"{facts[0].service}.events", facts[0].partition)
            before = self._entities.pop(key, None)  # and back at the end: the order of use
            try:
                after, versions, areas = advance(key, before, facts, self._pasts.get(key))
                batch.add(key, place, after, versions)
                batch.facts += zip(facts, areas, strict=True)
            except Exception as error:  # a bug of ours: the partition stops, loudly
                log.critical("cannot fold", key=key, exc_info=error)
                raise _Unfoldable(place, key, error) from error
            self._entities[key] = after
        self._keep_pasts(late)
        return batch

    def _knows_past(self, key: Key, facts: Iterable[Fact]) -> bool:
        return key in self._pasts and self._pasts[key].reaches(min(each.at for each in facts))

    def _keep_pasts(self, late: Iterable[Key]) -> None:
        """Those last needed: of what comes late, much comes by the dozen on one thing."""
        for key in late:
            self._pasts[key] = self._pasts.pop(key)
        for past in self._pasts.values():
            past.trim(STATES_KEPT)
        while len(self._pasts) > PASTS_KEPT:
            del self._pasts[next(iter(self._pasts))]

    def _committed(self, moved: Sequence[Track], batch: Batch, seconds: float) -> None:
        for track in moved:
            track.stored = track.whole
            self._show(track)
        for fact, _ in batch.facts:
            metrics.EVENTS.labels(fact.service).inc()
        metrics.BATCH_SECONDS.observe(seconds)
        self._progressed_at = monotonic()
        if all(track.fold.whole for track in self._tracks.values()):
            self._behind_since = None
        while len(self._entities) > ENTITIES_KEPT:
            del self._entities[next(iter(self._entities))]
        woken, self._moved = self._moved, asyncio.Event()
        woken.set()

    # What is seen of it.

    def _stop(self, place: Place, reason: str) -> None:
        self.stopped[place] = reason
        track = self._tracks[place]
        metrics.STOPPED.labels(track.service, track.partition).set(1)
        log.critical("partition stopped", place=place, reason=reason)

    def _show(self, track: Track) -> None:
        metrics.VOID_RECORDS.labels(track.service, track.partition).set(track.stored.voids)
        metrics.CHAIN_ALARMS.labels(track.service, track.partition).set(len(track.stored.alarms))

    def _behind(self, since: float) -> None:
        if self._behind_since is None or since < self._behind_since:
            self._behind_since = since

    async def _measure(self) -> None:
        """Look how long the logs are and whether PostgreSQL answers: a reader alone sits out any silence unnoticed."""
        while True:
            await asyncio.sleep(MEASURE_EVERY_SECONDS)
            reader = self._reader
            if reader is None:
                continue
            try:
                async with asyncio.timeout(AWAY_SECONDS):
                    self.ends = await reader.ends(self._seen)
                self._look(reader, await self._store.positions())
            except Exception as error:  # whatever it is: who no longer looks never takes a lost partition up again
                if not isinstance(error, CATCHABLE):
                    log.exception("looking at the logs raised")
                if reader is self._reader:
                    self._away = f"{type(error).__name__}: {error}"
            if not any(max(end, track.fold.position) > track.stored.next_offset for track, end in self._with_ends()):
                self._behind_since = None
            else:
                self._behind(time())

    def _look(self, reader: LogReader, positions: Mapping[Place, Position]) -> None:
        for place, position in positions.items():
            if place in self.ends:
                self._seen[place].look(position.next_offset, self.ends[place])
            if place in self._tracks and reader is self._reader:
                self._swapped |= position.table != self._tracks[place].stored.table

    def _with_ends(self) -> list[tuple[Track, int]]:
        return [(track, self.ends[place]) for place, track in self._tracks.items() if place in self.ends]
