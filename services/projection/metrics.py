"""What the projection tells Prometheus."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from services.kit.ledger.metrics import LATE_SECONDS

_AT = ("service", "partition")

EVENTS = Counter(
    "kalimaya_projected_events_total", "Events in the read model; flat under load: see /readyz.", ["service"]
)
ANSWERS = Counter("kalimaya_projected_answers_total", "Answers in the read model; flat under load: see /readyz.")
ANSWERS_LATE = Counter(
    "kalimaya_projected_answers_late_total",
    f"Of these, answers that stood longer than {LATE_SECONDS:g} s in their log; rising: TimeToPictureBurnsFast.",
)
BATCH_SECONDS = Histogram(
    "kalimaya_projection_batch_seconds",
    "Time to fold and commit one batch; rising: look at PostgreSQL's disk and locks.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
UNPROJECTED_AGE = Gauge(
    "kalimaya_unprojected_age_seconds",
    "Age of the oldest event not in the picture, 0 when caught up; rising: the picture is old, see /readyz.",
)
VOID_RECORDS = Gauge(
    "kalimaya_projection_void_records", "Event records that do not count; rising: two deciders compete.", _AT
)
CHAIN_ALARMS = Gauge(
    "kalimaya_projection_chain_alarms", "Records in the right place with a wrong chain; any: call us.", _AT
)
STOPPED = Gauge("kalimaya_projection_stopped", "1 when a partition is read no more; read the log line, then us.", _AT)
LOST_BATCHES = Counter(
    "kalimaya_projection_lost_batches_total",
    "Batches lost to a second writer; rising: two workers have the same partitions, see KALIMAYA_PARTITIONS.",
)
RESTARTS = Counter(
    "kalimaya_projection_restarts_total",
    "Times read on from the stored positions; rising: Kafka or PostgreSQL.",
    ["reason"],
)
UNREADABLE = Counter(
    "kalimaya_projection_unreadable_total",
    "Records of gateway.unreadable read; rising: see /v1/unreadable and call the agency.",
)
REQUEST_SECONDS = Histogram(
    "kalimaya_picture_request_seconds",
    "Time until an answer of the API is ready; rising: look at PostgreSQL, and at who asks for how much.",
    ["path"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
READERS = Gauge("kalimaya_changes_readers", "Readers of /v1/changes now; falling to 0: see that their network is well.")
DROPPED_READERS = Counter(
    "kalimaya_changes_dropped_readers_total",
    "Readers of /v1/changes that were dropped; rising for `slow` or `stuck`: look at their network.",
    ["reason"],
)


def projected(appended: Sequence[int], now: float) -> None:
    """Answers are in the read model that were `appended` to their logs at these times (ms since 1970; `now` in s)."""
    in_time = (now - LATE_SECONDS) * 1000
    ANSWERS.inc(len(appended))
    ANSWERS_LATE.inc(sum(at < in_time for at in appended))
