"""The API's models against the documents that the views make of the golden logs: every kind, every field promised."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, TypeAdapter

from schemas.catalogue import SERVICES
from services.kit.ledger.fold import Fold
from services.projection.api import alerts, contingents, operation, posts
from services.projection.api.briefs import briefs
from services.projection.api.documents import (
    AlertAnswer,
    ContingentAnswer,
    EngagementAnswer,
    IncidentAnswer,
    PostAnswer,
    UnitAnswer,
    WarningAnswer,
)
from services.projection.api.logistics_documents import ReadinessAnswer, ShipmentAnswer
from services.views.briefs import of_document
from services.views.model import KINDS, Model, listed
from tests.support import golden

ANSWERS: dict[str, type[BaseModel]] = {
    "unit": UnitAnswer,
    "post": PostAnswer,
    "contingent": ContingentAnswer,
    "shipment": ShipmentAnswer,
    "readiness": ReadinessAnswer,
    "incident": IncidentAnswer,
    "warning": WarningAnswer,
    "engagement": EngagementAnswer,
    "alert": AlertAnswer,
}
OPERATIONS = [f"{service}-operation" for service in SERVICES]
BRIEFED = ("unit", "post", "shipment", "incident", "readiness")
"""Kinds of which the picture shows something in a village's row, each by itself."""
NOON = datetime(2019, 11, 3, 5, tzinfo=UTC)


def documents(kind: str) -> list[dict[str, Any]]:
    """The documents of one kind, as they come back from the store."""
    model = Model()
    for service in SERVICES:
        fold = Fold()
        for entry in golden.events(service):
            answer = fold.take(entry.record)
            if answer is not None:
                model.apply(service, 0, answer)
    shown = {key: each for key, each in model.documents().items() if key[0] == kind}
    return [msgspec.json.decode(msgspec.json.encode(each)) for each in shown.values()]


def answers(kind: str) -> list[dict[str, Any]]:
    """The same as they are answered, where that is more than the document."""
    found = documents(kind)
    match kind:
        case "post":
            return posts.answers(found, [of_document("unit", each) for each in documents("unit")], NOON)
        case "contingent":
            return contingents.answers(found, NOON)
        case "alert":
            return [msgspec.to_builtins(alerts.answer(each, NOON)) for each in found]
        case _:
            return found


def test_every_kind_has_its_answer() -> None:
    assert {*ANSWERS, *OPERATIONS} == set(KINDS)


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_served_is_what_is_stored(kind: str) -> None:
    found = answers(kind)
    assert found
    for each in found:
        served = TypeAdapter(ANSWERS[kind]).validate_python(each).model_dump(mode="json")
        assert same(served) == same(each)


def test_what_is_served_of_the_operation_is_what_is_stored() -> None:
    found = operation.answer({service: documents(f"{service}-operation") for service in SERVICES}, NOON)
    assert found is not None
    served = TypeAdapter(operation.OperationAnswer).validate_python(found).model_dump(mode="json")
    assert same(served) == same(found)
    for kind in OPERATIONS:
        for document in (each for each in documents(kind) if each["operation"] == found["operation"]):
            for number, version in document["versions"].items():
                assert found["versions"][number]["adopted"][kind.removesuffix("-operation")] == version


@pytest.mark.parametrize("kind", BRIEFED)
def test_the_picture_can_read_every_document(kind: str) -> None:
    found = documents(kind)
    name, id_ = ("readiness", "village") if kind == "readiness" else (f"{kind}s", kind)
    read = getattr(briefs({kind: found}, NOON), name)
    assert [getattr(each, id_) for each in read] == [each[id_] for each in found]


def test_the_picture_reads_the_standing_ones_of_all_alerts() -> None:
    found = documents("alert")
    assert {each["state"] for each in found} == {"standing", "cleared"}
    read = briefs({"alert": found}, NOON).alerts
    assert [each.alert for each in read] == [each["alert"] for each in found if each["state"] == "standing"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_document_is_listed(kind: str) -> None:
    columns = [listed(kind, each) for each in documents(kind)]
    assert all(each.villages == sorted(each.villages) for each in columns)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_the_picture_knows_who_votes_from_any_log_s_operation(kind: str) -> None:
    found = documents(kind)
    read = briefs({kind: found}, NOON).voting
    in_force = found[0]["versions"][str(found[0]["in_force"])]["file"]["villages"]
    assert [(each.village, each.jurisdiction) for each in read] == [(v["village"], v["jurisdiction"]) for v in in_force]


def test_the_golden_posts_show_what_is_required_and_which_are_unreported() -> None:
    found = {each["post"]: each for each in answers("post")}
    assert found["36.04.13.2009"]["requirement"]["required"] == {"polairud": 2, "polri": 2, "linmas": 2}
    assert {post for post, each in found.items() if "unreported" in each["flags"]} == {
        "36.04.13.2009-tps02",
        "36.04.05.2001-tps03",
    }


def same(value: Any) -> Any:
    """Instants in one spelling: `2019-11-03T05:00:00.5Z` and `...00.500000Z` are the same."""
    match value:
        case dict():
            return {name: same(each) for name, each in value.items()}
        case list():
            return [same(each) for each in value]
        case str():
            try:
                return msgspec.convert(value, datetime)
            except msgspec.ValidationError:
                return value
        case _:
            return value
