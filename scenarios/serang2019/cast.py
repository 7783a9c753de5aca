"""Who and where: the villages that vote, their police, their posts and the units, chosen by the seed.

Facts: 150 villages voted, Wargasara's island is reached by boat, 76 villages lay under Polres Serang, 474 police of the
Polres and 200 of Brimob and Polda guarded. Synthetic: which villages, their vulnerability, number of stations,
jurisdiction, and how the heads are divided into units. A smaller operation has the same shares.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice, repeat
from random import Random
from typing import Literal

from schemas.places import VILLAGES, Village
from schemas.types import Force, Jurisdiction, Vulnerability

WARGASARA = "36.04.13.2009"
ALL_VILLAGES, UNDER_POLRES_SERANG, POLRES_HEADS, POLDA_HEADS = 150, 76, 474, 200
POLRES_SERANG: Jurisdiction = "polres-serang"
PATROL, BOAT_CREW = 5, 6

Role = Literal["guard", "linmas", "koramil", "patrol", "brimob", "boat", "reserve"]

# Synthetic for 2019. Wargasara's is the pattern 2-1-2 of Pulau Tunda in 2020; which forces it meant is not known.
REQUIRED: Mapping[Vulnerability, Mapping[Force, int]] = {
    "kurang_rawan": {"polri": 2, "linmas": 2},
    "rawan": {"polri": 3, "linmas": 2},
    "sangat_rawan": {"polri": 4, "tni": 1, "linmas": 2},
}
REQUIRED_ON_THE_ISLAND: Mapping[Force, int] = {"polri": 2, "tni": 1, "linmas": 2}
GRADES: tuple[Vulnerability, ...] = ("kurang_rawan", "rawan", "sangat_rawan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A village that votes."""

    village: Village
    jurisdiction: Jurisdiction
    vulnerability: Vulnerability
    stations: tuple[str, ...]

    @property
    def code(self) -> str:
        """The village's code, which is also its post's."""
        return self.village.code

    @property
    def escorted(self) -> bool:
        """Whether its load is escorted."""
        return self.code == WARGASARA or self.vulnerability != "kurang_rawan"

    @property
    def required(self) -> Mapping[Force, int]:
        """Heads that its post needs."""
        return REQUIRED_ON_THE_ISLAND if self.code == WARGASARA else REQUIRED[self.vulnerability]


@dataclass(frozen=True, slots=True, kw_only=True)
class Squad:
    """A unit. `poll` is the one it guards, None for those who move; `strength` is of one force."""

    unit: str
    agency: str
    name: str
    role: Role
    force: Force
    heads: int
    poll: Poll | None = None

    @property
    def strength(self) -> dict[Force, int]:
        """Its heads by force."""
        return {self.force: self.heads}

    @property
    def callsign(self) -> str:
        """Its name on the radio; synthetic."""
        return f"{self.agency.partition('-')[0].upper()} {self.unit.rpartition('-')[2]}"


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody and every place of one operation."""

    polls: tuple[Poll, ...]
    squads: tuple[Squad, ...]

    def of(self, *roles: Role) -> list[Squad]:
        """The units with one of these roles."""
        return [squad for squad in self.squads if squad.role in roles]

    def guard_of(self, poll: Poll) -> Squad:
        """The police unit that guards a village."""
        return next(squad for squad in self.of("guard") if squad.poll is poll)

    def poll(self, code: str) -> Poll:
        """The poll of the village with this code."""
        return next(poll for poll in self.polls if poll.code == code)


def make_cast(villages: int, random: Random) -> Cast:
    """Choose villages and divide heads into units."""
    polls = tuple(_polls(villages, random))
    return Cast(polls, tuple(_squads(polls)))


def share(of_all: int, villages: int) -> int:
    """The part of a number of the whole operation that falls to so many villages."""
    return round(of_all * villages / ALL_VILLAGES)


def _polls(villages: int, random: Random) -> Iterator[Poll]:
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
            stations=tuple(f"{village.code}-tps{number:02}" for number in stations),
        )


def _villages(number: int, random: Random) -> Sequence[Village]:
    """Wargasara first, then others of a few districts, or of all if there are enough villages."""
    wargasara = VILLAGES[WARGASARA]
    districts = sorted({village.district_code for village in VILLAGES.values()} - {wargasara.district_code})
    wanted = {wargasara.district_code, *random.sample(districts, min(len(districts), max(3, number // 4)))}
    there = [v for code, v in sorted(VILLAGES.items()) if v.district_code in wanted and code != WARGASARA]
    return [wargasara, *random.sample(there, number - 1)]


def _squads(polls: Sequence[Poll]) -> Iterator[Squad]:
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))

    def squad(agency: str, role: Role, force: Force, heads: int, name: str, poll: Poll | None = None) -> Squad:
        unit = f"{agency}-{next(numbers[agency]):03}"
        return Squad(unit=unit, agency=agency, name=name, role=role, force=force, heads=heads, poll=poll)

    for poll in polls:
        village = poll.village.name
        yield squad(poll.jurisdiction, "guard", "polri", poll.required["polri"], f"Regu pam {village}", poll)
        yield squad("linmas-serang", "linmas", "linmas", poll.required["linmas"], f"Linmas {village}", poll)
        if "tni" in poll.required:
            yield squad("koramil-serang", "koramil", "tni", poll.required["tni"], f"Babinsa {village}", poll)
    for agency in (POLRES_SERANG, "polres-cilegon", "polres-serang-kota"):
        for number in range(_patrols(agency, polls)):
            yield squad(agency, "patrol", "polri", PATROL, f"Patroli Samapta {number + 1}")
    boats = max(1, len(polls) // 75)
    for number in range(boats):
        yield squad("polairud-banten", "boat", "polairud", BOAT_CREW, f"Kapal patroli {number + 1}")
    for heads in _parts(share(POLDA_HEADS, len(polls)) - boats * BOAT_CREW):
        yield squad("brimob-banten", "brimob", "brimob", heads, "Peleton Brimob")
    guards = sum(poll.required["polri"] for poll in polls if poll.jurisdiction == POLRES_SERANG)
    for heads in _parts(share(POLRES_HEADS, len(polls)) - guards - PATROL * _patrols(POLRES_SERANG, polls)):
        yield squad(POLRES_SERANG, "reserve", "polri", heads, "Regu cadangan")


def _patrols(agency: str, polls: Sequence[Poll]) -> int:
    return max(1, len(polls) // 6) if agency == POLRES_SERANG else max(1, len(polls) // 20)


def _parts(heads: int) -> Iterator[int]:
    """Units of ten or fewer that together have so many heads."""
    units = -(-heads // 10)
    return (heads // units + (number < heads % units) for number in range(units))
