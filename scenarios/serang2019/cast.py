"""Who: the units, and how the heads are divided among them.

Facts: 474 police of the Polres and 200 of Brimob and the provincial police guarded. Synthetic: all units. A smaller
operation has the same shares.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal

from scenarios.serang2019.polls import POLRES_SERANG, Poll, make_polls, share
from schemas.types import Force

POLRES_HEADS, POLDA_HEADS = 474, 200
PATROL, BOAT_CREW, SATPOL = 5, 6, 6

Role = Literal["guard", "linmas", "koramil", "patrol", "brimob", "boat", "reserve", "satpol"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
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
    _guards: Mapping[str, Squad] = field(init=False)

    def __post_init__(self) -> None:
        guards = {squad.poll.code: squad for squad in self.squads if squad.role == "guard" and squad.poll}
        object.__setattr__(self, "_guards", guards)

    def of(self, *roles: Role) -> list[Squad]:
        """The units with one of these roles."""
        return [squad for squad in self.squads if squad.role in roles]

    def guard_of(self, poll: Poll) -> Squad:
        """The police unit that guards a village."""
        return self._guards[poll.code]

    def poll(self, code: str) -> Poll:
        """The poll of the village with this code."""
        return next(poll for poll in self.polls if poll.code == code)

    def districts(self) -> list[str]:
        """Codes of the districts in which villages vote."""
        return sorted({poll.village.district_code for poll in self.polls})


def make_cast(villages: int, random: Random) -> Cast:
    """Choose villages and divide heads into units."""
    polls = tuple(make_polls(villages, random))
    return Cast(polls, tuple(_squads(polls)))


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
    for number in range(max(1, len(polls) // 10)):
        yield squad("satpol-pp-serang", "satpol", "satpol_pp", SATPOL, f"Regu Satpol PP {number + 1}")


def _patrols(agency: str, polls: Sequence[Poll]) -> int:
    return max(1, len(polls) // 6) if agency == POLRES_SERANG else max(1, len(polls) // 20)


def _parts(heads: int) -> Iterator[int]:
    """Units of ten or fewer that together have so many heads."""
    units = -(-heads // 10)
    return (heads // units + (number < heads % units) for number in range(units))
