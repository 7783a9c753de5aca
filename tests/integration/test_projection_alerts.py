"""What the API tells of alerts, out of a real PostgreSQL: every filter, the order, the same counts in the picture."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised
from schemas.types import alert_id
from schemas.watched import WATCHED
from schemas.watched.rule import Watched
from services.kit import clock as kit_clock
from services.projection.store import Batch, Store, new_pool
from services.views.facts import Fact
from tests.support.facts import clock, fact
from tests.support.given import ADOPTED
from tests.support.pair import Pair
from tests.support.read_model import batch_of, ids, new_database, showing

WARGASARA, KRAMATWATU = "36.04.13.2009", "36.04.05.2001"
NOW = clock("12:00")
WORDS = Watched(
    rule="cluster",
    service="incidents",
    level="polres",
    says="Several incidents in one district.",
    says_id="Beberapa kejadian di satu kecamatan.",
    helps="Send a patrol.",
    helps_id="Kirim patroli.",
    subject="the district",
    numbers={"incidents_count": "incidents in the window"},
    holds="when fewer are left",
)

ALERTS: dict[str, tuple[str, str, Sequence[str], str]] = {
    "cluster": ("cluster", "36.04.13", (WARGASARA,), "06:00"),
    "district": ("district_not_engaged", "36.04.13", (), "02:00"),
    "elsewhere": ("district_not_engaged", "36.04.06", (), "03:00"),
    "nowhere": ("unit_silent", "unit/u9", (), "11:00"),
    "left": ("left_post", "unit/u1", (WARGASARA, KRAMATWATU), "11:00"),
    "half_a_second_later": ("left_post", "unit/u2", (KRAMATWATU,), "11:00"),
    "ready": ("not_ready", KRAMATWATU, (KRAMATWATU,), "01:00"),
    "again": ("not_ready", WARGASARA, (WARGASARA,), "08:00"),
}
IDS = {name: alert_id(rule, subject, 0) for name, (rule, subject, _, _) in ALERTS.items()}  # type: ignore[arg-type]
NAMES = {id_: name for name, id_ in IDS.items()}


def raised(name: str) -> Fact:
    rule, subject, villages, since = ALERTS[name]
    begun = clock(since).replace(microsecond=500_000 * (name == "half_a_second_later"))
    fields: dict[str, Any] = {"rule": rule, "subject": subject, "n": 0, "since": begun, "villages": tuple(villages)}
    return fact(AlertRaised(alert=IDS[name], numbers={"incidents_count": 3.0}, **fields), "11:10")


def cleared(name: str, at: str) -> Fact:
    return fact(AlertCleared(alert=IDS[name], numbers={}), at)


FACTS = [
    *map(fact, ADOPTED),
    *map(raised, ALERTS),
    fact(AlertAcknowledged(alert=IDS["cluster"], comment="dipantau", until=clock("13:00")), "11:20"),
    fact(AlertAcknowledged(alert=IDS["left"], comment="diganti", until=clock("11:30")), "11:20"),
    cleared("ready", "11:30"),
    cleared("again", "11:40"),
]


@pytest.fixture
async def dsn(pair: Pair) -> str:
    return await new_database(pair)


@pytest.fixture
async def client(
    pair: Pair, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The API over a read model that shows these facts, at noon by a scenario's clock; one rule has words."""
    for rule in [*WATCHED]:
        monkeypatch.delitem(WATCHED, rule)
    monkeypatch.setitem(WATCHED, "cluster", WORDS)
    file = tmp_path / "clock.json"
    kit_clock.start(file, NOW, None)
    async with showing(FACTS, pair, dsn, clock=file) as made:
        yield made


async def names(client: httpx.AsyncClient, **filters: Any) -> str:
    return " ".join(NAMES[each] for each in (await ids(client, "/v1/alerts", "alert", **filters)).split())


async def test_standing_alerts_come_first_those_broken_longest_ahead_then_those_cleared_last(
    client: httpx.AsyncClient,
) -> None:
    at_eleven = " ".join(sorted(("nowhere", "left"), key=IDS.__getitem__))
    assert await names(client) == f"district elsewhere cluster {at_eleven} half_a_second_later again ready"


async def test_alerts_are_found_by_every_filter(client: httpx.AsyncClient) -> None:
    for filters, expected in [
        ({"state": "standing", "older_than": 3600.5}, "district elsewhere cluster"),
        ({"state": "cleared"}, "again ready"),
        ({"rule": "left_post"}, "left half_a_second_later"),
        ({"rule": ["cluster", "not_ready"]}, "cluster again ready"),
        ({"level": "polres"}, "cluster"),
        ({"level": "polda"}, ""),
        ({"service": "incidents"}, "cluster"),
        ({"service": "incidents", "rule": "left_post"}, ""),
        ({"village": WARGASARA}, "cluster left again"),
        ({"state": "cleared", "village": WARGASARA}, "again"),
        ({"district": "36.04.13"}, "district cluster left again"),
        ({"district": "36.04.06"}, "elsewhere"),
        ({"jurisdiction": "polres-serang"}, "district cluster left again"),
        ({"jurisdiction": "polres-cilegon"}, "left half_a_second_later ready"),
        ({"jurisdiction": "polres-serang-kota"}, ""),
        ({"acknowledged": True}, "cluster"),
        ({"acknowledged": False, "rule": "left_post"}, "left half_a_second_later"),
        ({"older_than": 3600, "rule": "left_post"}, "left"),
        ({"older_than": 4 * 3600}, "district elsewhere cluster ready"),
        ({"jurisdiction": "polres-serang", "acknowledged": False, "older_than": 3600}, "district left again"),
    ]:
        assert await names(client, **filters) == expected, filters


@pytest.mark.parametrize(
    "filters",
    [
        {"rule": "silence"},
        {"rule": ["cluster", "silence"]},
        {"level": "mabes"},
        {"older_than": -1},
        {"older_than": "inf"},
        {"older_than": 1e12},
        {"acknowledged": "perhaps"},
        {"cursor": "cluster"},
        {"cursor": f"standing~1234567890123456789~{'0' * 32}"},
    ],
)
async def test_a_filter_that_means_nothing_is_a_mistake(client: httpx.AsyncClient, filters: Any) -> None:
    assert (await client.get("/v1/alerts", params=filters)).status_code == 422


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_pages_together_are_the_list(client: httpx.AsyncClient, limit: int) -> None:
    whole = (await client.get("/v1/alerts")).json()
    assert whole["next"] is None
    found, cursor = [], None
    while not found or cursor is not None:
        page = (await client.get("/v1/alerts", params={"limit": limit} | ({"cursor": cursor} if cursor else {}))).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
    assert found == whole["items"]


async def test_a_cursor_goes_on_where_it_stood_though_its_alert_is_cleared(client: httpx.AsyncClient, dsn: str) -> None:
    first = (await client.get("/v1/alerts", params={"limit": 3})).json()
    assert [NAMES[each["alert"]] for each in first["items"]] == ["district", "elsewhere", "cluster"]
    pool = await new_pool(dsn)
    after = batch_of([*FACTS, cleared("cluster", "11:50")]).rows
    await Store(pool).commit(Batch(rows=[each for each in after if each.key == ("alert", IDS["cluster"])]))
    pool.terminate()
    rest = (await names(client, cursor=first["next"])).split()
    assert sorted(rest[:3]) == ["half_a_second_later", "left", "nowhere"]
    assert rest[3:] == ["cluster", "again", "ready"]


async def test_an_alert_tells_its_words_its_age_and_its_life(client: httpx.AsyncClient) -> None:
    one = (await client.get(f"/v1/alerts/{IDS['cluster']}")).json()
    listed = (await client.get("/v1/alerts", params={"rule": "cluster"})).json()["items"]
    assert listed == [one]
    words = one["words"]
    assert (words["level"], words["says_id"], words["helps"]) == ("polres", WORDS.says_id, WORDS.helps)
    assert words["numbers"].keys() == one["numbers"].keys()
    assert (one["age"], one["raised"]["as_of"]) == (6 * 3600, "2019-11-03T11:10:00Z")
    by = one["acknowledged"]
    assert (by["source"], by["comment"], by["run_out"]) == ("/posko", "dipantau", False)
    other = (await client.get(f"/v1/alerts/{IDS['left']}")).json()
    assert (other["words"], other["acknowledged"]["run_out"]) == (None, True)


async def test_the_rules_are_told_in_words(client: httpx.AsyncClient) -> None:
    (rule,) = (await client.get("/v1/alert-rules")).json()["rules"]
    assert (rule["rule"], rule["service"], rule["holds"]) == ("cluster", "incidents", WORDS.holds)


async def test_an_alert_that_was_never_raised_is_answered_404(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/v1/alerts/{'0' * 32}")).status_code == 404


async def test_every_sum_of_the_picture_counts_the_alerts_that_the_list_has_for_its_area(
    client: httpx.AsyncClient,
) -> None:
    shown = (await client.get("/v1/picture")).json()
    areas = [({}, shown["operation"])]
    areas += [({"district": code}, each) for code, each in shown["districts"].items()]
    areas += [({"jurisdiction": of}, each) for of, each in shown["jurisdictions"].items()]
    areas += [({"village": each["code"]}, each) for each in shown["villages"]]
    assert len(areas) == 1 + 3 + 2 + 2
    for area, told in areas:
        listed = (await names(client, state="standing", **area)).split()
        assert sum(told["alerts"]["standing"].values()) == len(listed), area
        unanswered = (await names(client, state="standing", acknowledged=False, **area)).split()
        assert told["alerts"]["unacknowledged"] == len(unanswered), area


async def test_a_filtered_picture_counts_what_the_list_has_for_the_filter(client: httpx.AsyncClient) -> None:
    for area in ({"district": "36.04.13"}, {"district": "36.04.06"}, {"jurisdiction": "polres-cilegon"}):
        told = (await client.get("/v1/picture", params=area)).json()["operation"]["alerts"]
        listed = (await names(client, state="standing", **area)).split()
        assert sum(told["standing"].values()) == len(listed) > 0, area


async def test_a_village_shows_its_readiness_and_its_standing_alerts(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"/v1/villages/{WARGASARA}")).json()
    assert [NAMES[each["alert"]] for each in told["alerts"]] == ["cluster", "left"]
    assert (told["readiness"], told["row"]["readiness"]["state"]) == (None, "unknown")
    assert told["row"]["alerts"]["standing"] == {"cluster": 1, "left_post": 1}
