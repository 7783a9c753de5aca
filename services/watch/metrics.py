"""What a watch tells Prometheus, beside Faust's own sensors."""

from prometheus_client import Counter, Gauge, Histogram

_BY = ("service",)

TICKING = Gauge("kalimaya_watch_ticking", "1 when the last tick looked at the rules; 0 for minutes: read /readyz.", _BY)
TICK_AGE = Gauge(
    "kalimaya_watch_tick_age_seconds", "Since the last whole tick; rising: alerts are neither raised nor cleared.", _BY
)
TICK_SECONDS = Histogram(
    "kalimaya_watch_tick_seconds",
    "Time to look at all rules once; near the tick's interval: raise that, or see docs/adr/0009.",
    _BY,
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
PARTITIONS = Gauge("kalimaya_watch_partitions", "Log partitions that this worker owns; fewer than all: a second.", _BY)
ALERTS = Gauge(
    "kalimaya_watch_alerts_standing", "Alerts that stand, by rule; compare with what the posko sees.", (*_BY, "rule")
)
SENT = Counter("kalimaya_watch_sent_total", "Messages sent to the inbox of incidents, by type.", (*_BY, "type"))
EVENTS = Counter("kalimaya_watch_answers_total", "Whole answers folded into the tables.", _BY)
FILLED = Counter(
    "kalimaya_watch_filled_records_total", "Records read by our own reader because the stream lagged or had a gap.", _BY
)
REFOLDS = Counter("kalimaya_watch_refolds_total", "Times that the tables were folded anew; often: read the log.", _BY)
ERROR_KINDS = ("event", "chain", "shorter", "broken", "rule", "kafka", "tick")
ERRORS = Counter(
    "kalimaya_watch_errors_total",
    f"What went wrong, by kind: {', '.join(ERROR_KINDS)}; any but kafka: read the log, then us.",
    (*_BY, "kind"),
)
LEFT_OUT = Gauge("kalimaya_watch_left_out_answers", "Answers that no fold could take; any: a bug, alerts may err.", _BY)
