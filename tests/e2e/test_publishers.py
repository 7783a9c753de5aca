"""It does not matter with which client an agency publishes, and each example of the publisher's guide works."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.envelope import partition_of
from tests.support.publishers import CLIENTS, Client, Found, moment, reports, try_out
from tests.support.system import System

pytestmark = pytest.mark.timeout(900)

REPORTS = reports(1000, moment())
AT_ONCE = 2
"""Systems that run side by side: starting one is mostly waiting."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Found | Exception]:
    """What each client that is installed brought about, in a fresh system of its own."""
    here = [client for client in CLIENTS if client.missing() is None]
    systems = [System(tmp_path_factory.mktemp(client.name)) for client in here]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        trials = [pool.submit(try_out, client, system, REPORTS) for client, system in zip(here, systems, strict=True)]
    return {client.name: trial.exception() or trial.result() for client, trial in zip(here, trials, strict=True)}


def of(client: Client, found: Mapping[str, Found | Exception]) -> Found:
    if missing := client.missing():
        pytest.skip(missing)
    result = found[client.name]
    if isinstance(result, BaseException):
        raise result
    return result


by_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@by_client
def test_the_same_reports_land_in_the_same_partitions(client: Client, found: Mapping[str, Found]) -> None:
    expected = {each["id"]: partition_of(f"unit/{each['data']['unit']}", 6) for each in REPORTS}
    assert set(expected.values()) == set(range(6))
    landed = of(client, found).partitions
    assert {id_: set(landed.get(id_, [])) for id_ in expected} == {id_: {at} for id_, at in expected.items()}


@by_client
def test_the_same_reports_give_the_same_state(client: Client, found: Mapping[str, Found]) -> None:
    state = of(client, found).state
    assert state["counts"]["units"] == len({each["data"]["unit"] for each in REPORTS})
    assert state == of(CLIENTS[0], found).state


@by_client
def test_the_same_reports_sent_again_by_another_way_are_repeated(client: Client, found: Mapping[str, Found]) -> None:
    outcomes = of(client, found).outcomes
    for each in REPORTS:
        first, *others = outcomes[each["id"]]
        assert (first, set(others)) == (each["type"], {"kalimaya.message.repeated"})


@by_client
def test_each_example_ends_well_only_if_its_reports_were_accepted(client: Client, found: Mapping[str, Found]) -> None:
    trial = of(client, found)
    assert trial.failed == []
    assert trial.passed == []


@pytest.mark.parametrize("client", [each for each in CLIENTS if each.reads], ids=lambda client: client.name)
def test_a_reader_prints_what_counts_and_skips_a_void_record(client: Client, found: Mapping[str, Found]) -> None:
    trial = of(client, found)
    assert len(trial.valid) > 2 * len(REPORTS)
    assert sorted(trial.read) == sorted(trial.valid)


@pytest.mark.parametrize("client", [each for each in CLIENTS if each.unreadable], ids=lambda client: client.name)
def test_what_nobody_can_read_is_told(client: Client, found: Mapping[str, Found]) -> None:
    before, after = of(client, found).unreadable
    assert (before.returncode, after.returncode) == (0, 1), before.stdout
    assert '"reason":"invalid-json"' in after.stdout
