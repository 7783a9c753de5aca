"""The tables of a watch: what they keep, what they work out only once, and which alerts stand."""

import itertools
from datetime import date
from typing import Any

import pytest

from schemas.deployment import UnitRegistered, UnitSighted
from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised, IncidentReported, OperationAdopted
from schemas.operation import Participant, Stage, Voting
from schemas.types import alert_id
from services.views.alert import Alert
from services.views.facts import Fact
from services.views.incident import Incident
from services.views.unit import Unit
from services.watch.tables import Subject, Tables
from tests.support.facts import clock, fact

ONE, OTHER = "polres-serang-001", "polres-serang-002"
SILENT: Subject = ("unit_silent", f"unit/{ONE}")


def tables(*facts: Fact, kinds: tuple[str, ...] = ("unit",)) -> Tables:
    found = Tables(kinds)
    for each in facts:
        found.fold(each)
    return found


def sighted(unit: str = ONE, at: str = "06:00") -> Fact:
    return fact(UnitSighted(unit=unit, lat=-6.1, lon=106.1), at)


def registered(unit: str = ONE) -> Fact:
    return fact(UnitRegistered(unit=unit, name="Regu", agency="polres-serang", strength={"polri": 10}, callsign="R"))


def raised(n: int = 0) -> Fact:
    alert = alert_id(*SILENT, n)
    rule, subject = SILENT
    return fact(AlertRaised(alert=alert, rule=rule, subject=subject, n=n, since=clock("06:00"), numbers={}))


def cleared(n: int = 0) -> Fact:
    return fact(AlertCleared(alert=alert_id(*SILENT, n), numbers={}))


def adopted(operation: str) -> Fact:
    file = OperationAdopted(
        operation=operation,
        version=1,
        name="Operasi",
        polling_day=date(2019, 11, 3),
        stages=(Stage(stage="voting", start=clock("00:00"), end=clock("06:00")),),
        villages=(Voting(village="36.04.13.2009", jurisdiction="polres-serang", stations=2),),
        agencies=(Participant(agency="polres-serang", name="Polres Serang"),),
        source="rapat",
        dated=date(2019, 10, 30),
    )
    return fact(file)


# What they keep.


def test_facts_about_one_thing_make_one_entity() -> None:
    found = tables(registered(), sighted(), sighted(OTHER))
    assert [each.unit for each in found.all(Unit)] == [ONE, OTHER]
    one = found.one(Unit, ONE)
    assert one is not None
    assert (one.registration is None, one.position is None) == (False, False)
    assert found.one(Unit, "nobody") is None


def test_facts_on_kinds_that_nobody_asked_for_are_passed_over() -> None:
    report = IncidentReported(incident="i", type="riot", severity=1, village="36.04.13.2009", summary="massa")
    found = tables(fact(report), sighted())
    assert [each.unit for each in found.all(Unit)] == [ONE]
    with pytest.raises(KeyError):
        list(found.all(Incident))


def test_a_fact_that_a_view_cannot_fold_changes_nothing() -> None:
    found = tables(raised())
    with pytest.raises(ValueError, match="never raised"):
        found.fold(cleared(1))
    assert [each.alert for each in found.all(Alert)] == [alert_id(*SILENT, 0)]
    assert (found.standing.keys(), found.cleared(SILENT)) == ({SILENT}, 0)


def test_the_operation_is_the_one_that_was_adopted() -> None:
    found = tables(kinds=("unit", "incidents-operation"))
    assert found.operation() is None
    found.fold(adopted("serang-2019"))
    operation = found.operation()
    assert operation is not None
    assert operation.operation == "serang-2019"


def test_an_operation_that_nobody_keeps_is_not_known() -> None:
    assert tables(adopted("serang-2019")).operation() is None


# What they work out only once.


class Counting:
    """A function of a unit that remembers for whom it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, unit: Unit) -> Any:
        self.asked.append(unit.unit)
        return unit.position and unit.position.as_of


def test_what_follows_from_an_entity_is_worked_out_again_only_after_it_has_changed() -> None:
    found, derive = tables(sighted(ONE), sighted(OTHER)), Counting()
    for _ in range(3):
        assert [value for _, value in found.each(Unit, derive)] == [clock("06:00")] * 2
    assert derive.asked == [ONE, OTHER]
    found.fold(sighted(OTHER, "07:00"))
    assert {each.unit: value for each, value in found.each(Unit, derive)} == {
        ONE: clock("06:00"),
        OTHER: clock("07:00"),
    }
    assert derive.asked == [ONE, OTHER, OTHER]


def test_each_function_has_its_own_memory() -> None:
    found = tables(sighted())
    assert [value for _, value in found.each(Unit, Counting())] == [clock("06:00")]
    assert [value for _, value in found.each(Unit, lambda unit: unit.unit)] == [ONE]


def test_that_nothing_follows_is_remembered_as_well() -> None:
    found, derive = tables(registered()), Counting()
    for _ in range(2):
        assert [value for _, value in found.each(Unit, derive)] == [None]
    assert derive.asked == [ONE]


def test_one_entity_shares_its_memory_with_all() -> None:
    found, derive = tables(sighted()), Counting()
    assert found.derived(Unit, ONE, derive) == clock("06:00")
    assert [value for _, value in found.each(Unit, derive)] == [clock("06:00")]
    assert derive.asked == [ONE]
    assert found.derived(Unit, "nobody", derive) is None


# Which alerts stand.


def test_an_alert_stands_from_its_raising_to_its_clearing_whoever_acknowledges_it() -> None:
    found = tables(kinds=())
    assert not found.stands(*SILENT)
    found.fold(raised())
    assert found.stands(*SILENT)
    found.fold(fact(AlertAcknowledged(alert=alert_id(*SILENT, 0), comment="ditelepon", until=clock("09:00"))))
    assert found.stands(*SILENT)
    assert found.standing[SILENT].acknowledged is not None
    found.fold(cleared())
    assert not found.stands(*SILENT)


def test_an_alert_is_of_one_rule_and_subject() -> None:
    found = tables(raised())
    assert not found.stands("off_post", SILENT[1])
    assert not found.stands(SILENT[0], f"unit/{OTHER}")


@pytest.mark.parametrize("firsts", [*itertools.combinations(range(4), 2)])
def test_alerts_of_a_subject_may_be_read_in_any_order_of_their_partitions(firsts: tuple[int, int]) -> None:
    """Alert 0 is in one partition, alert 1 in another; `firsts`: when the facts of the first one come."""
    for last in (cleared(1), None):
        one, other = iter([raised(), cleared()]), iter([raised(1), last])
        facts = [next(one if at in firsts else other) for at in range(4)]
        found = tables(*(each for each in facts if each is not None))
        assert (found.cleared(SILENT), found.stands(*SILENT)) == ((1, True) if last is None else (2, False))


def test_those_cleared_are_counted_by_rule_and_subject_each_once() -> None:
    found = tables(raised(), cleared(), raised(1))
    assert (found.cleared(SILENT), found.stands(*SILENT)) == (1, True)
    found.fold(cleared(1))
    assert (found.cleared(SILENT), found.stands(*SILENT)) == (2, False)
    found.fold(fact(AlertAcknowledged(alert=alert_id(*SILENT, 1), comment="terlambat", until=clock("09:00"))))
    assert (found.cleared(SILENT), found.cleared(("off_post", SILENT[1]))) == (2, 0)
