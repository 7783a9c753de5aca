"""The operation file: its stages, the villages that vote and the agencies that take part, put in force in each log.

Facts: the operation's name, the meeting, the polling day and that 150 villages voted. Synthetic: which they are, their
jurisdictions and stations, and the hours of the stages.
"""

from datetime import datetime, timedelta

from scenarios.serang2019.calendar import END, GUARD_FROM, MEETING, MINUTE, POLLS_CLOSE, POLLS_OPEN, START, at
from scenarios.serang2019.story import POSKO, Story
from schemas import deployment, incidents, logistics
from schemas.operation import Operation, Participant, Stage, Voting
from schemas.types import StageName

OPERATION = "serang-2019"
DRAFT, AGREED = 1, 2
"""Versions of every plan: before the meeting of the partners, and after it."""
BEGINS: dict[StageName, datetime] = {
    "preparation": START,
    "quiet_period": at(31, 0),
    "distribution": at(31, 7),
    "voting": POLLS_OPEN,
    "counting": POLLS_CLOSE,
    "return": at(3, 18),
    "aftermath": at(5, 0),
}
AGENCIES: dict[str, str] = {
    "polres-serang": "Polres Serang",
    "polres-cilegon": "Polres Cilegon",
    "polres-serang-kota": "Polres Serang Kota",
    "polda-banten": "Polda Banten",
    "brimob-banten": "Brimob Polda Banten",
    "polairud-banten": "Ditpolairud Polda Banten",
    "koramil-serang": "Koramil se-Kabupaten Serang",
    "linmas-serang": "Satlinmas Kabupaten Serang",
    "satpol-pp-serang": "Satpol PP Kabupaten Serang",
    "dpmd-serang": "DPMD Kabupaten Serang",
    "camat-serang": "Camat se-Kabupaten Serang",
    "kpps": "Panitia pemilihan desa se-Kabupaten Serang",
}
ADOPT = (deployment.AdoptOperation, logistics.AdoptOperation, incidents.AdoptOperation)


def write(story: Story) -> None:
    """Adopt the draft, and after the meeting the version on which the partners agreed."""
    for version, time in ((DRAFT, at(29, 7)), (AGREED, MEETING + timedelta(hours=1))):
        for number, order in enumerate(adoptions(story, version)):
            story.script.order(time + number * MINUTE, POSKO, order)


def adoptions(story: Story, version: int) -> list[Operation]:
    """The orders that put a version in force, one a log; in the draft only the police take part."""
    agencies, about = list(AGENCIES.items()), "operation plan after the meeting of the partners"
    if version == DRAFT:
        agencies, about = agencies[:3], "first draft of the operation plan"
    return [
        adopt(
            operation=OPERATION,
            version=version,
            name="Aman Pilkades Kalimaya 2019",
            polling_day=POLLS_OPEN.date(),
            stages=stages(),
            villages=tuple(
                Voting(village=poll.code, jurisdiction=poll.jurisdiction, stations=len(poll.stations))
                for poll in story.cast.polls
            ),
            agencies=tuple(Participant(agency=agency, name=name) for agency, name in agencies),
            source=f"synthetic, save name, polling day and number of villages: {about}",
            dated=(START if version == DRAFT else MEETING).date(),
        )
        for adopt in ADOPT
    ]


def stages() -> tuple[Stage, ...]:
    """One after the other, until the operation's end; the guard of the posts begins within distribution."""
    assert BEGINS["distribution"] < GUARD_FROM < BEGINS["voting"]
    names = list(BEGINS)
    ends = [*(BEGINS[name] for name in names[1:]), END]
    return tuple(Stage(stage=name, start=BEGINS[name], end=end) for name, end in zip(names, ends, strict=True))
