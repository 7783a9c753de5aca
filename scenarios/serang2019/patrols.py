"""Those who move: patrols of vulnerable spots, close protection, reliefs, the reserve and Satpol PP. Synthetic."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from random import Random
from typing import Any

from scenarios.serang2019.calendar import GUARD_TO, MINUTE, TYPED, at
from scenarios.serang2019.cast import Squad
from scenarios.serang2019.polls import Poll
from scenarios.serang2019.story import POSKO, Story
from scenarios.serang2019.tracks import AT_POST, ON_THE_ROAD, Point, between, near, office_of, sight, times
from scenarios.serang2019.units import RELIEF, relieved_at
from schemas.deployment import (
    AssignUnit,
    CancelAssignment,
    UnitArrived,
    UnitMustered,
    UnitRelieved,
    UnitVisited,
)
from schemas.types import Force

PATROL_DAYS = (31, 1, 2, 3, 4)
PATROL_HOURS = (8, 16)
ON_PATROL = 5
"""Heads of a unit that go on patrol; a larger unit keeps the others for close protection."""
LAST_LOOKED_AT = 2
"""The day of November on which the spot that is forgotten on the day of the vote is visited last."""
PROTECTED = at(1, 8), at(4, 8)
FINDINGS = ("Spanduk calon belum diturunkan", "Kerumunan warga, dibubarkan", "Penerangan TPS kurang", None, None, None)


def write(story: Story) -> None:
    """Every duty of those who move, and what they see."""
    random = story.random("patrols")
    for number, squad in enumerate(story.cast.of("patrol", "brimob")):
        for day in PATROL_DAYS:
            _patrol(story, squad, number, day, random)
    _protect(story, random)
    _relieve(story, random)
    _stand_by(story, random)


def assign(story: Story, squad: Squad, name: str, time: datetime, mishap: str | None = None, **duty: Any) -> None:
    """The posko gives a unit a duty; all its heads unless told otherwise."""
    fields = {"headcount": squad.strength} | duty
    order = AssignUnit(unit=squad.unit, assignment=f"{squad.unit}-{name}", **fields)
    story.script.order(time, POSKO, order, mishap=mishap)


# Patrols.


def _patrol(story: Story, squad: Squad, number: int, day: int, random: Random) -> None:
    """Every day in one district, from one village that votes to the next."""
    begin, end = (at(day, hour) for hour in PATROL_HOURS)
    districts = story.cast.districts()
    district = districts[(number + day) % len(districts)]
    assign(
        story,
        squad,
        f"patroli-{day:02}",
        at(29, 18) + PATROL_DAYS.index(day) * 30 * MINUTE + number * TYPED,
        duty="patrol",
        target_kind="area",
        target=district,
        start=begin,
        end=end,
        headcount=_heads(squad, min(ON_PATROL, squad.heads)),
    )
    _walk(story, squad, district, (begin + random.randrange(0, 10) * MINUTE, end), random)


def _walk(story: Story, squad: Squad, district: str, when: tuple[datetime, datetime], random: Random) -> None:
    """From the office to village after village, with positions on the way and a visit at the end of each."""
    stops = list(times(*when, story.size.visit))[1:]
    polls = _spots(story, district, when[0].day, random)
    reached = dict(zip(stops, cycle(polls), strict=False))
    points = {when[0]: office_of(district)} | {
        time: (poll.village.lat, poll.village.lon) for time, poll in reached.items()
    }
    for time in times(*when, story.size.patrol_fix):
        sight(story, squad, time, near(_at(points, time), random, ON_THE_ROAD), random, moving=True)
    for time, poll in reached.items():
        visited = UnitVisited(unit=squad.unit, village=poll.code, finding=random.choice(FINDINGS))
        last = poll is story.victims.unpatrolled and when[0].day == LAST_LOOKED_AT
        story.script.report(time, squad.agency, visited, mishap="spot unpatrolled" if last else None)


def _spots(story: Story, district: str, day: int, random: Random) -> list[Poll]:
    """The villages of a district that vote, in any order; one of them is not gone to on the day of the vote."""
    polls = [poll for poll in story.cast.polls if poll.village.district_code == district and not poll.on_the_island]
    random.shuffle(polls)
    forgotten = story.victims.unpatrolled
    if forgotten in polls:
        polls.remove(forgotten)
        return polls if day == LAST_LOOKED_AT + 1 else [forgotten, *polls]
    return polls


def _at(points: Mapping[datetime, Point], time: datetime) -> Point:
    """Where one is at a time who is at these points at theirs; at the last one after it."""
    for (before, origin), (after, destination) in pairwise(points.items()):
        if before <= time < after:
            return between(origin, destination, (time - before) / (after - before))
    return points[max(points)]


def _heads(squad: Squad, heads: int) -> dict[Force, int]:
    return {squad.force: heads}


# Close protection, reliefs, the reserve.


def _protect(story: Story, random: Random) -> None:
    """Close protection of candidates where it is most needed, as far as Brimob's heads go; always by written order."""
    grave = [poll for poll in story.cast.polls if poll.vulnerability == "sangat_rawan"]
    able = [squad for squad in story.cast.of("brimob") if squad.heads >= ON_PATROL + 2]
    for number, (squad, poll) in enumerate(zip(able, grave, strict=False), start=1):
        assign(
            story,
            squad,
            "melekat",
            at(30, 18) + number * TYPED,
            duty="close_protection",
            target_kind="protectee",
            target=f"{poll.code}-c01" if number % 4 else f"{poll.code}-tim01",
            start=PROTECTED[0],
            end=PROTECTED[1],
            headcount=_heads(squad, 2),
            order_reference=f"SYN/{number:03}/X/PAM.3.3/2019",
        )
        for time in _between_patrols(4 * story.size.patrol_fix):
            sight(story, squad, time, near((poll.village.lat, poll.village.lon), random, AT_POST), random, moving=False)


def _between_patrols(step: timedelta) -> Iterator[datetime]:
    """While a unit protects somebody and is not heard on patrol."""
    begin, end = PATROL_HOURS
    for day in PATROL_DAYS[1:-1]:
        yield from times(at(day, end), at(day + 1, begin), step)


def _relieve(story: Story, random: Random) -> None:
    """Late on the day of the vote patrols relieve the guard of some posts, until the end."""
    victims = {story.cast.of("patrol")[0], story.cast.of("patrol")[-1], *story.victims.cut_off}
    relieving = [squad for squad in story.cast.of("patrol") if squad not in victims]
    for number, (poll, squad) in enumerate(zip(relieved_at(story), relieving, strict=False)):
        post = poll.code
        assign(
            story,
            squad,
            "ganti",
            at(3, 11) + number * TYPED,
            duty="guard",
            target_kind="post",
            target=post,
            start=RELIEF - 30 * MINUTE,
            end=GUARD_TO,
        )
        came = RELIEF - random.randrange(2, 20) * MINUTE
        guard, script = story.cast.guard_of(poll), story.script
        script.report(came, squad.agency, UnitArrived(unit=squad.unit, post=post))
        relieved = UnitRelieved(unit=guard.unit, post=post, by=squad.unit)
        script.report(RELIEF, guard.agency, relieved)
        mustered = UnitMustered(unit=squad.unit, post=post, present=squad.strength)
        script.report(RELIEF + 5 * MINUTE, squad.agency, mustered)
        step, home = story.size.guard_fix, (poll.village.lat, poll.village.lon)
        for time in times(RELIEF + step, GUARD_TO, step):
            sight(story, squad, time, near(home, random, AT_POST), random, moving=False)


def _stand_by(story: Story, random: Random) -> None:
    """The reserve and Satpol PP wait in their districts; one unit of the reserve is sent elsewhere twice."""
    districts = story.cast.districts()
    waiting = [*story.cast.of("reserve")[1:], *story.cast.of("satpol")]
    for number, squad in enumerate(waiting):
        district = districts[number % len(districts)]
        assign(
            story,
            squad,
            "cadangan",
            at(30, 19) + number * TYPED,
            duty="reserve",
            target_kind="area",
            target=district,
            start=at(3, 6),
            end=GUARD_TO,
        )
        for time in times(at(3, 6), GUARD_TO, 4 * story.size.patrol_fix):
            sight(story, squad, time, near(office_of(district), random, AT_POST), random, moving=False)
    _retask(story)


def _retask(story: Story) -> None:
    """Each time the duty that it has is cancelled and it gets another."""
    squad = story.cast.of("reserve")[0]
    for number, poll in enumerate(story.cast.polls[1:4]):
        time = at(3, 8 + 2 * number, 30)
        if number:
            reason = "Dialihkan ke pos lain"
            order = CancelAssignment(unit=squad.unit, assignment=f"{squad.unit}-tugas-{number}", reason=reason)
            story.script.order(time - TYPED, POSKO, order, mishap="re-tasked")
        assign(
            story,
            squad,
            f"tugas-{number + 1}",
            time,
            "re-tasked",
            duty="guard",
            target_kind="post",
            target=poll.code,
            start=time + timedelta(minutes=30),
            end=at(3, 18),
        )
        arrived = UnitArrived(unit=squad.unit, post=poll.code)
        story.script.report(time + timedelta(minutes=50), squad.agency, arrived)
