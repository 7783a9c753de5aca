"""Answers of the logs as the model reads and folds them."""

from datetime import timedelta
from itertools import count
from typing import Any

import msgspec
import pytest

from schemas.catalogue import CATALOGUE, SERVICES
from schemas.deployment import UnitRegistered, UnitSighted
from schemas.envelope import LogEvent, UnknownMessage, encode
from schemas.outcomes import Conflicting, Refused, Rejected, Repeated
from schemas.registry import BY_CLASS
from services.kit.ledger.fold import Answer, Fold
from services.kit.ledger.record import NO_HASH, Stored
from services.views.model import KINDS, Applied, Model, from_document, read, subject_of, to_document
from tests.support import golden
from tests.support.facts import clock, fact

U = "polres-serang-007"
REGISTERED = UnitRegistered(unit=U, name="Regu 7", agency="polres-serang", strength={"polri": 10}, callsign="Elang 7")
SIGHTED = UnitSighted(unit=U, lat=-6.1, lon=106.2)
KEYS = {entry.aggregate: entry.key for entry in CATALOGUE.values()}
_offsets = count(1)


def answer(*data: Any, **changes: Any) -> Answer:
    """An answer with one record for each of these."""
    records = []
    for each in data:
        entry = BY_CLASS[type(each)]
        fields: dict[str, Any] = {"subject": f"unit/{U}", "dataschema": entry.dataschema} | changes
        event = LogEvent(
            specversion="1.0",
            id="deployment.events/2/17/0",
            source="/services/deployment",
            type=entry.type,
            time=clock("06:00"),
            recordedtime=clock("06:01"),
            knowntime=clock("06:02"),
            causationid="/agencies/polres-serang#m1#x",
            data=each,
            **fields,
        )
        records.append(Stored(next(_offsets), b"unit", encode(event), []))
    return Answer(17, records[0].offset, NO_HASH, tuple(records), NO_HASH)


def test_an_accepted_message_is_an_outcome_and_its_facts() -> None:
    told = answer(REGISTERED, SIGHTED)
    outcome, facts = read("deployment", 2, told)
    assert (outcome.kind, outcome.reason, outcome.detail) == ("accepted", None, {})
    assert (outcome.source, outcome.id) == ("/agencies/polres-serang", "m1#x")
    assert (outcome.service, outcome.partition, outcome.cause, outcome.offset) == ("deployment", 2, 17, told.offset)
    assert (outcome.type, outcome.subject) == ("kalimaya.unit.registered", f"unit/{U}")
    assert (outcome.time, outcome.recordedtime, outcome.knowntime) == (clock("06:00"), clock("06:01"), clock("06:02"))
    assert [each.data for each in facts] == [REGISTERED, SIGHTED]
    assert [(each.offset, each.partition, each.cause) for each in facts] == [
        (told.offset, 2, 17),
        (told.offset + 1, 2, 17),
    ]
    assert {subject_of(each) for each in facts} == {("unit", U)}
    assert facts[0].order == (clock("06:00"), "/agencies/polres-serang", "m1#x")


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (Refused(reason="unit_unknown", detail="no such unit", clashes=("a", "b")), "refused", "unit_unknown"),
        (Rejected(reason="not_authorised", detail="may not"), "rejected", "not_authorised"),
        (Repeated(first=3, at=9), "repeated", None),
        (Conflicting(first=3, at=9), "conflicting", None),
    ],
)
def test_any_other_outcome_has_its_detail_and_no_facts(data: Any, kind: str, reason: str | None) -> None:
    model = Model()
    applied = model.apply("deployment", 0, answer(data))
    assert (applied.outcome.kind, applied.outcome.reason) == (kind, reason)
    assert applied.outcome.detail == msgspec.json.decode(msgspec.json.encode(data))
    assert (applied.facts, applied.touched, model.documents()) == ((), (), {})


def test_applying_an_answer_tells_once_what_it_touched() -> None:
    model = Model()
    applied = model.apply("deployment", 0, answer(REGISTERED, SIGHTED))
    assert applied.touched == (("unit", U),)
    assert model.documents()["unit", U]["position"]["lat"] == -6.1


def test_a_version_that_is_not_defined_here_stops_the_reader_and_changes_nothing() -> None:
    model = Model()
    with pytest.raises(UnknownMessage):
        model.apply("deployment", 0, answer(REGISTERED, dataschema="urn:kalimaya:schema:unit.registered:99"))
    assert model.entities == {}


def test_the_record_says_what_a_fact_is_about_and_the_data_where_nothing_else_does() -> None:
    _, (heard,) = read("deployment", 0, answer(SIGHTED, subject="unit/another"))
    assert subject_of(heard) == ("unit", "another")
    assert subject_of(fact(SIGHTED)) == ("unit", U)


def test_a_time_ahead_of_our_clock_is_effective_when_it_was_recorded() -> None:
    ahead, usual = fact(SIGHTED, "09:00", recorded="06:00"), fact(SIGHTED, "06:00", recorded="06:00")
    assert (ahead.ahead, ahead.at) == (True, clock("06:00"))
    assert (usual.ahead, usual.at) == (False, clock("06:00"))
    assert ahead.time - ahead.at == timedelta(hours=3)


def test_the_golden_logs_fold_into_documents_that_can_be_read_back() -> None:
    model, applied = Model(), list[Applied]()
    for service in SERVICES:
        fold = Fold()
        for entry in golden.events(service):
            done = fold.take(entry.record)
            if done is not None:
                applied.append(model.apply(service, 0, done))
    assert {each.outcome.kind for each in applied} >= {"accepted", "refused", "repeated"}
    documents = model.documents()
    assert {kind for kind, _ in documents} == set(KINDS)
    for (kind, id_), document in documents.items():
        stored = msgspec.json.decode(msgspec.json.encode(document))
        assert stored == document
        assert document[KEYS[kind]] == id_
        state = from_document(kind, stored)
        assert state == model.entities[kind, id_]
        assert to_document(state) == document
