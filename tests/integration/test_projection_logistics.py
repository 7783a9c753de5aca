"""Shipments and readiness as the API finds them in a real PostgreSQL: filters, custody, and what is not there."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from schemas.logistics import ReadinessChecked, ReadinessItem
from tests.support.facts import fact, folded
from tests.support.pair import Pair
from tests.support.read_model import new_database, showing
from tests.support.shipment import VILLAGE, S, departed, planned

OTHER = "36.04.05.2001"


def checked(village: str, usable: int) -> Any:
    items = tuple(
        ReadinessItem(item=item, required=2, present=2, usable=usable)
        for item in ("ballot_box", "ballots", "stationery")
    )
    return fact(ReadinessChecked(village=village, items=items, checker="camat"))


FACTS = [planned(), departed("darat"), departed("laut"), checked(VILLAGE, 2), checked(OTHER, 1)]
DOCUMENTS = folded(FACTS).documents()


@pytest.fixture
async def client(pair: Pair) -> AsyncIterator[httpx.AsyncClient]:
    async with showing(FACTS, pair, await new_database(pair)) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/shipments", [S]),
        ("/v1/shipments?stage=under_way&flag=unescorted", [S]),
        ("/v1/shipments?stage=returned", []),
        ("/v1/shipments?flag=disputed", []),
        (f"/v1/shipments?village={VILLAGE}&district=36.04.13", [S]),
        ("/v1/readiness", [OTHER, VILLAGE]),
        ("/v1/readiness?state=short", [OTHER]),
        ("/v1/readiness?state=unknown", []),
        ("/v1/readiness?district=36.04.13&state=ok", [VILLAGE]),
        (f"/v1/readiness?cursor={OTHER}", [VILLAGE]),
    ],
)
async def test_lists_are_filtered(client: httpx.AsyncClient, path: str, found: list[str]) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    kind = "shipment" if "shipments" in path else "village"
    assert [each[kind] for each in answer.json()["items"]] == found


async def test_a_shipment_s_custody_and_a_village_s_readiness_are_found_by_id(client: httpx.AsyncClient) -> None:
    custody = (await client.get(f"/v1/shipments/{S}/custody")).json()
    assert {id_: each["custodian"] for id_, each in custody["packages"].items()} == dict.fromkeys(
        ("box-1", "box-2"), "gudang-kab"
    )
    assert (await client.get(f"/v1/readiness/{OTHER}")).json()["state"] == "short"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/shipments/none/custody", 404),
        ("/v1/readiness/36.04.13.2010", 404),
        ("/v1/shipments?stage=lost", 422),
        ("/v1/shipments?flag=No!", 422),
        ("/v1/readiness?state=not_due", 422),
    ],
)
async def test_what_is_not_there_or_malformed_is_a_problem(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
