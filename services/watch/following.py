"""Follows the event logs of a watch by the reader rule, into its tables.

Records come from Faust's stream one by one, and from our own reader where the stream has a gap: after a start, a
rebalance, an error. Each counts once, whoever brings it: what lies before our position is known already, what lies
behind it waits until the reader has filled the gap. Only the logs are believed; nothing that Faust stores is.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic

import structlog

from schemas.envelope import UnknownMessage
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.fold import Answer, ChainMismatch, Fold, LedgerBroken
from services.kit.ledger.reader import LogReader, Place
from services.kit.ledger.record import Record
from services.views.model import read
from services.watch import metrics
from services.watch.tables import Tables

log = structlog.get_logger(__name__)

READ_SECONDS = 1.0
NOTHING_READ = datetime.min.replace(tzinfo=UTC)


class Behind(Exception):
    """The logs could not be read to where they end; the message says which one, and how far we are."""


class Following:
    """Where each log stands in the tables. `kinds`: the entities that are kept (see Tables)."""

    def __init__(self, service: str, kinds: Collection[str]) -> None:
        self._service, self._kinds = service, kinds
        self._chain_voids: dict[Place, set[int]] = {}
        self._failed: set[tuple[Place, int]] = set()
        self.left_out: set[tuple[Place, int]] = set()
        self.broken: dict[Place, str] = {}
        self._begin()

    def _begin(self) -> None:
        """Forget all that was folded; what is wrong with the logs themselves is remembered."""
        self.tables = Tables(self._kinds)
        self.read_to = NOTHING_READ
        self._folds: dict[Place, Fold] = {}
        self.spoilt: str | None = None

    @property
    def begun(self) -> bool:
        """Whether the tables can be carried on; if not, the stream is of no use before a `fill`."""
        return self.spoilt is None and any(fold.position for fold in self._folds.values())

    def position(self, place: Place) -> int:
        """The next offset to be read of a log."""
        return self._fold(place).position

    def behind(self, ends: Mapping[Place, int]) -> dict[Place, int]:
        """The logs that are not folded to these ends, each with how many records are missing."""
        missing = {place: end - self.position(place) for place, end in ends.items()}
        return {place: count for place, count in missing.items() if count > 0}

    def check(self, stood: Mapping[Place, int], ends: Mapping[Place, int]) -> None:
        """Compare where we stood with where the logs ended after that: one that is shorter has lost its tail (R9)."""
        for place, position in stood.items():
            if ends[place] < position:
                self._spoil("shorter", f"{place} ends at {ends[place]}, and was read to {position}")

    def take(self, place: Place, record: Record) -> None:
        """Fold a record, if it is the next one of its log. Never raises: what goes wrong spoils the tables until the
        next `fill`, which folds them anew.
        """
        if self.spoilt is not None or record.offset != self.position(place):
            return
        answer: Answer | None = None
        try:
            answer = self._fold(place).take(record)
            if answer is not None:
                self._apply(place, answer)
        except ChainMismatch as error:
            self._chain_voids.setdefault(place, set()).add(error.offset)  # R3: if it is so once more, it is void
            self._spoil("chain", f"{place}: {error}")
        except (LedgerBroken, UnknownMessage) as error:
            self.broken[place] = str(error)
            self._spoil("broken", f"{place}: {error}")
        except Exception as error:  # counted, logged; the second time the answer is left out, and /readyz says so
            cause = -1 if answer is None else answer.cause
            (self.left_out if (place, cause) in self._failed else self._failed).add((place, cause))
            log.exception("an event could not be folded", log=f"{place[0]}/{place[1]}", cause=cause, exc_info=error)
            self._spoil("event", f"{place}: {error!r}")

    async def fill(self, bootstrap: Bootstrap, ends: Mapping[Place, int], seconds: float) -> None:
        """Read the logs ourselves until these ends; from their beginning if the tables were spoilt.

        Raises Behind when they are not reached in time, or a log is broken; Unavailable while Kafka is.
        """
        deadline = monotonic() + seconds
        while behind := self.behind(ends) or self.spoilt:
            self._check(ends, behind, deadline)
            if self.spoilt is not None:
                metrics.REFOLDS.labels(self._service).inc()
                self._begin()
            reader = LogReader(bootstrap, f"{self._service}-watch")
            try:
                await reader.start({place: self.position(place) for place in self.behind(ends)})
                while self.spoilt is None and self.behind(ends) and monotonic() < deadline:
                    for place, records in (await reader.read(READ_SECONDS)).items():
                        for record in records:
                            self.take(place, record)
                            metrics.FILLED.labels(self._service).inc()
            finally:
                await reader.stop()

    def _check(self, ends: Iterable[Place], behind: object, deadline: float) -> None:
        for place in ends:
            if place in self.broken:
                raise Behind(f"{place[0]}/{place[1]} cannot be read on: {self.broken[place]}")
        if monotonic() > deadline:
            raise Behind(f"the logs could not be read to their ends in time: {behind}")

    def _fold(self, place: Place) -> Fold:
        found = self._folds.get(place)
        if found is None:
            found = self._folds[place] = Fold(void_by_chain=set(self._chain_voids.get(place, ())))
        return found

    def _apply(self, place: Place, answer: Answer) -> None:
        if (place, answer.cause) in self.left_out:
            return
        outcome, facts = read(place[0].removesuffix(".events"), place[1], answer)
        for fact in facts:
            self.tables.fold(fact)
        self.read_to = max(self.read_to, outcome.recordedtime)
        metrics.EVENTS.labels(self._service).inc()

    def _spoil(self, why: str, detail: str) -> None:
        metrics.ERRORS.labels(self._service, why).inc()
        log.warning("the tables are folded anew", reason=why, detail=detail)
        self.spoilt = detail
