"""The way out: from the regency's store by district and village to each polling station, and the camat's checks.

Facts: Pulau Tunda is reached by boat only, about two hours from Karangantu, and Polairud arranges the crossing. Times,
places and the tide are synthetic.
"""

from datetime import datetime, timedelta
from random import Random

from scenarios.script import Draft
from scenarios.serang2019.calendar import MINUTE, at
from scenarios.serang2019.custody import BOAT, KEEPER, camat, hand_over, kpps, panitia
from scenarios.serang2019.loads import BOATMEN, CONTENTS, ISLAND_PIER, PIER, Load
from scenarios.serang2019.story import Story
from scenarios.serang2019.tracks import KARANGANTU, PULAU_TUNDA, STORE, follow, office_of
from schemas.logistics import (
    LegArrived,
    LegDeparted,
    PackageInspected,
    ReadinessChecked,
    ReadinessItem,
    SealReading,
    ShipmentDelivered,
    ShipmentTransshipped,
)

HELD_BY_TIDE = timedelta(hours=4, minutes=40)
HELD_UP = timedelta(hours=3)
"""More than the road takes, when a truck breaks down."""


def write(story: Story, loads: list[Load]) -> None:
    """Every load to its polling stations, and what the district heads find."""
    random = story.random("carriage")
    for load in loads:
        if load.poll.on_the_island:
            _cross(story, load, random)
        else:
            _drive(story, load, random)
        _to_the_stations(story, load, random)
        _check(story, load, random)


def _drive(story: Story, load: Load, random: Random) -> None:
    """By road to the district's office, and on the day before the vote to the village."""
    victims, script = story.victims, story.script
    escort = story.cast.guard_of(load.poll) if load.poll.escorted and load.poll is not victims.unescorted else None
    left = load.departs + random.randrange(0, 15) * MINUTE
    there = left + random.randrange(60, 100) * MINUTE + (HELD_UP if load.poll is victims.late else timedelta(0))
    mishap = "unescorted" if load.poll is victims.unescorted else "leg overdue" if load.poll is victims.late else None
    departed = LegDeparted(shipment=load.shipment, leg="darat", escort=escort.unit if escort else None)
    script.report(left, "dpmd-serang", departed, mishap=mishap)
    if escort:
        way = STORE, office_of(load.poll.village.district_code)
        follow(story, escort, way, (left, there), random, astray=load.poll is victims.separated)
    script.report(there, load.camat, LegArrived(shipment=load.shipment, leg="darat"))
    hand_over(story, load, "kecamatan", (KEEPER, camat(load)), load.office, there, random)
    _inspect(story, load, there + 30 * MINUTE)
    left = at(2, 8) + random.randrange(0, 60) * MINUTE
    script.report(left, load.camat, LegDeparted(shipment=load.shipment, leg="desa"))
    there = left + random.randrange(20, 90) * MINUTE
    script.report(there, "kpps", LegArrived(shipment=load.shipment, leg="desa"))
    hand_over(story, load, "desa", (camat(load), panitia(load)), load.village_office, there, random)


def _inspect(story: Story, load: Load, time: datetime) -> None:
    """The camat looks at the seals of boxes, and in a larger operation of more; one he finds broken."""
    kinds = [kind for kind, *_ in CONTENTS[: story.size.inspected]]
    wanted = {package.package for package in load.of_kinds(kinds)}
    for number, each in enumerate(one for one in load.sealed if one.package in wanted):
        broken = number == 0 and load.poll is story.victims.broken_seal
        report = PackageInspected(
            shipment=load.shipment,
            package=each.package,
            seals=tuple(
                SealReading(number=seal, condition="broken" if broken and seal == each.seals[0] else "intact")
                for seal in each.seals
            ),
            place=load.office,
            signatories=(load.camat, f"saksi-{load.camat}"),
        )
        mishap = "seal mismatch" if broken else None
        story.script.report(time + number * MINUTE, load.camat, report, mishap=mishap)


def _cross(story: Story, load: Load, random: Random) -> None:
    """By road to Karangantu, by boat when the tide lets it, and on foot to the village."""
    escort, boat, shipment = story.cast.guard_of(load.poll), story.cast.of("boat")[0], load.shipment
    report = story.script.report
    report(load.departs, "dpmd-serang", LegDeparted(shipment=shipment, leg="darat", escort=escort.unit))
    there = load.departs + 70 * MINUTE
    follow(story, escort, (STORE, KARANGANTU), (load.departs, there), random)
    report(there, load.camat, LegArrived(shipment=shipment, leg="darat"))
    hand_over(story, load, "kecamatan", (KEEPER, camat(load)), PIER, there, random)
    aboard = at(2, 7)
    transship(story, load, ("darat", "laut"), PIER, aboard, load.camat)
    hand_over(story, load, "kapal", (camat(load), BOAT), PIER, aboard, random)
    sails = at(2, 8) + HELD_BY_TIDE
    departed = LegDeparted(shipment=shipment, leg="laut", escort=boat.unit)
    report(sails, BOATMEN, departed, mishap="held by the tide")
    lands = sails + timedelta(hours=2)
    follow(story, boat, (KARANGANTU, PULAU_TUNDA), (sails, lands), random)
    report(lands, BOATMEN, LegArrived(shipment=shipment, leg="laut"))
    transship(story, load, ("laut", "kaki"), ISLAND_PIER, lands + 2 * MINUTE, BOATMEN)
    walks = lands + 20 * MINUTE
    told = [
        *hand_over(story, load, "desa", (BOAT, panitia(load)), ISLAND_PIER, lands, random),
        report(walks, "kpps", LegDeparted(shipment=shipment, leg="kaki")),
        report(walks + 25 * MINUTE, "kpps", LegArrived(shipment=shipment, leg="kaki")),
    ]
    story.script.upload(told, at(2, 21), "late in bulk")


def transship(story: Story, load: Load, legs: tuple[str, str], place: str, time: datetime, principal: str) -> Draft:
    """A change of mode: every package checked, a compartment seal put on, two sign."""
    back = legs[0].startswith("pulang")
    report = ShipmentTransshipped(
        shipment=load.shipment,
        from_leg=legs[0],
        to_leg=legs[1],
        packages=load.resealed if back else load.sealed,
        compartment_seal=f"KOMP-{legs[1].upper()}-{load.poll.code[-4:]}",
        waybill=load.waybill,
        signatories=(load.camat, BOATMEN),
        place=place,
    )
    return story.script.report(time, principal, report)


def _to_the_stations(story: Story, load: Load, random: Random) -> None:
    """In the morning of the vote: part of the shipment changes hands at each TPS, and is delivered."""
    for station in load.poll.stations:
        time = at(3, 5) + random.randrange(0, 50) * MINUTE
        part = load.for_station(station, load.sealed)
        parties = panitia(load), kpps(station)
        hand_over(story, load, station[-5:], parties, station, time, random, part)
        packages = tuple(each.package for each in part)
        receiver = kpps(station).custodian
        delivered = ShipmentDelivered(shipment=load.shipment, packages=packages, receiver=receiver, place=station)
        story.script.report(time + 15 * MINUTE, "kpps", delivered)


def _check(story: Story, load: Load, random: Random) -> None:
    """The camat's checks of boxes, ballots and stationery: at his office, and on the eve in the village."""
    victims = story.victims
    mishap: str | None
    if load.poll is victims.unchecked:
        times, mishap = [at(3, 5, 30)], "not ready"
    else:
        times = [at(1, 17) + random.randrange(0, 90) * MINUTE, at(2, 16) + random.randrange(0, 90) * MINUTE]
        mishap = "not ready" if load.poll is victims.ill_prepared else None
    for number, time in enumerate(times):
        last = number == len(times) - 1
        short = load.poll is victims.ill_prepared or (not last and random.random() < 0.1)
        checked = ReadinessChecked(village=load.poll.code, items=_items(load, short), checker=load.camat)
        story.script.report(time, load.camat, checked, mishap=mishap if last else None)


def _items(load: Load, short: bool) -> tuple[ReadinessItem, ...]:
    required: dict[str, int] = {}
    for package in load.packages:
        required[package.kind] = required.get(package.kind, 0) + package.count
    required.setdefault("stationery", len(load.poll.stations))  # in a small operation it comes by another way
    lacking = {"ballots": 25} if short else {}
    return tuple(
        ReadinessItem(
            item=kind,  # type: ignore[arg-type]
            required=pieces,
            present=pieces - lacking.get(kind, 0),
            usable=pieces - lacking.get(kind, 0),
        )
        for kind, pieces in required.items()
    )
