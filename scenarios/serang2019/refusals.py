"""Orders that are refused: each reason at least once, but for those that only the watch can come to. All synthetic."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from scenarios.serang2019.calendar import GUARD_FROM, GUARD_TO, MINUTE, at
from scenarios.serang2019.loads import Load
from scenarios.serang2019.operation import AGREED, DRAFT, adoptions
from scenarios.serang2019.patrols import ON_PATROL
from scenarios.serang2019.plans import contingents, requirement
from scenarios.serang2019.story import LOGISTICS, POSKO, Story
from scenarios.serang2019.units import registration
from schemas.deployment import AssignUnit, CancelAssignment, StandDownUnit
from schemas.incidents import (
    AcknowledgeAlert,
    CloseIncident,
    DispatchUnits,
    EscalateIncident,
    LinkDuplicate,
    ReopenIncident,
    ResolveIncident,
    TriageIncident,
)
from schemas.logistics import AssignEscort, SealPackage
from schemas.types import alert_id

UNREPORTED = "kejadian-9001"
"""An incident that nobody has reported: orders about it are taken, and it is flagged."""
NEXT = timedelta(seconds=30)


def write(story: Story, loads: list[Load]) -> None:
    """Every order that is refused, each service's one after the other."""
    _refused(story, POSKO, at(1, 19), _units(story))
    _refused(story, POSKO, at(1, 20), _plans(story))
    _refused(story, LOGISTICS, at(30, 23), _shipments(loads[-1], loads[0]))
    _stood_down(story)
    _incidents(story)


def _refused(story: Story, principal: str, begin: datetime, orders: Sequence[tuple[object, str]]) -> None:
    for number, (order, reason) in enumerate(orders):
        story.script.order(begin + number * NEXT, principal, order, refused=reason, mishap="refused order")


# Deployment.


def _units(story: Story) -> list[tuple[object, str]]:
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
    protects = replace(order, duty="close_protection", target_kind="protectee", target=f"{poll.code}-c02")
    guard = story.cast.guard_of(poll)
    own_village = replace(
        protects,
        unit=guard.unit,
        assignment=f"{guard.unit}-melekat",
        start=GUARD_FROM,
        end=GUARD_TO,
        order_reference="SYN/099/X/PAM.3.3/2019",
    )
    unknown = CancelAssignment(unit=squad.unit, assignment=f"{squad.unit}-tidak-ada", reason="Salah nomor")
    new = replace(registration(squad), unit=f"{squad.agency}-997", force="brimob")
    return [
        (order, "strength_exceeded"),
        (protects, "order_reference_missing"),
        (own_village, "neutrality"),
        (replace(order, unit=f"{squad.agency}-998"), "unit_unknown"),
        (replace(order, assignment=f"{squad.unit}-patroli-31"), "assignment_exists"),
        (replace(order, target="36.04.99.2001"), "target_malformed"),
        (replace(order, duty="patrol", target_kind="protectee", target=f"{poll.code}-c02"), "duty_unfit"),
        (replace(order, end=order.start), "window_empty"),
        (replace(order, headcount={squad.force: 0}), "headcount_empty"),
        (unknown, "assignment_unknown"),
        (StandDownUnit(unit=squad.unit, at=at(3, 12), reason="Terlalu dini"), "still_assigned"),
        (registration(squad), "already_registered"),
        (new, "force_without_heads"),
    ]


def _plans(story: Story) -> list[tuple[object, str]]:
    """One with an agency in it twice, and those that come too late: a newer version is in force."""
    poll, (adoption, *_) = story.cast.polls[1], adoptions(story, AGREED + 1)
    return [
        (replace(adoption, agencies=adoption.agencies[:1] * 2), "listed_twice"),
        (requirement(poll, DRAFT), "version_not_newer"),
        (next(contingents(story, AGREED)), "version_not_newer"),
        *((order, "version_not_newer") for order in adoptions(story, DRAFT)),
    ]


def _stood_down(story: Story) -> None:
    """After the unit's release; and one that is taken back into the operation."""
    squad, other = story.cast.of("reserve")[0], story.cast.of("satpol")[0]
    late = AssignUnit(
        unit=squad.unit,
        assignment=f"{squad.unit}-susulan",
        duty="reserve",
        target_kind="area",
        target=story.cast.districts()[0],
        start=at(5, 10),
        end=at(5, 18),
        headcount=squad.strength,
    )
    again = StandDownUnit(unit=squad.unit, at=at(5, 12), reason="Operasi selesai")
    cancelled = CancelAssignment(unit=squad.unit, assignment=f"{squad.unit}-tugas-1", reason="Dialihkan lagi")
    orders = [(late, "unit_stood_down"), (again, "already_stood_down"), (cancelled, "already_cancelled")]
    _refused(story, POSKO, at(5, 8), orders)
    story.script.order(at(5, 9), POSKO, registration(other))


# Logistics.


def _shipments(load: Load, other: Load) -> list[tuple[object, str]]:
    first, second, *_ = load.sealed
    seal = SealPackage(shipment=load.shipment, package=second.package, seals=("SRG-900001",))
    plan, back = load.plan, load.plan_back
    new, leg = replace(plan, shipment=f"{load.shipment}-susulan"), plan.legs[0]
    afloat = replace(leg, leg="laut", mode="sea", tide_from=leg.depart_by - 60 * MINUTE, tide_to=leg.arrive_by)
    escort = AssignEscort(
        shipment=load.shipment, leg="udara", unit="polres-serang-001", order_reference="SYN/900/X/KAWAL/2019"
    )
    routes = {
        "duplicate_leg": (leg, leg),
        "leg_window_empty": (replace(leg, arrive_by=leg.depart_by),),
        "tide_not_at_sea": (replace(afloat, mode="road"),),
        "tide_window_incomplete": (replace(afloat, tide_to=None),),
        "tide_window_empty": (replace(afloat, tide_to=afloat.tide_from),),
        "tide_too_late": (replace(afloat, tide_from=leg.depart_by + MINUTE),),
    }
    return [
        (replace(seal, seals=first.seals), "seal_reused"),
        (replace(seal, package=other.sealed[0].package), "package_unknown"),
        (replace(seal, shipment="kirim-tidak-ada"), "shipment_unknown"),
        (escort, "leg_unknown"),
        (plan, "shipment_exists"),
        (replace(back, legs=plan.legs), "duplicate_leg"),
        (replace(new, packages=plan.packages[:1] * 2), "duplicate_package"),
        (replace(new, village=other.poll.code), "tps_outside_village"),
        *((replace(new, legs=legs), reason) for reason, legs in routes.items()),
    ]


# Incidents.


def _incidents(story: Story) -> None:
    """One incident, about which there are only orders: those that come at the wrong time are refused."""
    numbers = count()
    about = UNREPORTED

    def give(order: object, refused: str | None = None) -> None:
        mishap = "refused order" if refused else "unreported incident"
        time = at(3, 15) + next(numbers) * 4 * MINUTE
        story.script.order(time, POSKO, order, refused=refused, mishap=mishap)

    triage, resolve = TriageIncident(incident=about, type="other", severity=4), "Tidak ditemukan"
    duplicate, dispatch = "kejadian-0001", DispatchUnits(incident=about, units=(story.cast.of("patrol")[0].unit,))
    give(triage)
    give(CloseIncident(incident=about), "incident_not_resolved")
    give(ReopenIncident(incident=about, reason="Keliru"), "incident_open")
    give(EscalateIncident(incident=about, level="polsek", reason="Keliru"), "level_not_higher")
    give(LinkDuplicate(incident=about, duplicate_of=about), "duplicate_of_itself")
    give(LinkDuplicate(incident=about, duplicate_of=duplicate))
    give(LinkDuplicate(incident=about, duplicate_of=duplicate), "already_duplicate")
    give(dispatch, "incident_duplicate")
    give(ResolveIncident(incident=about, resolution=resolve))
    give(triage, "incident_resolved")
    give(CloseIncident(incident=about))
    give(dispatch, "incident_closed")
    nobodys = AcknowledgeAlert(
        alert=alert_id("unit_silent", "unit/polres-serang-999", 0), comment="Sedang dicek", until=at(3, 18)
    )
    give(nobodys, "alert_unknown")
