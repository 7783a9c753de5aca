"""Writes a plan: orders and reports as their sources would send them, and what goes wrong on the way.

Messages can be moved, doubled and contradicted until `plan` puts them into their order of sending.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from scenarios.plan import Plan, Planned, source_of
from schemas.catalogue import BY_CLASS
from schemas.outcomes import OutcomeKind

UNDER_WAY = timedelta(seconds=5)
"""Between what is told and its sending: a message's `time` is never after it was sent, however fast the clock runs."""


@dataclass(slots=True, eq=False, kw_only=True)
class Draft:
    """A message that can still be moved. `serial` orders what is sent at the same time."""

    serial: int
    send_at: datetime
    principal: str
    id: str
    body: bytes
    expect: OutcomeKind | int
    reason: str | None = None
    key: str | None = None
    """The message's partition key; None for what is no message."""
    is_order: bool = False
    """Orders about one thing are sent one after the other; the order of sending of all else binds nobody."""
    after: tuple["Draft", ...] = ()
    batch: int | None = None
    mishap: str | None = None

    @property
    def ordinary(self) -> bool:
        """Whether this is a report to which nothing unusual happens yet."""
        return not self.is_order and self.expect == "accepted" and self.mishap is None


class Script:
    """Collects the messages of a scenario; ids are counted for each principal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.drafts: list[Draft] = []
        self._serials = count()
        self._batches = count(1)
        self._ids: dict[str, int] = {}

    def order(
        self, at: datetime, principal: str, order: Any, *, refused: str | None = None, mishap: str | None = None
    ) -> Draft:
        """An operator gives an order; `refused` is the reason for which it will be."""
        draft = self._tell(at, principal, order, mishap)
        draft.is_order = True
        if refused is not None:
            draft.expect, draft.reason = "refused", refused
        return draft

    def report(
        self,
        at: datetime,
        principal: str,
        report: Any,
        *,
        sent: datetime | None = None,
        rejected: str | None = None,
        mishap: str | None = None,
    ) -> Draft:
        """A source tells what it saw `at` some time; it sends that at once, or when `sent` says."""
        draft = self._tell(at, principal, report, mishap)
        draft.send_at = sent or draft.send_at
        if rejected is not None:
            draft.expect, draft.reason = "rejected", rejected
        return draft

    def unreadable(self, at: datetime, principal: str, body: bytes, status: int, mishap: str) -> Draft:
        """Something that is not a message, and the HTTP status that says so."""
        return self._add(
            send_at=at, principal=principal, id=self.next_id(principal), body=body, expect=status, mishap=mishap
        )

    def again(self, first: Draft, sent: datetime) -> Draft:
        """The very same message once more, after the first copy was answered."""
        return self._copy(first, sent, first.body, "repeated", "doubled")

    def contradict(self, first: Draft, sent: datetime, **data: Any) -> Draft:
        """The same id with other content, after the first copy was answered."""
        event = msgspec.json.decode(first.body)
        event["data"] |= data
        return self._copy(first, sent, msgspec.json.encode(event), "conflicting", "same id, other content")

    def upload(self, drafts: Iterable[Draft], sent: datetime, mishap: str) -> None:
        """These are sent as one batch, later than they were written, in the order given."""
        batch = next(self._batches)
        for draft in drafts:
            draft.serial, draft.send_at, draft.batch = next(self._serials), sent, batch
            draft.mishap = draft.mishap or mishap

    def event(self, at: datetime, principal: str, data: Any) -> dict[str, Any]:
        """The CloudEvent of a message; it is not in the plan by that."""
        entry = BY_CLASS[type(data)]
        fields = msgspec.to_builtins(data)
        return {
            "specversion": "1.0",
            "id": self.next_id(principal),
            "source": source_of(principal),
            "type": entry.type,
            "dataschema": entry.dataschema,
            "time": at.isoformat(),
            "data": {name: value for name, value in fields.items() if value is not None},
        }

    def next_id(self, principal: str) -> str:
        """An id that this principal has not used yet in this scenario."""
        self._ids[principal] = self._ids.get(principal, 0) + 1
        return f"{self.name}-{self._ids[principal]:05d}"

    def plan(self) -> Plan:
        """The messages in the order of their sending, each knowing what it must wait for."""
        ordered = sorted(self.drafts, key=lambda draft: (draft.send_at, draft.serial))
        steps = {draft: step for step, draft in enumerate(ordered)}
        relied_on = {first for draft in ordered for first in draft.after}
        newest: dict[str, int] = {}
        planned = []
        for step, draft in enumerate(ordered):
            after = {steps[first] for first in draft.after}
            if draft.is_order and draft.key is not None:
                after |= {newest[draft.key]} if draft.key in newest else set()
                newest[draft.key] = step
            planned.append(_planned(draft, step, tuple(sorted(after)), draft in relied_on))
        return Plan(self.name, tuple(planned))

    def _tell(self, at: datetime, principal: str, data: Any, mishap: str | None) -> Draft:
        event = self.event(at, principal, data)
        return self._add(
            send_at=at + UNDER_WAY,
            principal=principal,
            id=event["id"],
            body=msgspec.json.encode(event),
            expect="accepted",
            key=BY_CLASS[type(data)].partition_key(data),
            mishap=mishap,
        )

    def _copy(self, first: Draft, sent: datetime, body: bytes, expect: OutcomeKind, mishap: str) -> Draft:
        if sent < first.send_at:
            raise ValueError(f"{first.id} cannot come again before it came")
        copy = replace(
            first,
            serial=next(self._serials),
            send_at=sent,
            body=body,
            expect=expect,
            reason=None,
            after=(first,),
            batch=None,
            mishap=mishap,
        )
        self.drafts.append(copy)
        return copy

    def _add(self, **fields: Any) -> Draft:
        draft = Draft(serial=next(self._serials), **fields)
        self.drafts.append(draft)
        return draft


def _planned(draft: Draft, step: int, after: tuple[int, ...], relied_on: bool) -> Planned:
    return Planned(
        step=step,
        send_at=draft.send_at,
        principal=draft.principal,
        id=draft.id,
        body=draft.body,
        expect=draft.expect,
        reason=draft.reason,
        key=draft.key,
        wait=relied_on or draft.is_order or draft.expect != "accepted",
        after=after,
        batch=draft.batch,
        mishap=draft.mishap,
    )
