"""What an agency wrote to its topic and nobody can read: kept as it came, with where it stood and why."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.kit.ledger.record import Headers, Record

LONGEST_DETAIL = 1000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record set aside. `reason` is the slug of the problem that HTTP would have answered."""

    agency: str
    topic: str
    partition: int
    record: Record
    reason: str
    detail: str
    recorded: datetime

    def entry(self) -> tuple[bytes | None, bytes, list[tuple[str, bytes]]]:
        """Key, value and headers as they stand in `gateway.unreadable`; the agency's own headers as `of.<name>`."""
        said: list[tuple[str, bytes]] = [
            ("agency", self.agency.encode()),
            ("topic", self.topic.encode()),
            ("partition", str(self.partition).encode()),
            ("offset", str(self.record.offset).encode()),
            ("reason", self.reason.encode()),
            ("detail", self.detail[:LONGEST_DETAIL].encode("utf-8", "replace")),
            ("recordedtime", msgspec.json.encode(self.recorded).strip(b'"')),
        ]
        return self.record.key, self.record.value or b"", said + _renamed(self.record.headers)


def _renamed(headers: Headers) -> list[tuple[str, bytes]]:
    return [(f"of.{name}", value or b"") for name, value in headers]
