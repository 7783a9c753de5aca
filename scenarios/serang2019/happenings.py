"""What happens: the incidents that DOMAIN's telling has, those that break a watched rule, and others. All synthetic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from scenarios.serang2019.calendar import MINUTE, at
from scenarios.serang2019.polls import WARGASARA, Poll
from scenarios.serang2019.story import Story
from scenarios.serang2019.tracks import slug
from schemas.types import IncidentType

SUMMARIES: Mapping[IncidentType, str] = {
    "money_politics": "Laporan pembagian uang di rumah warga",
    "intimidation": "Warga mengaku diintimidasi tim sukses",
    "voter_roll_dispute": "Nama warga tidak ada di DPT",
    "committee_neutrality": "Panitia diduga memihak salah satu calon",
    "protest": "Massa pendukung berkumpul di kantor desa",
    "riot": "Saling dorong antarpendukung, kaca kantor desa pecah",
    "logistics": "Surat suara kurang satu ikat",
    "weather_or_tide": "Hujan lebat, jalan ke TPS tergenang",
    "candidate_death": "Calon kepala desa meninggal dunia karena sakit",
    "black_campaign": "Selebaran gelap di beberapa titik",
    "other": "Lampu padam di sekitar TPS",
}
LIVES: tuple[tuple[str, ...], ...] = (
    ("triage",),
    ("triage", "resolve"),
    ("triage", "resolve", "close"),
    ("triage", "dispatch", "resolve", "close"),
    ("triage", "dispatch", "contain", "resolve", "close"),
    ("triage", "escalate", "dispatch", "contain", "resolve", "close"),
    ("triage", "resolve", "reopen", "dispatch", "resolve", "close"),
)
GRAVE_LIFE = ("triage", "escalate", "escalate-again", "dispatch", "contain", "resolve", "close")
FIRST_CROWD = 3
"""Its place in what `told_before` lists."""
HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens, and the steps of its life.

    `told_by`: the principals that report it. `sends`: the units that are dispatched, if not those next to it.
    `delay`: what a step waits beyond the usual; `refused`: the reason for which a step is. `repeats`: the place in the
    list of the one that it is a duplicate of.
    """

    poll: Poll
    time: datetime
    type: IncidentType
    severity: int
    summary: str
    life: tuple[str, ...]
    told_by: tuple[str, ...]
    complained: str | None = None
    sends: tuple[str, ...] | None = None
    delay: Mapping[str, timedelta] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    repeats: int | None = None
    mishap: str | None = None


def others(story: Story, random: Random) -> Iterator[Happening]:
    """What happens anywhere: each village its share, on any day until the vote."""
    for number in range(story.size.incidents):
        poll = story.cast.polls[number % len(story.cast.polls)]
        type_: IncidentType = random.choice(sorted(SUMMARIES))
        severity = random.choice((2, 3, 3, 4, 4))
        yield Happening(
            poll=poll,
            time=at(random.choice((30, 31, 1, 2, 3, 3)), 7) + random.randrange(0, 720) * MINUTE,
            type=type_,
            severity=severity,
            summary=SUMMARIES[type_],
            life=random.choice(LIVES),
            told_by=(poll.jurisdiction, *random.sample(_neighbours(poll), random.choice((0, 0, 1)))),
        )


def _neighbours(poll: Poll) -> list[str]:
    district = slug(poll.village.district_name)
    return [f"polsek-{district}", f"camat-{district}", "koramil-serang", "kpps"]


def told_before(story: Story, random: Random) -> list[Happening]:
    """What DOMAIN's telling has, and what breaks a rule on incidents that is watched; first of all in its list."""
    return [_tide(story), *_complaints(story), *_crowds(story, random), *_watched(story)]


def _tide(story: Story) -> Happening:
    return Happening(
        poll=story.cast.poll(WARGASARA),
        time=at(2, 8, 20),
        type="weather_or_tide",
        severity=2,
        summary="Kapal tidak bisa sandar, air surut",
        life=("triage", "escalate", "resolve", "close"),
        told_by=("polairud-banten",),
        delay={"resolve": timedelta(hours=4)},
        mishap="held by the tide",
    )


def _complaints(story: Story) -> Iterator[Happening]:
    """A unit is said not to be neutral: it is not sent there; where it was sent before the complaint, that shows."""
    complained = story.victims.complained
    assert complained.poll is not None
    for time, life, refused in (
        (at(2, 17, 40), ("triage", "dispatch"), {"dispatch": "unit_complained_of"}),
        (at(3, 9, 10), ("dispatch", "triage"), {}),
    ):
        yield Happening(
            poll=complained.poll,
            time=time,
            type="officer_neutrality",
            severity=2,
            summary="Anggota pengamanan diduga tidak netral",
            life=life,
            told_by=("kpps",),
            complained=complained.unit,
            sends=(complained.unit,),
            refused=refused,
            mishap="officer neutrality",
        )


def _crowds(story: Story, random: Random) -> list[Happening]:
    """Crowds at the count, in a village and its neighbours; the first is reported once more as another incident."""
    crowded = story.victims.crowded
    district = crowded.village.district_code
    neighbours = [p for p in story.cast.polls if p.village.district_code == district and p is not crowded]
    found = [
        Happening(
            poll=place,
            time=at(3, 13, 30) + random.randrange(0, 90) * MINUTE,
            type="crowding",
            severity=2,
            summary="Massa memadati TPS saat penghitungan",
            life=("triage", "dispatch", "contain", "resolve"),
            told_by=(place.jurisdiction, "kpps"),
            mishap="crowding at the count",
        )
        for place in (crowded, *neighbours, crowded, crowded)[:3]
    ]
    again = Happening(
        poll=crowded,
        time=found[0].time + 4 * MINUTE,
        type="crowding",
        severity=3,
        summary="TPS penuh sesak saat penghitungan suara",
        life=("duplicate", "resolve", "close"),
        told_by=("koramil-serang",),
        repeats=FIRST_CROWD,
        mishap="cluster",
    )
    return [*found, again]


def _watched(story: Story) -> Iterator[Happening]:
    """One that nobody looks at for hours, and a grave one that stays open for half a day."""
    mainland = [poll for poll in story.cast.polls if not poll.on_the_island]
    yield Happening(
        poll=mainland[0],
        time=at(1, 20, 15),
        type="intimidation",
        severity=2,
        summary=SUMMARIES["intimidation"],
        life=("triage", "resolve", "close"),
        told_by=(mainland[0].jurisdiction,),
        delay={"triage": HALF_A_DAY},
        mishap="unacknowledged",
    )
    yield Happening(
        poll=mainland[1],
        time=at(3, 10, 5),
        type="riot",
        severity=1,
        summary=SUMMARIES["riot"],
        life=GRAVE_LIFE,
        told_by=(mainland[1].jurisdiction, "koramil-serang"),
        delay={"resolve": HALF_A_DAY},
        mishap="grave open",
    )
