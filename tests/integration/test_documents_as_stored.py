"""Documents go out as they are stored: over the golden logs, byte for byte what Python's own encoder makes of them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from schemas.catalogue import SERVICES
from services.kit.ledger.fold import Fold
from services.views.model import Model
from tests.support import golden
from tests.support.golden_model import showing_the_golden_logs
from tests.support.pair import Pair

LISTS = {
    "unit": "units",
    "shipment": "shipments",
    "readiness": "readiness",
    "incident": "incidents",
    "warning": "warnings",
    "engagement": "engagements",
}
"""Whose documents are answered without a word added to them."""
LATER = datetime(2019, 11, 9, tzinfo=UTC)
TIMES = pytest.mark.parametrize("times", [{}, {"at": LATER.isoformat()}], ids=["now", "at"])


@pytest.fixture
async def client(pair: Pair, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with showing_the_golden_logs(pair, tmp_path, LATER) as found:
        yield found


def documents() -> dict[str, dict[str, Any]]:
    """By kind and by id, as the views have them."""
    model = Model()
    for service in SERVICES:
        fold = Fold()
        for entry in golden.events(service):
            answer = fold.take(entry.record)
            if answer is not None:
                model.apply(service, 0, answer)
    found: dict[str, dict[str, Any]] = {kind: {} for kind in LISTS}
    for (kind, id_), each in sorted(model.documents().items()):
        found.setdefault(kind, {})[id_] = msgspec.json.decode(msgspec.json.encode(each))
    return found


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@TIMES
async def test_every_list_and_every_single_answer_is_of_the_documents_as_they_are(
    client: httpx.AsyncClient, times: dict[str, str]
) -> None:
    for kind, own in documents().items():
        if kind not in LISTS:
            continue
        assert own
        listed = await client.get(f"/v1/{LISTS[kind]}", params=times)
        assert listed.headers["content-type"] == "application/json"
        assert listed.json() == {"items": [*own.values()], "next": None}
        assert listed.content == compact(listed.json()), kind
        for id_, each in own.items():
            one = await client.get(f"/v1/{LISTS[kind]}/{id_}", params=times)
            assert one.json() == each
            assert one.content == compact(one.json())


@TIMES
async def test_pages_cut_a_list_and_lose_nothing(client: httpx.AsyncClient, times: dict[str, str]) -> None:
    own, found, cursor = documents()["incident"], [], {}
    assert len(own) > 1
    while cursor is not None:
        page = (await client.get("/v1/incidents", params={"limit": 1, **times, **cursor})).json()
        found += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert found == [*own.values()]
