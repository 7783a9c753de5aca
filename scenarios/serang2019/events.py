"""The incidents of the operation, from the first word to the posko's closing them. All synthetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random

from scenarios.serang2019.calendar import END, at
from scenarios.serang2019.cast import WARGASARA, Poll
from scenarios.serang2019.story import POSKO, Story
from scenarios.serang2019.units import MINUTE
from schemas.incidents import CloseIncident, IncidentReported, ResolveIncident, TriageIncident
from schemas.types import IncidentType

SUMMARIES: Mapping[IncidentType, str] = {
    "money_politics": "Laporan pembagian uang di rumah warga",
    "intimidation": "Warga mengaku diintimidasi tim sukses",
    "voter_roll_dispute": "Nama warga tidak ada di DPT",
    "committee_neutrality": "Panitia diduga memihak salah satu calon",
    "protest": "Massa pendukung berkumpul di kantor desa",
    "logistics": "Surat suara kurang satu ikat",
    "black_campaign": "Selebaran gelap di beberapa titik",
    "other": "Lampu padam di sekitar TPS",
}
RESOLUTION = "Ditangani, situasi kondusif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens. `ends`: how far the posko brings it: triaged, resolved or closed."""

    poll: Poll
    time: datetime
    type: IncidentType
    severity: int
    summary: str
    ends: str = "closed"
    told_by: tuple[str, ...] = ()
    complained: str | None = None
    mishap: str | None = None


def write(story: Story) -> None:
    """Every incident: its reports, and what the posko orders."""
    random = story.random("events")
    numbers = count(1)
    for happening in [*_known(story, random), *_others(story, random)]:
        _tell(story, f"kejadian-{next(numbers):04}", happening, random)


def _others(story: Story, random: Random) -> list[Happening]:
    return [
        Happening(
            poll=poll,
            time=at(random.choice((31, 1, 2, 3)), 7) + random.randrange(0, 720) * MINUTE,
            type=(type_ := random.choice(sorted(SUMMARIES))),
            severity=random.choice((2, 3, 3, 4, 4)),
            summary=SUMMARIES[type_],
            ends=random.choice(("triaged", "resolved", "closed", "closed", "closed")),
            told_by=(poll.jurisdiction, *random.sample(("camat-serang", "koramil-serang"), random.choice((0, 1)))),
        )
        for poll in story.cast.polls
    ]


def _known(story: Story, random: Random) -> list[Happening]:
    """What DOMAIN's telling has: the tide, a complaint about an officer, crowds at the count."""
    complained, crowded = story.victims.complained, story.victims.crowded
    assert complained.poll is not None
    found = [
        Happening(
            poll=story.cast.poll(WARGASARA),
            time=at(2, 8, 20),
            type="weather_or_tide",
            severity=2,
            summary="Kapal tidak bisa sandar, air surut",
            told_by=("polairud-banten",),
            mishap="held by the tide",
        ),
        Happening(
            poll=complained.poll,
            time=at(2, 17, 40),
            type="officer_neutrality",
            severity=2,
            summary="Anggota pengamanan diduga tidak netral",
            ends="triaged",
            told_by=("kpps",),
            complained=complained.unit,
            mishap="officer neutrality",
        ),
    ]
    neighbours = [p for p in story.cast.polls if p.village.district_code == crowded.village.district_code]
    for place in (crowded, *neighbours, crowded, crowded)[:3]:
        found.append(
            Happening(
                poll=place,
                time=at(3, 13, 30) + random.randrange(0, 100) * MINUTE,
                type="crowding",
                severity=2,
                summary="Massa memadati TPS saat penghitungan",
                ends="resolved",
                told_by=(place.jurisdiction, "kpps"),
                mishap="crowding at the count",
            )
        )
    return found


def _tell(story: Story, incident: str, it: Happening, random: Random) -> None:
    village, script = it.poll.village, story.script
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
        )
        script.report(it.time + number * 7 * MINUTE, principal, report, mishap=it.mishap)
    time = it.time + random.randrange(10, 45) * MINUTE
    triage = TriageIncident(incident=incident, type=it.type, severity=it.severity, complained_unit=it.complained)
    script.order(time, POSKO, triage)
    time += random.randrange(60, 600) * MINUTE
    if it.ends in ("resolved", "closed"):
        script.order(time, POSKO, ResolveIncident(incident=incident, resolution=RESOLUTION))
    time = max(time, at(4, 8)) + random.randrange(30, 1200) * MINUTE
    if it.ends == "closed" and time < END - timedelta(hours=1):
        script.order(time, POSKO, CloseIncident(incident=incident))
