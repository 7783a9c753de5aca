"""What goes wrong beside the story: refused orders, doubled and contradicted messages, late and shuffled reports, and
what is no message at all. All synthetic.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import msgspec

from scenarios.script import Draft
from scenarios.serang2019.calendar import GUARD_FROM, GUARD_TO, at
from scenarios.serang2019.cast import Squad
from scenarios.serang2019.loads import Load
from scenarios.serang2019.story import LOGISTICS, POSKO, Story
from scenarios.serang2019.units import MINUTE, ON_PATROL, requirement
from schemas.deployment import (
    AssignUnit,
    RegisterUnit,
    UnitArrived,
    UnitLeftPost,
    UnitMustered,
    UnitSighted,
)
from schemas.incidents import CloseIncident, IncidentReported, TriageIncident
from schemas.logistics import SealPackage

DAYS_AHEAD = timedelta(days=3)
"""More than a day after the scenario's end, when sent on its last day but one: rejected however fast it is played."""


def write(story: Story, loads: list[Load]) -> None:
    """Everything that goes wrong; last of all, because it moves and doubles what is there."""
    random = story.random("mishaps")
    _refused_units(story)
    _refused_loads(story, loads)
    _refused_incident(story)
    _retasked(story)
    _at_the_posts(story)
    _turned_away(story)
    _unreadable(story)
    _cut_off(story, random)
    _bursts(story, random)
    _contradicted(story, random)
    _doubled(story, random)


# Orders that are refused.


def _refused_units(story: Story) -> None:
    squad, poll = story.cast.of("patrol")[0], story.cast.polls[1]
    order = AssignUnit(
        unit=squad.unit,
        assignment=f"{squad.unit}-terlalu-banyak",
        duty="guard",
        target_kind="post",
        target=poll.code,
        start=at(3, 9),
        end=at(3, 12),
        headcount={squad.force: squad.heads - ON_PATROL + 1},
    )
    _refuse(story, order, 1, "strength_exceeded")
    unreferenced = replace(
        order,
        assignment=f"{squad.unit}-tanpa-sprin",
        duty="close_protection",
        target_kind="protectee",
        target=f"{poll.code}-c02",
        start=at(4, 18),
        end=at(4, 22),
        headcount={squad.force: 1},
    )
    _refuse(story, unreferenced, 2, "order_reference_missing")
    _refuse(story, replace(order, unit=f"{squad.agency}-998"), 3, "unit_unknown")
    _refuse(story, replace(order, assignment=f"{squad.unit}-patroli-31"), 4, "assignment_exists")
    guard = story.cast.guard_of(poll)
    protects = replace(
        unreferenced,
        unit=guard.unit,
        assignment=f"{guard.unit}-melekat",
        target=f"{poll.code}-c01",
        start=GUARD_FROM,
        end=GUARD_TO,
        order_reference="SYN/099/X/PAM.3.3/2019",
    )
    _refuse(story, protects, 5, "neutrality")
    again = RegisterUnit(
        unit=squad.unit, name=squad.name, agency=squad.agency, strength=squad.strength, callsign=squad.callsign
    )
    _refuse(story, again, 6, "already_registered")
    _refuse(story, requirement(poll, 1), 7, "version_not_newer")


def _refuse(story: Story, order: object, minutes: int, reason: str) -> None:
    story.script.order(at(1, 19) + minutes * MINUTE, POSKO, order, refused=reason, mishap="refused order")


def _refused_loads(story: Story, loads: list[Load]) -> None:
    first, second, *_ = loads[-1].sealed
    shipment = loads[-1].shipment
    order = SealPackage(shipment=shipment, package=second.package, seals=first.seals)
    story.script.order(at(30, 19), LOGISTICS, order, refused="seal_reused", mishap="refused order")
    strange = SealPackage(shipment=shipment, package=loads[0].sealed[0].package, seals=("SRG-900001",))
    story.script.order(at(30, 19, 5), LOGISTICS, strange, refused="package_unknown", mishap="refused order")
    unknown = SealPackage(shipment="kirim-tidak-ada", package=second.package, seals=("SRG-900002",))
    story.script.order(at(30, 19, 10), LOGISTICS, unknown, refused="shipment_unknown", mishap="refused order")


def _refused_incident(story: Story) -> None:
    """Closed too early; and an order about an incident that nobody has reported, which is accepted and flagged."""
    incident = "kejadian-9001"
    triage = TriageIncident(incident=incident, type="other", severity=4)
    story.script.order(at(3, 15), POSKO, triage, mishap="unreported incident")
    close = CloseIncident(incident=incident)
    story.script.order(at(3, 15, 10), POSKO, close, refused="incident_not_resolved", mishap="refused order")


def _retasked(story: Story) -> None:
    """A unit of the reserve gets another duty twice."""
    squad = story.cast.of("reserve")[0]
    for number, poll in enumerate(story.cast.polls[1:4]):
        order = AssignUnit(
            unit=squad.unit,
            assignment=f"{squad.unit}-tugas-{number + 1}",
            duty="guard",
            target_kind="post",
            target=poll.code,
            start=at(3, 9 + 2 * number),
            end=at(3, 11 + 2 * number),
            headcount=squad.strength,
        )
        story.script.order(at(3, 8 + 2 * number, 30), POSKO, order, mishap="re-tasked")
        arrived = UnitArrived(unit=squad.unit, post=poll.code)
        story.script.report(at(3, 9 + 2 * number, 20), squad.agency, arrived)


# Reports that contradict the plan, or are turned away.


def _at_the_posts(story: Story) -> None:
    deserter = story.victims.deserter
    assert deserter.poll is not None
    left = UnitLeftPost(unit=deserter.unit, post=deserter.poll.code, reason="tidak diketahui")
    story.script.report(at(3, 16), deserter.agency, left, mishap="left without consent")
    squad, post = story.cast.of("reserve")[-1], story.cast.polls[-1].code
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
    close = CloseIncident(incident="kejadian-9001")
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
    """A phone that finds no network from 8 to 14 on the day of the vote, and then uploads in any order."""
    kept = [draft for time, draft in story.fixes[story.victims.cut_off] if at(3, 8) <= time < at(3, 14)]
    random.shuffle(kept)
    story.script.upload(kept, at(3, 14, 10), "late in bulk")


def _bursts(story: Story, random: Random) -> None:
    """Two hours of a unit's positions come within a minute and shuffled."""
    moving = [squad for squad in story.cast.of("patrol", "brimob") if squad is not story.victims.cut_off]
    for _ in range(story.size.bursts):
        squad, begin = random.choice(moving), at(random.choice((31, 1, 2, 4)), random.choice((9, 11, 13)))
        together = _ordinary(story, squad, begin, begin + timedelta(hours=2))
        last = begin + timedelta(hours=2)
        for draft, second in zip(together, random.sample(range(60), len(together)), strict=True):
            draft.send_at, draft.mishap = last + timedelta(seconds=second), "shuffled burst"


def _ordinary(story: Story, squad: Squad, begin: datetime, end: datetime) -> list[Draft]:
    return [draft for time, draft in story.fixes[squad] if begin <= time < end and draft.ordinary]


def _contradicted(story: Story, random: Random) -> None:
    """An id that was used for something else before: kept aside, never applied."""
    squads = [squad for squad in story.cast.of("guard") if story.fixes[squad]]
    for squad in random.sample(squads, 3):
        first = random.choice([draft for _, draft in story.fixes[squad]])
        first.mishap = first.mishap or "same id, other content"
        story.script.contradict(first, first.send_at + 30 * MINUTE, lat=-6.2)


def _doubled(story: Story, random: Random) -> None:
    """Reports that come twice, and a few orders that an operator's program repeats."""
    ordinary = [draft for draft in story.script.drafts if draft.ordinary]
    orders = [draft for draft in story.script.drafts if draft.aggregate is not None and draft.expect == "accepted"]
    for first in random.sample(ordinary, len(ordinary) // story.size.doubled):
        story.script.again(first, first.send_at + random.randrange(1, 120) * MINUTE)
    for first in random.sample(orders, 6):
        story.script.again(first, first.send_at + timedelta(seconds=random.randrange(5, 30)))
