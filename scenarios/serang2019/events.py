"""The incidents of the operation, each with its life as the posko orders it. All synthetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from scenarios.serang2019.calendar import END, MINUTE
from scenarios.serang2019.happenings import Happening, others, told_before
from scenarios.serang2019.story import POSKO, Story
from schemas.incidents import (
    CloseIncident,
    ContainIncident,
    DispatchUnits,
    EscalateIncident,
    IncidentReported,
    LinkDuplicate,
    ReopenIncident,
    ResolveIncident,
    TriageIncident,
)

GRAVE = 2
"""The severity from which on units go by written order."""
MEASURES = "Massa dipisahkan, lokasi disterilkan"
RESOLUTION = "Ditangani, situasi kondusif"
PAUSES: Mapping[str, tuple[int, int]] = {
    "triage": (5, 40),
    "dispatch": (3, 20),
    "contain": (30, 120),
    "resolve": (30, 300),
    "close": (600, 1800),
    "reopen": (60, 400),
    "escalate": (10, 60),
    "escalate-again": (30, 90),
    "duplicate": (5, 30),
}
"""Minutes from one step to the next, at least and at most."""


@dataclass(frozen=True, slots=True)
class Known:
    """An incident under its id; `first` is the one of which it may be a duplicate."""

    incident: str
    first: str


def write(story: Story) -> None:
    """Every incident: its reports, and what the posko orders."""
    random = story.random("events")
    ids = (f"kejadian-{number:04}" for number in count(1))
    known: list[str] = []
    for happening in [*told_before(story, random), *others(story, random)]:
        incident = next(ids)
        known.append(incident)
        first = known[happening.repeats] if happening.repeats is not None else known[0]
        _report(story, incident, happening)
        _live(story, Known(incident, first), happening, random)


def _report(story: Story, incident: str, it: Happening) -> None:
    village = it.poll.village
    for number, principal in enumerate(it.told_by):
        report = IncidentReported(
            incident=incident,
            type=it.type,
            severity=min(4, it.severity + number),
            village=village.code,
            summary=it.summary,
            lat=village.lat,
            lon=village.lon,
            units=(story.cast.guard_of(it.poll).unit,) if number == 0 else (),
            shipments=(f"kirim-{village.code}",) if it.type == "logistics" else (),
        )
        story.script.report(it.time + number * 7 * MINUTE, principal, report, mishap=it.mishap)


def _live(story: Story, known: Known, it: Happening, random: Random) -> None:
    """The steps of its life, one after the other, as far as the operation lasts."""
    time = it.time
    for step in it.life:
        low, high = PAUSES[step]
        time += random.randrange(low, high) * MINUTE + it.delay.get(step, timedelta(0))
        if time >= END - timedelta(hours=1):
            return
        story.script.order(time, POSKO, _order(story, known, it, step), **_outcome(it, step))


def _outcome(it: Happening, step: str) -> dict[str, Any]:
    refused = it.refused.get(step)
    return {"refused": refused, "mishap": "refused order" if refused else None}


def _order(story: Story, known: Known, it: Happening, step: str) -> object:
    incident = known.incident
    orders = {
        "triage": TriageIncident(incident=incident, type=it.type, severity=it.severity, complained_unit=it.complained),
        "dispatch": DispatchUnits(
            incident=incident,
            units=_sent(story, it),
            order_reference=f"SYN/{incident}/PRINLAP/2019" if it.severity <= GRAVE else None,
        ),
        "contain": ContainIncident(incident=incident, measures=MEASURES),
        "resolve": ResolveIncident(incident=incident, resolution=RESOLUTION),
        "close": CloseIncident(incident=incident),
        "reopen": ReopenIncident(incident=incident, reason="Terjadi lagi di tempat yang sama"),
        "escalate": EscalateIncident(incident=incident, level="polres", reason="Perlu bantuan Polres"),
        "escalate-again": EscalateIncident(incident=incident, level="polda", reason="Perlu bantuan Polda"),
        "duplicate": LinkDuplicate(incident=incident, duplicate_of=known.first),
    }
    return orders[step]


def _sent(story: Story, it: Happening) -> tuple[str, ...]:
    """A patrol of the police that answer for the village, and Brimob with it where it is grave."""
    if it.sends is not None:
        return it.sends
    patrol = next(squad for squad in story.cast.of("patrol") if squad.agency == it.poll.jurisdiction)
    grave = [story.cast.of("brimob")[0].unit] if it.severity == 1 else []
    return (patrol.unit, *grave)
