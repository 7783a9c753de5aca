"""The deployment: registration, the plan of the posts, duties, and what units report of themselves.

Synthetic, save that partners met on 30 October and that polling was on 3 November 2019.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from scenarios.script import Draft
from scenarios.serang2019.calendar import GUARD_FROM, GUARD_TO, MEETING, at
from scenarios.serang2019.cast import WARGASARA, Poll, Squad
from scenarios.serang2019.story import POSKO, Story
from schemas.deployment import (
    AssignUnit,
    Need,
    RegisterUnit,
    RequirePost,
    UnitArrived,
    UnitLeftPost,
    UnitMustered,
    UnitSighted,
)
from schemas.places import VILLAGES

PATROL_DAYS = (31, 1, 2, 3, 4)
PATROL_HOURS = (8, 16)
TYPED = timedelta(seconds=40)
"""Between two orders of one operator."""
MINUTE = timedelta(minutes=1)
ON_PATROL = 5
"""Heads of a unit that go on patrol; a larger unit keeps the others for close protection."""
KARANGANTU, PULAU_TUNDA = (-6.0345, 106.1649), (-5.8148, 106.2790)
"""Piers, lat and lon; approximate."""


def write(story: Story) -> None:
    """From the first registration to the last patrol."""
    _register(story)
    _require(story)
    _assign_guards(story)
    random = story.random("units")
    for squad in story.cast.of("guard", "linmas", "koramil"):
        _guard(story, squad, random)
    for number, squad in enumerate(story.cast.of("patrol", "brimob")):
        _patrol(story, squad, number, random)
    _protect(story)


def _register(story: Story) -> None:
    for number, squad in enumerate(story.cast.squads):
        order = RegisterUnit(
            unit=squad.unit, name=squad.name, agency=squad.agency, strength=squad.strength, callsign=squad.callsign
        )
        story.script.order(at(29, 8) + number * TYPED, POSKO, order)


def _require(story: Story) -> None:
    for number, poll in enumerate(story.cast.polls):
        story.script.order(at(29, 13) + number * TYPED, POSKO, requirement(poll, 1))
        if poll.vulnerability == "sangat_rawan":
            story.script.order(MEETING + timedelta(hours=2) + number * TYPED, POSKO, requirement(poll, 2))


def requirement(poll: Poll, version: int) -> RequirePost:
    """What a village's post needs, as one version of the plan."""
    about = "after the meeting of 30 October" if version > 1 else "first draft"
    return RequirePost(
        post=poll.code,
        jurisdiction=poll.jurisdiction,
        vulnerability=poll.vulnerability,
        stations=len(poll.stations),
        needs=tuple(Need(force=force, heads=heads, per="post") for force, heads in poll.required.items()),
        start=GUARD_FROM,
        end=GUARD_TO,
        plan_version=version,
        plan_source=f"synthetic: {about}",
        plan_dated=(MEETING if version > 1 else at(29, 8)).date(),
    )


def _assign_guards(story: Story) -> None:
    for number, squad in enumerate(story.cast.of("guard", "linmas", "koramil")):
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
        story.script.order(at(30, 13) + number * TYPED, POSKO, order)


def _protect(story: Story) -> None:
    """Close protection of candidates where it is most needed, as far as Brimob's heads go; always by written order."""
    grave = [poll for poll in story.cast.polls if poll.vulnerability == "sangat_rawan"]
    able = [squad for squad in story.cast.of("brimob") if squad.heads >= ON_PATROL + 2]
    for number, (squad, poll) in enumerate(zip(able, grave, strict=False), start=1):
        order = AssignUnit(
            unit=squad.unit,
            assignment=f"{squad.unit}-melekat",
            duty="close_protection",
            target_kind="protectee",
            target=f"{poll.code}-c01",
            start=at(1, 8),
            end=at(4, 8),
            headcount={squad.force: 2},
            order_reference=f"SYN/{number:03}/X/PAM.3.3/2019",
        )
        story.script.order(at(30, 18) + number * TYPED, POSKO, order)


# What those who stand at a post report.


def _guard(story: Story, squad: Squad, random: Random) -> None:
    """The way there, arrival, heads counted, positions, and leaving when relieved."""
    poll = squad.poll
    assert poll is not None
    island = poll.code == WARGASARA
    arrival = at(2, 15) + random.randrange(0, 60) * MINUTE if island else at(2, 14) + random.randrange(90, 180) * MINUTE
    told = [story.script.report(arrival, squad.agency, UnitArrived(unit=squad.unit, post=poll.code))]
    for counted in (arrival + 30 * MINUTE, at(3, 6, 30), at(3, 13, 30)):
        present = {squad.force: squad.heads - (squad is story.victims.short_handed)}
        mustered = UnitMustered(unit=squad.unit, post=poll.code, present=present)
        told.append(story.script.report(counted + random.randrange(0, 20) * MINUTE, squad.agency, mustered))
    if squad.role == "guard":
        told += [draft for _, draft in _fixes_at_post(story, squad, poll, arrival, random)]
    if island:
        told.sort(key=lambda draft: draft.send_at)
        _tell_from_the_island(story, told)
    if squad is not story.victims.deserter:
        left = UnitLeftPost(unit=squad.unit, post=poll.code, reason="selesai tugas", consent=f"SYN/LEPAS/{squad.unit}")
        story.script.report(GUARD_TO + random.randrange(5, 40) * MINUTE, squad.agency, left)


def _tell_from_the_island(story: Story, told: list[Draft]) -> None:
    """One mobile network works there, now and then: what was written until it does comes in one go."""
    for until, sent in ((at(3, 5), at(3, 5, 10)), (at(3, 14), at(3, 14, 25))):
        waiting = [draft for draft in told if draft.batch is None and draft.send_at < until]
        if waiting:
            story.script.upload(waiting, sent, "late in bulk")


def _fixes_at_post(
    story: Story, squad: Squad, poll: Poll, arrival: datetime, random: Random
) -> Iterator[tuple[datetime, Draft]]:
    time = arrival
    while time < GUARD_TO:
        lat, lon = _near(poll.village.lat, poll.village.lon, random, 0.0004)
        fix = UnitSighted(unit=squad.unit, lat=lat, lon=lon, accuracy=float(random.randrange(4, 30)), speed=0.0)
        yield time, _sight(story, squad, time, fix)
        time += story.size.guard_fix + random.randrange(-5, 6) * MINUTE


# What those who move report.


def _patrol(story: Story, squad: Squad, number: int, random: Random) -> None:
    """Every day in one district, from village to village."""
    districts = sorted({poll.village.district_code for poll in story.cast.polls})
    for day in PATROL_DAYS:
        begin, end = (at(day, hour) for hour in PATROL_HOURS)
        district = districts[(number + day) % len(districts)]
        order = AssignUnit(
            unit=squad.unit,
            assignment=f"{squad.unit}-patroli-{day:02}",
            duty="patrol",
            target_kind="area",
            target=district,
            start=begin,
            end=end,
            headcount={squad.force: min(ON_PATROL, squad.heads)},
        )
        story.script.order(at(30, 16) + number * TYPED + (PATROL_DAYS.index(day) * 5) * MINUTE, POSKO, order)
        for time, lat, lon in _walk(district, begin, end, story.size.patrol_fix, random):
            speed, heading = float(random.randrange(0, 14)), float(random.randrange(0, 360))
            fix = UnitSighted(unit=squad.unit, lat=lat, lon=lon, accuracy=12.0, speed=speed, heading=heading)
            _sight(story, squad, time, fix)


def _walk(
    district: str, begin: datetime, end: datetime, step: timedelta, random: Random
) -> Iterator[tuple[datetime, float, float]]:
    """Somewhere along the line from one village of the district to another, at each time."""
    stops = [v for v in VILLAGES.values() if v.district_code == district and v.code != WARGASARA]
    time = begin + random.randrange(0, 10) * MINUTE
    while time < end:
        here, there = random.sample(stops, 2)
        share = random.random()
        lat = here.lat + share * (there.lat - here.lat)
        lon = here.lon + share * (there.lon - here.lon)
        yield time, *_near(lat, lon, random, 0.002)
        time += step


def sail(story: Story, boat: Squad, begin: datetime, hours: float, random: Random) -> None:
    """Positions of a boat on its way from Karangantu to Pulau Tunda."""
    for tenth in range(11):
        (lat, lon), (to_lat, to_lon) = KARANGANTU, PULAU_TUNDA
        lat, lon = _near(lat + tenth / 10 * (to_lat - lat), lon + tenth / 10 * (to_lon - lon), random, 0.002)
        fix = UnitSighted(unit=boat.unit, lat=lat, lon=lon, accuracy=20.0, speed=3.6, heading=25.0)
        _sight(story, boat, begin + tenth / 10 * timedelta(hours=hours), fix)


def _sight(story: Story, squad: Squad, time: datetime, fix: UnitSighted) -> Draft:
    draft = story.script.report(time, squad.agency, fix)
    story.fixes[squad].append((time, draft))
    return draft


def _near(lat: float, lon: float, random: Random, spread: float) -> tuple[float, float]:
    """A place a little off, in degrees of at most `spread`."""
    off = (random.random() * 2 - 1) * spread, (random.random() * 2 - 1) * spread
    return round(lat + off[0], 6), round(lon + off[1], 6)
