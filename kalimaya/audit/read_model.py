"""Holds what the read model has of a partition against a fresh fold of its log.

The stored rows stand at some position of the log; the log is folded up to exactly there. So the comparison is exact on
a running system too. The fold is that of the views; what it makes of custody and alerts is held against code of the
audit's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from kalimaya.audit.alerts import Alerts, Shown, shown_by
from kalimaya.audit.custody import Custody
from kalimaya.audit.findings import Findings
from kalimaya.audit.fresh import Fresh
from kalimaya.audit.judge import WholeAnswer
from kalimaya.audit.partition import PartitionChecker
from kalimaya.audit.stored import Key, StoredPartition

_from_json = msgspec.json.Decoder().decode
_to_json = msgspec.json.Encoder(order="sorted").encode

Document = dict[str, Any]


@dataclass(slots=True)
class Compared:
    """Sizes and digests of the two, and how many records of the logs were not in the read model yet.

    The digests are of all documents whole, places in the logs included, so they tell two states of one system apart;
    `kalimaya digest` compares systems.
    """

    entities: int = 0
    outcomes: int = 0
    behind: int = 0
    _stored: Any = field(default_factory=sha256)
    _folded: Any = field(default_factory=sha256)

    @property
    def stored_digest(self) -> str:
        """Of what is stored."""
        return str(self._stored.hexdigest())

    @property
    def folded_digest(self) -> str:
        """Of what follows from the logs."""
        return str(self._folded.hexdigest())

    def add(self, key: Key, stored: bytes | None, folded: bytes | None) -> None:
        """One entity; None where there is none."""
        for digest, document in ((self._stored, stored), (self._folded, folded)):
            if document is not None:
                digest.update(f"{key[0]}/{key[1]}\n{len(document)}\n".encode())
                digest.update(document)
        self.entities += stored is not None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "entities": self.entities,
            "outcomes": self.outcomes,
            "stored_digest": self.stored_digest,
            "folded_digest": self.folded_digest,
            "behind": self.behind,
            "equal": self.stored_digest == self.folded_digest,
        }


class Comparison:
    """Folds the answers of one partition up to where the stored rows stand, and says where the two differ."""

    def __init__(self, service: str, partition: int, stored: StoredPartition, findings: Findings) -> None:
        self._place = f"{service}.events", partition
        self._service, self._stored, self._findings = service, stored, findings
        self._fresh, self._custody = Fresh(service, partition), Custody()
        self._outcomes: dict[str, int] = {}
        self._reached: WholeAnswer | None = None

    def take(self, answer: WholeAnswer, data: list[Any]) -> None:
        """Fold an answer, unless it is behind the position at which the rows stand; `data` of its events."""
        if answer.records[-1].offset >= self._stored.position.next_offset:
            return
        self._reached = answer
        self._outcomes[answer.kind] = self._outcomes.get(answer.kind, 0) + 1
        if answer.kind != "accepted":
            return
        self._fresh.take(answer, data)
        if self._service == "logistics":
            for event, each in zip(answer.events, data, strict=True):
                self._custody.take(event, each)

    def finish(self, checker: PartitionChecker, raised: Alerts, compared: Compared) -> None:
        """Compare, once the log has been fed at least up to where the rows stand."""
        self._check_position(checker)
        self._check_outcomes()
        shown = dict[str, Shown]()
        for key, stored, folded in self._pairs():
            document = None if stored is None else _from_json(stored)
            said = None if document is None else _to_json(document)
            follows = None if folded is None else _to_json(folded)
            if said != follows:
                self._differ("/".join(key), document, None if follows is None else _from_json(follows))
            compared.add(key, said, follows)
            if folded is not None and key[0] == "alert":
                shown[key[1]] = shown_by(folded)
            elif folded is not None and key[0] == "shipment":
                for detail in self._custody.wrong(key[1], folded):
                    self._findings.add("custody", "entities", None, None, f"shipment/{key[1]}: {detail}")
        self._check_alerts(raised, shown)
        compared.outcomes += sum(self._stored.outcomes.values())
        compared.behind += max(0, checker.events_position - self._stored.position.next_offset)

    def _pairs(self) -> Iterator[tuple[Key, str | bytes | None, Document | None]]:
        """Stored and fresh documents by key, both of which come in the order of their keys."""
        stored, fresh = self._stored.documents, self._fresh.documents()
        one, other = next(stored, None), next(fresh, None)
        while one is not None or other is not None:
            if other is None or (one is not None and one[0] < other[0]):
                assert one is not None
                yield one[0], one[1], None
                one = next(stored, None)
            elif one is None or other[0] < one[0]:
                yield other[0], None, other[1]
                other = next(fresh, None)
            else:
                yield one[0], one[1], other[1]
                one, other = next(stored, None), next(fresh, None)

    def _differ(self, name: str, stored: Document | None, fresh: Document | None) -> None:
        if stored == fresh:
            return  # the same numbers, written in two ways: 0.0 and -0.0
        if stored is None:
            detail = f"{name} follows from the logs but is not stored"
        elif fresh is None:
            detail = f"{name} is stored but does not follow from the logs"
        else:
            fields = stored.keys() | fresh.keys()
            differ = sorted(f for f in fields if stored.get(f) != fresh.get(f))
            detail = f"{name} is not what follows from the logs: {', '.join(differ)}"
        self._findings.add("read model", "entities", None, None, detail)

    def _check_position(self, checker: PartitionChecker) -> None:
        stored, reached = self._stored.position, self._reached
        if stored.next_offset > checker.events_position:
            detail = f"the read model has read up to {stored.next_offset}, the log ends at {checker.events_position}"
            self._wrong(stored.next_offset, detail)
        if stored.next_offset and stored.log not in (None, checker.log):
            self._wrong(0, f"the read model was folded from log {stored.log}, this is {checker.log}")
        if reached and (stored.next_cause, stored.head) != (reached.cause + 1, reached.head):
            detail = (
                f"at offset {stored.next_offset} the read model expects cause {stored.next_cause} after head "
                f"{stored.head.hex()[:12]}, the log says cause {reached.cause + 1} after {reached.head.hex()[:12]}"
            )
            self._wrong(stored.next_offset, detail)

    def _wrong(self, offset: int, detail: str) -> None:
        self._findings.add("read model", *self._place, offset, detail)

    def _check_outcomes(self) -> None:
        stored, counted = self._stored.outcomes, self._outcomes
        for kind in sorted(stored.keys() | counted.keys()):
            rows, there = stored.get(kind, 0), counted.get(kind, 0)
            if rows != there:
                detail = f"{rows} rows of {self._service}/{self._place[1]} say {kind}, {there} outcomes do"
                self._findings.add("read model", "outcomes", None, None, detail)

    def _check_alerts(self, raised: Alerts, shown: dict[str, Shown]) -> None:
        """Alerts as the audit's own rules have them: not only that they are folded right."""
        if self._service != "incidents":
            return
        follows = raised.shown(self._place[1], self._stored.position.next_offset)
        for id_ in sorted(shown.keys() | follows.keys()):
            if shown.get(id_) != follows.get(id_):
                detail = f"alert {id_} is shown as {shown.get(id_)}, the logs say {follows.get(id_)}"
                self._findings.add("alert shown wrongly", "entities", None, None, detail)
