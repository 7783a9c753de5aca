"""The rule book of one alert, and of the operation as incidents knows it, rule by rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.incidents import (
    AcknowledgeAlert,
    AdoptOperation,
    AlertAcknowledged,
    AlertCleared,
    AlertRaised,
    ClearAlert,
    OperationAdopted,
    RaiseAlert,
)
from schemas.operation import Participant, Stage, Voting
from schemas.registry import as_event
from schemas.types import alert_id
from services.incidents.domain import INCIDENTS
from tests.support.given import given, refusal

NOON = datetime(2019, 11, 3, 5, tzinfo=UTC)
SUBJECT = "36.04.13.2009"
ALERT = alert_id("under_strength", SUBJECT, 0)
RAISE = RaiseAlert(
    alert=ALERT, rule="under_strength", subject=SUBJECT, n=0, since=NOON, numbers={"required_heads": 4.0}
)
CLEAR = ClearAlert(alert=ALERT, numbers={"present_heads": 4.0})
ACKNOWLEDGE = AcknowledgeAlert(alert=ALERT, comment="Bantuan di jalan", until=NOON + timedelta(hours=1))
RAISED = as_event(RAISE, AlertRaised)
CLEARED = as_event(CLEAR, AlertCleared)
ACKNOWLEDGED = as_event(ACKNOWLEDGE, AlertAcknowledged)


def test_the_watch_raises_an_alert() -> None:
    assert given(INCIDENTS).when(RAISE) == (RAISED,)


def test_an_alert_id_is_what_anybody_can_work_out() -> None:
    """Worked out apart: `printf 'under_strength\\n36.04.13.2009\\n0' | sha256sum | cut -c1-32`."""
    assert ALERT == "37a23c2157326dd3a016d210ce2f3e24"


@pytest.mark.parametrize("change", [{"rule": "not_ready"}, {"subject": "36.04.13"}, {"n": 1}, {"alert": "0" * 32}])
def test_an_alert_with_an_id_that_is_not_its_own_is_refused(change: Any) -> None:
    order = replace(RAISE, **change)
    expected = alert_id(order.rule, order.subject, order.n)
    assert refusal(given(INCIDENTS).when(order)) == ("alert_id_wrong", (expected,))


def test_numbers_since_and_villages_are_no_part_of_the_id() -> None:
    order = replace(RAISE, numbers={}, since=NOON + timedelta(hours=1), villages=(SUBJECT,))
    assert given(INCIDENTS).when(order) == (as_event(order, AlertRaised),)


@pytest.mark.parametrize("before", [(RAISED,), (RAISED, ACKNOWLEDGED), (RAISED, CLEARED)])
def test_an_alert_is_raised_once(before: Any) -> None:
    order = replace(RAISE, numbers={"required_heads": 6.0})
    assert refusal(given(INCIDENTS, *before).when(order)) == ("alert_known", (ALERT,))


@pytest.mark.parametrize("before", [(RAISED,), (RAISED, ACKNOWLEDGED)])
def test_the_watch_clears_a_standing_alert(before: Any) -> None:
    assert given(INCIDENTS, *before).when(CLEAR) == (CLEARED,)


@pytest.mark.parametrize("before", [(RAISED,), (RAISED, ACKNOWLEDGED)])
def test_an_operator_acknowledges_a_standing_alert_and_may_do_so_again(before: Any) -> None:
    assert given(INCIDENTS, *before).when(ACKNOWLEDGE) == (ACKNOWLEDGED,)


@pytest.mark.parametrize("order", [CLEAR, ACKNOWLEDGE])
def test_an_alert_that_was_never_raised_is_neither_cleared_nor_acknowledged(order: Any) -> None:
    assert refusal(given(INCIDENTS).when(order)) == ("alert_unknown", (ALERT,))


@pytest.mark.parametrize("order", [CLEAR, ACKNOWLEDGE])
def test_a_cleared_alert_is_neither_cleared_nor_acknowledged(order: Any) -> None:
    assert refusal(given(INCIDENTS, RAISED, CLEARED).when(order)) == ("alert_cleared", (ALERT,))


# The operation.


def adopt(version: int) -> AdoptOperation:
    return AdoptOperation(
        operation="aman-pilkades-kalimaya-2019",
        version=version,
        name="Aman Pilkades Kalimaya 2019",
        polling_day=date(2019, 11, 3),
        stages=(Stage(stage="voting", start=NOON, end=NOON + timedelta(hours=6)),),
        villages=(Voting(village=SUBJECT, jurisdiction="polres-serang", stations=2),),
        agencies=(Participant(agency="polres-serang", name="Polres Serang"),),
        source="Rengar 2019",
        dated=date(2019, 10, 30),
    )


ADOPTED = as_event(adopt(2), OperationAdopted)


@pytest.mark.parametrize(("before", "version"), [((), 2), ((ADOPTED,), 3)])
def test_a_newer_version_of_the_operation_comes_into_force(before: Any, version: int) -> None:
    assert given(INCIDENTS, *before).when(adopt(version)) == (as_event(adopt(version), OperationAdopted),)


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_of_the_operation_that_is_not_newer_is_refused(version: int) -> None:
    assert refusal(given(INCIDENTS, ADOPTED).when(adopt(version))) == ("version_not_newer", ("2",))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stages": (Stage(stage="voting", start=NOON, end=NOON),)}, "window_empty"),
        ({"villages": adopt(1).villages * 2}, "listed_twice"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(change: Any, reason: str) -> None:
    assert refusal(given(INCIDENTS).when(replace(adopt(1), **change)))[0] == reason
