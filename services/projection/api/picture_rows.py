"""The picture, worked out: a row a village from the briefs of what concerns it, and sums of rows. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter

from schemas.places import VILLAGES
from schemas.types import village_of
from services.projection.api.briefs import Briefs
from services.projection.api.picture_alerts import alerts
from services.projection.api.picture_judge import MOVING, Judge
from services.projection.api.picture_readiness import readiness
from services.projection.api.picture_turns import changes_at
from services.projection.api.picture_words import (
    Alerts,
    ForceStrength,
    Incidents,
    Logistics,
    ReadinessSum,
    Strength,
    Sum,
    VillageRow,
    Word,
)
from services.views.briefs import Incident, Shipment
from services.views.strength import Heads, State, muster
from services.views.versions import in_force

UNKNOWN = "unknown"


def by_village(briefs: Briefs) -> dict[str, Briefs]:
    """What concerns each village that votes, or of which anything is known."""
    found: defaultdict[str, Briefs] = defaultdict(Briefs)
    for p in briefs.posts:
        found[village_of(p.post)].posts.append(p)
    for u in briefs.units:
        for code in u.villages:
            found[code].units.append(u)
    for s in briefs.shipments:
        if s.village is not None:
            found[s.village].shipments.append(s)
    for i in briefs.incidents:
        if i.village is not None:
            found[i.village].incidents.append(i)
    for v in briefs.voting:
        found[v.village].voting.append(v)
    for r in briefs.readiness:
        found[r.village].readiness.append(r)
    for a in briefs.alerts:
        for code in a.areas.villages:
            found[code].alerts.append(a)
    return dict(sorted(found.items()))


def row(code: str, briefs: Briefs, judge: Judge) -> VillageRow:
    """One village's row."""
    village = VILLAGES[code]
    words = [s.last_heard for s in briefs.shipments] + [i.last_heard for i in briefs.incidents]
    words += [u.presence.as_of for u in briefs.units if u.presence and village_of(u.presence.post) == code]
    words += [u.patrols[code].as_of for u in briefs.units if code in u.patrols]
    return VillageRow(
        code=code,
        name=village.name,
        district=village.district_code,
        district_name=village.district_name,
        jurisdiction=briefs.jurisdiction,
        strength=strength(code, briefs, judge),
        logistics=logistics(briefs.shipments, judge),
        readiness=readiness(briefs, judge),
        incidents=incidents(briefs.incidents, judge),
        alerts=alerts(briefs.alerts, judge.now),
        last_heard=_latest(words),
        changes_at=changes_at(code, briefs, judge),
    )


# Strength.


def strength(code: str, briefs: Briefs, judge: Judge) -> Strength:
    """Heads required, assigned and present in one village, by force, at the judge's instant."""
    due = [need for p in briefs.posts if (need := in_force(p.versions, judge.now)) is not None]
    serving = [u.serving for u in briefs.units]
    found = muster(code, [need.required for need in due], serving, judge.now, judge.now - judge.presence)
    states = [heads.state(bool(due)) for heads in found.forces.values() if heads.required]
    unplanned = bool(briefs.voting) and not briefs.posts
    return Strength(
        state=_worst(states) if due else "unknown" if unplanned else "not_due",
        forces={
            force: ForceStrength(
                required=heads.required, assigned=heads.assigned, present=heads.counted, state=heads.state(bool(due))
            )
            for force, heads in sorted(found.forces.items())
        },
        required=Word(as_of=_latest(each.as_of for p in briefs.posts for each in p.versions.values()), stale=False),
        assigned=Word(as_of=_latest(found.ordered), stale=False),
        present=Word(
            as_of=min(found.seen, default=None), stale=any(judge.now - at > judge.presence for at in found.seen)
        ),
    )


def _worst(states: Sequence[State]) -> State:
    for state in ("short", "unknown"):
        if state in states:
            return state
    return "ok"


# Logistics and incidents.


def logistics(shipments: Sequence[Shipment], judge: Judge) -> Logistics:
    """Where a village's shipments are. A custodian is told only while all have the same one."""
    custodians = {s.custodian for s in shipments}
    places = [(s.last_heard, s.shipment, s.place) for s in shipments if s.place and s.last_heard]
    placed = max(places, key=itemgetter(0, 1), default=None)
    moving = [s.last_heard for s in shipments if s.stage in MOVING and s.last_heard is not None]
    return Logistics(
        stages=dict(sorted(Counter(s.stage or UNKNOWN for s in shipments).items())),
        custodian=custodians.pop() if len(custodians) == 1 else None,
        place=placed[2].place if placed else None,
        leg=placed[2].leg if placed else None,
        flags=sorted({flag for s in shipments for flag in s.flags}),
        as_of=_latest(s.last_heard for s in shipments),
        stale=any(judge.now - at > judge.shipment for at in moving),
    )


def incidents(found: Sequence[Incident], judge: Judge) -> Incidents:
    """A village's open incidents by severity, the gravest first; `unknown` is one that only orders have named."""
    open_ = [i for i in found if i.open]
    counts = Counter(UNKNOWN if i.severity is None else str(i.severity) for i in open_)
    return Incidents(
        open=dict(sorted(counts.items())),
        flags=["mutual_duplicates"] if any(i.of_a_ring for i in open_) else [],
        as_of=_latest(i.last_heard for i in found),
        stale=any(i.last_heard is None or judge.now - i.last_heard > judge.incident for i in open_),
    )


# Sums.


def total(rows: Sequence[VillageRow], alerts: Alerts, elsewhere: Briefs | None = None) -> Sum:
    """The sum of some rows and of the alerts of their area; `elsewhere` is what belongs to no village (yet)."""
    forces: defaultdict[str, Heads] = defaultdict(Heads)
    stages: Counter[str] = Counter()
    open_: Counter[str] = Counter()
    for each in rows:
        for force, heads in each.strength.forces.items():
            forces[force].required += heads.required
            forces[force].assigned += heads.assigned
            if heads.present is not None:
                forces[force].counted = (forces[force].counted or 0) + heads.present
        stages.update(each.logistics.stages)
        open_.update(each.incidents.open)
    if elsewhere is not None:
        stages.update(s.stage or UNKNOWN for s in elsewhere.shipments)
        open_.update(UNKNOWN if i.severity is None else str(i.severity) for i in elsewhere.incidents if i.open)
    states = [each.strength.state for each in rows]
    ready = [each.readiness.state for each in rows]
    return Sum(
        villages=len(rows),
        state=_together(states),
        states=dict(sorted(Counter(states).items())),
        required={force: heads.required for force, heads in sorted(forces.items())},
        assigned={force: heads.assigned for force, heads in sorted(forces.items())},
        present={force: heads.counted for force, heads in sorted(forces.items())},
        stages=dict(sorted(stages.items())),
        readiness=ReadinessSum(state=_together(ready), states=dict(sorted(Counter(ready).items()))),
        open=dict(sorted(open_.items())),
        alerts=alerts,
        stale=any(
            r.strength.present.stale or r.logistics.stale or r.readiness.stale or r.incidents.stale for r in rows
        ),
        last_heard=_latest(each.last_heard for each in rows),
    )


def _together(states: Sequence[State]) -> State:
    return _worst(states) if set(states) - {"not_due"} else "not_due"


def elsewhere(briefs: Briefs) -> Briefs:
    """Shipments without a plan and incidents without a report: no village is known for them."""
    return Briefs(
        shipments=[s for s in briefs.shipments if s.village is None],
        incidents=[i for i in briefs.incidents if i.village is None],
    )


def _latest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in instants if each is not None), default=None)
