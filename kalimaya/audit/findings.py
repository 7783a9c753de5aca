"""What an audit finds and counts."""

from dataclasses import dataclass, field
from typing import Any

KEPT = 100
"""Findings told one by one; the rest are counted only, since one broken record can be followed by thousands."""

KINDS = ("accepted", "refused", "rejected", "repeated", "conflicting")
VOIDS = ("elsewhere", "wrong chain", "not ours")
"""Why a record does not count: it landed elsewhere, it does not continue the chain (alarm), it carries no mark."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where. `offset` is None where it concerns a whole partition or table."""

    rule: str
    topic: str
    partition: int | None
    offset: int | None
    detail: str

    @property
    def place(self) -> str:
        """Where, as answers of the gateway write it: `deployment.inbox/3@17`."""
        partition = "" if self.partition is None else f"/{self.partition}"
        return f"{self.topic}{partition}" + ("" if self.offset is None else f"@{self.offset}")


@dataclass(slots=True)
class Findings:
    """Everything found so far, in the order found."""

    total: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, rule: str, topic: str, partition: int | None, offset: int | None, detail: str) -> None:
        """Note one more thing that is wrong."""
        self.total += 1
        if len(self.kept) < KEPT:
            self.kept.append(Finding(rule, topic, partition, offset, detail))


@dataclass(slots=True)
class Counts:
    """What was counted in one service or partition. `outcomes` of whole answers; `in_flight`: not answered yet."""

    received: int = 0
    in_flight: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    voids: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VOIDS, 0))
    events: int = 0
    receipts: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.received + other.received,
            self.in_flight + other.in_flight,
            {kind: self.outcomes[kind] + other.outcomes[kind] for kind in KINDS},
            {why: self.voids[why] + other.voids[why] for why in VOIDS},
            self.events + other.events,
            self.receipts + other.receipts,
        )

    @property
    def conserved(self) -> bool:
        """received = accepted + refused + rejected + repeated + conflicting + in flight."""
        return self.received == sum(self.outcomes.values()) + self.in_flight

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "received": self.received,
            **self.outcomes,
            "in_flight": self.in_flight,
            "conserved": self.conserved,
            "events": self.events,
            "void": {why.replace(" ", "_"): count for why, count in self.voids.items()},
            "receipts": self.receipts,
        }
