"""What one telling of the operation consists of: script, cast, size, chance, and who meets with which mishap."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from scenarios.script import Draft, Script
from scenarios.serang2019.cast import Cast, Squad, make_cast
from scenarios.serang2019.polls import Poll
from scenarios.serang2019.sizes import Size

POSKO, LOGISTICS = "posko-serang", "logistik-serang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Victims:
    """Who meets with which mishap; all synthetic.

    Units: short_handed counts one head less than its post needs; deserter leaves its post without consent; complained
    is said not to be neutral; silent is not heard for hours; overdue comes late to its post; strayed is seen far from
    it; cut_off have phones without network for hours.

    Villages by their shipment: disputed is handed over in dispute; misread with another seal; broken_seal is found so
    by the camat; half_open has a handover of which only the giver tells; unescorted sets out without its escort;
    separated is left by it on the way; late arrives hours after its time, out and back; resealed gets a seal
    number of another shipment; miscounted has ballots that do not add up; kept is not brought back.

    Villages otherwise: crowded, where the count draws a crowd; unpatrolled, where nobody looks on the day of the vote;
    ill_prepared lacks ballots at the camat's check; unchecked is not checked before the day of the vote. unengaged is a
    district whose mass organisations are met only after it.
    """

    short_handed: Squad
    deserter: Squad
    complained: Squad
    silent: Squad
    overdue: Squad
    strayed: Squad
    cut_off: tuple[Squad, ...]
    disputed: Poll
    misread: Poll
    broken_seal: Poll
    half_open: Poll
    unescorted: Poll
    separated: Poll
    late: Poll
    resealed: Poll
    miscounted: Poll
    kept: Poll
    crowded: Poll
    unpatrolled: Poll
    ill_prepared: Poll
    unchecked: Poll
    unengaged: str


@dataclass(frozen=True, slots=True)
class Story:
    """What the parts of the scenario write with.

    `fixes`: positions of each unit in the order of their times.
    """

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
    return Story(Script(name), size, cast, _victims(cast, size, Random(f"{seed}/victims")), seed)


def _victims(cast: Cast, size: Size, random: Random) -> Victims:
    mainland = [poll for poll in cast.polls if not poll.on_the_island]
    short, left, complained, silent, overdue, strayed, crowded = random.sample(mainland, 7)
    unescorted, separated = random.sample([poll for poll in mainland if poll.escorted], 2)
    others = [poll for poll in mainland if poll not in (unescorted, separated)]
    disputed, misread, broken_seal, half_open, late, resealed, miscounted, kept, ill_prepared, unchecked = (
        random.sample(others, 10)
    )
    return Victims(
        short_handed=cast.guard_of(short),
        deserter=next(squad for squad in cast.of("linmas") if squad.poll is left),
        complained=cast.guard_of(complained),
        silent=cast.guard_of(silent),
        overdue=cast.guard_of(overdue),
        strayed=cast.guard_of(strayed),
        cut_off=tuple(random.sample(cast.of("patrol"), size.cut_off)),
        disputed=disputed,
        misread=misread,
        broken_seal=broken_seal,
        half_open=half_open,
        unescorted=unescorted,
        separated=separated,
        late=late,
        resealed=resealed,
        miscounted=miscounted,
        kept=kept,
        crowded=crowded,
        unpatrolled=random.choice([poll for poll in mainland if poll.vulnerability == "sangat_rawan"]),
        ill_prepared=ill_prepared,
        unchecked=unchecked,
        unengaged=random.choice(cast.districts()),
    )
