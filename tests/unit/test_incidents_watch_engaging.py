"""Districts in which no mass organisation was met before the vote."""

from datetime import date, datetime, timedelta
from typing import Any

from schemas.incidents import EngagementHeld, OperationAdopted
from schemas.operation import Participant, Stage, Voting
from services.views.facts import Fact
from services.views.operation import JAKARTA
from tests.support.facts import fact
from tests.support.incidents_watch import TUNDA, broken, raised

DISTRICT, NEIGHBOUR, ELSEWHERE = "36.04.13", "36.04.13.2005", "36.04.17.2002"
VOTE, END = datetime(2019, 11, 3, 7, tzinfo=JAKARTA), datetime(2019, 11, 6, tzinfo=JAKARTA)
DEADLINE = VOTE - timedelta(days=1)


def adopted(*villages: str, version: int = 1, **changes: Any) -> Fact:
    fields: dict[str, Any] = {
        "polling_day": date(2019, 11, 3),
        "stages": (
            Stage(stage="voting", start=VOTE, end=VOTE + timedelta(hours=6)),
            Stage(stage="aftermath", start=VOTE + timedelta(hours=6), end=END),
        ),
        "villages": tuple(Voting(village=each, jurisdiction="polres-serang", stations=2) for each in villages),
    }
    file = OperationAdopted(
        operation="o",
        version=version,
        name="Operasi",
        agencies=(Participant(agency="polres-serang", name="Polres Serang"),),
        source="rapat",
        dated=date(2019, 10, 30),
        **(fields | changes),
    )
    return fact(file)


def held(district: str = DISTRICT, at: str = "00:00", source: str = "/agencies/camat") -> Fact:
    meeting = EngagementHeld(engagement="temu-1", district=district, ormas="ormas-1", participants=20, summary="damai")
    return fact(meeting, at, source=source)


def not_engaged(now: datetime, *facts: Fact) -> list[str]:
    return [each.subject for each in broken("district_not_engaged", now, *facts)]


def test_a_day_before_the_vote_a_district_that_votes_is_to_be_engaged() -> None:
    operation = adopted(TUNDA, NEIGHBOUR)
    assert not_engaged(DEADLINE - timedelta(microseconds=1), operation) == []
    (breach,) = broken("district_not_engaged", DEADLINE, operation)
    assert (breach.subject, breach.since, breach.villages) == (DISTRICT, DEADLINE, (TUNDA, NEIGHBOUR))
    assert breach.numbers == {"before_vote_hours": 24, "villages_count": 2}


def test_a_meeting_in_the_district_is_enough_and_one_elsewhere_is_none() -> None:
    assert not_engaged(DEADLINE, adopted(TUNDA), held()) == []
    assert not_engaged(DEADLINE, adopted(TUNDA), held(ELSEWHERE[:8])) == [DISTRICT]


def test_each_district_that_votes_is_looked_at_and_no_other() -> None:
    assert not_engaged(DEADLINE, adopted(TUNDA, ELSEWHERE)) == [DISTRICT, ELSEWHERE[:8]]


def test_a_meeting_that_is_held_late_clears_it_after_the_vote_too() -> None:
    facts = adopted(TUNDA), raised("district_not_engaged", DISTRICT)
    assert not_engaged(VOTE + timedelta(days=1), *facts) == [DISTRICT]
    assert not_engaged(VOTE + timedelta(days=1), *facts, held(at="23:00")) == []


def test_a_meeting_counts_where_the_latest_word_puts_it() -> None:
    words = held(), held(ELSEWHERE[:8], at="01:00", source="/agencies/polsek")
    assert not_engaged(DEADLINE, adopted(TUNDA), *words) == [DISTRICT]
    assert not_engaged(DEADLINE, adopted(TUNDA), *reversed(words)) == [DISTRICT]


def test_it_ends_with_the_operation() -> None:
    facts = adopted(TUNDA), raised("district_not_engaged", DISTRICT)
    assert not_engaged(END - timedelta(microseconds=1), *facts) == [DISTRICT]
    assert not_engaged(END, *facts) == []


def test_the_file_in_force_says_who_votes() -> None:
    assert not_engaged(DEADLINE, adopted(TUNDA, version=10), adopted(ELSEWHERE, version=9)) == [DISTRICT]


def test_without_an_operation_nothing_is_asked() -> None:
    assert not_engaged(DEADLINE) == []


def test_a_file_without_its_voting_stage_votes_with_the_polling_day() -> None:
    stages = (Stage(stage="aftermath", start=VOTE, end=END),)
    midnight = datetime(2019, 11, 2, tzinfo=JAKARTA)
    assert not_engaged(midnight - timedelta(microseconds=1), adopted(TUNDA, stages=stages)) == []
    assert not_engaged(midnight, adopted(TUNDA, stages=stages)) == [DISTRICT]
