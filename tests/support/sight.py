"""A small operation with something of everything on either side of every border, who reads it, and what each may see.

What each may see is written out by hand, so that nothing of it comes from the code that decides it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from schemas import deployment, incidents, logistics
from schemas.deployment import ContingentPlanned, PostRequired, UnitArrived, UnitAssigned, UnitRegistered, UnitSighted
from schemas.incidents import (
    AlertRaised,
    DuplicateLinked,
    EngagementHeld,
    IncidentReported,
    IncidentResolved,
    IncidentTriaged,
    WarningGiven,
)
from schemas.logistics import LegDeparted, ReadinessChecked, ReadinessItem, ShipmentPlanned
from schemas.operation import Voting
from schemas.types import alert_id
from services.kit.principals import Principal, Reads
from services.views.facts import Fact
from services.views.model import subject_of
from tests.support import facts
from tests.support.facts import LATE, clock, fact
from tests.support.given import OPERATION, by_post
from tests.support.shipment import leg, package

A, B, C = "36.04.13", "36.04.05", "36.04.06"
A1, A2, B1, C1 = f"{A}.2009", f"{A}.2001", f"{B}.2001", f"{C}.2003"
DAY = {"start": clock("00:00"), "end": clock("23:00")}
FILE = OPERATION | {
    "villages": (
        Voting(village=A1, jurisdiction="polres-serang", stations=1),
        Voting(village=A2, jurisdiction="polres-cilegon", stations=1),
        Voting(village=B1, jurisdiction="polres-serang", stations=1),
        Voting(village=C1, jurisdiction="polres-cilegon", stations=1),
    )
}


def _unit(id_: str, agency: str) -> Fact:
    return fact(UnitRegistered(unit=id_, name=id_, agency=agency, strength={"polri": 9}, callsign=id_))


def _sent(unit: str, village: str) -> Fact:
    duty: dict[str, Any] = {"duty": "guard", "target_kind": "post", "target": village, "headcount": {"polri": 4}}
    order = UnitAssigned(unit=unit, assignment=f"{unit}-t", **duty, **DAY)
    return fact(order, "00:10")


def _post(village: str) -> Fact:
    needs = by_post(polri=3)
    plan = {"plan_version": 1, "plan_source": "Renpam", "jurisdiction": "polres-serang", "vulnerability": "rawan"}
    return fact(PostRequired(post=village, stations=1, needs=needs, **plan, **DAY))  # type: ignore[arg-type]


def _contingent(agency: str, heads: int) -> Fact:
    plan = {"plan_version": 1, "plan_source": "Rapat", "plan_dated": date(2019, 10, 30)}
    return fact(ContingentPlanned(contingent=agency, agency=agency, personnel={"polri": heads}, **plan, **DAY))


def _shipment(village: str) -> Fact:
    boxes, ways = (package("kotak", tps=f"{village}-tps01"),), (leg("darat"),)
    plan = {"waybill": "SJ", "custodian": "gudang", "packages": boxes, "legs": ways}
    return fact(ShipmentPlanned(shipment=f"kirim-{village}", village=village, **plan))  # type: ignore[arg-type]


def _checked(village: str) -> Fact:
    items = (ReadinessItem(item="ballot_box", required=2, present=2, usable=1),)
    return fact(ReadinessChecked(village=village, items=items, checker="camat"), "05:00")


def _reported(id_: str, village: str, source: str = "/posko", **more: Any) -> Fact:
    said = {"type": "crowding", "severity": 2, "summary": id_} | more
    return fact(IncidentReported(incident=id_, village=village, **said), "06:00", source=source, id=f"says-{id_}")


def _complained(id_: str, unit: str) -> Fact:
    judged: dict[str, Any] = {"type": "officer_neutrality", "severity": 2, "complained_unit": unit}
    return fact(IncidentTriaged(incident=id_, **judged), "06:30")


def _warned(id_: str, area: str) -> Fact:
    grade = {"expects": "riot", "reliability": "B", "credibility": 2}
    return fact(WarningGiven(warning=id_, area=area, summary=id_, **grade, **DAY))


def _met(id_: str, district: str) -> Fact:
    return fact(EngagementHeld(engagement=id_, district=district, ormas="o", participants=9, summary=id_))


ALERTS: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "silent": ("unit_silent", "unit/beta-2", ()),
    "left": ("left_post", f"unit/alpha-2#post/{B1}", (B1,)),
    "overdue": ("leg_overdue", f"shipment/kirim-{A1}#darat", (A1,)),
    "lost": ("leg_overdue", "shipment/lost", ()),
    "complaint": ("unacknowledged", "incident/complaint", (A1,)),
    "waiting": ("unacknowledged", "incident/in-b", (B1,)),
    "cluster-a": ("cluster", A, ()),
    "cluster-c": ("cluster", C, ()),
    "unmet": ("district_not_engaged", B, ()),
    "unready": ("not_ready", A1, (A1,)),
}


def _alert(name: str) -> Fact:
    rule, subject, villages = ALERTS[name]
    fields: dict[str, Any] = {"rule": rule, "subject": subject, "n": 0, "since": clock("07:00"), "villages": villages}
    return fact(AlertRaised(alert=_alert_id(name), numbers={}, **fields), "07:05")


def _alert_id(name: str) -> str:
    rule, subject, _ = ALERTS[name]
    return alert_id(rule, subject, 0)  # type: ignore[arg-type]


FACTS: tuple[Fact, ...] = (
    *(fact(events.OperationAdopted(**FILE)) for events in (deployment, logistics, incidents)),
    _unit("alpha-1", "alpha"),
    _sent("alpha-1", A1),
    _unit("alpha-2", "alpha"),
    fact(UnitArrived(unit="alpha-2", post=B1), "06:00"),
    _unit("gamma-1", "alpha"),
    _unit("beta-1", "beta"),
    _sent("beta-1", B1),
    fact(UnitSighted(unit="beta-2", lat=-6.1, lon=106.1), "06:00", source="/agencies/beta", id="seen"),
    _unit("stray-1", "stray"),
    _sent("stray-1", A1),
    fact(UnitArrived(unit="stray-1", post=B1), "06:00"),
    *map(_post, (A1, A2, B1)),
    _contingent("alpha", 400),
    _contingent("beta", 70),
    *map(_shipment, (A1, B1)),
    fact(LegDeparted(shipment="lost", leg="x"), "06:00"),
    *map(_checked, (A1, B1)),
    _reported("in-a", A1),
    _reported("in-b", B1, "/agencies/stranger"),
    _reported("complaint", A1, "/agencies/alpha"),
    _complained("complaint", "alpha-1"),
    _reported("same", B1),
    fact(DuplicateLinked(incident="same", duplicate_of="complaint"), "06:30"),
    _reported("link", A2, incidents=("complaint",)),
    _reported("untriaged", B1, type="officer_neutrality", units=("gamma-1",)),
    fact(IncidentResolved(incident="ordered", resolution="x"), "06:30"),
    _warned("about-a", A),
    _warned("about-b", B1),
    _met("met-a", A),
    _met("met-b", B),
    *map(_alert, ALERTS),
)
EVERYTHING = frozenset("/".join(subject_of(each)) for each in FACTS)


def _reader(id_: str, kind: Any, **more: Any) -> Principal:
    return Principal(id=id_, name=id_, kind=kind, **({"grants": ()} | more))


READERS = {
    each.id: each
    for each in (
        _reader("posko", "operator", reads=Reads(role="command", areas="all")),
        _reader("logistics", "operator", reads=Reads(role="logistics", areas="all")),
        _reader("district", "operator", reads=Reads(role="command", areas=(A,))),
        _reader("alpha", "agency", reads=Reads(role="command", areas=(A1, B1), units=("alpha-[0-9]*",))),
        _reader("beta", "agency", reads=Reads(units=("beta-[0-9]*",))),
        _reader("committee", "agency", reads=Reads(shipments=(f"*-{A1}",))),
        _reader("member", "operator", reads=Reads(role="command", areas="all", units=("alpha-1",))),
        _reader("stranger", "agency"),
        _reader("player", "operator", player=True, reads=Reads(role="command", areas="all")),
    )
}
"""Every kind of token; a reader's token is his id. The player is known and never let in."""


def _keys(**ids: str) -> frozenset[str]:
    """Keys of entities; alerts by their names, `a_b` for the kind `a-b`."""
    found = {f"{kind}/{each}" for kind, several in ids.items() if kind != "alert" for each in several.split()}
    return frozenset(found | {f"alert/{_alert_id(each)}" for each in ids.get("alert", "").split()})


FRAME = frozenset(each for each in EVERYTHING if each.partition("/")[0].endswith("-operation"))
_UNITS = "alpha-1 alpha-2 gamma-1 beta-1 beta-2 stray-1"

SEES: Mapping[str, frozenset[str]] = {
    "posko": EVERYTHING,
    "logistics": FRAME
    | _keys(
        unit=_UNITS,
        post=f"{A1} {A2} {B1}",
        shipment=f"kirim-{A1} kirim-{B1} lost",
        readiness=f"{A1} {B1}",
        alert="silent left overdue lost unready",
    ),
    "district": FRAME
    | _keys(
        unit="alpha-1 stray-1",
        post=f"{A1} {A2}",
        shipment=f"kirim-{A1}",
        readiness=A1,
        incident="in-a complaint link",
        warning="about-a",
        engagement="met-a",
        alert="overdue complaint cluster-a unready",
    ),
    "alpha": FRAME
    | _keys(
        unit="alpha-1 alpha-2 gamma-1 beta-1 stray-1",
        post=f"{A1} {B1}",
        contingent="alpha",
        shipment=f"kirim-{A1} kirim-{B1}",
        readiness=f"{A1} {B1}",
        incident="in-a in-b",
        warning="about-a about-b",
        engagement="met-a met-b",
        alert="left overdue waiting unmet unready",
    ),
    "beta": FRAME | _keys(unit="beta-1 beta-2", contingent="beta", alert="silent"),
    "committee": FRAME | _keys(shipment=f"kirim-{A1}", alert="overdue"),
    "member": EVERYTHING - _keys(incident="complaint same link", alert="complaint cluster-a"),
    "stranger": FRAME,
}
"""By reader, the keys of the entities that he may see."""

VILLAGES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("posko", "member"), frozenset({A1, A2, B1, C1})),
    "district": frozenset({A1, A2}),
    "alpha": frozenset({A1, B1}),
}
"""By reader who has a picture, the villages of his areas that have a row in it."""

_BY_AREA = frozenset({"post", "readiness", "incident", "warning", "engagement"})
DENIED: Mapping[str, frozenset[str]] = {
    "logistics": frozenset({"contingent", "incident", "warning", "engagement"}),
    "district": frozenset(),
    "alpha": frozenset(),
    "beta": _BY_AREA,
    "committee": _BY_AREA,
    "member": frozenset(),
    "stranger": _BY_AREA,
}
"""By reader, the kinds of which he reads none: what shows them is 403."""


@dataclass(frozen=True, slots=True)
class Shows:
    """What an endpoint shows: a list of a kind by the name of its ids in the answer, or that of one or more kinds."""

    kinds: tuple[str, ...] = ()
    ids: str | None = None
    of: str | None = None


_ALL = ("unit", "post", "shipment", "readiness", "incident", "alert")
PATHS: Mapping[str, Shows] = {
    "/v1/picture": Shows(_ALL),
    "/v1/villages": Shows(_ALL),
    "/v1/villages/{code}": Shows(_ALL, of="village"),
    "/v1/operation": Shows(),
    "/v1/units": Shows(("unit",), ids="unit"),
    "/v1/units/{id}": Shows(("unit",), of="unit"),
    "/v1/units/{id}/track": Shows(("unit",), of="unit"),
    "/v1/posts": Shows(("post", "unit"), ids="post"),
    "/v1/posts/{post}": Shows(("post", "unit"), of="post"),
    "/v1/contingents": Shows(("contingent",), ids="contingent"),
    "/v1/contingents/{id}": Shows(("contingent",), of="contingent"),
    "/v1/shipments": Shows(("shipment",), ids="shipment"),
    "/v1/shipments/{id}": Shows(("shipment",), of="shipment"),
    "/v1/shipments/{id}/custody": Shows(("shipment",), of="shipment"),
    "/v1/readiness": Shows(("readiness",), ids="village"),
    "/v1/readiness/{village}": Shows(("readiness",), of="readiness"),
    "/v1/incidents": Shows(("incident",), ids="incident"),
    "/v1/incidents/{id}": Shows(("incident",), of="incident"),
    "/v1/warnings": Shows(("warning",), ids="warning"),
    "/v1/warnings/{id}": Shows(("warning",), of="warning"),
    "/v1/engagements": Shows(("engagement",), ids="engagement"),
    "/v1/engagements/{id}": Shows(("engagement",), of="engagement"),
    "/v1/engagement-coverage": Shows(("engagement",)),
    "/v1/alerts": Shows(("alert",), ids="alert"),
    "/v1/alerts/{id}": Shows(("alert",), of="alert"),
    "/v1/alert-rules": Shows(),
    "/v1/events": Shows(),
    "/v1/messages": Shows(),
    "/v1/unreadable": Shows(),
    "/v1/status": Shows(),
}
"""Every path of the API. One that is not here fails: say what it shows, and it is asked as the others are."""

STREAM = "/v1/changes"
"""It has no end, so it is asked by tests/integration/test_changes_seen.py."""

FILTERS: Mapping[str, Sequence[str]] = {
    "district": (A, B),
    "village": (A1, B1),
    "jurisdiction": ("polres-serang", "polres-cilegon"),
    "agency": ("alpha", "beta"),
    "flag": ("duplicate", "unknown_subject"),
    "limit": ("1", "1000"),
    "at": (clock("06:15").isoformat(),),
    "known_at": ((facts.DAY + LATE + timedelta(seconds=3600)).isoformat(),),
}
"""By the name of a parameter, with which values a path that has it is asked.

At 06:15 nobody had complained yet: what is hidden now is hidden there, too.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one path of the document."""

    path: str
    url: str
    params: Mapping[str, str]

    @property
    def shows(self) -> Shows:
        return PATHS[self.path]


def questions(document: Mapping[str, Any]) -> Iterator[Question]:
    """All requests that an OpenAPI document gives rise to; KeyError for a path that nobody has said anything of."""
    for path, methods in document["paths"].items():
        assert methods.keys() == {"get"}, f"{path}: only reads are known here"
        if path == STREAM:
            continue
        shows, parameters = PATHS[path], methods["get"].get("parameters", ())
        optional = {each["name"] for each in parameters if each["in"] == "query" and not each["required"]}
        required = {each["name"] for each in parameters if each["in"] == "query" and each["required"]}
        inside = [each["name"] for each in parameters if each["in"] == "path"]
        for id_ in _ids(shows.of) if inside else ("",):
            url = path.replace(f"{{{inside[0]}}}", id_) if inside else path
            if required:
                assert required == {"source", "id"}, f"{path}: say with which {required} to ask it"
                yield from (Question(path, url, {"source": each.source, "id": each.id}) for each in FACTS)
                continue
            yield Question(path, url, {})
            for name in sorted(optional & FILTERS.keys()):
                yield from (Question(path, url, {name: value}) for value in FILTERS[name])


def _ids(kind: str | None) -> list[str]:
    if kind == "village":
        return [A1, A2, B1, C1, f"{A}.2014", "36.04.99.2001"]
    known = sorted(each.partition("/")[2] for each in EVERYTHING if each.partition("/")[0] == kind)
    return [*known, UNKNOWN[kind or ""]]


UNKNOWN = {"post": f"{A}.2014", "readiness": f"{A}.2014", "alert": "0" * 32} | dict.fromkeys(
    ("unit", "contingent", "shipment", "incident", "warning", "engagement"), "never-heard-of"
)
