"""What messages of the incidents service may say at all."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.incidents import DispatchUnits, EngagementHeld, EscalateIncident, IncidentReported, WarningGiven

REPORT = {"incident": "ins-1", "type": "riot", "severity": 2, "village": "36.04.13.2009", "summary": "massa"}
DISPATCH = {"incident": "ins-1", "units": ("polres-serang-011",)}
ESCALATE = {"incident": "ins-1", "level": "polda", "reason": "Perlu bantuan"}
WARNING = {
    "warning": "pd-1",
    "area": "36.04.13",
    "expects": "riot",
    "reliability": "F",
    "credibility": 6,
    "start": "2019-11-03T06:00:00Z",
    "end": "2019-11-03T09:00:00Z",
    "summary": "massa",
}
ENGAGEMENT = {"engagement": "gal-1", "district": "36.04.13", "ormas": "ormas-1", "participants": 3, "summary": "damai"}


def can_be_said(type_: type[Any], good: dict[str, Any], **changes: Any) -> bool:
    adapter = TypeAdapter(type_)
    adapter.validate_json(json.dumps(good))
    try:
        adapter.validate_json(json.dumps(good | changes))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("severity", "may"), [(0, False), (1, True), (4, True), (5, False)])
def test_severity_goes_from_1_the_gravest_to_4(severity: int, may: bool) -> None:
    assert can_be_said(IncidentReported, REPORT, severity=severity) is may


@pytest.mark.parametrize(("type_", "may"), [("candidate_death", True), ("other", True), ("theft", False)])
def test_an_incident_is_of_a_type_that_is_known(type_: str, may: bool) -> None:
    assert can_be_said(IncidentReported, REPORT, type=type_) is may


@pytest.mark.parametrize(("village", "may"), [("36.04.13.2010", True), ("36.04.99.2009", False), ("36.04.13", False)])
def test_an_incident_is_in_a_village_that_there_is(village: str, may: bool) -> None:
    assert can_be_said(IncidentReported, REPORT, village=village) is may


@pytest.mark.parametrize(("units", "may"), [((), False), (("a",), True), (("a", "b"), True)])
def test_a_dispatch_sends_at_least_one_unit(units: tuple[str, ...], may: bool) -> None:
    assert can_be_said(DispatchUnits, DISPATCH, units=units) is may


@pytest.mark.parametrize(("level", "may"), [("polsek", True), ("polres", True), ("polda", True), ("mabes", False)])
def test_an_incident_is_answered_for_by_polsek_polres_or_polda(level: str, may: bool) -> None:
    assert can_be_said(EscalateIncident, ESCALATE, level=level) is may


@pytest.mark.parametrize(("reliability", "may"), [("A", True), ("F", True), ("G", False)])
def test_a_source_s_reliability_goes_from_a_to_f(reliability: str, may: bool) -> None:
    assert can_be_said(WarningGiven, WARNING, reliability=reliability) is may


@pytest.mark.parametrize(("credibility", "may"), [(0, False), (1, True), (6, True), (7, False)])
def test_information_s_credibility_goes_from_1_to_6(credibility: int, may: bool) -> None:
    assert can_be_said(WarningGiven, WARNING, credibility=credibility) is may


@pytest.mark.parametrize(
    ("area", "may"), [("36.04.13", True), ("36.04.13.2009", True), ("36.99.13", False), ("36.04.99.2009", False)]
)
def test_a_warning_is_for_a_district_or_a_village_that_there_is(area: str, may: bool) -> None:
    assert can_be_said(WarningGiven, WARNING, area=area) is may


@pytest.mark.parametrize(("district", "may"), [("36.04.05", True), ("36.99.13", False), ("36.04.13.2009", False)])
def test_an_engagement_is_held_in_a_district_that_there_is(district: str, may: bool) -> None:
    assert can_be_said(EngagementHeld, ENGAGEMENT, district=district) is may
