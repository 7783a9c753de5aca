"""What one telling of the operation consists of: script, cast, size, chance, and who meets with which mishap."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from scenarios.script import Draft, Script
from scenarios.serang2019.cast import WARGASARA, Cast, Poll, Squad, make_cast
from scenarios.serang2019.sizes import Size

POSKO, LOGISTICS = "posko-serang", "logistik-serang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Victims:
    """Who meets with which mishap; all synthetic.

    short_handed: counts one head less than its post needs. deserter: leaves its post without consent. complained: is
    said not to be neutral. cut_off: its phone has no network for hours. disputed, misread, unescorted: villages whose
    shipment is handed over in dispute, with another seal, or sets out without its escort. crowded: a village where the
    count draws a crowd.
    """

    short_handed: Squad
    deserter: Squad
    complained: Squad
    cut_off: Squad
    disputed: Poll
    misread: Poll
    unescorted: Poll
    crowded: Poll


@dataclass(frozen=True, slots=True)
class Story:
    """What the parts of the scenario write with. `fixes`: positions of each unit, in the order of their times."""

    script: Script
    size: Size
    cast: Cast
    victims: Victims
    seed: int
    fixes: dict[Squad, list[tuple[datetime, Draft]]] = field(default_factory=lambda: defaultdict(list))

    def random(self, part: str) -> Random:
        """The chance of one part, so that a change in one part leaves the others as they were."""
        return Random(f"{self.seed}/{part}")


def begin(name: str, size: Size, seed: int) -> Story:
    """Choose the cast, and who of it has bad luck."""
    cast = make_cast(size.villages, Random(f"{seed}/cast"))
    return Story(Script(name), size, cast, _victims(cast, Random(f"{seed}/victims")), seed)


def _victims(cast: Cast, random: Random) -> Victims:
    mainland = [poll for poll in cast.polls if poll.code != WARGASARA]
    short, left, complained, disputed, misread, crowded = random.sample(mainland, 6)
    escorted = [poll for poll in mainland if poll.escorted and poll not in (disputed, misread)]
    return Victims(
        short_handed=cast.guard_of(short),
        deserter=next(squad for squad in cast.of("linmas") if squad.poll is left),
        complained=cast.guard_of(complained),
        cut_off=random.choice(cast.of("patrol")),
        disputed=disputed,
        misread=misread,
        unescorted=random.choice(escorted),
        crowded=crowded,
    )
