"""Who may do what on Kafka: each process of ours no more than it needs, an agency no more than to speak.

To read or to write a topic includes to be told of it. The table is docs/security.md's, too (a test compares them).
"""

from typing import NamedTuple

from kalimaya.settings import DECIDING_SERVICES
from services.kit.ledger.topics import UNREADABLE, topic_of
from services.kit.principals import Principal

REQUEST_PERCENTAGE = 20.0
"""Of one broker's threads that one agency may keep busy, so that a client gone wild does not hold up the others."""


class Right(NamedTuple):
    """One operation on a topic or group, in Kafka's words; `prefixed`: on all whose names begin so."""

    operation: str
    resource: str
    name: str
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{self.operation} {self.resource.lower()} {self.name}{'*' if self.prefixed else ''}"


INBOXES = tuple(f"{service}.inbox" for service in DECIDING_SERVICES)
EVENTS = tuple(f"{service}.events" for service in DECIDING_SERVICES)

WATCHED = {
    "deployment": ("deployment", "incidents"),
    "logistics": ("logistics", "deployment", "incidents"),
    "incidents": ("incidents",),
}
"""Whose logs each watch reads; what it says goes into the inbox of incidents."""


def of_agency(agency: str) -> frozenset[Right]:
    """An agency writes to its own topic. It reads over HTTP, where what it may see is filtered."""
    return frozenset({Right("WRITE", "TOPIC", topic_of(agency))})


def quota_of(agency: Principal) -> dict[str, float]:
    """How much of Kafka an agency may use before it has to wait, by Kafka's names."""
    return {"producer_byte_rate": float(agency.kafka_bytes), "request_percentage": REQUEST_PERCENTAGE}


def of_services() -> dict[str, frozenset[Right]]:
    """By principal: those of every process of ours, and of `auditor`, which is for people who prove or rebuild."""
    everything = _topics("READ", *INBOXES, *EVENTS, UNREADABLE)
    return {
        "gateway": _topics("WRITE", *INBOXES, UNREADABLE)
        | _topics("READ", *EVENTS)
        | {Right("READ", "TOPIC", topic_of(""), prefixed=True), Right("READ", "GROUP", "kalimaya.gateway")},
        **{service: _of_decider(service) for service in DECIDING_SERVICES},
        "projection": everything | {Right("READ", "GROUP", "kalimaya.projection.", prefixed=True)},
        **{f"{service}-watch": _of_watch(service) for service in DECIDING_SERVICES},
        "auditor": everything | {Right("READ", "GROUP", "kalimaya-audit")},  # librdkafka names one, and commits nothing
    }


def _of_decider(service: str) -> frozenset[Right]:
    own = _topics("READ", f"{service}.inbox", f"{service}.events", f"{service}.snapshots")
    return (
        own
        | _topics("WRITE", f"{service}.events", f"{service}.snapshots")
        | {Right("READ", "GROUP", f"kalimaya.{service}")}
    )


def _of_watch(service: str) -> frozenset[Right]:
    read = WATCHED[service]
    return (
        _topics("READ", *(f"{each}.events" for each in read))
        | _topics("DESCRIBE", *(f"{each}.inbox" for each in read))  # whose count of partitions is held to the log's
        | _topics("WRITE", "incidents.inbox")
        | {Right("READ", "GROUP", f"{service}-watch")}
    )


def _topics(operation: str, *names: str) -> frozenset[Right]:
    return frozenset(Right(operation, "TOPIC", name) for name in names)
