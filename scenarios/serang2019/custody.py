"""Handovers: two halves, told by giver and taker, of which either may be sent first. Synthetic."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from scenarios.script import Draft
from scenarios.serang2019.calendar import MINUTE
from scenarios.serang2019.loads import BOATMEN, STORE_KEEPER, Load
from scenarios.serang2019.story import Story
from schemas.logistics import CustodyReceived, CustodyReleased, SealedPackage

LATE_HALF = timedelta(minutes=40)
STRANGE_SEAL = "SRG-999999"


@dataclass(frozen=True, slots=True)
class Party:
    """Who gives or takes: the principal who tells, and the custodian who answers for it."""

    principal: str
    custodian: str


KEEPER, BOAT = Party("dpmd-serang", STORE_KEEPER), Party("polairud-banten", BOATMEN)


def camat(load: Load) -> Party:
    """The district head."""
    return Party(load.camat, load.camat)


def panitia(load: Load) -> Party:
    """The village's committee."""
    return Party("kpps", load.panitia)


def kpps(station: str) -> Party:
    """Those who run one polling station."""
    return Party("kpps", f"kpps-{station}")


def hand_over(
    story: Story,
    load: Load,
    number: str,
    parties: tuple[Party, Party],
    place: str,
    time: datetime,
    random: Random,
    packages: tuple[SealedPackage, ...] | None = None,
) -> list[Draft]:
    """The giver tells after five minutes, the taker after eleven; `packages` default to the whole load as sealed.

    Returns what the taker tells, for those who tell it later than that.
    """
    giver, taker = parties
    gives = packages or load.sealed
    takes, mishap = _as_received(story, load, number, gives)
    said: dict[str, Any] = {
        "shipment": load.shipment,
        "handover": f"{load.shipment}-{number}",
        "giver": giver.custodian,
        "taker": taker.custodian,
        "waybill": load.waybill,
        "signatories": (giver.custodian, taker.custodian),
        "place": place,
    }
    gave, script = time + 5 * MINUTE, story.script
    half_open = load.poll is story.victims.half_open and number == "desa"
    if half_open:
        script.report(gave, giver.principal, CustodyReleased(packages=gives, **said), mishap="handover half open")
        return []
    late = random.random() < 0.2
    script.report(
        gave,
        giver.principal,
        CustodyReleased(packages=gives, **said),
        sent=gave + LATE_HALF if late else None,
        mishap="taker's half first" if late else None,
    )
    return [script.report(time + 11 * MINUTE, taker.principal, CustodyReceived(packages=takes, **said), mishap=mishap)]


def _as_received(
    story: Story, load: Load, number: str, gives: tuple[SealedPackage, ...]
) -> tuple[tuple[SealedPackage, ...], str | None]:
    """What the taker counts and reads; mostly what the giver says."""
    if load.poll is story.victims.disputed and number == "desa":
        return gives[:-1], "disputed handover"
    if load.poll is story.victims.misread and number == "kecamatan":
        strange = replace(gives[0], seals=(STRANGE_SEAL, *gives[0].seals[1:]))
        return (strange, *gives[1:]), "seal mismatch"
    return gives, None
