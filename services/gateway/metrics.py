"""What the gateway tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("kalimaya_gateway_requests_total", "Requests by status; 5xx rising: look at Kafka.", ("status",))
TAKEN = Counter("kalimaya_gateway_messages_total", "Messages acknowledged by Kafka, by type.", ("type",))
HEARD = Counter(
    "kalimaya_gateway_heard_total",
    "Messages taken in by HTTP or Kafka, by source; one at rest that was not: AgencySilent.",
    ("source",),
)
PROBLEMS = Counter(
    "kalimaya_gateway_problems_total",
    "Messages turned away at the door, by who came (nobody: without a token that we know); one rising: call it.",
    ("problem", "source"),
)
ACK_SECONDS = Histogram(
    "kalimaya_gateway_ack_seconds", "From a message's receipt to Kafka's acknowledgement; rising: look at the brokers."
)
HELD_BYTES = Gauge(
    "kalimaya_gateway_held_bytes", "Bodies being read or not acknowledged yet; near the setting's limit: 503s."
)
WAITING = Gauge("kalimaya_gateway_waiting", "Requests that wait for an outcome; rising: a decider is stuck.")

# Of the agencies' topics; counted when the offset is committed.
AGENCY_READ = Counter("kalimaya_gateway_agency_read_total", "Records read from agencies' topics.", ("topic",))
AGENCY_TAKEN = Counter("kalimaya_gateway_agency_taken_total", "Of these, messages taken in, by type.", ("type",))
UNREADABLE = Counter(
    "kalimaya_gateway_unreadable_total",
    "Of these, records that nobody can read; rising: see /v1/unreadable and call the agency.",
    ("agency", "reason"),
)
AGENCY_UNACCOUNTED = Gauge(
    "kalimaya_gateway_agency_unaccounted", "Records read, less those taken in and those set aside; not 0: call us."
)
AGENCY_WAITING = Gauge(
    "kalimaya_gateway_agency_waiting", "Records not read yet; rising: look at /readyz and the brokers.", ("topic",)
)
