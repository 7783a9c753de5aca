"""`python -m scenarios.serang2019.operation_file`: writes deploy/operations/serang-2019.yaml, with the cast's villages.

Facts: the operation's name, polling day and meeting, 150 villages, 76 of them under Polres Serang, and Wargasara.
Synthetic: which the others are, their jurisdiction and stations, and the hours of the stages.
"""

from collections.abc import Iterator
from random import Random

from scenarios.serang2019.cast import ALL_VILLAGES, Poll, make_cast

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

stages:
  - {stage: preparation, start: "2019-10-29T00:00:00+07:00", end: "2019-10-31T00:00:00+07:00"}
  - {stage: quiet_period, start: "2019-10-31T00:00:00+07:00", end: "2019-11-03T00:00:00+07:00"}
  - {stage: distribution, start: "2019-10-31T07:00:00+07:00", end: "2019-11-03T07:00:00+07:00"}
  - {stage: voting, start: "2019-11-03T07:00:00+07:00", end: "2019-11-03T13:00:00+07:00"}
  - {stage: counting, start: "2019-11-03T13:00:00+07:00", end: "2019-11-03T20:00:00+07:00"}
  - {stage: return, start: "2019-11-03T20:00:00+07:00", end: "2019-11-05T00:00:00+07:00"}
  - {stage: aftermath, start: "2019-11-05T00:00:00+07:00", end: "2019-11-06T00:00:00+07:00"}

agencies:
  - {agency: polres-serang, name: Polres Serang}
  - {agency: polres-cilegon, name: Polres Cilegon}
  - {agency: polres-serang-kota, name: Polres Serang Kota}
  - {agency: polda-banten, name: Polda Banten}
  - {agency: brimob-banten, name: Brimob Polda Banten}
  - {agency: polairud-banten, name: Ditpolairud Polda Banten}
  - {agency: koramil-serang, name: Koramil se-Kabupaten Serang}
  - {agency: linmas-serang, name: Satlinmas Kabupaten Serang}
  - {agency: satpol-pp-serang, name: Satpol PP Kabupaten Serang}
  - {agency: dpmd-serang, name: DPMD Kabupaten Serang}
  - {agency: camat-serang, name: Camat se-Kabupaten Serang}
  - {agency: kpps, name: Panitia pemilihan desa se-Kabupaten Serang}

villages:
"""


def lines() -> Iterator[str]:
    """The file."""
    yield HEAD
    polls = make_cast(ALL_VILLAGES, Random(f"{SEED}/cast")).polls
    district = None
    for poll in sorted(polls, key=lambda each: each.code):
        if district != poll.village.district_name:
            district = poll.village.district_name
            yield f"  # {district}\n"
        yield _line(poll)


def _line(poll: Poll) -> str:
    entry = f'{{village: "{poll.code}", jurisdiction: {poll.jurisdiction}, stations: {len(poll.stations)}}}'
    return f"  - {entry}  # {poll.village.name}\n"


if __name__ == "__main__":
    print("".join(lines()), end="")
