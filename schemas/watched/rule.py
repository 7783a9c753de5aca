"""What is said of a watched rule: in which words, to whom, and what usually helps."""

from dataclasses import dataclass
from typing import Literal

from schemas.types import AlertRule, Level

Service = Literal["deployment", "logistics", "incidents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A rule that is watched by `service`.

    `level`: who should see to its alerts first. `says` is true while an alert stands; `helps` is what usually puts it
    right; both in English and (`_id`) in Indonesian. `subject` tells what the alert is about, `numbers` the meaning of
    each number that it carries, and `holds` when it is cleared, with its hysteresis if it has one.
    """

    rule: AlertRule
    service: Service
    level: Level
    says: str
    says_id: str
    helps: str
    helps_id: str
    subject: str
    numbers: dict[str, str]
    holds: str
