"""Whether units come to their posts, and set out for an island in time."""

from collections.abc import Iterator
from datetime import datetime

from services.deployment.watch.duties import PostDuty, post_duties, released
from services.deployment.watch.settings import DeploymentWatchSettings
from services.views.unit import Unit
from services.watch.rules import Breach
from services.watch.tables import Tables


def arrival_overdue(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """A duty at a post has begun, the grace is over, and no word or fix has the unit there.

    Over when it is heard of there, by whatever word, or seen near, or when the duty ends, is cancelled or the unit is
    stood down. A unit that is not even at sea to its island is the business of `crossing_not_begun`, not told twice.
    """
    for duty, subject in _awaited(tables, now):
        due = duty.begins + parameters.arrival_overdue_after
        if now < due or (duty.on_an_island and not duty.at_sea):
            continue
        if not _seen_there(duty, parameters, tables.stands("arrival_overdue", subject)):
            grace = parameters.arrival_overdue_after.total_seconds() / 60
            yield _breach(subject, due, duty, {"grace_minutes": grace, "expected_heads": duty.heads})


def crossing_not_begun(tables: Tables, now: datetime, parameters: DeploymentWatchSettings) -> Iterator[Breach]:
    """A unit has a duty on an island, and some time before it begins nobody has it at sea or there.

    Having set out by road is not being at sea; having set out nobody knows how may be. Over when it is at sea, heard of
    or seen there, or when the duty ends, is cancelled or the unit is stood down.
    """
    for duty, subject in _awaited(tables, now):
        due = max(duty.assignment.start - parameters.crossing_lead, duty.assignment.as_of)
        if now < due or not duty.on_an_island or duty.at_sea:
            continue
        if not _seen_there(duty, parameters, tables.stands("crossing_not_begun", subject)):
            lead = parameters.crossing_lead.total_seconds() / 60
            yield _breach(subject, due, duty, {"lead_minutes": lead, "expected_heads": duty.heads})


def _awaited(tables: Tables, now: datetime) -> Iterator[tuple[PostDuty, str]]:
    """The duties at posts that are not over, and for which no word has the unit there; each with its subject."""
    for unit, duties in tables.each(Unit, post_duties):
        if not duties or released(unit, now):
            continue
        for each in duties:
            if not each.came and now < each.assignment.end:
                yield each, f"unit/{unit.unit}#assignment/{each.assignment.assignment}"


def _seen_there(duty: PostDuty, parameters: DeploymentWatchSettings, stands: bool) -> bool:
    """Whether its last fix, since about when the duty begins, is near; a fix from before that is of another errand."""
    fix = duty.fix
    return (
        fix is not None
        and fix.as_of >= duty.assignment.start - parameters.arrival_overdue_after
        and fix.accuracy <= parameters.off_post_metres
        and not fix.beyond(parameters.off_post_metres, parameters.off_post_back_metres, stands)
    )


def _breach(subject: str, since: datetime, duty: PostDuty, numbers: dict[str, float]) -> Breach:
    return Breach(subject=subject, since=since, numbers=numbers, villages=(duty.village,))
