"""One look of a watch after the other: read the logs to their ends, look at the rules, send the difference.

It knows nothing of Faust: what the stream brings is handed to `following`, what it owns and where the logs end is told
at each tick.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Generic

import structlog

from schemas.types import AlertRule
from services.kit import clock
from services.kit.kafka_access import Bootstrap
from services.kit.ledger.log import OutOfRange, Unavailable
from services.kit.ledger.reader import Place
from services.watch import metrics
from services.watch.difference import difference, look
from services.watch.following import Behind, Following
from services.watch.rules import P, Watch
from services.watch.sending import KafkaSender

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 30.0
"""How long a message that was sent may be under way before it is sent once more."""
FILL_SECONDS = 120.0
"""How long one tick may read logs: a million events after a start."""
LATE_SECONDS = 60.0
"""Without a whole tick for so long, this worker is not ready: somebody has to look."""


class Worker(Generic[P]):
    """The watch of one service, as one worker does it. `parameters`: those of its rules."""

    def __init__(self, watch: Watch[P], parameters: P, bootstrap: Bootstrap, clock_file: Path | None) -> None:
        self._watch, self._parameters = watch, parameters
        self._bootstrap, self._clock_file = bootstrap, clock_file
        self._sender = KafkaSender(bootstrap, watch.service)
        self.following = Following(watch.service, watch.kinds)
        self._sent: dict[str, float] = {}
        self._ticked_at, self._ever_ticked = monotonic(), False
        self._trouble: str | None = "it has not looked at its rules yet"
        self._failed: dict[AlertRule, str] = {}
        for kind in metrics.ERROR_KINDS:  # nothing wrong shows as 0, and not like nobody who looks
            metrics.ERRORS.labels(watch.service, kind)
        metrics.TICK_AGE.labels(watch.service).set_function(lambda: monotonic() - self._ticked_at)

    def not_ready(self) -> str | None:
        """Why alerts are not kept in line, or not all of them; None when they are."""
        late = monotonic() - self._ticked_at
        if self._trouble is not None and (late > LATE_SECONDS or not self._ever_ticked):
            return f"nobody looks at the rules here: {self._trouble}"
        if self._failed:
            return "; ".join(f"rule {rule} raises {error}" for rule, error in self._failed.items())
        if self.following.left_out:
            return f"answers that no fold could take: {sorted(self.following.left_out)}"
        return None

    def not_live(self) -> str | None:
        """Why a restart might help: nothing was looked at for so long though we own all logs. None when all is well."""
        still = monotonic() - self._ticked_at
        if self._trouble is None and still > LATE_SECONDS + FILL_SECONDS:
            return f"the last look at the rules was {still:.0f} s ago"
        return None

    def idle(self, why: str, owned: int) -> None:
        """This worker must not look at its rules now; a gauge and, once, the log say why."""
        metrics.PARTITIONS.labels(self._watch.service).set(owned)
        self._say(why)

    async def tick(self, ends: Mapping[Place, int], owned: int) -> None:
        """Look once. `ends`: where every log that the watch reads ended when the tick began. Never raises."""
        metrics.PARTITIONS.labels(self._watch.service).set(owned)
        try:
            await self.following.fill(self._bootstrap, ends, FILL_SECONDS)
            await self._look()
        except Unavailable as error:
            metrics.ERRORS.labels(self._watch.service, "kafka").inc()
            self._say(f"Kafka does not answer: {error}")
        except (Behind, OutOfRange) as error:
            metrics.ERRORS.labels(self._watch.service, "broken").inc()
            self._say(str(error))
        except Exception as error:  # a bug of ours: counted, logged, told by /readyz; the next tick tries again
            metrics.ERRORS.labels(self._watch.service, "tick").inc()
            log.exception("a tick failed", exc_info=error)
            self._say(f"the tick raised {error!r}")
        else:
            self._ticked_at, self._ever_ticked = monotonic(), True
            self._say(None)

    async def _look(self) -> None:
        watch, tables = self._watch, self.following.tables
        ticking = clock.load(self._clock_file)  # read anew each time, because a scenario may start after us
        now = ticking.now(self.following.read_to)
        with metrics.TICK_SECONDS.labels(watch.service).time():
            found = look(watch.rules, tables, now, self._parameters)
        self._tell_failed(found.failed)
        messages: list[tuple[str, object]] = list(difference(found, watch.rules, tables, now))
        if watch.due is not None and ticking.lifelike:  # a faster scenario gives its orders itself
            messages += [(order.id, order.data) for order in watch.due(tables, now, self._parameters)]
        await self._send(messages, now)
        self._count()

    async def _send(self, messages: list[tuple[str, object]], now: datetime) -> None:
        at = monotonic()
        self._sent = {id_: sent for id_, sent in self._sent.items() if at - sent < AGAIN_SECONDS}
        fresh = [(id_, data) for id_, data in messages if id_ not in self._sent]
        if not fresh:
            return
        await self._sender.send(fresh, now)
        for id_, data in fresh:
            self._sent[id_] = at
            metrics.SENT.labels(self._watch.service, type(data).__name__).inc()
            log.info("sent", id=id_, what=type(data).__name__, at=now.isoformat())

    def _count(self) -> None:
        standing = Counter(rule for rule, _ in self.following.tables.standing)
        for rule in self._watch.rules:
            metrics.ALERTS.labels(self._watch.service, rule).set(standing[rule])
        metrics.LEFT_OUT.labels(self._watch.service).set(len(self.following.left_out))

    def _tell_failed(self, errors: Mapping[AlertRule, Exception]) -> None:
        failed = {rule: repr(error) for rule, error in errors.items()}
        for rule, error in errors.items():
            metrics.ERRORS.labels(self._watch.service, "rule").inc()
            if self._failed.get(rule) != failed[rule]:
                log.error("a rule raised; its alerts stay as they are", rule=rule, exc_info=error)
        self._failed = failed

    def _say(self, trouble: str | None) -> None:
        metrics.TICKING.labels(self._watch.service).set(trouble is None)
        if trouble != self._trouble:
            log.warning("watch", ticking=trouble is None, detail=trouble)
        self._trouble = trouble
