"""What goes wrong with messages: reports that contradict the plan, are turned away or are no message at all; and good
ones that arrive late, doubled, shuffled and contradicted. All synthetic.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import msgspec

from scenarios.script import Draft
from scenarios.serang2019.calendar import MINUTE, at
from scenarios.serang2019.cast import Squad
from scenarios.serang2019.patrols import PATROL_DAYS
from scenarios.serang2019.refusals import UNREPORTED
from scenarios.serang2019.story import Story
from schemas.deployment import UnitArrived, UnitLeftPost, UnitMustered, UnitSighted
from schemas.incidents import CloseIncident, IncidentReported

DAYS_AHEAD = timedelta(days=3)
"""More than a day after the scenario's end, when sent on its last day but one: rejected however fast it is played."""
CONTRADICTED = 3


def write(story: Story) -> None:
    """Everything that goes wrong; last of all, because it moves and doubles what is there."""
    random = story.random("mishaps")
    _at_the_posts(story)
    _turned_away(story)
    _unreadable(story)
    _cut_off(story, random)
    _bursts(story, random)
    _contradicted(story, random)
    _doubled(story, random)


# Reports that contradict the plan, or are turned away.


def _at_the_posts(story: Story) -> None:
    deserter = story.victims.deserter
    assert deserter.poll is not None
    left = UnitLeftPost(unit=deserter.unit, post=deserter.poll.code, reason="tidak diketahui")
    story.script.report(at(3, 16), deserter.agency, left, mishap="left post")
    squad, post = story.cast.of("patrol")[-1], story.cast.polls[-1].code
    gone = UnitLeftPost(unit=squad.unit, post=post, reason="salah pos")
    story.script.report(at(3, 17), squad.agency, UnitArrived(unit=squad.unit, post=post), mishap="unexpected at a post")
    story.script.report(at(3, 17, 10), squad.agency, replace(gone, consent="SYN/GESER/1"))
    for unit in ("polres-serang-999", "linmas-serang-999"):
        fix = UnitSighted(unit=unit, lat=-6.1, lon=106.2)
        story.script.report(at(3, 10), unit[:-4], fix, mishap="unknown unit")


def _turned_away(story: Story) -> None:
    own, other = (story.cast.of("patrol")[place] for place in (0, -1))
    fix = UnitSighted(unit=own.unit, lat=-6.05, lon=106.15, accuracy=5.0)
    for agency in ("polres-cilegon", "linmas-serang"):
        story.script.report(at(3, 11), agency, fix, rejected="not_authorised", mishap="another agency's unit")
    close = CloseIncident(incident=UNREPORTED)
    draft = story.script.order(at(3, 16), other.agency, close, mishap="an order by an agency")
    draft.expect, draft.reason = "rejected", "not_authorised"
    squad = story.cast.of("linmas")[0]
    assert squad.poll is not None
    sent = at(4, 12)
    counted = UnitMustered(unit=squad.unit, post=squad.poll.code, present=squad.strength)
    story.script.report(
        sent + DAYS_AHEAD,
        squad.agency,
        counted,
        sent=sent,
        rejected="time_out_of_range",
        mishap="three days ahead",
    )


def _unreadable(story: Story) -> None:
    """What the gateway answers with 4xx: nobody can say later what it was to mean."""
    script, agency = story.script, "polres-serang"
    fix = UnitSighted(unit="polres-serang-001", lat=-6.05, lon=106.15, accuracy=5.0)
    arrived = UnitArrived(unit="polres-serang-001", post=story.cast.polls[0].code)
    incident = IncidentReported(
        incident="kejadian-9002", type="other", severity=4, village=story.cast.polls[0].code, summary="Nihil"
    )

    def spoilt(message: object, **changes: object) -> bytes:
        event = script.event(at(3, 12), agency, message) | changes
        return msgspec.json.encode({name: value for name, value in event.items() if value is not ...})

    bad = {
        "broken JSON": (spoilt(fix)[:-9], 400),
        "NaN": (spoilt(fix).replace(b'"lat":-6.05', b'"lat":NaN'), 400),
        "missing attribute": (spoilt(fix, type=...), 400),
        "unknown type": (spoilt(fix, type="kalimaya.unit.vanished"), 422),
        "unknown version": (spoilt(fix, dataschema="urn:kalimaya:schema:unit.sighted:99"), 422),
        "unknown village": (spoilt(arrived, data={"unit": "polres-serang-001", "post": "36.04.99.2001"}), 422),
        "wrong schema": (
            spoilt(incident, data={"incident": "kejadian-9002", "type": "other", "severity": "berat"}),
            422,
        ),
    }
    for number, (mishap, (body, status)) in enumerate(bad.items()):
        script.unreadable(at(3, 12, number), agency, body, status, mishap)


# Ways in which good messages arrive.


def _cut_off(story: Story, random: Random) -> None:
    """Phones that find no network from 8 to 14 on the day of the vote, and then upload in any order."""
    for number, squad in enumerate(story.victims.cut_off):
        kept = [draft for time, draft in story.fixes[squad] if at(3, 8) <= time < at(3, 14)]
        random.shuffle(kept)
        story.script.upload(kept, at(3, 14, 10 + number), "late in bulk")


def _bursts(story: Story, random: Random) -> None:
    """Two hours of a unit's positions come within a minute and shuffled."""
    moving = [squad for squad in story.cast.of("patrol", "brimob") if squad not in story.victims.cut_off]
    for _ in range(story.size.bursts):
        squad, begin = random.choice(moving), at(random.choice(PATROL_DAYS), random.choice((9, 11, 13)))
        last = begin + timedelta(hours=2)
        together = list(_ordinary(story, squad, begin, last))
        for draft, second in zip(together, random.sample(range(60), len(together)), strict=True):
            draft.send_at, draft.mishap = last + timedelta(seconds=second), "shuffled burst"


def _ordinary(story: Story, squad: Squad, begin: datetime, end: datetime) -> Iterator[Draft]:
    return (draft for time, draft in story.fixes[squad] if begin <= time < end and draft.ordinary)


def _contradicted(story: Story, random: Random) -> None:
    """An id that was used for something else before: kept aside, never applied."""
    squads = [squad for squad in story.cast.of("guard") if story.fixes[squad]]
    for squad in random.sample(squads, CONTRADICTED):
        first = random.choice([draft for _, draft in story.fixes[squad]])
        first.mishap = first.mishap or "same id, other content"
        story.script.contradict(first, first.send_at + 30 * MINUTE, lat=-6.2)


def _doubled(story: Story, random: Random) -> None:
    """Reports that come twice, and a few orders that an operator's program repeats."""
    ordinary = [draft for draft in story.script.drafts if draft.ordinary]
    orders = [draft for draft in story.script.drafts if draft.is_order and draft.expect == "accepted"]
    for first in random.sample(ordinary, len(ordinary) // story.size.doubled):
        story.script.again(first, first.send_at + random.randrange(1, 120) * MINUTE)
    for first in random.sample(orders, len(orders) // (4 * story.size.doubled)):
        story.script.again(first, first.send_at + timedelta(seconds=random.randrange(5, 30)))
