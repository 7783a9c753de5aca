"""Where: the villages that vote, their polling stations, their police and what their posts need, chosen by the seed.

Facts: 150 villages voted, Wargasara's island is reached by boat, 76 villages lay under Polres Serang. Synthetic: which
villages, their vulnerability, number of stations, voters and jurisdiction, and the heads needed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice, repeat
from random import Random

from schemas.deployment import Need
from schemas.places import DISTRICTS, VILLAGES, Village
from schemas.types import Force, Jurisdiction, Vulnerability

WARGASARA = "36.04.13.2009"
ALL_VILLAGES, UNDER_POLRES_SERANG = 150, 76
POLRES_SERANG: Jurisdiction = "polres-serang"

LINMAS_AT_STATIONS = Need(force="linmas", heads=2, per="stations")
# Synthetic for 2019. Wargasara's is the pattern 2-1-2 of Pulau Tunda in 2020; which forces it meant is not known.
NEEDS: Mapping[Vulnerability, tuple[Need, ...]] = {
    "kurang_rawan": (Need(force="polri", heads=2, per="post"), LINMAS_AT_STATIONS),
    "rawan": (Need(force="polri", heads=3, per="post"), LINMAS_AT_STATIONS),
    "sangat_rawan": (
        Need(force="polri", heads=4, per="post"),
        Need(force="tni", heads=1, per="post"),
        LINMAS_AT_STATIONS,
    ),
}
NEEDS_ON_THE_ISLAND = (
    Need(force="polri", heads=2, per="post"),
    Need(force="tni", heads=1, per="post"),
    Need(force="linmas", heads=2, per="post"),
)
GRADES: tuple[Vulnerability, ...] = ("kurang_rawan", "rawan", "sangat_rawan")
SPARE_BALLOTS = 0.025


@dataclass(frozen=True, eq=False, kw_only=True)
class Poll:
    """A village that votes: its polling stations, each with the number of voters on its roll."""

    village: Village
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    voters: Mapping[str, int]

    @property
    def code(self) -> str:
        """The village's code, which is also its post's."""
        return self.village.code

    @property
    def on_the_island(self) -> bool:
        """Whether it is reached by boat only."""
        return self.code == WARGASARA

    @property
    def stations(self) -> tuple[str, ...]:
        """Its polling stations."""
        return tuple(self.voters)

    @property
    def escorted(self) -> bool:
        """Whether its load is escorted."""
        return self.on_the_island or self.vulnerability != "kurang_rawan"

    @property
    def needs(self) -> tuple[Need, ...]:
        """What its post needs, by the plan that followed the meeting."""
        return NEEDS_ON_THE_ISLAND if self.on_the_island else NEEDS[self.vulnerability]

    @cached_property
    def required(self) -> Mapping[Force, int]:
        """Heads that these needs come to."""
        heads: Counter[Force] = Counter()
        for need in self.needs:
            heads[need.force] += need.heads * (len(self.stations) if need.per == "stations" else 1)
        return dict(heads)

    def ballots(self, station: str) -> int:
        """Ballot papers for a polling station: one a voter and some to spare."""
        return round(self.voters[station] * (1 + SPARE_BALLOTS))


def share(of_all: int, villages: int) -> int:
    """The part of a number of the whole operation that falls to so many villages."""
    return round(of_all * villages / ALL_VILLAGES)


def make_polls(villages: int, random: Random) -> Iterator[Poll]:
    """So many villages, Wargasara first."""
    chosen = _villages(villages, random)
    under_serang = share(UNDER_POLRES_SERANG, villages) - 1  # Wargasara is one of them
    others: Iterator[Jurisdiction] = cycle(("polres-cilegon", "polres-serang-kota"))
    elsewhere = list(islice(others, villages - 1 - under_serang))
    jurisdictions: list[Jurisdiction] = [*repeat(POLRES_SERANG, under_serang), *elsewhere]
    grades = list(islice(cycle(GRADES), villages))
    random.shuffle(jurisdictions)
    random.shuffle(grades)
    for village, jurisdiction, grade in zip(chosen, [POLRES_SERANG, *jurisdictions], grades, strict=True):
        stations = range(1, random.choice((1, 2, 2, 3)) + 1)
        yield Poll(
            village=village,
            jurisdiction=jurisdiction,
            vulnerability=grade,
            voters={station: _voters(station) for station in (f"{village.code}-tps{n:02}" for n in stations)},
        )


def _voters(station: str) -> int:
    """Voters on the roll of a polling station, whoever chooses the villages."""
    return Random(station).randrange(280, 500)


def _villages(number: int, random: Random) -> Sequence[Village]:
    """Wargasara first, then others of a few districts, or of all if there are enough villages: of each at least one."""
    wargasara = VILLAGES[WARGASARA]
    others = sorted(DISTRICTS.keys() - {wargasara.district_code})
    wanted = {wargasara.district_code, *random.sample(others, min(len(others), max(3, number // 4)))}
    there = [v for code, v in sorted(VILLAGES.items()) if v.district_code in wanted and code != WARGASARA]
    chosen = [wargasara]
    while {village.district_code for village in chosen} != wanted:
        chosen = [wargasara, *random.sample(there, number - 1)]
    return chosen
