"""Receipts: what the player was told, one JSON object a line, so that a second run goes on where the first ended.

`kalimaya audit` holds them against the logs (docs/audit.md).
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from scenarios.plan import Planned


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one sending of a planned message was answered.

    `outcome` is what the log says at `position`, None if we were not told. `first` is the outcome of the first copy,
    when this one was repeated. `said` is a problem's detail.
    """

    plan: str
    step: int
    source: str
    id: str
    status: int
    position: str | None = None
    outcome: str | None = None
    first: str | None = None
    reason: str | None = None
    said: str | None = None

    def result(self, planned: Planned) -> str | int:
        """What became of the planned message: its outcome, or the HTTP status of what is no message."""
        if self.position is None:
            return self.status
        if self.outcome is None:
            return "accepted" if planned.expect == "accepted" else "not told"
        if self.outcome == "repeated" and planned.expect != "repeated":
            return self.first or "repeated"  # our own second try of a message whose first answer was lost
        return self.outcome

    def met(self, planned: Planned) -> bool:
        """Whether that is what was planned."""
        reason = planned.reason is None or self.reason == planned.reason
        return self.result(planned) == planned.expect and reason


_encode: Callable[[Receipt], bytes] = msgspec.json.Encoder().encode
_read: Callable[[bytes], Receipt] = msgspec.json.Decoder(Receipt).decode


def _line(receipt: Receipt) -> bytes:
    return _encode(receipt) + b"\n"


class Receipts:
    """The file, and the steps that it answers."""

    def __init__(self, path: Path, plan: str) -> None:
        self._plan = plan
        self.by_step: dict[int, Receipt] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = 0
        if path.exists():
            with path.open("rb") as before:
                for line in before:
                    if not line.endswith(b"\n"):
                        break  # we were killed while writing it: it counts as not answered
                    whole += len(line)
                    self._remember(_read(line))
        self._file: BinaryIO = path.open("ab")
        self._file.truncate(whole)

    def add(self, *receipts: Receipt) -> None:
        """Keep final answers."""
        for receipt in receipts:
            self._remember(receipt)
        self._file.write(b"".join(_line(receipt) for receipt in receipts))
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _remember(self, receipt: Receipt) -> None:
        if receipt.plan != self._plan:
            raise ValueError(f"the receipts are of the plan {receipt.plan}, not {self._plan}: use another file")
        self.by_step[receipt.step] = receipt
