"""Whether units on duty are heard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.types import VillageCode, village_of
from services.deployment.watch.duties import post_duties, released
from services.deployment.watch.settings import DeploymentWatchSettings
from services.views.unit import Assignment, Unit, heard_at, standing
from services.watch.rules import Breach
from services.watch.tables import Tables


@dataclass(frozen=True, slots=True)
class _OnDuty:
    """When a unit is to be heard, and when it was heard last."""

    duties: tuple[Assignment, ...]
    heard: datetime | None


def unit_silent(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """No word of a unit for some time while it is on duty; any report is a word, as of its own time.

    The time runs from its last word, or from the begin of its duty if that was later; an alert that stands is not
    cleared by another duty's begin, but by a word or the end of all duties. A duty at a post counts while the unit is
    there: before it came `arrival_overdue` tells of it, and after it has left nothing is to be heard from there. An
    escort is over when its shipment has arrived, which another log tells: logistics watches those.
    """
    for unit, on in tables.each(Unit, _on_duty):
        lasting = [each for each in on.duties if each.start <= now < each.end]
        if not lasting or released(unit, now):
            continue
        subject = f"unit/{unit.unit}"
        begin = min(max(each.start, each.as_of) for each in lasting)
        quiet_from = max(begin, on.heard or begin)
        if on.heard is not None and tables.stands("unit_silent", subject):
            quiet_from = on.heard
        due = quiet_from + parameters.unit_silent_after
        if now >= due:
            yield Breach(
                subject=subject,
                since=due,
                numbers={
                    "allowed_minutes": parameters.unit_silent_after.total_seconds() / 60,
                    "heads": _heads(lasting),
                },
                villages=tuple(sorted(set(_villages(lasting)))),
            )


def _on_duty(unit: Unit) -> _OnDuty:
    elsewhere = [each for each in standing(unit) if each.target_kind in ("area", "protectee")]
    at_posts = [each.assignment for each in post_duties(unit) if each.stays]
    return _OnDuty((*elsewhere, *at_posts), heard_at(unit))


def _heads(duties: list[Assignment]) -> int:
    return sum(heads for each in duties for heads in each.headcount.values())


def _villages(duties: list[Assignment]) -> Iterator[VillageCode]:
    return (village_of(each.target) for each in duties if each.target_kind in ("post", "protectee"))
