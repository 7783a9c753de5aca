"""What concerns one village: the answers of the logs folded into its documents, its history and its receipts. Pure.

Who writes a file and who verifies one fold with this, so that the same records come to the same lines.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from kalimaya.evidence.complaints import Complaints
from kalimaya.evidence.lines import Document, Event, Receipt
from schemas.envelope import message_identity
from schemas.types import VillageCode, village_of
from services.kit.ledger.fold import Answer
from services.views.area import NOWHERE, Area, area
from services.views.facts import Fact
from services.views.model import Key, Outcome, fold, read, slot, subject_of, to_document


class _Happened(NamedTuple):
    """An event in the order of what happened, and what it is about."""

    order: tuple[datetime, str, str, str, int, int]
    subject: str
    line: Event


class _Received(NamedTuple):
    """A receipt in the order of the inboxes, and what its message is about."""

    order: tuple[str, int, int]
    subject: str
    line: Receipt


class VillageFold:
    """Takes the answers of one log after the other. Of an entity that is not the village's it keeps no state longer."""

    def __init__(self, village: VillageCode) -> None:
        self.complaints = Complaints()
        self._village = village
        self._states: dict[Key, Any] = {}
        self._areas: dict[Key, Area] = {}
        self._concerned: set[Key] = set()
        self._unaccepted: defaultdict[Key, list[_Received]] = defaultdict(list)
        self._documents: dict[Key, Any] = {}
        self._events: list[_Happened] = []
        self._receipts: list[_Received] = []

    def take(self, service: str, partition: int, answer: Answer) -> None:
        """Fold the next answer. Raises what `model.read` raises."""
        outcome, facts = read(service, partition, answer)
        concerning = [fact for fact in facts if self._concerns(fact)]
        self._concerned |= {subject_of(fact) for fact in concerning}
        self._events += [_happened(fact) for fact in concerning]
        if concerning:
            self._receipts.append(_received(outcome, answer))
        elif not facts:
            self._unaccepted[_key(outcome.subject)].append(_received(outcome, answer))

    def _concerns(self, fact: Fact) -> bool:
        """Fold a fact; whether the village was among what its entity concerned before it, or is among it now."""
        key = subject_of(fact)
        before = self._areas.get(key, NOWHERE)
        state = self._states[key] = fold(key[0], self._states.get(key), fact)
        # A position moves no area, and most facts are positions.
        after = self._areas[key] = before if slot(fact) is not None else area(state)
        return self._village in before.villages | after.villages

    def log_ends(self) -> None:
        """All answers of a log were taken, and so all about its entities: each stands in one partition."""
        for key, state in self._states.items():
            self.complaints.note(key[1], state, self._areas[key])
            if key in self._concerned:
                self._documents[key] = to_document(state)
        for key, received in self._unaccepted.items():
            # No event tells what a message concerned that was not accepted: it is told with its entity.
            if key in self._concerned or village_of(key[1]) == self._village:
                self._receipts += received
        for kept in (self._states, self._areas, self._unaccepted):
            kept.clear()

    def lines(self, withheld: Collection[str] = ()) -> Iterator[Document | Event | Receipt]:
        """Documents by their keys, events as they happened, receipts as the messages came; none about `withheld`."""
        for (kind, id_), document in sorted(self._documents.items()):
            if f"{kind}/{id_}" not in withheld:
                yield Document(kind=kind, id=id_, document=document)
        yield from (each.line for each in sorted(self._events) if each.subject not in withheld)
        yield from (each.line for each in sorted(self._receipts) if each.subject not in withheld)


def _key(subject: str) -> Key:
    kind, _, id_ = subject.partition("/")
    return kind, id_


def _happened(fact: Fact) -> _Happened:
    subject = "/".join(subject_of(fact))
    event = Event(
        place=f"{fact.service}.events/{fact.partition}@{fact.offset}",
        type=fact.type,
        subject=subject,
        at=fact.at,
        known=fact.knowntime,
        message=message_identity(fact.source, fact.id),
    )
    return _Happened((*fact.order, fact.service, fact.partition, fact.offset), subject, event)


def _received(outcome: Outcome, answer: Answer) -> _Received:
    service, partition = outcome.service, outcome.partition
    receipt = Receipt(
        source=outcome.source,
        id=outcome.id,
        message=f"{service}.inbox/{partition}@{outcome.cause}",
        digest=answer.digest.hex(),
        outcome=outcome.kind,
        reason=outcome.reason,
        answer=f"{service}.events/{partition}@{outcome.offset}",
        known=outcome.knowntime,
    )
    return _Received((service, partition, outcome.cause), outcome.subject, receipt)
