"""A plan: every message of a scenario with the time at which it is sent, by whom, and what should become of it.

Pure data, and the same for the same seed; sending it is the player's business.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from schemas.outcomes import OutcomeKind

OPERATORS = frozenset({"posko-serang", "logistik-serang"})
PLAYER = "scenario-player"
"""The principal that may say for whom it speaks, and when that was taken in."""


def source_of(principal: str) -> str:
    """The CloudEvents source that the gateway derives for this principal."""
    return f"/{'operators' if principal in OPERATORS else 'agencies'}/{principal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One message to send.

    `body` goes over the wire byte for byte. `expect` is the outcome, or the HTTP status of what is no message; `reason`
    that of a refusal or rejection. `key` is its partition key, None for what is no message. With `wait` the sender asks
    for the outcome. `after`: the steps whose answers must be known before; they have the same key. Messages with the
    same `batch` are sent as one. `mishap` names what goes wrong here.
    """

    step: int
    send_at: datetime
    principal: str
    id: str
    body: bytes
    expect: OutcomeKind | int
    reason: str | None = None
    key: str | None = None
    wait: bool = False
    after: tuple[int, ...] = ()
    batch: int | None = None
    mishap: str | None = None

    @property
    def source(self) -> str:
        """The source under which the message will stand in the log."""
        return source_of(self.principal)

    def document(self) -> Mapping[str, Any]:
        """For people: what is not the default, the body as text."""
        shown = {name: getattr(self, name) for name in self.__slots__}
        shown |= {"send_at": self.send_at.isoformat(), "body": self.body.decode("utf-8", "backslashreplace")}
        return {name: value for name, value in shown.items() if value not in (None, (), False) or name == "step"}


def recorded(planned: Planned) -> bytes:
    """A message that says itself when it is taken in: at the moment of its sending. Its `source` says for whom."""
    return planned.body[:-1] + b',"recordedtime":"' + planned.send_at.isoformat().encode() + b'"}'


@dataclass(frozen=True, slots=True)
class Plan:
    """A named list of messages in the order of their sending; the same name always means the same messages."""

    name: str
    messages: tuple[Planned, ...]

    def lines(self) -> Iterator[str]:
        """The plan as JSON lines, for people and for comparing."""
        for each in self.messages:
            yield json.dumps(each.document(), ensure_ascii=False) + "\n"

    def sendings(self) -> Iterator[list[Planned]]:
        """What goes over the wire together: mostly one message, or a batch."""
        for _, together in groupby(self.messages, lambda each: ("batch", each.batch) if each.batch else each.step):
            yield list(together)
