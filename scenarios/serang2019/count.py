"""The vote, the count and the way back: packages opened with witnesses, ballots reconciled, boxes sealed and kept.

Polling was on 3 November 2019; everything else is synthetic.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from scenarios.serang2019.calendar import MINUTE, POLLS_CLOSE, POLLS_OPEN, at
from scenarios.serang2019.carriage import transship
from scenarios.serang2019.custody import BOAT, KEEPER, camat, hand_over, kpps, panitia
from scenarios.serang2019.loads import BOATMEN, ISLAND_PIER, PIER, STORE, STORE_KEEPER, Load
from scenarios.serang2019.story import LOGISTICS, Story
from scenarios.serang2019.tracks import KARANGANTU, PULAU_TUNDA, follow, office_of
from schemas.logistics import (
    BallotsReconciled,
    LegArrived,
    LegDeparted,
    PackagesOpened,
    SealPackage,
    ShipmentReturned,
)

WITNESSES = 2
MISSING = 7
"""Ballots that are not accounted for where they do not add up."""
PUT_RIGHT = timedelta(minutes=80)
"""So long after the island's count one sees that its first record was written wrongly."""


def write(story: Story, loads: list[Load]) -> None:
    """What happens to each load from the opening of the polls on."""
    random = story.random("count")
    for load in loads:
        for station in load.poll.stations:
            _open(story, load, station, random)
            _count(story, load, station, random)
        if load.poll.on_the_island:
            _sail_back(story, load, random)
        else:
            _drive_back(story, load, random)


def _open(story: Story, load: Load, station: str, random: Random) -> None:
    opened = PackagesOpened(
        shipment=load.shipment,
        tps=station,
        packages=tuple(each.package for each in load.for_station(station, load.sealed)),
        witnesses=tuple(f"saksi-{station}-c{number:02}" for number in range(1, WITNESSES + 1)),
        signatories=(kpps(station).custodian,),
    )
    story.script.report(POLLS_OPEN - random.randrange(5, 40) * MINUTE, "kpps", opened)


def _count(story: Story, load: Load, station: str, random: Random) -> None:
    """Ballots reconciled by the signed record, what goes back sealed anew, and given to the committee."""
    counted = POLLS_CLOSE + random.randrange(60, 240) * MINUTE
    received = load.poll.ballots(station)
    used = round(load.poll.voters[station] * random.uniform(0.6, 0.9))
    spoiled = random.randrange(0, 9)
    first = station == load.poll.stations[0]
    wrong = load.poll is story.victims.miscounted and first
    reconciled = BallotsReconciled(
        shipment=load.shipment,
        tps=station,
        received=received,
        used=used,
        unused=received - used - spoiled - (MISSING if wrong else 0),
        spoiled=spoiled,
        record=f"BA/{station}/2019",
        signatories=(kpps(station).custodian, *(f"saksi-{station}-c{n:02}" for n in range(1, WITNESSES + 1))),
    )
    if load.poll.on_the_island and first:
        slip = replace(reconciled, unused=reconciled.unused - MISSING)
        story.script.report(counted, "kpps", slip, mishap="record put right")
        story.script.report(counted + PUT_RIGHT, "kpps", reconciled)
    else:
        story.script.report(counted, "kpps", reconciled, mishap="discrepancy open" if wrong else None)
    back = load.for_station(station, load.resealed)
    for number, each in enumerate(back):
        order = SealPackage(shipment=load.shipment, package=each.package, seals=each.seals)
        story.script.order(counted + (number + 5) * MINUTE, LOGISTICS, order)
    time = counted + random.randrange(20, 50) * MINUTE
    hand_over(story, load, f"{station[-5:]}-pulang", (kpps(station), panitia(load)), station, time, random, back)


def _drive_back(story: Story, load: Load, random: Random) -> None:
    """In the evening to the district's office, with the escort; the next day to the store. One load is kept there.

    The truck that broke down on the way out does so again, and comes a day later.
    """
    kept = load.poll is story.victims.kept
    escort = story.cast.guard_of(load.poll) if load.poll.escorted else None
    left = at(3, 20, 15) + random.randrange(0, 90) * MINUTE
    there = left + random.randrange(30, 100) * MINUTE
    report, shipment = story.script.report, load.shipment
    report(left, "kpps", LegDeparted(shipment=shipment, leg="pulang-desa", escort=escort.unit if escort else None))
    if escort:
        village = load.poll.village
        way = (village.lat, village.lon), office_of(village.district_code)
        follow(story, escort, way, (left, there), random)
    arrived = LegArrived(shipment=shipment, leg="pulang-desa")
    report(there, load.camat, arrived, mishap="not returned" if kept else None)
    hand_over(story, load, "kecamatan-pulang", (panitia(load), camat(load)), load.office, there, random, load.resealed)
    if not kept:
        day = 5 if load.poll is story.victims.late else 4
        _to_the_store(story, load, at(day, 8) + random.randrange(0, 120) * MINUTE, load.camat, random)


def _sail_back(story: Story, load: Load, random: Random) -> None:
    """On foot to the pier, by boat with the morning's tide, and on by road."""
    boat, shipment, report = story.cast.of("boat")[0], load.shipment, story.script.report
    report(at(4, 6, 40), "kpps", LegDeparted(shipment=shipment, leg="pulang-kaki"))
    report(at(4, 7, 5), "kpps", LegArrived(shipment=shipment, leg="pulang-kaki"))
    transship(story, load, ("pulang-kaki", "pulang-laut"), ISLAND_PIER, at(4, 7, 20), BOATMEN)
    hand_over(story, load, "kapal-pulang", (panitia(load), BOAT), ISLAND_PIER, at(4, 7, 10), random, load.resealed)
    sails = at(4, 8, 10)
    lands = sails + timedelta(hours=2)
    report(sails, BOATMEN, LegDeparted(shipment=shipment, leg="pulang-laut", escort=boat.unit))
    follow(story, boat, (PULAU_TUNDA, KARANGANTU), (sails, lands), random)
    report(lands, BOATMEN, LegArrived(shipment=shipment, leg="pulang-laut"))
    transship(story, load, ("pulang-laut", "pulang-gudang"), PIER, lands + 3 * MINUTE, BOATMEN)
    hand_over(story, load, "kecamatan-pulang", (BOAT, camat(load)), PIER, lands, random, load.resealed)
    _to_the_store(story, load, lands + timedelta(hours=1), load.camat, random)


def _to_the_store(story: Story, load: Load, left: datetime, principal: str, random: Random) -> None:
    there = left + random.randrange(60, 120) * MINUTE
    report, shipment = story.script.report, load.shipment
    report(left, principal, LegDeparted(shipment=shipment, leg="pulang-gudang"))
    report(there, "dpmd-serang", LegArrived(shipment=shipment, leg="pulang-gudang"))
    hand_over(story, load, "gudang", (camat(load), KEEPER), STORE, there, random, load.resealed)
    packages = tuple(each.package for each in load.resealed)
    returned = ShipmentReturned(shipment=shipment, packages=packages, receiver=STORE_KEEPER, place=STORE)
    report(there + 20 * MINUTE, "dpmd-serang", returned)
