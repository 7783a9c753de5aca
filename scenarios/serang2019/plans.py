"""The plans: what each post needs and which personnel each agency gives, as dated versions that supersede each other.

Facts: 474 police of the Polres and 200 of Brimob and the provincial police, as told at the meeting of 30 October.
Synthetic: all else, the drafts before it among it.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from scenarios.serang2019.calendar import END, GUARD_FROM, GUARD_TO, MEETING, TYPED, at
from scenarios.serang2019.cast import POLDA_HEADS, POLRES_HEADS
from scenarios.serang2019.operation import AGREED, DRAFT
from scenarios.serang2019.polls import POLRES_SERANG, Poll
from scenarios.serang2019.story import POSKO, Story
from schemas.deployment import Need, PlanContingent, RequirePost, RequirePostV1
from schemas.types import Force

DRAFTED: Mapping[Force, int] = {"polri": 2, "linmas": 2}
"""Heads for every post by the draft, whatever the village."""
BY_AN_OLD_PROGRAM = 4
"""Posts of which one Polres states the draft in version 1 of the message."""
DRAFT_OF_474, DRAFT_OF_200 = 450, 180


def write(story: Story) -> None:
    """Drafts on 29 October; after the meeting what holds."""
    for number, poll in enumerate(story.cast.polls):
        first = old_requirement(poll) if number < BY_AN_OLD_PROGRAM else requirement(poll, DRAFT)
        story.script.order(at(29, 13) + number * TYPED, POSKO, first)
        story.script.order(MEETING + timedelta(hours=2) + number * TYPED, POSKO, requirement(poll, AGREED))
    for version, time in ((DRAFT, at(29, 12)), (AGREED, MEETING + timedelta(minutes=90))):
        for number, order in enumerate(contingents(story, version)):
            story.script.order(time + number * TYPED, POSKO, order)


def requirement(poll: Poll, version: int) -> RequirePost:
    """What a village's post needs, as one version of the plan."""
    drafted = tuple(Need(force=force, heads=heads, per="post") for force, heads in DRAFTED.items())
    return RequirePost(
        post=poll.code,
        jurisdiction=poll.jurisdiction,
        vulnerability="rawan" if version == DRAFT else poll.vulnerability,
        stations=len(poll.stations),
        needs=drafted if version == DRAFT else poll.needs,
        start=GUARD_FROM,
        end=GUARD_TO,
        plan_version=version,
        plan_source=_source(version),
        plan_dated=(at(29, 8) if version == DRAFT else MEETING).date(),
    )


def old_requirement(poll: Poll) -> RequirePostV1:
    """The draft for a village's post, by a program that knows version 1 of the message only."""
    return RequirePostV1(
        post=poll.code,
        jurisdiction=poll.jurisdiction,
        vulnerability="rawan",
        stations=len(poll.stations),
        required=dict(DRAFTED),
        start=GUARD_FROM,
        end=GUARD_TO,
        plan_version=DRAFT,
        plan_source=_source(DRAFT),
    )


def contingents(story: Story, version: int) -> Iterator[PlanContingent]:
    """The personnel of the Polres, of the province, and of every other agency that has units, by one version."""
    drafted = version == DRAFT
    polda = _heads(story, "brimob-banten", "polairud-banten")
    known: dict[str, dict[Force, int]] = {
        POLRES_SERANG: {"polri": DRAFT_OF_474 if drafted else POLRES_HEADS},
        "polda-banten": {
            "brimob": (DRAFT_OF_200 if drafted else POLDA_HEADS) - polda["polairud"],
            "polairud": polda["polairud"],
        },
    }
    for contingent, personnel in known.items():
        source = _source(version) if drafted else "meeting of the partners on 30 October 2019: 474 and 200 personnel"
        yield _contingent(contingent, personnel, version, source)
    for agency in sorted({squad.agency for squad in story.cast.squads}):
        if agency not in (POLRES_SERANG, "brimob-banten", "polairud-banten"):
            yield _contingent(agency, _heads(story, agency), version, _source(version))


def _contingent(contingent: str, personnel: dict[Force, int], version: int, source: str) -> PlanContingent:
    return PlanContingent(
        contingent=f"{contingent}-pilkades",
        agency=contingent,
        personnel=personnel,
        start=at(29, 0),
        end=END,
        plan_version=version,
        plan_source=source,
        plan_dated=(at(29, 8) if version == DRAFT else MEETING).date(),
    )


def _heads(story: Story, *agencies: str) -> dict[Force, int]:
    found: dict[Force, int] = {}
    for squad in story.cast.squads:
        if squad.agency in agencies:
            found[squad.force] = found.get(squad.force, 0) + squad.heads
    return found


def _source(version: int) -> str:
    return f"synthetic: {'first draft' if version == DRAFT else 'after the meeting of 30 October'}"
