"""Facts about units and posts of two villages, for tests of what is told of them."""

from datetime import timedelta
from typing import Any

from schemas.deployment import PostRequired, UnitAssigned, UnitMustered, UnitRegistered, UnitSighted
from services.views.facts import Fact
from tests.support.facts import DAY, fact
from tests.support.given import by_post

HERE, THERE = "36.04.13.2009", "36.04.05.2001"
UNIT = "polres-serang-007"


def registered(unit: str = UNIT) -> Fact:
    return fact(UnitRegistered(unit=unit, name="Regu 7", agency="polres-serang", strength={"polri": 9}, callsign="R"))


def assigned(assignment: str, post: str, unit: str = UNIT) -> Fact:
    window = {"start": DAY, "end": DAY + timedelta(days=1), "headcount": {"polri": 4}}
    return fact(UnitAssigned(unit=unit, assignment=assignment, duty="guard", target_kind="post", target=post, **window))


def required(post: str, jurisdiction: Any, version: int = 1, **times: str) -> Fact:
    data = PostRequired(
        post=post, jurisdiction=jurisdiction, vulnerability="rawan", stations=1, needs=by_post(polri=4), start=DAY,
        end=DAY + timedelta(days=1), plan_version=version, plan_source="test", plan_dated=None,
    )  # fmt: skip
    return fact(data, **times)


def mustered(at: str, recorded: str, post: str = HERE, unit: str = UNIT) -> Fact:
    data = UnitMustered(unit=unit, post=post, present={"polri": 4})
    return fact(data, at, recorded=recorded, source=f"/agencies/{unit[:-4]}")


def sighted(unit: str = UNIT, at: str = "00:00", lat: float = -6.1, lon: float = 106.2, **times: str) -> Fact:
    return fact(UnitSighted(unit=unit, lat=lat, lon=lon), at, **times)
