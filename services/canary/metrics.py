"""What the canary tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = Histogram(
    "kalimaya_canary_seconds",
    "From sending a canary to its outcome in the picture; rising: as TimeToPictureBurnsFast, or the way to the doors.",
    ["service"],
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
)
SEEN = Gauge(
    "kalimaya_canary_seen_timestamp_seconds",
    "When a canary was last seen in the picture, since 1970; standing still: CanaryLost.",
    ["service"],
)
LOST = Counter(
    "kalimaya_canary_lost_total",
    "Canaries that did not come into the picture, by where they ended: gateway, picture; rising: CanaryLost.",
    ["service", "where"],
)
