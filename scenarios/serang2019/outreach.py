"""Early detection and the mass organisations: warnings graded by the Admiralty code, and meetings. All synthetic."""

from datetime import timedelta
from random import Random

from scenarios.serang2019.calendar import MINUTE, at
from scenarios.serang2019.happenings import SUMMARIES
from scenarios.serang2019.polls import Poll
from scenarios.serang2019.story import Story
from scenarios.serang2019.tracks import slug
from schemas.incidents import EngagementHeld, WarningGiven
from schemas.places import DISTRICTS
from schemas.types import IncidentType, Reliability

RELIABILITIES: tuple[Reliability, ...] = ("A", "B", "B", "C", "C", "D", "E", "F")
EXPECTED: tuple[IncidentType, ...] = ("money_politics", "protest", "intimidation", "black_campaign", "crowding")
MEETINGS = 2
"""With mass organisations, in each district."""


def write(story: Story) -> None:
    """What is foreseen, and who is met."""
    random = story.random("outreach")
    for number in range(story.size.warnings):
        _warn(story, number, random)
    for district in story.cast.districts():
        for number in range(MEETINGS):
            _meet(story, district, number, random)


def _warn(story: Story, number: int, random: Random) -> None:
    poll: Poll = random.choice(story.cast.polls)
    district = slug(poll.village.district_name)
    told = at(random.choice((29, 30, 31, 1, 2)), 9) + random.randrange(0, 600) * MINUTE
    expects = random.choice(EXPECTED)
    begin = at(3, random.choice((0, 6, 12)))
    warning = WarningGiven(
        warning=f"peringatan-{number + 1:03}",
        area=random.choice((poll.code, poll.village.district_code)),
        expects=expects,
        reliability=random.choice(RELIABILITIES),
        credibility=random.randrange(1, 7),
        start=begin,
        end=begin + timedelta(hours=random.choice((6, 12))),
        summary=f"Dini: {SUMMARIES.get(expects, 'massa akan memadati TPS').lower()}",
    )
    tellers = ("polda-banten", "polres-serang", poll.jurisdiction, f"polsek-{district}")
    story.script.report(told, tellers[number % len(tellers)], warning)


def _meet(story: Story, district: str, number: int, random: Random) -> None:
    """By the district head, before the vote save in one district."""
    name = slug(DISTRICTS[district])
    late = district == story.victims.unengaged
    held = at(4 if late else random.choice((29, 30, 31, 1)), 9) + random.randrange(0, 480) * MINUTE
    engagement = EngagementHeld(
        engagement=f"temu-{name}-{number + 1}",
        district=district,
        ormas=f"ormas-{name}-{number + 1}",
        participants=random.randrange(8, 60),
        summary="Sepakat menjaga pemilihan damai",
        place=f"kantor-camat-{name}",
    )
    story.script.report(held, f"camat-{name}", engagement, mishap="district not engaged" if late else None)
