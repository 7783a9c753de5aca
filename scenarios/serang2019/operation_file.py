"""`python -m scenarios.serang2019.operation_file`: writes deploy/operations/serang-2019.yaml.

Facts: the operation's name, polling day and meeting, 150 villages, 76 under Polres Serang, and Wargasara.
Synthetic: which the others are, their jurisdiction and stations, and the hours of the stages.
"""

from collections.abc import Iterator
from random import Random

from scenarios.serang2019.operation import AGENCIES, stages
from scenarios.serang2019.polls import ALL_VILLAGES, Poll, make_polls

SEED = 2019
HEAD = """\
# The operation "Aman Pilkades Kalimaya 2019", as `kalimaya operation apply` puts it in force: a change of this file is
# a new version with a higher number, and its own source and date.
#
# Facts: name, polling day, the meeting of 30 October 2019, 150 villages, 76 of them under Polres Serang, Wargasara
# (Pulau Tunda). SYNTHETIC: which the 149 other villages are, every jurisdiction but Wargasara's, the number of polling
# stations, and the hours of the stages. Written by `python -m scenarios.serang2019.operation_file` (seed 2019).
operation: serang-2019
version: 1
name: Aman Pilkades Kalimaya 2019
polling_day: 2019-11-03
source: Rapat Polres Serang dengan mitra, 30 Oktober 2019; daftar desa sintetis (seed 2019)
dated: 2019-10-30
"""


def lines() -> Iterator[str]:
    """The file."""
    yield HEAD
    yield "\nstages:\n"
    for each in stages():
        yield f'  - {{stage: {each.stage}, start: "{each.start.isoformat()}", end: "{each.end.isoformat()}"}}\n'
    yield "\nagencies:\n"
    for agency, name in AGENCIES.items():
        yield f"  - {{agency: {agency}, name: {name}}}\n"
    yield "\nvillages:\n"
    district = None
    for poll in sorted(make_polls(ALL_VILLAGES, Random(f"{SEED}/cast")), key=lambda each: each.code):
        if district != poll.village.district_name:
            district = poll.village.district_name
            yield f"  # {district}\n"
        yield _line(poll)


def _line(poll: Poll) -> str:
    entry = f'{{village: "{poll.code}", jurisdiction: {poll.jurisdiction}, stations: {len(poll.stations)}}}'
    return f"  - {entry}  # {poll.village.name}\n"


if __name__ == "__main__":
    print("".join(lines()), end="")
