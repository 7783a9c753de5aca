"""When states turn with time alone: until then they stay, and then something is seen to have turned."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from scenarios import serang2019
from schemas.incidents import AlertAcknowledged, AlertCleared, AlertRaised
from schemas.types import alert_id
from services.projection.api import alerts
from services.projection.api.briefs import Briefs, briefs
from services.projection.api.picture import drawn
from services.projection.api.picture_judge import Judge
from services.projection.api.picture_words import PictureAnswer
from services.views.facts import Fact
from tests.support.facts import DAY, clock, fact, shown
from tests.support.picture import HOUR, picture, row_of
from tests.support.rehearsal import Rehearsal
from tests.support.reports import HERE, assigned, mustered, required, sighted
from tests.support.size import sized

TICK = timedelta(microseconds=1)
ALERT = alert_id("unit_silent", "unit/polres-serang-007", 0)


def judged(found: Briefs, now: datetime) -> PictureAnswer:
    return drawn(found, Judge(now, 6 * HOUR, 6 * HOUR, 2 * HOUR, 36 * HOUR, found.polls_open))


def changes(*facts: Fact, now: str) -> datetime | None:
    return row_of(picture(clock(now), *facts), HERE).changes_at


def test_a_requirement_turns_when_its_window_begins_and_when_it_ends() -> None:
    need = required(HERE, "polres-serang")  # from 00:00 for a day
    assert row_of(picture(DAY - HOUR, need), HERE).changes_at == DAY
    assert changes(need, now="00:00") == DAY + 24 * HOUR
    assert row_of(picture(DAY + 24 * HOUR, need), HERE).changes_at is None


def test_a_count_turns_stale_the_moment_after_its_limit() -> None:
    facts = required(HERE, "polres-serang"), assigned("a1", HERE), mustered("02:00", "02:00")
    assert changes(*facts, now="03:00") == clock("08:00") + TICK
    before, after = (row_of(picture(at, *facts), HERE) for at in (clock("08:00"), clock("08:00") + TICK))
    assert (before.strength.state, after.strength.state) == ("ok", "unknown")


def raised() -> Fact:
    data = AlertRaised(
        alert=ALERT, rule="unit_silent", subject="unit/polres-serang-007", n=0, since=clock("01:00"),
        numbers={"silent_min": 40.0}, villages=(HERE,),
    )  # fmt: skip
    return fact(data, "01:40", recorded="01:40")


def test_an_alert_turns_when_its_acknowledgement_runs_out() -> None:
    acknowledged = fact(
        AlertAcknowledged(alert=ALERT, comment="called", until=clock("05:00")), "02:00", recorded="02:00"
    )
    cleared = fact(AlertCleared(alert=ALERT, numbers={"silent_min": 0.0}), "04:00", recorded="04:00")

    def turns(*facts: Fact, now: str) -> Any:
        return alerts.answer(shown(*facts), clock(now))["changes_at"]

    assert turns(raised(), now="03:00") is None
    assert turns(raised(), acknowledged, now="03:00") == clock("05:00")
    assert turns(raised(), acknowledged, now="05:00") is None
    assert turns(raised(), acknowledged, cleared, now="04:30") is None
    assert changes(raised(), acknowledged, now="03:00") == clock("05:00")
    assert picture(clock("03:00"), raised(), acknowledged).changes_at == clock("05:00")


def test_what_nobody_says_anything_of_never_turns() -> None:
    assert picture(clock("03:00"), sighted()).changes_at is None


@pytest.fixture(scope="module")
def played() -> list[Briefs]:
    """What is known after a third, two thirds and all of the operation, and each time when that is."""
    messages, rehearsal, found = serang2019.make("small", 2019).messages, Rehearsal(), []
    step = len(messages) // 3 + 1
    for start in range(0, len(messages), step):
        rehearsal.play(messages[start : start + step])
        documents: defaultdict[str, list[Any]] = defaultdict(list)
        for (kind, _), document in rehearsal.model.documents().items():
            documents[kind].append(document)
        found.append(briefs(documents, DAY))
    return found


def test_until_then_everything_stays_as_it_is_and_then_mostly_something_turns(played: Sequence[Briefs]) -> None:
    random, turned, steps = Random(6), 0, 0
    for found in played:
        for _ in range(max(3, sized(60))):
            now = DAY + timedelta(minutes=random.randrange(-5 * 24 * 60, 3 * 24 * 60))
            before = judged(found, now)
            if before.changes_at is None:
                continue
            assert before.changes_at > now
            between = now + random.random() * (before.changes_at - TICK - now)
            for same in (between, before.changes_at - TICK):
                assert judged(found, same).model_copy(update={"now": now}) == before
            after = judged(found, before.changes_at)
            turned += seen(after) != seen(before)
            steps += 1
    assert steps > 5
    assert turned > steps / 2


def seen(answer: PictureAnswer) -> Any:
    """The picture but for the instants at which it turns."""
    shown_ = answer.model_dump(exclude={"now", "changes_at"})
    return {**shown_, "villages": [{**each, "changes_at": None} for each in shown_["villages"]]}
