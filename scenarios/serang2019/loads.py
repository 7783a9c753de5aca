"""The loads: one shipment a village, planned, sealed, escorted. Synthetic, save that a boat goes to the island."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from scenarios.serang2019.calendar import GUARD_TO, MINUTE, TYPED, at
from scenarios.serang2019.cast import Squad
from scenarios.serang2019.patrols import assign
from scenarios.serang2019.polls import Poll
from scenarios.serang2019.story import LOGISTICS, Story
from scenarios.serang2019.tracks import slug
from schemas.logistics import AssignEscort, Leg, Package, PlanReturn, PlanShipment, SealedPackage, SealPackage
from schemas.types import PackageKind

STORE, STORE_KEEPER, BOATMEN = "gudang-dpmd", "dpmd-serang", "polairud-banten"
PIER, ISLAND_PIER = "dermaga-karangantu", "dermaga-pulau-tunda"
BALLOTS = 0
CONTENTS: Sequence[tuple[PackageKind, str, int, int]] = (
    ("ballot_box", "kotak", 1, 2),
    ("ballots", "surat-suara", BALLOTS, 1),
    ("stationery", "atk", 1, 1),
    ("voter_roll", "dpt", 3, 1),
    ("forms", "formulir", 40, 1),
    ("ink", "tinta", 2, 1),
    ("booth", "bilik", 4, 1),
    ("seals", "segel", 30, 1),
)
"""For each TPS: kind, word for the package's id, pieces inside (BALLOTS: by its voters), seals on it."""
BACK: Sequence[PackageKind] = ("ballot_box", "ballots")
"""What is sealed again after the count and brought back; the rest stays with the committee."""
ESCORTING = 2
"""Heads of a unit that go along as escort."""


@dataclass(frozen=True, slots=True)
class Load:
    """One village's shipment: what it holds, with the seals put on, and how it goes. `departs`: the first leg."""

    poll: Poll
    packages: tuple[Package, ...]
    sealed: tuple[SealedPackage, ...]
    resealed: tuple[SealedPackage, ...]
    """What goes back, with the seals that are put on after the count."""
    departs: datetime

    @property
    def shipment(self) -> str:
        """Its id, which is also the waybill's."""
        return f"kirim-{self.poll.code}"

    @property
    def waybill(self) -> str:
        """Number of the waybill; synthetic."""
        return f"SJ/{self.poll.code}/2019"

    @property
    def camat(self) -> str:
        """Who answers for it in the district: custodian and principal alike."""
        return f"camat-{slug(self.poll.village.district_name)}"

    @property
    def office(self) -> str:
        """The district head's office."""
        return f"kantor-{self.camat}"

    @property
    def panitia(self) -> str:
        """Who answers for it in the village."""
        return f"panitia-{self.poll.code}"

    @property
    def village_office(self) -> str:
        """Where the committee keeps it."""
        return f"kantor-desa-{self.poll.code}"

    @property
    def plan(self) -> PlanShipment:
        """The order that plans it."""
        return PlanShipment(
            shipment=self.shipment,
            village=self.poll.code,
            waybill=self.waybill,
            custodian=STORE_KEEPER,
            packages=self.packages,
            legs=tuple(_way_out(self)),
        )

    @property
    def plan_back(self) -> PlanReturn:
        """The order that plans its way back."""
        return PlanReturn(shipment=self.shipment, legs=tuple(_way_back(self)), storage=STORE)

    def for_station(self, station: str, sealed: tuple[SealedPackage, ...]) -> tuple[SealedPackage, ...]:
        """Those of these packages that are for one TPS."""
        wanted = {package.package for package in self.packages if package.tps == station}
        return tuple(each for each in sealed if each.package in wanted)

    def of_kinds(self, kinds: Sequence[PackageKind]) -> list[Package]:
        """The packages of these kinds."""
        return [package for package in self.packages if package.kind in kinds]


def write(story: Story) -> list[Load]:
    """The orders for every shipment; the loads, for those who carry, count or spoil one."""
    seals = count(1)
    loads = [_load(story, poll, number, seals) for number, poll in enumerate(story.cast.polls)]
    _reuse_a_seal(story, loads)
    for number, load in enumerate(loads):
        story.script.order(at(29, 15) + number * TYPED, LOGISTICS, load.plan)
        story.script.order(at(2, 17) + number * TYPED, LOGISTICS, load.plan_back)
        _seal(story, load, number)
        _escorts(story, load, number)
    return loads


def _load(story: Story, poll: Poll, number: int, seals: Iterator[int]) -> Load:
    contents = CONTENTS[: story.size.contents]
    packages = tuple(
        Package(
            package=f"{poll.code}-{word}-{station[-5:]}",
            kind=kind,
            tps=station,
            count=pieces if pieces != BALLOTS else poll.ballots(station),
        )
        for station in poll.stations
        for kind, word, pieces, _ in contents
    )
    on_each = {kind: on for kind, _, _, on in contents}
    sealed = _sealed(packages, on_each, seals)
    resealed = _sealed([package for package in packages if package.kind in BACK], on_each, seals)
    return Load(poll, packages, sealed, resealed, at((31, 1)[number % 2], 7) + number % 12 * 30 * MINUTE)


def _reuse_a_seal(story: Story, loads: list[Load]) -> None:
    """One package gets the number that another shipment carries: no rule of one shipment is broken."""
    at_fault = next(number for number, load in enumerate(loads) if load.poll is story.victims.resealed)
    load, other = loads[at_fault], loads[at_fault - 1]
    kept, doubled, *rest = load.sealed
    taken = replace(doubled, seals=other.sealed[0].seals[:1])
    loads[at_fault] = replace(load, sealed=(kept, taken, *rest))


def _sealed(
    packages: Sequence[Package], on_each: Mapping[PackageKind, int], seals: Iterator[int]
) -> tuple[SealedPackage, ...]:
    return tuple(
        SealedPackage(package=each.package, seals=tuple(f"SRG-{next(seals):06}" for _ in range(on_each[each.kind])))
        for each in packages
    )


# Orders.


def _seal(story: Story, load: Load, number: int) -> None:
    for place, each in enumerate(load.sealed):
        order = SealPackage(shipment=load.shipment, package=each.package, seals=each.seals)
        reused = load.poll is story.victims.resealed and place == 1
        time = at(30, 12) + number * 3 * MINUTE + place * timedelta(seconds=5)
        story.script.order(time, LOGISTICS, order, mishap="seal reused" if reused else None)


def _escorts(story: Story, load: Load, number: int) -> None:
    """The guard escorts by road, out and back, the boat by sea."""
    if not load.poll.escorted:
        return
    guard, boat = story.cast.guard_of(load.poll), story.cast.of("boat")[0]
    by_road = load.departs - 30 * MINUTE, load.departs + timedelta(hours=4)
    ways: list[tuple[Squad, str, tuple[datetime, datetime]]] = [(guard, "darat", by_road)]
    if load.poll.on_the_island:
        ways += [(boat, "laut", (at(2, 5), at(2, 17))), (boat, "pulang-laut", (at(4, 6), at(4, 18)))]
    else:
        ways.append((guard, "pulang-desa", (GUARD_TO, at(4, 0))))
    for squad, leg, (start, end) in ways:
        reference = f"SYN/{number:03}/X/KAWAL/2019"
        told = at(30, 22) + number * TYPED
        assign(
            story,
            squad,
            f"kawal-{leg}",
            told,
            duty="escort",
            target_kind="shipment",
            target=load.shipment,
            start=start,
            end=end,
            headcount={squad.force: ESCORTING},
            order_reference=reference,
        )
        order = AssignEscort(
            shipment=load.shipment,
            leg=leg,
            unit=squad.unit,
            order_reference=reference,
            assignment=f"{squad.unit}-kawal-{leg}",
        )
        time = told + MINUTE if not leg.startswith("pulang") else at(2, 20) + number * TYPED
        story.script.order(time, LOGISTICS, order)


# Ways.


def _way_out(load: Load) -> Iterator[Leg]:
    start = load.departs
    road = Leg(
        leg="darat",
        mode="road",
        origin=STORE,
        destination=load.office,
        depart_by=start + 20 * MINUTE,
        arrive_by=start + 150 * MINUTE,
        carrier=STORE_KEEPER,
        escort_required=load.poll.escorted,
    )
    if not load.poll.on_the_island:
        yield road
        to_village = replace(road, leg="desa", origin=load.office, destination=load.village_office, carrier=load.camat)
        yield replace(to_village, depart_by=at(2, 9), arrive_by=at(2, 12), escort_required=False)
        return
    yield replace(road, destination=PIER)
    sea = replace(road, leg="laut", mode="sea", origin=PIER, destination=ISLAND_PIER, carrier=BOATMEN)
    yield replace(sea, depart_by=at(2, 8), arrive_by=at(2, 11), tide_from=at(2, 6), tide_to=at(2, 9))
    walk = replace(road, leg="kaki", mode="foot", origin=ISLAND_PIER, destination=load.village_office)
    yield replace(walk, carrier=load.panitia, depart_by=at(2, 11), arrive_by=at(2, 13), escort_required=False)


def _way_back(load: Load) -> Iterator[Leg]:
    road = Leg(
        leg="pulang-desa",
        mode="road",
        origin=load.village_office,
        destination=load.office,
        depart_by=at(3, 22),
        arrive_by=at(4, 0),
        carrier=load.panitia,
        escort_required=load.poll.escorted,
    )
    if load.poll.on_the_island:
        sea = replace(road, leg="pulang-laut", mode="sea", origin=ISLAND_PIER, destination=PIER, carrier=BOATMEN)
        walk = replace(road, leg="pulang-kaki", mode="foot", destination=ISLAND_PIER, escort_required=False)
        yield replace(walk, depart_by=at(4, 7), arrive_by=at(4, 8))
        yield replace(sea, depart_by=at(4, 9), arrive_by=at(4, 12), tide_from=at(4, 7), tide_to=at(4, 10))
    else:
        yield road
    last = replace(road, leg="pulang-gudang", origin=load.office, destination=STORE, carrier=load.camat)
    start = (at(4, 13), PIER) if load.poll.on_the_island else (at(4, 10), load.office)
    yield replace(
        last, origin=start[1], depart_by=start[0], arrive_by=start[0] + timedelta(hours=5), escort_required=False
    )
