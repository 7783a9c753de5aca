"""The logistics: one shipment a village, sealed, carried from the regency's store by district and village to each TPS.

Facts: Pulau Tunda is reached by boat only, about two hours from Karangantu, and Polairud arranges the crossing.
Manifests, seal numbers, custodians, times and the tide are synthetic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from scenarios.serang2019.calendar import at
from scenarios.serang2019.cast import WARGASARA, Poll, Squad
from scenarios.serang2019.story import LOGISTICS, POSKO, Story
from scenarios.serang2019.units import MINUTE, TYPED, sail
from schemas.deployment import AssignUnit
from schemas.logistics import (
    CustodyReceived,
    CustodyReleased,
    Leg,
    LegArrived,
    LegDeparted,
    Package,
    PlanShipment,
    SealedPackage,
    SealPackage,
    ShipmentDelivered,
)
from schemas.types import PackageKind

STORE, STORE_KEEPER, BOATMEN = "gudang-dpmd", "dpmd-serang", "polairud-banten"
PIER, ISLAND_PIER = "dermaga-karangantu", "dermaga-pulau-tunda"
CONTENTS: Sequence[tuple[PackageKind, str, int, int]] = (
    ("ballot_box", "kotak", 1, 2),
    ("ballots", "surat-suara", 450, 1),
    ("stationery", "atk", 1, 1),
)
"""For each TPS: kind, word for the package's id, pieces inside, seals on it."""
HELD_BY_TIDE = timedelta(hours=4, minutes=40)
LATE_HALF = timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class Load:
    """One village's shipment: what it holds, with the seals put on, and how it goes. `departs`: the first leg."""

    poll: Poll
    packages: tuple[Package, ...]
    sealed: tuple[SealedPackage, ...]
    departs: datetime

    @property
    def shipment(self) -> str:
        """Its id, which is also the waybill's."""
        return f"kirim-{self.poll.code}"

    @property
    def camat(self) -> str:
        """Who answers for it in the district."""
        return f"camat-{slug(self.poll.village.district_name)}"

    @property
    def panitia(self) -> str:
        """Who answers for it in the village."""
        return f"panitia-{self.poll.code}"

    def for_station(self, station: str) -> tuple[SealedPackage, ...]:
        """The packages of one TPS."""
        wanted = {package.package for package in self.packages if package.tps == station}
        return tuple(each for each in self.sealed if each.package in wanted)


def slug(name: str) -> str:
    """A name as it can stand in an id."""
    return name.lower().replace(" ", "-")


def write(story: Story) -> list[Load]:
    """Every shipment from its plan to the polling stations; the loads, for those who want to spoil one."""
    seals = count(1)
    loads = [_load(poll, number, seals) for number, poll in enumerate(story.cast.polls)]
    random = story.random("loads")
    boat = story.cast.of("boat")[0]
    for number, load in enumerate(loads):
        _order(story, load, number)
        if load.poll.code == WARGASARA:
            _escort(story, load, boat, "laut", at(2, 5), at(2, 17), number)
            _cross(story, load, boat, random)
        else:
            _drive(story, load, random)
        _to_the_stations(story, load, random)
    return loads


def _load(poll: Poll, number: int, seals: Iterator[int]) -> Load:
    packages = tuple(
        Package(package=f"{poll.code}-{word}-{station[-5:]}", kind=kind, tps=station, count=pieces)
        for station in poll.stations
        for kind, word, pieces, _ in CONTENTS
    )
    on_each = {kind: on for kind, _, _, on in CONTENTS}
    sealed = tuple(
        SealedPackage(package=each.package, seals=tuple(f"SRG-{next(seals):06}" for _ in range(on_each[each.kind])))
        for each in packages
    )
    day = (31, 1)[number % 2]
    return Load(poll, packages, sealed, at(day, 7) + number % 12 * 30 * MINUTE)


# Orders.


def _order(story: Story, load: Load, number: int) -> None:
    plan = PlanShipment(
        shipment=load.shipment,
        village=load.poll.code,
        waybill=waybill(load),
        custodian=STORE_KEEPER,
        packages=load.packages,
        legs=tuple(_legs(load)),
    )
    story.script.order(at(29, 15) + number * TYPED, LOGISTICS, plan)
    for place, each in enumerate(load.sealed):
        time = at(30, 13) + number * 10 * MINUTE + place * TYPED
        order = SealPackage(shipment=load.shipment, package=each.package, seals=each.seals)
        story.script.order(time, LOGISTICS, order)
    if load.poll.escorted:
        end = load.departs + timedelta(hours=3)
        _escort(story, load, story.cast.guard_of(load.poll), "darat", load.departs - 30 * MINUTE, end, number)


def _escort(story: Story, load: Load, squad: Squad, way: str, start: datetime, end: datetime, number: int) -> None:
    order = AssignUnit(
        unit=squad.unit,
        assignment=f"{squad.unit}-kawal-{way}",
        duty="escort",
        target_kind="shipment",
        target=load.shipment,
        start=start,
        end=end,
        headcount={squad.force: 2},
        order_reference=f"SYN/{number:03}/X/KAWAL/2019",
    )
    story.script.order(at(30, 20) + number * TYPED, POSKO, order)


def waybill(load: Load) -> str:
    """Number of the waybill; synthetic."""
    return f"SJ/{load.poll.code}/2019"


def _legs(load: Load) -> Iterator[Leg]:
    start, poll = load.departs, load.poll
    road = Leg(
        leg="darat",
        mode="road",
        origin=STORE,
        destination=_office(load),
        depart_by=start,
        arrive_by=start + 120 * MINUTE,
        carrier=STORE_KEEPER,
        escort_required=poll.escorted,
    )
    if poll.code != WARGASARA:
        yield road
        yield replace(
            road,
            leg="desa",
            origin=_office(load),
            destination=_village(load),
            depart_by=at(2, 9),
            arrive_by=at(2, 12),
            carrier=load.camat,
            escort_required=False,
        )
        return
    yield replace(road, destination=PIER)
    sea = replace(road, leg="laut", mode="sea", origin=PIER, destination=ISLAND_PIER, carrier=BOATMEN)
    yield replace(sea, depart_by=at(2, 8), arrive_by=at(2, 11), tide_from=at(2, 6), tide_to=at(2, 9))
    walk = replace(road, leg="kaki", mode="foot", origin=ISLAND_PIER, destination=_village(load), carrier=load.panitia)
    yield replace(walk, depart_by=at(2, 11), arrive_by=at(2, 13), escort_required=False)


def _office(load: Load) -> str:
    return f"kantor-{load.camat}"


def _village(load: Load) -> str:
    return f"kantor-desa-{load.poll.code}"


# Reports.


def _drive(story: Story, load: Load, random: Random) -> None:
    """By road to the district's office, and on the day before the vote to the village."""
    escort = story.cast.guard_of(load.poll).unit if load.poll.escorted else None
    if load.poll is story.victims.unescorted:
        escort = None
    unescorted = "no escort" if load.poll is story.victims.unescorted else None
    left = load.departs + random.randrange(0, 15) * MINUTE
    departed = LegDeparted(shipment=load.shipment, leg="darat", escort=escort)
    story.script.report(left, "dpmd-serang", departed, mishap=unescorted)
    there = left + random.randrange(60, 100) * MINUTE
    story.script.report(there, "camat-serang", LegArrived(shipment=load.shipment, leg="darat"))
    hand_over(
        story, load, "1", ("dpmd-serang", STORE_KEEPER), ("camat-serang", load.camat), _office(load), there, random
    )
    left = at(2, 8) + random.randrange(0, 60) * MINUTE
    story.script.report(left, "camat-serang", LegDeparted(shipment=load.shipment, leg="desa"))
    there = left + random.randrange(20, 90) * MINUTE
    story.script.report(there, "kpps", LegArrived(shipment=load.shipment, leg="desa"))
    hand_over(story, load, "2", ("camat-serang", load.camat), ("kpps", load.panitia), _village(load), there, random)


def _cross(story: Story, load: Load, boat: Squad, random: Random) -> None:
    """By road to Karangantu, by boat when the tide lets it, and on foot to the village."""
    escort, shipment = story.cast.guard_of(load.poll).unit, load.shipment
    story.script.report(load.departs, "dpmd-serang", LegDeparted(shipment=shipment, leg="darat", escort=escort))
    there = load.departs + 70 * MINUTE
    story.script.report(there, "camat-serang", LegArrived(shipment=shipment, leg="darat"))
    hand_over(story, load, "1", ("dpmd-serang", STORE_KEEPER), ("camat-serang", load.camat), PIER, there, random)
    aboard = at(2, 7)
    hand_over(story, load, "1b", ("camat-serang", load.camat), (BOATMEN, BOATMEN), PIER, aboard, random)
    sails = at(2, 8) + HELD_BY_TIDE
    departed = LegDeparted(shipment=shipment, leg="laut", escort=boat.unit)
    story.script.report(sails, BOATMEN, departed, mishap="held by the tide")
    sail(story, boat, sails, 2.0, random)
    lands = sails + timedelta(hours=2)
    story.script.report(lands, BOATMEN, LegArrived(shipment=shipment, leg="laut"))
    hand_over(story, load, "2", (BOATMEN, BOATMEN), ("kpps", load.panitia), ISLAND_PIER, lands, random)
    walks = lands + 20 * MINUTE
    told = [
        story.script.report(walks, "kpps", LegDeparted(shipment=shipment, leg="kaki")),
        story.script.report(walks + 25 * MINUTE, "kpps", LegArrived(shipment=shipment, leg="kaki")),
    ]
    story.script.upload(told, at(2, 21), "late in bulk")


def _to_the_stations(story: Story, load: Load, random: Random) -> None:
    """In the morning of the vote: part of the shipment changes hands at each TPS, and is delivered."""
    for station in load.poll.stations:
        time = at(3, 5) + random.randrange(0, 50) * MINUTE
        kpps = f"kpps-{station}"
        part = load.for_station(station)
        hand_over(story, load, f"3-{station[-5:]}", ("kpps", load.panitia), ("kpps", kpps), station, time, random, part)
        packages = tuple(each.package for each in part)
        delivered = ShipmentDelivered(shipment=load.shipment, packages=packages, receiver=kpps, place=station)
        story.script.report(time + 15 * MINUTE, "kpps", delivered)


def hand_over(
    story: Story,
    load: Load,
    number: str,
    giver: tuple[str, str],
    taker: tuple[str, str],
    place: str,
    time: datetime,
    random: Random,
    part: tuple[SealedPackage, ...] | None = None,
) -> None:
    """Two halves, either of which may be sent first. Giver and taker: the principal who tells, and the custodian."""
    gives = part or load.sealed
    takes, mishap = _as_received(story, load, number, gives)
    said: dict[str, Any] = {
        "shipment": load.shipment,
        "handover": f"{load.shipment}-{number}",
        "giver": giver[1],
        "taker": taker[1],
        "waybill": waybill(load),
        "signatories": (giver[1], taker[1]),
        "place": place,
    }
    gave, took = time + 5 * MINUTE, time + 11 * MINUTE
    if random.random() < 0.2:
        sent, late = gave + LATE_HALF, "taker's half first"
        story.script.report(gave, giver[0], CustodyReleased(packages=gives, **said), sent=sent, mishap=late)
    else:
        story.script.report(gave, giver[0], CustodyReleased(packages=gives, **said))
    story.script.report(took, taker[0], CustodyReceived(packages=takes, **said), mishap=mishap)


def _as_received(
    story: Story, load: Load, number: str, gives: tuple[SealedPackage, ...]
) -> tuple[tuple[SealedPackage, ...], str | None]:
    """What the taker counts and reads; mostly what the giver says."""
    if load.poll is story.victims.disputed and number == "2":
        return gives[:-1], "disputed handover"
    if load.poll is story.victims.misread and number == "1":
        strange = replace(gives[0], seals=("SRG-999999", *gives[0].seals[1:]))
        return (strange, *gives[1:]), "seal mismatch"
    return gives, None
