"""Whether alerts were raised and cleared in turns, and are shown so."""

from datetime import UTC, datetime

import pytest

from kalimaya.audit.alerts import Alerts, Shown
from kalimaya.audit.findings import Findings
from schemas.incidents import AlertCleared, AlertRaised
from schemas.types import alert_id

SUBJECT = "unit/polres-serang-001"
SINCE = datetime(2019, 11, 3, tzinfo=UTC)


def raised(n: int, alert: str | None = None) -> AlertRaised:
    id_ = alert or alert_id("unit_silent", SUBJECT, n)
    return AlertRaised(alert=id_, rule="unit_silent", subject=SUBJECT, n=n, since=SINCE, numbers={}, villages=())


def cleared(n: int) -> AlertCleared:
    return AlertCleared(alert=alert_id("unit_silent", SUBJECT, n), numbers={})


def told(*events: tuple[int, AlertRaised | AlertCleared], ends: dict[int, int] | None = None) -> list[tuple[str, str]]:
    """What is found in events of partitions, each at the offset of its place here; `ends` by default behind all."""
    findings = Findings()
    alerts = Alerts(findings)
    for offset, (partition, data) in enumerate(events, start=1):
        alerts.take(partition, offset, data)
    alerts.finish(ends or {0: 100, 1: 100})
    return [(each.place, each.detail) for each in findings.kept]


def test_in_turns_in_whatever_order_the_partitions_are_read() -> None:
    assert told((0, raised(1)), (0, cleared(1)), (1, raised(0)), (1, cleared(0)), (0, raised(2))) == []


@pytest.mark.parametrize(
    ("events", "at", "said"),
    [
        ([(0, raised(0)), (1, raised(1))], 2, "alert 0 still stands"),
        ([(1, raised(1))], 1, "alert 0 was never raised"),
        ([(1, raised(0)), (1, raised(0))], 2, "a second time"),
        ([(1, cleared(0))], 1, "is cleared, and does not stand"),
        ([(1, raised(0)), (1, cleared(0)), (1, cleared(0))], 3, "is cleared, and does not stand"),
        ([(1, raised(0, "0" * 32))], 1, f"not {alert_id('unit_silent', SUBJECT, 0)}"),
    ],
)
def test_out_of_turn(events: list[tuple[int, AlertRaised | AlertCleared]], at: int, said: str) -> None:
    ((place, detail),) = told(*events)
    assert place == f"incidents.events/1@{at}"
    assert said in detail


def test_what_was_raised_while_the_logs_were_read_is_not_asked_for_the_one_before_it() -> None:
    assert told((0, raised(0)), (1, raised(1)), ends={0: 2, 1: 2}) == []


def test_an_alert_stands_for_who_has_not_read_its_clearing() -> None:
    alerts = Alerts(Findings())
    for offset, data in enumerate((raised(0), cleared(0)), start=1):
        alerts.take(1, offset, data)
    (id_,) = alerts.shown(1, 3)
    assert [alerts.shown(1, end).get(id_) for end in (1, 2, 3)] == [
        None,
        Shown("unit_silent", SUBJECT, 0, True),
        Shown("unit_silent", SUBJECT, 0, False),
    ]
    assert alerts.shown(0, 3) == {}
