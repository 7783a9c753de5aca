"""The digest sees every field of the present state, and nothing of how it came to be known."""

from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from typing import Any

from schemas.deployment import PostRequired, UnitArrived, UnitAssigned, UnitLeftPost, UnitMustered, UnitRegistered
from schemas.deployment import UnitSighted as Sighted
from schemas.incidents import (
    AlertRaised,
    DuplicateLinked,
    EngagementHeld,
    IncidentClosed,
    IncidentContained,
    IncidentEscalated,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    IncidentTriaged,
    UnitsDispatched,
    WarningGiven,
)
from schemas.logistics import (
    CustodyReceived,
    CustodyReleased,
    Leg,
    LegArrived,
    LegDeparted,
    Package,
    PackageSealed,
    SealedPackage,
    ShipmentDelivered,
    ShipmentPlanned,
)
from services.projection.digest import EXCLUDED, digest
from tests.support.facts import clock, fact, folded
from tests.support.given import by_post

U, P, S, I1 = "regu-7", "36.04.13.2009", "kbm-1", "ins-1"
HALF: dict[str, Any] = {
    "shipment": S,
    "handover": "h1",
    "giver": "gudang",
    "packages": (SealedPackage(package="box-1", seals=("A",)),),
    "waybill": "SJ-1",
    "signatories": ("x", "y"),
    "place": "dermaga",
}
LEG = Leg(
    leg="l1",
    mode="sea",
    origin="a",
    destination="b",
    depart_by=clock("05:00"),
    arrive_by=clock("06:00"),
    carrier="kapal",
    escort_required=True,
    tide_from=clock("04:00"),
    tide_to=clock("07:00"),
)
DATA = [
    UnitRegistered(unit=U, name="Regu 7", agency="polres-serang", strength={"polri": 9}, callsign="Elang"),
    UnitAssigned(
        unit=U,
        assignment="a1",
        duty="guard",
        target_kind="post",
        target=P,
        start=clock("05:00"),
        end=clock("18:00"),
        headcount={"polri": 2},
    ),
    Sighted(unit=U, lat=-6.1, lon=106.2, accuracy=5.0),
    UnitArrived(unit=U, post=P),
    UnitMustered(unit=U, post=P, present={"polri": 2}),
    UnitLeftPost(unit=U, post="36.04.13.2010", reason="selesai"),
    PostRequired(
        post=P,
        jurisdiction="polres-serang",
        vulnerability="rawan",
        stations=2,
        needs=by_post(polri=2),
        start=clock("05:00"),
        end=clock("18:00"),
        plan_version=1,
        plan_source="Renpam",
    ),
    ShipmentPlanned(
        shipment=S,
        village=P,
        waybill="SJ-1",
        custodian="gudang",
        packages=(Package(package="box-1", kind="ballots", tps=f"{P}-tps01", count=480),),
        legs=(LEG,),
    ),
    PackageSealed(shipment=S, package="box-1", seals=("B",)),
    CustodyReleased(**HALF, taker="kapal"),
    CustodyReceived(**HALF, taker="ppk"),
    CustodyReleased(**HALF | {"handover": "h2"}, taker="ppk"),
    CustodyReceived(**HALF | {"handover": "h2"}, taker="ppk"),
    LegDeparted(shipment=S, leg="l1"),
    LegArrived(shipment=S, leg="l1"),
    ShipmentDelivered(shipment=S, packages=("box-1",), receiver="kpps", place="tps"),
    IncidentReported(
        incident=I1, type="riot", severity=2, village=P, summary="m", units=(U,), shipments=(S,), incidents=("ins-2",)
    ),
    UnitsDispatched(incident=I1, units=(U,)),
    IncidentTriaged(incident=I1, type="riot", severity=1, complained_unit=U),
    IncidentContained(incident=I1, measures="jalan ditutup"),
    IncidentResolved(incident=I1, resolution="bubar"),
    IncidentReopened(incident=I1, reason="massa kembali"),
    IncidentEscalated(incident=I1, level="polres", reason="perlu bantuan"),
    DuplicateLinked(incident=I1, duplicate_of="ins-2"),
    IncidentResolved(incident=I1, resolution="bubar"),
    IncidentClosed(incident=I1),
    WarningGiven(
        warning="w1",
        area=P,
        expects="riot",
        reliability="B",
        credibility=2,
        start=clock("05:00"),
        end=clock("06:00"),
        summary="massa",
    ),
    EngagementHeld(
        engagement="e1", district="36.04.13", ormas="ormas-1", participants=9, summary="damai", place="aula"
    ),
]
ALERT = AlertRaised(alert="0" * 32, rule="not_ready", subject=P, n=0, since=clock("05:00"), numbers={}, villages=(P,))
DOCUMENTS = folded([fact(each, "06:00") for each in DATA]).documents()
SAMPLE = digest(DOCUMENTS)
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where every value stands that holds no others; an empty container counts as one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inside or not value:
        yield path
    for name, each in inside:
        yield from leaves(each, (*path, name))


def changed(path: Path) -> dict[tuple[str, str], Any]:
    """The sample with the value at this path replaced by another."""
    documents = deepcopy(DOCUMENTS)
    at: Any = documents
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    match old:
        case bool():
            at[path[-1]] = not old
        case int() | float():
            at[path[-1]] = old + 1
        case str():
            at[path[-1]] = old + "x"
        case _:
            at[path[-1]] = "x"
    return documents


ALL = [((key, *path)) for key, document in DOCUMENTS.items() for path in leaves(document)]


def test_the_sample_has_every_section() -> None:
    assert SAMPLE.counts == {
        "units": 1,
        "assignments": 1,
        "posts": 1,
        "shipments": 1,
        "packages": 1,
        "custody": 1,
        "incidents": 1,
        "warnings": 1,
        "engagements": 1,
    }
    assert len(ALL) > 300


def test_a_change_of_any_field_changes_the_digest() -> None:
    covered = [path for path in ALL if path[-1] not in EXCLUDED]
    assert len(covered) > 200
    unseen = [path for path in covered if digest(changed(path)).hex == SAMPLE.hex]
    assert unseen == []


def test_recorded_and_known_times_and_log_positions_do_not_change_it() -> None:
    excluded = [path for path in ALL if path[-1] in EXCLUDED]
    assert {path[-1] for path in excluded} == EXCLUDED
    seen = [path for path in excluded if digest(changed(path)).hex != SAMPLE.hex]
    assert seen == []


def test_alerts_do_not_change_it() -> None:
    assert digest({**DOCUMENTS, **folded([fact(ALERT)]).documents()}) == SAMPLE
    for alerts in ([{"rule": "silent"}], {"a1": {"rule": "silent"}}):
        documents = {key: {**document, "alerts": alerts} for key, document in DOCUMENTS.items()}
        assert digest(documents) == SAMPLE


def test_each_entity_counts() -> None:
    for gone in DOCUMENTS:
        assert digest({key: each for key, each in DOCUMENTS.items() if key != gone}).hex != SAMPLE.hex


def test_the_order_of_entities_and_fields_does_not_matter() -> None:
    turned = {key: dict(reversed(list(each.items()))) for key, each in reversed(list(DOCUMENTS.items()))}
    assert digest(turned) == SAMPLE


def test_something_whose_id_is_the_name_of_an_excluded_field_is_covered() -> None:
    facts = [fact(CustodyReleased(**HALF | {"handover": "offset"}, taker=taker), id="same") for taker in ("p", "q")]
    one, two = (digest(folded([each]).documents()) for each in facts)
    assert one.hex != two.hex


def test_the_digest_is_of_canonical_json_with_a_member_for_each_section() -> None:
    sections = (
        b'"assignments":{},"custody":{},"engagements":{},"incidents":{},"packages":{},"posts":{},"shipments":{},'
        b'"units":{},"warnings":{}'
    )
    assert digest({}).hex == sha256(b"{%b}" % sections).hexdigest()
