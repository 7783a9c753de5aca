"""The units at their posts: registration, duties, and what they report of themselves. Synthetic."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from scenarios.script import Draft
from scenarios.serang2019.calendar import GUARD_FROM, GUARD_TO, MINUTE, TYPED, at
from scenarios.serang2019.cast import Squad
from scenarios.serang2019.polls import Poll
from scenarios.serang2019.story import POSKO, Story
from scenarios.serang2019.tracks import AT_POST, near, sight, times
from schemas.deployment import (
    AssignUnit,
    RegisterUnit,
    StandDownUnit,
    UnitArrived,
    UnitDeparted,
    UnitLeftPost,
    UnitMustered,
)

RELIEF = at(3, 16, 30)
HELD_UP = timedelta(hours=2, minutes=40)
"""After the begin of the guard, when a unit comes late."""
SILENCE = at(3, 1), at(3, 5, 30)
"""When nothing is heard of the silent unit."""
STRAYING = at(3, 9, 20), at(3, 10, 20)
FAR_OFF = 0.03
"""In degrees: about three kilometres."""


def write(story: Story) -> None:
    """From the first registration until the units are released."""
    for number, squad in enumerate(story.cast.squads):
        story.script.order(at(29, 8) + number * TYPED, POSKO, registration(squad))
    random = story.random("units")
    for number, squad in enumerate(story.cast.of("guard", "linmas", "koramil")):
        _assign_guard(story, squad, number)
        _guard(story, squad, random)
    _stand_down(story)


def registration(squad: Squad) -> RegisterUnit:
    """The order that enters a unit."""
    return RegisterUnit(
        unit=squad.unit,
        name=squad.name,
        agency=squad.agency,
        strength=squad.strength,
        callsign=squad.callsign,
        force=squad.force,
    )


def _assign_guard(story: Story, squad: Squad, number: int) -> None:
    assert squad.poll is not None
    order = AssignUnit(
        unit=squad.unit,
        assignment=f"{squad.unit}-pam",
        duty="guard",
        target_kind="post",
        target=squad.poll.code,
        start=GUARD_FROM,
        end=GUARD_TO,
        headcount=squad.strength,
    )
    story.script.order(at(30, 14) + number * TYPED, POSKO, order)


def _stand_down(story: Story) -> None:
    """On the last day but one, when the boxes are back."""
    for number, squad in enumerate(story.cast.squads):
        order = StandDownUnit(unit=squad.unit, at=at(5, 0), reason="Operasi selesai")
        story.script.order(at(4, 20) + number * TYPED, POSKO, order)


# What those who stand at a post report.


def _guard(story: Story, squad: Squad, random: Random) -> None:
    """The way there, arrival, heads counted, positions, and leaving with consent."""
    poll = squad.poll
    assert poll is not None
    arrival = _arrival(story, squad, poll, random)
    leaves = RELIEF if squad.role == "guard" and poll in relieved_at(story) else GUARD_TO
    told = [_depart(story, squad, poll, arrival, random)]
    arrived = UnitArrived(unit=squad.unit, post=poll.code)
    late = "arrival overdue" if squad is story.victims.overdue else None
    told.append(story.script.report(arrival, squad.agency, arrived, mishap=late))
    told += _count(story, squad, arrival, leaves, random)
    step = story.size.guard_fix if squad.role == "guard" else story.size.post_fix
    if step is not None:
        told += _stand(story, squad, (arrival, leaves), step, random)
    if squad is story.victims.strayed:
        for time in STRAYING:
            place = near((poll.village.lat + FAR_OFF, poll.village.lon), random, AT_POST)
            sight(story, squad, time, place, random, moving=False).mishap = "off post"
    if poll.on_the_island:
        told.sort(key=lambda draft: draft.send_at)
        _tell_from_the_island(story, told)
    if squad is not story.victims.deserter and leaves == GUARD_TO:
        left = UnitLeftPost(unit=squad.unit, post=poll.code, reason="selesai tugas", consent=f"SYN/LEPAS/{squad.unit}")
        story.script.report(GUARD_TO + random.randrange(5, 40) * MINUTE, squad.agency, left)


def relieved_at(story: Story) -> list[Poll]:
    """Villages where a patrol relieves the guard late on the day of the vote, one for each patrol that does."""
    victims = (story.victims.short_handed, story.victims.silent, story.victims.complained, story.victims.strayed)
    guarded = [poll for poll in story.cast.polls if not poll.on_the_island]
    free = [poll for poll in guarded if story.cast.guard_of(poll) not in victims]
    return free[: max(1, len(free) // 25)]


def _arrival(story: Story, squad: Squad, poll: Poll, random: Random) -> datetime:
    if squad is story.victims.overdue:
        return GUARD_FROM + HELD_UP
    if poll.on_the_island:
        return GUARD_FROM + random.randrange(10, 40) * MINUTE
    return GUARD_FROM - random.randrange(0, 60) * MINUTE


def _depart(story: Story, squad: Squad, poll: Poll, arrival: datetime, random: Random) -> Draft:
    if poll.on_the_island:
        departed = UnitDeparted(unit=squad.unit, post=poll.code, mode="sea")
        return story.script.report(arrival - timedelta(hours=2), squad.agency, departed, mishap="crossing not begun")
    departed = UnitDeparted(unit=squad.unit, post=poll.code, mode="road")
    return story.script.report(arrival - random.randrange(20, 75) * MINUTE, squad.agency, departed)


def _count(story: Story, squad: Squad, arrival: datetime, leaves: datetime, random: Random) -> Iterator[Draft]:
    assert squad.poll is not None
    short = squad is story.victims.short_handed
    counts = (arrival + 20 * MINUTE, at(2, 22), at(3, 6, 10), at(3, 9), at(3, 13, 10), at(3, 17))
    for counted in counts if story.size.post_fix else counts[::3]:
        if counted < leaves:
            time = counted + random.randrange(0, 20) * MINUTE
            mustered = UnitMustered(unit=squad.unit, post=squad.poll.code, present={squad.force: squad.heads - short})
            yield story.script.report(time, squad.agency, mustered, mishap="under strength" if short else None)


def _tell_from_the_island(story: Story, told: list[Draft]) -> None:
    """One mobile network works there, now and then: what was written until it does comes in one go."""
    for until, sent in ((at(3, 5), at(3, 5, 10)), (at(3, 14), at(3, 14, 25))):
        waiting = [draft for draft in told if draft.batch is None and draft.send_at < until]
        if waiting:
            story.script.upload(waiting, sent, "late in bulk")


def _stand(
    story: Story, squad: Squad, there: tuple[datetime, datetime], step: timedelta, random: Random
) -> Iterator[Draft]:
    """Positions at the post; the last one before a silence is the one by which that can be known."""
    assert squad.poll is not None
    home = squad.poll.village.lat, squad.poll.village.lon
    last: Draft | None = None
    for time in times(*there, step):
        time += random.randrange(0, 60) * timedelta(seconds=2)  # noqa: PLW2901 - nobody reports on the second
        if squad is story.victims.silent and last is not None and SILENCE[0] <= time < SILENCE[1]:
            last.mishap = "unit silent"
            continue
        strayed = squad is story.victims.strayed and STRAYING[0] <= time <= STRAYING[1]
        place = near((home[0] + FAR_OFF * strayed, home[1]), random, AT_POST)
        last = sight(story, squad, time, place, random, moving=False)
        yield last
