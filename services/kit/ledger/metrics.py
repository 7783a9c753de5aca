"""What the ledger tells Prometheus. Gauges named `messages` are folded from the logs, so they survive restarts."""

from collections.abc import Callable, Mapping

from prometheus_client import Counter, Gauge, Histogram

from schemas.outcomes import OutcomeKind
from services.kit.ledger.fold import Fold

_BY = ("service", "partition")

LATE_SECONDS = 1.0
"""What a message may take to be decided, and then its answer to be in the read model (docs/monitoring.md says why)."""

RECEIVED = Gauge("kalimaya_messages_received", "Inbox records; equals the outcomes plus those in flight.", _BY)
MESSAGES = Gauge("kalimaya_messages", "Outcomes in the log; rejected rising: look at who sends.", (*_BY, "outcome"))
IN_FLIGHT = Gauge("kalimaya_messages_in_flight", "Inbox records not answered yet; rising: add processes.", _BY)
UNDECIDED_AGE = Gauge(
    "kalimaya_undecided_age_seconds", "Age of the oldest undecided message; rising: the decider lags or is stuck.", _BY
)
VOID_RECORDS = Gauge("kalimaya_void_records", "Event records that do not count; rising: two owners compete.", _BY)
CHAIN_ALARM = Gauge("kalimaya_chain_alarms", "Records in the right place with a wrong chain; any: call us.", _BY)
STOPPED = Gauge("kalimaya_partition_stopped", "1 when a partition has stopped for good; read the log, then us.", _BY)
OWNED = Gauge("kalimaya_partition_owned", "1 while this process owns the partition; nobody at 1: start one.", _BY)
RELOADS = Counter("kalimaya_reloads_total", "Folds begun, by reason; rising fast: broker or rival.", (*_BY, "reason"))
POISON = Counter("kalimaya_poison_total", "Times that deciding raised; any: a bug, with a log line beside it.", _BY)
SNAPSHOTS = Counter(
    "kalimaya_snapshots_total",
    "Snapshots by what became of them: written, failed, opened, refused, outdated, unavailable; see the log.",
    ("service", "result"),
)
UNSNAPSHOTTED = Gauge(
    "kalimaya_unsnapshotted_answers",
    "Answers that a restart folds; rising for long: the decider never catches up, or snapshots fail.",
    _BY,
)
DECISION_SECONDS = Histogram(
    "kalimaya_decision_seconds",
    "Time to decide and encode one message (mean over its batch); rising: profile the decider.",
    ("service",),
    buckets=(5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 0.05, 0.5),
)
ANSWERED = Counter("kalimaya_answered_total", "Messages answered here; flat under load: see /readyz.", ("service",))
ANSWERED_LATE = Counter(
    "kalimaya_answered_late_total",
    f"Of these, messages that waited longer than {LATE_SECONDS:g} s in the inbox; rising: TimeToPictureBurnsFast.",
    ("service",),
)
APPEND_SECONDS = Histogram(
    "kalimaya_append_seconds",
    "Time from handing a batch to Kafka to its acknowledgement; rising: look at the brokers.",
    ("service",),
)
BATCH_MESSAGES = Histogram(
    "kalimaya_batch_messages",
    "Messages answered by one append; always at the top: the decider is at its limit.",
    ("service",),
    buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 2000, 5000),
)


class Gauges:
    """The metrics of one partition, with their labels bound once."""

    def __init__(self, service: str, partition: int) -> None:
        self._at = at = (service, str(partition))
        self._end = self._next_cause = 0
        self._received, self._in_flight = RECEIVED.labels(*at), IN_FLIGHT.labels(*at)
        self._voids, self._alarms, self._poison = VOID_RECORDS.labels(*at), CHAIN_ALARM.labels(*at), POISON.labels(*at)
        self._decision = DECISION_SECONDS.labels(service)
        self._append = APPEND_SECONDS.labels(service)
        self._batch = BATCH_MESSAGES.labels(service)
        self._answered, self._answered_late = ANSWERED.labels(service), ANSWERED_LATE.labels(service)

    def reload(self, reason: str) -> None:
        """A fold begins."""
        RELOADS.labels(*self._at, reason).inc()

    def poison(self) -> None:
        """Deciding raised."""
        self._poison.inc()

    def batch(self, messages: int, late: int, deciding: float, appending: float) -> None:
        """A batch of `messages` was written, `late` of them so; both times in seconds."""
        self._answered.inc(messages)
        self._answered_late.inc(late)
        self._decision.observe(deciding / messages)
        self._append.observe(appending)
        self._batch.observe(messages)

    def state(self, counts: Mapping[OutcomeKind, int], fold: Fold, alarms: int) -> None:
        """What the log says now."""
        for outcome, count in counts.items():
            MESSAGES.labels(*self._at, outcome).set(count)
        self._voids.set(fold.voids)
        self._alarms.set(alarms)
        self._next_cause = fold.next_cause
        self._conserve()

    def inbox(self, end: int) -> None:
        """How far the inbox reaches (offset)."""
        self._end = end
        self._conserve()

    def _conserve(self) -> None:
        """Say what is in flight by the fold that the outcomes were last told with, so that a scrape between two looks
        at the inbox does not find them at odds. The outcomes are counted elsewhere, so they can be.
        """
        received = max(self._end, self._next_cause)
        self._received.set(received)
        self._in_flight.set(received - self._next_cause)

    def undecided_age(self, read: Callable[[], float]) -> None:
        """Let every scrape ask for the age itself."""
        UNDECIDED_AGE.labels(*self._at).set_function(read)


def forget(service: str, partition: int) -> None:
    """Take away what we said of a partition that is no longer ours: another says it now, and sums would double."""
    at = (service, str(partition))
    for gauge in (RECEIVED, IN_FLIGHT, UNDECIDED_AGE, VOID_RECORDS, CHAIN_ALARM, UNSNAPSHOTTED):
        gauge.remove_by_labels(dict(zip(_BY, at, strict=True)))
    MESSAGES.remove_by_labels(dict(zip(_BY, at, strict=True)))
