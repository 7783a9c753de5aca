"""Two versions of one message (ADR 0007): `post.require` and `post.required` counted by the whole post only, once."""

from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas import envelope, registry
from schemas.catalogue import CATALOGUE, newest, upcast
from schemas.deployment import PostRequired, PostRequiredV1, RequirePost, RequirePostV1, UnitSighted
from schemas.envelope import RawEvent, UnknownMessage, decode_data, decode_event, encode
from schemas.registry import BY_CLASS, as_event
from schemas.types import Force, Headcount, Jurisdiction, Vulnerability
from services.deployment.domain import DEPLOYMENT
from services.kit.ledger.desk import Desk, Limits
from services.kit.ledger.fold import Answer, Fold
from services.kit.ledger.record import Stored, pack_mark
from services.views.model import Model
from tests.support import golden
from tests.support.given import by_post
from tests.support.ledger import message, register, sighted

WARGASARA = "36.04.13.2009"
FIRST, SECOND = BY_CLASS[PostRequiredV1], BY_CLASS[PostRequired]
START, END = datetime(2019, 11, 2, 17, tzinfo=UTC), datetime(2019, 11, 3, 17, tzinfo=UTC)
KEPT: dict[str, Any] = {
    "post": WARGASARA,
    "jurisdiction": "polres-serang",
    "vulnerability": "sangat_rawan",
    "stations": 2,
    "start": START,
    "end": END,
    "plan_source": "Rencana pengamanan",
}


def old(plan_version: int, **heads: int) -> RequirePostV1:
    return RequirePostV1(**KEPT, required=heads, plan_version=plan_version)  # type: ignore[arg-type]


def new(plan_version: int, **heads: int) -> RequirePost:
    return RequirePost(**KEPT, needs=by_post(**heads), plan_version=plan_version)


class Partition:
    """A decider's partition, and the log that it writes."""

    def __init__(self) -> None:
        self.desk = Desk(DEPLOYMENT, 0, Limits())
        self.log: list[Answer] = []
        self._fold = Fold()
        self._fold.take(golden.events("deployment")[0].record)

    def ask(self, data: Any) -> RawEvent:
        """Decide one message and write the answer; its event."""
        cause = len(self.log)
        key, value, headers = message(data, f"m{cause}")
        decided = self.desk.decide(Stored(cause, key, value, headers), self._fold.position)
        self.desk.commit()
        ((_, event),) = decided.records
        mark = pack_mark(self._fold.position, cause, 0, 1, self._fold.head, decided.digest)
        answer = self._fold.take(Stored(self._fold.position, key, event, mark))
        assert answer is not None
        self.log.append(answer)
        return decode_event(event)


# Old versions are read for ever.


def test_a_log_of_the_first_version_shows_what_is_needed() -> None:
    fold, model, desk = Fold(), Model(), Desk(DEPLOYMENT, 0, Limits())
    written = [entry for entry in golden.events("deployment") if FIRST.dataschema.encode() in entry.value]
    assert written, "the golden log holds no first version any more"
    for entry in golden.events("deployment"):
        if answer := fold.take(entry.record):
            model.apply("deployment", 0, answer)
            desk.apply(answer)
    for entry in written:
        said = msgspec.json.decode(decode_event(entry.value).data)
        shown = model.documents()["post", said["post"]]["versions"][str(said["plan_version"])]
        assert shown["needs"] == [
            {"force": force, "heads": heads, "per": "post", "every": 1} for force, heads in said["required"].items()
        ]
        assert shown["required"] == said["required"]


def test_an_order_of_the_first_version_is_answered_by_an_event_of_the_first_with_its_data() -> None:
    event = Partition().ask(old(1, polri=2, linmas=2))
    assert (event.type, event.dataschema) == (FIRST.type, FIRST.dataschema)
    assert msgspec.json.decode(event.data, type=PostRequiredV1) == as_event(old(1, polri=2, linmas=2), PostRequiredV1)


def test_an_order_of_the_second_version_is_answered_by_an_event_of_the_second() -> None:
    event = Partition().ask(new(1, polri=2))
    assert (event.type, event.dataschema) == (SECOND.type, SECOND.dataschema)
    assert msgspec.json.decode(event.data, type=PostRequired) == as_event(new(1, polri=2), PostRequired)


@pytest.mark.parametrize(("before", "after"), [(old, new), (new, old), (old, old)])
def test_whichever_version_came_before_a_plan_follows_it_by_its_own_number(before: Any, after: Any) -> None:
    partition = Partition()
    partition.ask(before(2, polri=2))
    refused = partition.ask(after(2, polri=4))
    assert (refused.type, msgspec.json.decode(refused.data)["reason"]) == (
        "kalimaya.message.refused",
        "version_not_newer",
    )
    assert partition.ask(after(3, polri=4)).type == FIRST.type


# A reader of the release before stops at what it does not know, and not before.


@pytest.fixture
def _the_release_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(envelope._DECODERS, (SECOND.type, SECOND.dataschema))
    monkeypatch.delitem(registry._BY_SCHEMA, (SECOND.type, SECOND.dataschema))


def mixed_log() -> list[Answer]:
    """An order of the first version, a report, another of the first; then one of the second."""
    partition = Partition()
    for each in (register(), old(1, polri=2), sighted(), old(2, polri=4), new(3, polri=6)):
        partition.ask(each)
    return partition.log


@pytest.mark.usefixtures("_the_release_before")
def test_the_picture_of_the_release_before_stops_at_the_second_version() -> None:
    model = Model()
    *known, unknown = mixed_log()
    for answer in known:
        model.apply("deployment", 0, answer)
    before = model.documents()
    assert before["post", WARGASARA]["versions"]["2"]["required"] == {"polri": 4}
    with pytest.raises(UnknownMessage, match=r"post\.required:2"):
        model.apply("deployment", 0, unknown)
    assert model.documents() == before


@pytest.mark.usefixtures("_the_release_before")
def test_a_decider_of_the_release_before_stops_at_the_second_version() -> None:
    desk = Desk(DEPLOYMENT, 0, Limits())
    *known, unknown = mixed_log()
    for answer in known:
        desk.apply(answer)
    with pytest.raises(UnknownMessage, match=r"post\.required:2"):
        desk.apply(unknown)


def test_a_reader_of_this_release_reads_both() -> None:
    model, desk = Model(), Desk(DEPLOYMENT, 0, Limits())
    for answer in mixed_log():
        model.apply("deployment", 0, answer)
        desk.apply(answer)
    assert model.documents()["post", WARGASARA]["versions"]["3"]["required"] == {"polri": 6}
    assert desk.counts["accepted"] == 5


# Every message of the first version has its place in the second.


def words(type_: Any) -> st.SearchStrategy[Any]:
    """Any of the words of a Literal, or of an annotated one."""
    literal = get_args(type_)[0] if hasattr(type_, "__metadata__") else type_
    return st.sampled_from(get_args(literal))


HEADS = st.integers(0, 100_000)
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=10)
INSTANT = st.datetimes(timezones=st.just(UTC))
READ_FIRST, READ_SECOND = (TypeAdapter(cls).validate_json for cls in (RequirePostV1, RequirePost))
FIRST_VERSIONS = st.builds(
    RequirePostV1,
    post=st.sampled_from([WARGASARA, f"{WARGASARA}-tps01"]),
    jurisdiction=words(Jurisdiction),
    vulnerability=words(Vulnerability),
    stations=HEADS,
    required=st.dictionaries(words(Force), HEADS, min_size=1),
    start=INSTANT,
    end=INSTANT,
    plan_version=st.integers(1, 10_000),
    plan_source=TEXT,
)


@given(FIRST_VERSIONS)
def test_whatever_the_first_version_can_say_the_second_says_as_well(first: RequirePostV1) -> None:
    assert READ_FIRST(encode(first)) == first
    second = upcast(first)
    assert READ_SECOND(encode(second)) == second
    assert {need.force: need.heads for need in second.needs} == first.required
    assert {(need.per, need.every) for need in second.needs} == {("post", 1)}
    kept = {field: getattr(first, field) for field in KEPT} | {"plan_version": first.plan_version}
    assert {field: getattr(second, field) for field in kept} == kept
    order = BY_CLASS[RequirePostV1]
    assert decode_data(order.type, order.dataschema, encode(first)) == second


@given(FIRST_VERSIONS)
def test_order_and_event_become_the_second_version_alike(first: RequirePostV1) -> None:
    assert upcast(as_event(first, PostRequiredV1)) == as_event(upcast(first), PostRequired)


# What holds for every message (ADR 0007).


@pytest.mark.parametrize("type_", sorted({entry.type for entry in CATALOGUE.values()}))
def test_versions_are_numbered_without_a_gap_and_the_first_needs_no_name(type_: str) -> None:
    numbers = sorted(version for found, version in CATALOGUE if found == type_)
    assert numbers == list(range(1, newest(type_).version + 1))
    assert registry.definition(type_, None) is CATALOGUE[type_, 1]


def test_a_reader_passes_over_an_optional_field_that_it_does_not_know() -> None:
    seen = encode(sighted())
    found = BY_CLASS[UnitSighted]
    later = seen[:-1] + b',"satellites":7}'
    assert decode_data(found.type, found.dataschema, later) == decode_data(found.type, found.dataschema, seen)


def test_a_reader_takes_a_number_from_wider_bounds_and_stops_at_a_new_word() -> None:
    wide = encode(old(1, polri=200_000))
    assert TypeAdapter(Headcount).json_schema()["maximum"] < 200_000
    assert decode_data(FIRST.type, FIRST.dataschema, wide).needs == by_post(polri=200_000)
    with pytest.raises(msgspec.ValidationError, match="marinir"):
        decode_data(FIRST.type, FIRST.dataschema, wide.replace(b'polri":', b'marinir":'))
