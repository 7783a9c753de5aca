"""Receipts: what the senders of messages were told, one JSON object a line."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from kalimaya.audit.findings import Findings
from schemas.envelope import message_identity

TAKEN_IN = (200, 202, 409, 422)
"""Statuses that, together with a position, promise that the message stands there."""

_POSITION = re.compile(r"(?P<service>[^/@]+)\.inbox/(?P<partition>\d+)@(?P<offset>\d+)")


class Receipt(NamedTuple):
    """What one sender was told. `outcome`: its kind, None if it was not told."""

    identity: str
    outcome: str | None


class _Line(msgspec.Struct):
    id: str
    source: str
    status: int
    position: str | None = None
    outcome: str | None = None


ByPlace = dict[tuple[str, int], dict[int, list[Receipt]]]
"""Service and partition, then inbox offset."""

_line = msgspec.json.Decoder(_Line).decode


def load(path: Path, findings: Findings) -> ByPlace:
    """The receipts in a file, as far as they name a place. Raises OSError."""
    with path.open("rb") as file:
        return read(file, findings, str(path.name))


def read(lines: Iterable[bytes], findings: Findings, name: str = "receipts") -> ByPlace:
    """Receipts by place; a line that is none becomes a finding, save for a last one that is still being written."""
    found: ByPlace = defaultdict(lambda: defaultdict(list))
    for number, line in enumerate(lines, start=1):
        try:
            receipt = _line(line)
        except msgspec.DecodeError as error:
            if line.endswith(b"\n"):
                findings.add("unreadable receipt", name, None, number, str(error))
            continue
        if receipt.position is None or receipt.status not in TAKEN_IN:
            continue
        place = _POSITION.fullmatch(receipt.position)
        if place is None:
            findings.add("unreadable receipt", name, None, number, f"{receipt.position} is no position")
            continue
        told = Receipt(message_identity(receipt.source, receipt.id), receipt.outcome)
        found[place["service"], int(place["partition"])][int(place["offset"])].append(told)
    return found
