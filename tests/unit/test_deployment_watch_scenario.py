"""What the watch of deployment tells of "Serang 2019": every mishap named after a rule of it, and what else is so."""

import json
from datetime import datetime, timedelta

import pytest

from scenarios import serang2019
from scenarios.serang2019 import END, SIZES, story
from scenarios.serang2019.calendar import GUARD_TO, at
from scenarios.serang2019.patrols import PATROL_DAYS, PATROL_HOURS
from scenarios.serang2019.polls import WARGASARA
from scenarios.serang2019.story import Story
from schemas.types import AlertRule
from services.deployment.watch.settings import DeploymentWatchSettings
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from tests.support.watching import Episode, Watched

LOOK = timedelta(minutes=5)
SELDOM = {"unit_silent_after": timedelta(hours=10)}
"""In the small scenario the police at a post are heard every seven hours, and others seldom."""


def played(size: str, parameters: DeploymentWatchSettings) -> Watched:
    watched = Watched((DEPLOYMENT_WATCH, parameters))
    watched.play(serang2019.make(size, 2019).messages, LOOK, END)
    return watched


@pytest.fixture(scope="module")
def small() -> Watched:
    return played("small", DeploymentWatchSettings.model_construct(**SELDOM))


@pytest.fixture(scope="module")
def told() -> Story:
    return story.begin("small-2019", SIZES["small"], 2019)


def guard_of_the_island(told: Story) -> list[str]:
    return [squad.unit for squad in told.cast.squads if squad.poll and squad.poll.code == WARGASARA]


def units(episodes: list[Episode]) -> list[str]:
    return sorted(each.subject.removeprefix("unit/").partition("#")[0] for each in episodes)


def within_a_look(instant: datetime, expected: datetime) -> bool:
    return expected <= instant <= expected + 2 * LOOK  # a fact just after a look is seen by the next


def test_all_alerts_are_cleared_in_the_end(small: Watched) -> None:
    assert [each for each in small.episodes.values() if each.cleared is None] == []


@pytest.mark.parametrize("rule", DEPLOYMENT_WATCH.rules)
def test_an_alert_is_raised_within_a_look_unless_its_cause_was_told_late(small: Watched, rule: AlertRule) -> None:
    late = {each.subject for each in small.of(rule) if not within_a_look(each.raised, each.since)}
    assert late <= {"unit/linmas-serang-001", "unit/koramil-serang-001"}  # from the island, in bulk


def test_short_are_the_post_that_counts_one_head_less_and_the_one_that_was_deserted(
    small: Watched, told: Story
) -> None:
    short, deserted = told.victims.short_handed, told.victims.deserter
    assert short.poll is not None
    assert deserted.poll is not None
    found = {each.subject: each for each in small.of("under_strength")}
    assert found.keys() == {f"{short.poll.code}#polri", f"{deserted.poll.code}#linmas"}
    assert found[f"{short.poll.code}#polri"].numbers["missing_heads"] == 1
    assert within_a_look(found[f"{deserted.poll.code}#linmas"].raised, at(3, 16))


def test_overdue_is_the_unit_that_comes_late(small: Watched, told: Story) -> None:
    (found,) = small.of("arrival_overdue")
    assert units([found]) == [told.victims.overdue.unit]
    assert found.since == at(2, 15, 30)
    assert within_a_look(found.cleared or END, at(2, 17, 40))


def test_gone_is_the_deserter_until_its_duty_ends(small: Watched, told: Story) -> None:
    (found,) = small.of("left_post")
    assert units([found]) == [told.victims.deserter.unit]
    assert found.since == at(3, 16)
    assert within_a_look(found.cleared or END, GUARD_TO)


def test_off_its_post_is_the_one_that_strays(small: Watched, told: Story) -> None:
    (found,) = small.of("off_post")
    assert units([found]) == [told.victims.strayed.unit]
    assert found.since == at(3, 9, 20)


def test_nobody_knows_that_the_island_s_guard_is_at_sea_until_it_is_told_in_bulk(small: Watched, told: Story) -> None:
    found = small.of("crossing_not_begun")
    assert units(found) == sorted(guard_of_the_island(told))
    assert {each.since for each in found} == {at(2, 13)}
    assert all(within_a_look(each.cleared or END, at(3, 5, 10)) for each in found)


def test_of_the_police_at_posts_only_the_silent_one_and_the_island_s_are_silent(small: Watched, told: Story) -> None:
    """Others report twice in 29 hours here, or not at all at night, and are told of with right."""
    silent = set(units(small.of("unit_silent")))
    guards = {squad.unit for squad in told.cast.of("guard")}
    assert silent & guards == {told.victims.silent.unit, *set(guard_of_the_island(told)) & guards}


def test_unpatrolled_is_every_vulnerable_village_that_nobody_saw_in_seven_hours_of_patrol(
    small: Watched, told: Story
) -> None:
    """A patrol makes one stop a day in the small scenario, so there are more than the one that is forgotten."""
    found = {(each.subject, each.since.astimezone(END.tzinfo).day) for each in small.of("spot_unpatrolled")}
    seen = _visits()
    expected = {
        (poll.code, day)
        for poll in told.cast.polls
        for day, district in _patrolled(told)
        if poll.village.district_code == district and poll.vulnerability != "kurang_rawan" and poll.code != WARGASARA
        if (poll.code, day) not in seen
    }
    assert (told.victims.unpatrolled.code, 3) in found
    assert found == expected


def _visits() -> set[tuple[str, int]]:
    """Village and day of every visit, told by the plan's messages alone."""
    messages = [json.loads(each.body) for each in serang2019.make("small", 2019).messages if each.expect == "accepted"]
    return {
        (each["data"]["village"], datetime.fromisoformat(each["time"]).astimezone(END.tzinfo).day)
        for each in messages
        if each["type"] == "kalimaya.unit.visited"
    }


def _patrolled(told: Story) -> set[tuple[int, str]]:
    """The days, and the districts in which a unit patrols then."""
    districts = told.cast.districts()
    squads = told.cast.of("patrol", "brimob")
    assert PATROL_HOURS == (8, 16)
    return {(day, districts[(number + day) % len(districts)]) for number in range(len(squads)) for day in PATROL_DAYS}
