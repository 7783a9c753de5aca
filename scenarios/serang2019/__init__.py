"""The scenario "Serang 2019": the operation of 29 October to 5 November 2019 as messages, the same for the same seed.

Facts: village-head elections in 150 villages of Kabupaten Serang on 3 November 2019; 76 of them under Polres Serang;
474 police of the Polres and 200 of Brimob and Polda; partners met on 30 October; Pulau Tunda (Wargasara) is reached by
boat, which Polairud arranged. Everything else is synthetic: which villages, their jurisdictions, vulnerability,
stations and requirements, units, times, loads, incidents and mishaps.
"""

from scenarios.plan import Plan
from scenarios.serang2019 import (
    carriage,
    count,
    events,
    loads,
    mishaps,
    operation,
    outreach,
    patrols,
    plans,
    refusals,
    story,
    units,
)
from scenarios.serang2019.calendar import END, START
from scenarios.serang2019.sizes import SIZES

__all__ = ["END", "SEED", "SIZES", "START", "fastest", "make"]

SEED = 2019
"""Of the plan that is played unless another is asked for."""


def make(size: str, seed: int) -> Plan:
    """The plan of one size and seed. Raises KeyError for an unknown size."""
    told = story.begin(f"{size}-{seed}", SIZES[size], seed)
    for part in (operation, plans, units, patrols, events, outreach):
        part.write(told)
    shipments = loads.write(told)
    for way in (carriage, count, refusals):
        way.write(told, shipments)
    mishaps.write(told)
    return told.script.plan()


def fastest(size: str) -> float:
    """Times as fast as life that a size is played at most if nobody says more. Raises KeyError for an unknown size."""
    return SIZES[size].fastest
