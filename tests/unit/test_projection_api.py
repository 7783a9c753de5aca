"""The picture's judgement: what is unknown or stale is never ok; positions as clients write them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from services.kit.http import Problem
from services.projection.api.app import new_app
from services.projection.api.briefs import Briefs, briefs, unreported
from services.projection.api.picture_alerts import alerts
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_rows import by_village, elsewhere, row, total
from services.projection.api.picture_words import VillageRow
from services.projection.api.position import header, parse
from services.projection.store import Position

VILLAGE = "36.04.13.2009"
OTHER = "36.04.05.2001"
NOW = datetime(2019, 11, 3, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
JUDGE = Judge(NOW, presence=6 * HOUR, shipment=6 * HOUR, incident=2 * HOUR, readiness=36 * HOUR)
NO_ALERTS = alerts([], NOW)


def said(ago: timedelta) -> str:
    return (NOW - ago).isoformat()


def requirement(begins: timedelta = -HOUR, lasts: timedelta = 12 * HOUR, **required: int) -> dict[str, Any]:
    window = {"start": (NOW + begins).isoformat(), "end": (NOW + begins + lasts).isoformat()}
    return {"required": required, **window, "as_of": said(24 * HOUR)}


def post(
    code: str = VILLAGE, *superseding: dict[str, Any], begins: timedelta = -HOUR, **required: int
) -> dict[str, Any]:
    versions = {str(n): each for n, each in enumerate((requirement(begins, **required), *superseding), start=9)}
    return {"post": code, "village": code, "jurisdiction": "polres-serang", "versions": versions}


def voting(*codes: str, jurisdiction: str = "polres-cilegon", version: int = 1, **changes: Any) -> dict[str, Any]:
    """An operation by which these villages vote."""
    file = {
        "operation": "2019",
        "version": version,
        "polling_day": "2019-11-03",
        "villages": [{"village": code, "jurisdiction": jurisdiction} for code in codes],
    }
    return {"in_force": version, "versions": {str(version): {"file": file | changes}}}


def duty(code: str = VILLAGE, *, begins: timedelta = -HOUR, **headcount: int) -> dict[str, Any]:
    window = {"start": (NOW + begins).isoformat(), "end": (NOW + begins + 12 * HOUR).isoformat()}
    return {"target_kind": "post", "target": code, **window, "headcount": headcount, "as_of": said(24 * HOUR)}


def unit(
    *duties: dict[str, Any],
    present: dict[str, int] | None = None,
    at: str | None = None,
    ago: timedelta = HOUR / 2,
    left: bool = False,
    state: str = "present",
    **more: Any,
) -> dict[str, Any]:
    presence = at and {
        "post": at,
        "state": "left" if left else state,
        "present": present,
        "counted_at": said(ago) if present is not None else None,
        "as_of": said(ago),
    }
    return {
        "unit": "u",
        "registration": {"agency": "polres-serang", "strength": {"polri": 10}},
        "assignments": {str(n): each for n, each in enumerate(duties)},
        "presence": presence or None,
        "last_heard": said(ago) if at else None,
        **more,
    }


def drawn(code: str = VILLAGE, **documents: list[dict[str, Any]]) -> VillageRow:
    """A village's row; `a_b` names the documents of kind `a-b`."""
    found = by_village(briefs({kind.replace("_", "-"): each for kind, each in documents.items()}, NOW))
    return row(code, found.get(code, Briefs()), JUDGE)


def state(*units: dict[str, Any], required: dict[str, int] | None = None) -> str:
    return drawn(post=[post(**(required or {"polri": 6}))], unit=list(units)).strength.state


def test_enough_heads_counted_lately_are_ok() -> None:
    assert state(unit(duty(polri=6), present={"polri": 6}, at=VILLAGE)) == "ok"


def test_too_few_heads_counted_are_short() -> None:
    assert state(unit(duty(polri=6), present={"polri": 5}, at=VILLAGE)) == "short"


def test_enough_heads_counted_long_ago_are_unknown() -> None:
    assert state(unit(duty(polri=6), present={"polri": 6}, at=VILLAGE, ago=7 * HOUR)) == "unknown"


def test_a_unit_that_arrived_and_was_not_counted_is_unknown() -> None:
    assert state(unit(duty(polri=6), at=VILLAGE)) == "unknown"


def test_a_unit_of_which_nobody_has_heard_is_unknown() -> None:
    assert state(unit(duty(polri=6))) == "unknown"


def test_too_few_are_short_even_if_all_who_are_sent_should_be_there() -> None:
    assert state(unit(duty(polri=5))) == "short"


def test_nobody_sent_is_short() -> None:
    assert state() == "short"


def test_a_unit_that_left_is_not_there() -> None:
    assert state(unit(duty(polri=6), at=VILLAGE, left=True)) == "short"


def test_a_unit_that_left_before_its_duty_began_may_be_back() -> None:
    assert state(unit(duty(polri=6), at=VILLAGE, left=True, ago=3 * HOUR)) == "unknown"


def test_a_unit_counted_elsewhere_since_its_duty_began_is_not_there() -> None:
    assert state(unit(duty(polri=6), present={"polri": 6}, at=OTHER)) == "short"


def test_a_unit_on_its_way_here_may_have_come_and_is_not_counted() -> None:
    shown = drawn(post=[post(polri=6)], unit=[unit(duty(polri=6), at=VILLAGE, state="under_way")]).strength
    assert (shown.state, shown.forces["polri"].present) == ("unknown", None)


def test_a_unit_on_its_way_elsewhere_since_its_duty_began_is_not_here() -> None:
    assert state(unit(duty(polri=6), at=OTHER, state="under_way")) == "short"
    assert state(unit(duty(polri=6), at=OTHER, state="under_way", ago=2 * HOUR)) == "unknown"


def test_a_cancelled_duty_sends_nobody() -> None:
    told = drawn(post=[post(polri=6)], unit=[unit(duty(polri=6), cancellations={"0": {}})]).strength
    assert (told.state, told.forces["polri"].assigned) == ("short", 0)


def test_a_unit_that_is_stood_down_counts_no_longer_unless_it_is_heard_of_after_that() -> None:
    stood_down = {"at": said(HOUR)}
    counted = {"present": {"polri": 6}, "at": VILLAGE}
    assert state(unit(duty(polri=6), **counted, ago=2 * HOUR, stood_down=stood_down)) == "short"
    assert state(unit(duty(polri=6), **counted, ago=HOUR / 2, stood_down=stood_down)) == "ok"
    later = {"at": (NOW + HOUR).isoformat()}
    assert state(unit(duty(polri=6), **counted, ago=2 * HOUR, stood_down=later)) == "ok"


def test_one_force_does_not_stand_in_for_another() -> None:
    counted = unit(duty(polri=6), present={"polri": 12}, at=VILLAGE)
    assert state(counted, required={"polri": 6, "tni": 1}) == "short"


def test_a_post_is_not_due_outside_its_window() -> None:
    later = drawn(post=[post(begins=HOUR, polri=6)], unit=[unit(duty(polri=6), present={"polri": 6}, at=VILLAGE)])
    assert later.strength.state == "not_due"
    assert later.strength.forces["polri"].present == 6


def test_the_requirement_in_force_now_counts_and_not_the_one_of_the_highest_number() -> None:
    def needed(*superseding: dict[str, Any]) -> int:
        return drawn(post=[post(VILLAGE, *superseding, polri=6)]).strength.forces["polri"].required

    assert needed() == 6
    assert needed(requirement(polri=8)) == 8
    assert needed(requirement(HOUR, polri=8)) == 6
    assert needed(requirement(-2 * HOUR, lasts=2 * HOUR, polri=8)) == 6


def test_a_village_that_votes_has_a_row_with_its_jurisdiction_though_nothing_else_is_known() -> None:
    found = by_village(briefs({"deployment-operation": [voting(VILLAGE, OTHER)]}, NOW))
    rows = [row(code, each, JUDGE) for code, each in found.items()]
    assert [(each.code, each.jurisdiction) for each in rows] == [
        (OTHER, "polres-cilegon"),
        (VILLAGE, "polres-cilegon"),
    ]
    assert {each.strength.state for each in rows} == {"unknown"}


def test_what_a_post_says_of_the_jurisdiction_counts_before_the_operation() -> None:
    assert drawn(post=[post(polri=2)], deployment_operation=[voting(VILLAGE)]).jurisdiction == "polres-serang"


def test_a_village_votes_if_any_log_says_so_as_the_newest_version_has_it() -> None:
    old, new = voting(VILLAGE, OTHER), voting(VILLAGE, version=2, jurisdiction="polres-serang")
    half_applied = {"deployment_operation": [old], "incidents_operation": [new]}
    assert drawn(**half_applied).jurisdiction == "polres-serang"
    assert drawn(OTHER, **half_applied).jurisdiction == "polres-cilegon"


def test_of_several_operations_the_nearest_says_who_votes() -> None:
    past = voting(OTHER, version=7, operation="2015", polling_day="2015-11-01")
    found = briefs({"deployment-operation": [past, voting(VILLAGE)]}, NOW)
    assert [each.village for each in found.voting] == [VILLAGE]


def test_a_plan_for_another_time_is_not_due_in_a_village_that_votes() -> None:
    shown = drawn(post=[post(begins=HOUR, polri=6)], deployment_operation=[voting(VILLAGE)])
    assert shown.strength.state == "not_due"


def test_a_patrol_s_visit_is_the_last_word_heard_of_a_village() -> None:
    patrol = {VILLAGE: {"as_of": said(HOUR)}}
    assert drawn(unit=[unit(patrols=patrol)]).last_heard == NOW - HOUR


def test_a_post_that_plan_or_assignment_names_is_unreported_until_a_report_does() -> None:
    def silent(*units: dict[str, Any]) -> set[str]:
        return unreported(briefs({"post": [post(polri=2)], "unit": list(units)}, NOW))

    station, of_other = f"{VILLAGE}-tps01", f"{OTHER}-tps01"
    assert silent() == {VILLAGE}
    assert silent(unit(duty(of_other, polri=1))) == {VILLAGE, of_other}
    assert silent(unit(duty(of_other, polri=1), cancellations={"0": {}})) == {VILLAGE}
    assert silent(unit(visits={VILLAGE: {}})) == set()
    assert silent(unit(visits={station: {}})) == set()
    assert silent(unit(duty(station, polri=1), visits={VILLAGE: {}})) == {station}
    assert silent(unit(duty(station, polri=1), visits={station: {}})) == set()


def test_assigned_counts_only_duties_that_have_begun() -> None:
    shown = drawn(post=[post(polri=6)], unit=[unit(duty(polri=2), duty(begins=HOUR, polri=3), duty(OTHER, polri=4))])
    assert shown.strength.forces["polri"].assigned == 2


heads = st.integers(0, 8)
forces = st.sampled_from(["polri", "tni", "linmas"])
units = st.builds(
    lambda force, sent, counted, at, ago, left: unit(
        duty(**{force: sent}),
        present=None if counted is None or left else {force: counted},
        at=at,
        ago=ago * HOUR,
        left=left,
    ),
    forces,
    heads,
    st.none() | heads,
    st.sampled_from([None, VILLAGE, OTHER]),
    st.integers(0, 12),
    st.booleans(),
)


@given(st.lists(units, max_size=6), st.dictionaries(forces, heads, min_size=1))
def test_ok_means_counted_lately_and_enough_in_every_force(
    found: list[dict[str, Any]], required: dict[str, int]
) -> None:
    fresh = dict.fromkeys(required, 0)
    for each in found:
        at = each["presence"]
        if at and at["post"] == VILLAGE and at["present"] and NOW - datetime.fromisoformat(at["as_of"]) <= 6 * HOUR:
            for force, count in at["present"].items():
                fresh[force] = fresh.get(force, 0) + count
    shown = drawn(post=[post(**required)], unit=found).strength
    assert (shown.state == "ok") == all(fresh[force] >= count for force, count in required.items())
    for force, told in shown.forces.items():
        assert told.state != "short" or fresh.get(force, 0) < required[force]


def test_sums_show_the_worst_and_add_what_has_no_village() -> None:
    found = briefs(
        {
            "post": [post(polri=2), post(OTHER, polri=2)],
            "unit": [unit(duty(polri=2), present={"polri": 2}, at=VILLAGE)],
            "incident": [incident("triaged", village=None, severity=1, last_heard=None)],
        },
        NOW,
    )
    rows = [row(code, each, JUDGE) for code, each in by_village(found).items()]
    sums = total(rows, NO_ALERTS, elsewhere(found))
    assert (sums.state, sums.states) == ("short", {"ok": 1, "short": 1})
    assert (sums.required, sums.present, sums.open) == ({"polri": 4}, {"polri": 2}, {"1": 1})


def incident(status: str = "reported", **changes: Any) -> dict[str, Any]:
    fields = {
        "incident": "i", "village": VILLAGE, "status": status, "level": "polsek", "type": "protest", "severity": 2,
        "flags": [], "hidden_from": [], "last_heard": said(3 * HOUR),
    }  # fmt: skip
    return fields | changes


def test_an_open_incident_goes_stale_and_a_closed_one_does_not() -> None:
    assert drawn(incident=[incident("reported")]).incidents.stale is True
    assert drawn(incident=[incident("reported", last_heard=said(HOUR))]).incidents.stale is False
    assert drawn(incident=[incident("closed")]).incidents.stale is False


def test_open_incidents_are_counted_by_severity_in_their_village_and_in_sums() -> None:
    found = [incident(severity=3), incident("contained", severity=3), incident(severity=1), incident("resolved")]
    shown = drawn(incident=found)
    assert shown.incidents.open == {"1": 1, "3": 2}
    assert total([shown, shown], NO_ALERTS).open == {"1": 2, "3": 4}


def test_an_open_incident_that_only_orders_name_is_counted_as_of_unknown_severity() -> None:
    unreported = incident("responding", village=None, severity=None, last_heard=None)
    assert total([], NO_ALERTS, elsewhere(briefs({"incident": [unreported]}, NOW))).open == {"unknown": 1}


def test_a_report_of_an_incident_is_a_word_heard_of_its_village() -> None:
    shown = drawn(incident=[incident("closed")])
    assert shown.last_heard == shown.incidents.as_of == NOW - 3 * HOUR


def test_a_shipment_on_its_way_goes_stale_and_a_delivered_one_does_not() -> None:
    def shipment(stage: str) -> dict[str, Any]:
        place = {"place": "gudang", "leg": None, "as_of": said(7 * HOUR)}
        return {
            "shipment": "s", "village": VILLAGE, "stage": stage, "custodian": "kpps", "place": place, "flags": [],
            "last_heard": said(7 * HOUR),
        }  # fmt: skip

    assert drawn(shipment=[shipment("under_way")]).logistics.stale is True
    assert drawn(shipment=[shipment("delivered")]).logistics.stale is False


# Positions.


POSITIONS = {("deployment.events", 0): Position(next_offset=17, next_cause=9)}


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("deployment.events/0@17", True),
        ("deployment.events/0@18", False),
        ("deployment.inbox/0@8", True),
        ("deployment.inbox/0@9", False),
    ],
)
def test_a_position_is_reached_when_it_is_read(text: str, reached: bool) -> None:
    assert parse(text)[0].reached(POSITIONS) is reached


def test_what_the_header_says_is_reached() -> None:
    assert all(each.reached(POSITIONS) for each in parse(header(POSITIONS)))


@pytest.mark.parametrize(
    "text", ["x", "deployment.events/0", "deployment.events/0@-1", "other.events/0@1", ",", "deployment.events/٣@1"]
)
def test_a_malformed_position_is_a_problem(text: str) -> None:
    with pytest.raises(Problem) as raised:
        parse(text)
    assert raised.value.status == 422


def test_a_partition_that_does_not_exist_is_a_problem() -> None:
    with pytest.raises(Problem, match="no partition 7"):
        parse("deployment.events/7@1")[0].reached(POSITIONS)


# The contract.


def test_the_openapi_document_is_valid_and_tells_every_problem() -> None:
    app: FastAPI = new_app(None)  # type: ignore[arg-type]
    document = app.openapi()
    validate(document)
    for path, methods in document["paths"].items():
        assert {"401", "403", "422", "503", "504"} <= methods["get"]["responses"].keys(), path
