"""The API's models against the documents that the views make of the golden logs: every kind, every field promised."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, TypeAdapter

from schemas.catalogue import SERVICES
from services.kit.ledger.fold import Fold
from services.projection.api.briefs import briefs
from services.projection.api.documents import (
    AlertAnswer,
    EngagementAnswer,
    IncidentAnswer,
    PostAnswer,
    ShipmentAnswer,
    UnitAnswer,
    WarningAnswer,
)
from services.projection.model import KINDS, Model, listed
from tests.support import golden

ANSWERS: dict[str, type[BaseModel]] = {
    "unit": UnitAnswer,
    "post": PostAnswer,
    "shipment": ShipmentAnswer,
    "incident": IncidentAnswer,
    "warning": WarningAnswer,
    "engagement": EngagementAnswer,
    "alert": AlertAnswer,
}
PICTURED = ("unit", "post", "shipment", "incident")
"""The kinds that the picture is drawn from."""


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


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_served_is_what_is_stored(kind: str) -> None:
    found = documents(kind)
    assert found
    for document in found:
        served = TypeAdapter(ANSWERS[kind]).validate_python(document).model_dump(mode="json")
        assert same(served) == same(document)


@pytest.mark.parametrize("kind", PICTURED)
def test_the_picture_can_read_every_document(kind: str) -> None:
    found = documents(kind)
    read = getattr(briefs({kind: found}), f"{kind}s")
    assert [getattr(each, kind) for each in read] == [each[kind] for each in found]


@pytest.mark.parametrize("kind", KINDS)
def test_every_document_is_listed(kind: str) -> None:
    columns = [listed(kind, each) for each in documents(kind)]
    assert all(each.villages == sorted(each.villages) for each in columns)


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
