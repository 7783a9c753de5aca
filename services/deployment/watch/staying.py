"""Whether units stay at the posts at which they are said to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.types import PostId, VillageCode, village_of
from services.deployment.watch.duties import Fix, fix_from, released
from services.deployment.watch.settings import DeploymentWatchSettings
from services.views.unit import Assignment, Leaving, Unit, Visit, presence, standing
from services.watch.rules import Breach
from services.watch.tables import Tables


@dataclass(frozen=True, slots=True)
class _Left:
    """A unit that left a post without consent, and those of its duties there in which it did."""

    post: PostId
    at: datetime
    duties: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class _Stand:
    """A unit that is said to be at a post, with a fix from after that, and all its duties."""

    village: VillageCode
    fix: Fix
    duties: tuple[Assignment, ...]

    def only_here(self, now: datetime) -> bool:
        """Whether it has a duty here now and none elsewhere: of a unit that is divided nobody knows whose fix it is."""
        lasting = [each for each in self.duties if each.start <= now < each.end]
        return bool(lasting) and all(
            each.target_kind == "post" and village_of(each.target) == self.village for each in lasting
        )


def left_post(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """A unit left a post without consent during its duty there, and that duty still lasts.

    Over when it is back, another has relieved it (before or after), consent is told, or the duty ends, is cancelled or
    the unit is stood down. Leaving before the duty begins is no breach: that it is not there is `arrival_overdue`'s.
    """
    for unit, several in tables.each(Unit, _left):
        if not several or released(unit, now):
            continue
        for left in several:
            lasting = [each for each in left.duties if now < each.end]
            if lasting and now >= left.at + parameters.left_post_after:
                end = max(each.end for each in lasting)
                yield Breach(
                    subject=f"unit/{unit.unit}#post/{left.post}",
                    since=left.at,
                    numbers={
                        "missing_heads": sum(heads for each in lasting for heads in each.headcount.values()),
                        "remaining_minutes": (end - left.at).total_seconds() / 60,
                    },
                    villages=(village_of(left.post),),
                )


def _left(unit: Unit) -> tuple[_Left, ...]:
    return tuple(
        _Left(post, left.as_of, duties)
        for post, visit in unit.visits.items()
        if (left := _deserted(visit)) is not None and (duties := _duties(unit, post, left.as_of))
    )


def _deserted(visit: Visit) -> Leaving | None:
    """The last leaving without consent, if the unit has neither come back since nor was relieved since it came."""
    left = visit.left
    if left is None or left.consent is not None:
        return None
    came = [word.order for word in (visit.arrived, visit.mustered) if word is not None]
    if any(order > left.order for order in came):
        return None
    relieved = visit.relieved is not None and all(visit.relieved.order > order for order in came)
    return None if relieved else left


def _duties(unit: Unit, post: PostId, at: datetime) -> tuple[Assignment, ...]:
    """Those that had the unit at this post at this time; one to a village's post covers its stations."""
    return tuple(
        each
        for each in standing(unit)
        if each.target_kind == "post" and each.target in (post, village_of(post)) and each.start <= at < each.end
    )


def off_post(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """A unit's last fix is far from the post at which it has a duty and is said to be.

    Far is from the middle of the post's village, by more than the allowed distance beside the fix's accuracy. Once
    raised the alert stands until a fix is within the smaller distance; a fix less accurate than the allowed distance
    neither raises nor clears it. Over, too, when a later word says where the unit is, or the duty ends. A unit with
    duties in several places is not judged.
    """
    for unit, stand in tables.each(Unit, _stand):
        if stand is None or released(unit, now) or not stand.only_here(now):
            continue
        subject, fix = f"unit/{unit.unit}", stand.fix
        if fix.beyond(parameters.off_post_metres, parameters.off_post_back_metres, tables.stands("off_post", subject)):
            yield Breach(
                subject=subject,
                since=fix.as_of,
                numbers={
                    "distance_metres": round(fix.metres),
                    "accuracy_metres": fix.accuracy,
                    "allowed_metres": parameters.off_post_metres,
                },
                villages=(stand.village,),
            )


def _stand(unit: Unit) -> _Stand | None:
    where = presence(unit)
    if where is None or where.state != "present":
        return None
    village = village_of(where.post)
    fix = fix_from(unit, village)
    if fix is None or fix.as_of <= where.as_of:
        return None
    return _Stand(village, fix, tuple(standing(unit)))
