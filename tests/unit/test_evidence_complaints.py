"""What an evidence file does not show unless it is asked to: what tells of a complaint about a unit."""

from collections.abc import Iterable
from typing import Any

import pytest

from kalimaya.evidence.complaints import Complaints
from schemas.incidents import AlertRaised, DuplicateLinked, IncidentReported, IncidentTriaged
from schemas.types import alert_id
from services.views.area import area
from tests.support.facts import clock, fact, folded

VILLAGE, NEXT_DOOR, FAR_AWAY = "36.04.13.2009", "36.04.13.2001", "36.04.05.2001"
UNIT = "polres-serang-007"


def reported(incident: str, type: Any = "crowding", village: str = VILLAGE, names: Iterable[str] = ()) -> Any:
    return IncidentReported(
        incident=incident, type=type, severity=3, village=village, summary="massa", incidents=tuple(names)
    )


def triaged(incident: str, type: Any = "officer_neutrality", unit: str | None = UNIT) -> IncidentTriaged:
    return IncidentTriaged(incident=incident, type=type, severity=1, complained_unit=unit)


def raised(rule: Any, subject: str, *villages: str) -> AlertRaised:
    id_ = alert_id(rule, subject, 0)
    return AlertRaised(alert=id_, rule=rule, subject=subject, n=0, since=clock("06:00"), numbers={}, villages=villages)


def withheld(*events: Any) -> set[str]:
    complaints = Complaints()
    for (_, id_), state in folded(map(fact, events)).entities.items():
        complaints.note(id_, state, area(state))
    return set(complaints.subjects())


@pytest.mark.parametrize(
    "events",
    [
        (reported("ins-1"), triaged("ins-1")),
        (reported("ins-1"), triaged("ins-1", "other")),
        (reported("ins-1", "officer_neutrality"),),
        (reported("ins-1", "officer_neutrality"), triaged("ins-1", unit=None)),
    ],
)
def test_a_complaint_is_withheld_with_or_without_a_unit_that_it_names(events: tuple[Any, ...]) -> None:
    assert withheld(*events, reported("ins-2")) == {"incident/ins-1"}


def test_what_was_judged_to_be_none_is_shown() -> None:
    assert withheld(reported("ins-1", "officer_neutrality"), triaged("ins-1", "crowding", None)) == set()


def test_what_leads_to_a_complaint_is_withheld_and_what_it_leads_to_is_not() -> None:
    events = [
        triaged("ins-1"),
        reported("ins-1", names=["ins-5"]),
        DuplicateLinked(incident="ins-2", duplicate_of="ins-1"),
        reported("ins-3", names=["ins-2"]),
        reported("ins-4"),
        reported("ins-5"),
    ]
    assert withheld(*events) == {"incident/ins-1", "incident/ins-2", "incident/ins-3"}


def test_alerts_on_a_complaint_and_clusters_of_its_district_are_withheld() -> None:
    told = [raised("unacknowledged", "incident/ins-1", VILLAGE), raised("cluster", "36.04.13")]
    told += [raised("cluster", "36.04.05"), raised("unacknowledged", "incident/ins-2", VILLAGE)]
    events = [
        reported("ins-1"),
        triaged("ins-1"),
        reported("ins-2", village=NEXT_DOOR),
        reported("ins-3", village=FAR_AWAY),
    ]
    assert withheld(*events, *told) == {"incident/ins-1", *(f"alert/{each.alert}" for each in told[:2])}
