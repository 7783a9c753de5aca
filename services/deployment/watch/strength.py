"""Whether the posts of a village have the heads that they need."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from schemas.types import VillageCode, village_of
from services.deployment.watch.settings import DeploymentWatchSettings
from services.views.post import Post, Requirement, required
from services.views.strength import Serving, muster
from services.views.unit import Unit, presence, standing
from services.views.versions import in_force
from services.watch.rules import Breach
from services.watch.tables import Tables


@dataclass(frozen=True, slots=True)
class _Guard:
    """A unit as strength is judged by it, and when that changed last or will change, by village."""

    serving: Serving
    changes: Mapping[VillageCode, tuple[datetime, ...]]


@dataclass(frozen=True, slots=True)
class _Need:
    required: Mapping[str, int]
    start: datetime
    end: datetime
    as_of: datetime


def under_strength(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """Fewer heads of a force in a village than its posts need, even with everybody who may be there.

    Judged from some time before the window of the requirement until its end, as the picture judges it; before the
    window begins, by what it needs and who is to be there when it does. Those of whom nothing is known may be there,
    and so may those counted long ago: what is not known is not short. Once short, the force stays so until enough are
    counted lately, and not merely until nobody can say.
    """
    due = {village: found for village, needs in _needs(tables).items() if (found := _due(needs, now, parameters))}
    if not due:
        return
    guards: defaultdict[VillageCode, list[_Guard]] = defaultdict(list)
    for _, guard in tables.each(Unit, _guard):
        for village in guard.changes:
            guards[village].append(guard)
    for village, (at, needs) in due.items():
        yield from _short(tables, village, needs, guards[village], (at, now), parameters)


def _short(
    tables: Tables,
    village: VillageCode,
    needs: list[_Need],
    guards: list[_Guard],
    when: tuple[datetime, datetime],
    parameters: DeploymentWatchSettings,
) -> Iterator[Breach]:
    at, now = when
    units = [each.serving for each in guards]
    found = muster(village, [each.required for each in needs], units, at, now - parameters.under_strength_count)
    for force, heads in found.forces.items():
        subject, state = f"{village}#{force}", heads.state(due=True)
        if state == "short" or (state == "unknown" and tables.stands("under_strength", subject)):
            yield Breach(
                subject=subject,
                since=_since(village, needs, guards, now, parameters),
                numbers={
                    "required_heads": heads.required,
                    "present_heads": heads.fresh,
                    "missing_heads": max(0, heads.required - heads.fresh - heads.more),
                },
                villages=(village,),
            )


def _since(
    village: VillageCode,
    needs: Iterable[_Need],
    guards: Iterable[_Guard],
    now: datetime,
    parameters: DeploymentWatchSettings,
) -> datetime:
    """The last change of what is needed or who may be there, by what is known now."""
    due = (max(each.start - parameters.under_strength_lead, each.as_of) for each in needs)
    changes = (change for guard in guards for change in guard.changes[village] if change <= now)
    return max(chain(due, changes))


def _needs(tables: Tables) -> Mapping[VillageCode, list[Mapping[str, _Need]]]:
    found: defaultdict[VillageCode, list[Mapping[str, _Need]]] = defaultdict(list)
    for post, versions in tables.each(Post, _versions):
        found[village_of(post.post)].append(versions)
    return found


def _versions(post: Post) -> Mapping[str, _Need]:
    return {number: _need(version) for number, version in post.versions.items()}


def _need(version: Requirement) -> _Need:
    return _Need(required(version), version.start, version.end, version.as_of)


def _due(
    posts: Iterable[Mapping[str, _Need]], now: datetime, parameters: DeploymentWatchSettings
) -> tuple[datetime, list[_Need]] | None:
    """What a village's posts need, and the instant for which it is judged: now, or when the next window begins."""
    running = [need for each in posts if (need := in_force(each, now))]
    if running:
        return now, running
    soon = now + parameters.under_strength_lead
    start = min((need.start for each in posts if (need := in_force(each, soon))), default=None)
    return None if start is None else (start, [need for each in posts if (need := in_force(each, start))])


def _guard(unit: Unit) -> _Guard:
    duties = [each for each in standing(unit) if each.target_kind == "post"]
    where = presence(unit)
    stood_down = None if unit.stood_down is None else unit.stood_down.at
    changes: defaultdict[VillageCode, list[datetime]] = defaultdict(list)
    for id_, each in unit.assignments.items():
        if each.target_kind == "post":
            cancelled = unit.cancellations.get(id_)
            changes[village_of(each.target)].append(each.end if cancelled is None else cancelled.as_of)
    if where is not None:
        changes[village_of(where.post)].append(where.counted_at or where.as_of)
    for several in changes.values():
        several += [each for each in (stood_down, None if where is None else where.as_of) if each is not None]
    serving = Serving(
        duties=duties,
        presence=where,
        strength=None if unit.registration is None else unit.registration.strength,
        stood_down=stood_down,
    )
    return _Guard(serving, {village: tuple(several) for village, several in changes.items()})
