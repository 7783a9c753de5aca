"""The canary: what it sends changes nothing, and each way of being lost is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from schemas.catalogue import SERVICES
from services.canary.flight import ORDERS, Lost, event, fly
from services.gateway.intake import judge
from tests.support.rehearsal import PRINCIPALS, Answered, Rehearsal, inbox_record

NOW = datetime(2019, 11, 3, 5, 10, tzinfo=UTC)
PLACE = "deployment.inbox/2@17"
Answer = Callable[[httpx.Request], httpx.Response]


def test_there_is_one_for_each_service() -> None:
    assert ORDERS.keys() == set(SERVICES)


@pytest.mark.parametrize("service", ORDERS)
def test_it_is_refused_then_repeated_and_changes_nothing(service: str) -> None:
    heard: list[Any] = []
    rehearsal = Rehearsal(heard.append)
    before = rehearsal.digest()
    outcomes = []
    for minute in (0, 1, 49, 50):
        now = NOW + timedelta(minutes=minute)
        taken = judge(event(service, now), PRINCIPALS["canary"], now)
        assert taken.service == service
        assert taken.stamp.authorised
        outcomes.append(rehearsal.put(inbox_record(taken)))
    assert [each.what for each in outcomes] == ["refused", "repeated", "repeated", "refused"]
    assert outcomes[0] == Answered("refused", outcomes[3].reason)
    assert rehearsal.digest() == before
    assert heard == []


async def flown(gateway: Answer, picture: Answer) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return (gateway if request.url.host == "gateway" else picture)(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await fly(client, "http://gateway", "http://picture", "deployment", NOW)


def taken_in(_: httpx.Request) -> httpx.Response:
    return httpx.Response(202, json={"position": PLACE, "source": "/operators/canary"})


def shown(*outcomes: tuple[str, str]) -> Answer:
    return lambda _: httpx.Response(200, json={"outcomes": [{"inbox": at, "kind": kind} for at, kind in outcomes]})


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def test_it_asks_for_its_own_place() -> None:
    asked: list[httpx.Request] = []

    def picture(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return shown(("deployment.inbox/2@3", "refused"), (PLACE, "repeated"))(request)

    await flown(taken_in, picture)
    assert dict(asked[0].url.params) == {
        "source": "/operators/canary",
        "id": "canary-deployment-2019-11-03T05",
        "min_position": PLACE,
        "wait": "10",
    }


@pytest.mark.parametrize(
    ("gateway", "picture", "where", "said"),
    [
        (away, shown((PLACE, "repeated")), "gateway", "no answer"),
        (lambda _: httpx.Response(503, text="kafka-unavailable"), away, "gateway", "503 kafka-unavailable"),
        (taken_in, away, "picture", "no answer"),
        (taken_in, lambda _: httpx.Response(504, text="not reached"), "picture", "504"),
        (taken_in, shown(("deployment.inbox/2@3", "refused")), "picture", "nothing is known"),
        (taken_in, shown((PLACE, "accepted")), "picture", "was accepted"),
    ],
)
async def test_it_says_where_it_was_lost(gateway: Answer, picture: Answer, where: str, said: str) -> None:
    with pytest.raises(Lost, match=said) as lost:
        await flown(gateway, picture)
    assert lost.value.where == where
