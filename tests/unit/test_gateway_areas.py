"""Which areas a message names, and who may speak about them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.areas import areas_of, lies_in
from schemas.deployment import AssignUnit, UnitMustered, UnitSighted, UnitVisited
from schemas.incidents import EngagementHeld, IncidentReported, RaiseAlert, WarningGiven
from schemas.logistics import CustodyReceived, Package, PackagesOpened, PlanShipment, ReadinessChecked, SealedPackage
from schemas.types import PostId, VillageCode
from services.gateway.intake import judge
from services.kit.principals import CredentialsError, Grant, Principal, load_principals
from tests.support.gateway import sighting

NOON = datetime(2019, 11, 3, 5, tzinfo=UTC)
WARGASARA, TIRTAYASA = "36.04.13.2009", "36.04.13"
OTHER = "36.04.05.2002"


def assigned(kind: Any, target: str) -> AssignUnit:
    return AssignUnit(
        unit="u-1",
        assignment="a-1",
        duty="guard",
        target_kind=kind,
        target=target,
        start=NOON,
        end=NOON,
        headcount={"polri": 1},
    )


def warned(area: str) -> WarningGiven:
    return WarningGiven(
        warning="w-1",
        area=area,
        expects="riot",
        reliability="A",
        credibility=1,
        start=NOON,
        end=NOON,
        summary="-",
    )


NAMED = {
    "a position": (UnitSighted(unit="u-1", lat=1, lon=1), set()),
    "a village": (UnitVisited(unit="u-1", village=WARGASARA), {WARGASARA}),
    "a post": (UnitMustered(unit="u-1", post=WARGASARA, present={"polri": 1}), {WARGASARA}),
    "a station's post": (UnitMustered(unit="u-1", post=f"{WARGASARA}-tps02", present={"polri": 1}), {WARGASARA}),
    "an incident": (IncidentReported(incident="i", type="riot", severity=1, village=OTHER, summary="-"), {OTHER}),
    "a readiness": (ReadinessChecked(village=OTHER, items=(), checker="c"), {OTHER}),
    "a station": (
        PackagesOpened(shipment="s", tps=f"{OTHER}-tps01", packages=("p",), witnesses=(), signatories=("k",)),
        {OTHER},
    ),
    "a manifest": (
        PlanShipment(
            shipment="s",
            village=WARGASARA,
            waybill="w",
            custodian="c",
            packages=(Package(package="p", kind="ink", tps=f"{OTHER}-tps01", count=1),),
            legs=(),
        ),
        {WARGASARA, OTHER},
    ),
    "a district": (
        EngagementHeld(engagement="e", district=TIRTAYASA, ormas="o", participants=1, summary="-"),
        {TIRTAYASA},
    ),
    "an area that is a district": (warned(TIRTAYASA), {TIRTAYASA}),
    "an area that is a village": (warned(OTHER), {OTHER}),
    "a target post": (assigned("post", f"{WARGASARA}-tps01"), {WARGASARA}),
    "a target area": (assigned("area", TIRTAYASA), {TIRTAYASA}),
    "a target protectee": (assigned("protectee", f"{WARGASARA}-c01"), {WARGASARA}),
    "a target shipment": (assigned("shipment", "kirim-1"), set()),
    "an alert's villages": (
        RaiseAlert(
            alert="0" * 32, rule="cluster", subject="-", n=0, since=NOON, numbers={}, villages=(OTHER, WARGASARA)
        ),
        {OTHER, WARGASARA},
    ),
    "a place of custody is a free id": (
        CustodyReceived(
            shipment="s",
            handover="h",
            giver="a",
            taker="b",
            packages=(SealedPackage(package="p", seals=()),),
            waybill="w",
            signatories=("a",),
            place=f"{OTHER}-tps01",
        ),
        set(),
    ),
}


@pytest.mark.parametrize(("data", "named"), NAMED.values(), ids=NAMED.keys())
def test_the_areas_of_a_message_are_the_villages_and_districts_that_it_names(data: Any, named: set[str]) -> None:
    assert areas_of(data) == named


@dataclass(frozen=True)
class Perhaps:
    """A message with fields that may be absent, as later ones may have."""

    post: PostId | None = None
    villages: tuple[VillageCode, ...] | None = None


def test_a_field_that_may_be_absent_names_an_area_when_it_is_there() -> None:
    assert areas_of(Perhaps()) == set()
    assert areas_of(Perhaps(post=f"{WARGASARA}-tps01", villages=(OTHER,))) == {WARGASARA, OTHER}


@pytest.mark.parametrize(
    ("code", "areas", "lies"),
    [
        (WARGASARA, {WARGASARA}, True),
        (WARGASARA, {TIRTAYASA}, True),
        (WARGASARA, {OTHER, "36.04.05"}, False),
        (TIRTAYASA, {TIRTAYASA}, True),
        (TIRTAYASA, {WARGASARA}, False),
    ],
)
def test_a_village_lies_in_its_district_and_no_district_in_a_village(code: str, areas: set[str], lies: bool) -> None:
    assert lies_in(code, areas) is lies


def principal(*grants: Grant) -> Principal:
    return Principal(id="p", name="P", kind="agency", grants=grants)


def test_every_area_that_a_message_names_must_lie_in_one_grants_areas() -> None:
    here = Grant(types=("t.*",), subjects=("incident/*",), areas=(TIRTAYASA,))
    there = Grant(types=("t.*",), subjects=("incident/*",), areas=(OTHER,))
    assert principal(here).may("t.x", "incident/1", {WARGASARA})
    assert not principal(here).may("t.x", "incident/1", {OTHER})
    assert not principal(here).may("t.x", "incident/1", {WARGASARA, OTHER})
    assert principal(here, there).may("t.x", "incident/2", {OTHER})
    assert not principal(here, there).may("t.x", "incident/1", {WARGASARA, OTHER})


def test_without_areas_a_grant_is_good_everywhere_and_a_message_that_names_none_needs_none() -> None:
    assert principal(Grant(types=("t.x",), subjects=("*",))).may("t.x", "post/1", {OTHER})
    assert principal(Grant(types=("t.x",), subjects=("*",), areas=(TIRTAYASA,))).may("t.x", "unit/1", ())


@pytest.mark.parametrize(("post", "may"), [(f"{WARGASARA}-tps01", True), (OTHER, False)])
def test_the_areas_that_a_message_names_are_judged_when_it_comes_in(post: str, may: bool) -> None:
    sender = principal(Grant(types=("kalimaya.unit.*",), subjects=("unit/*",), areas=(TIRTAYASA,)))
    arrived = sighting(type="kalimaya.unit.arrived", data={"unit": "polsek-tirtayasa-001", "post": post})
    assert judge(arrived, sender, NOON).stamp.authorised is may


def test_units_are_subjects_without_their_kind() -> None:
    own = principal(Grant(types=("t.x",), units=("a-[0-9]*",)))
    assert own.may("t.x", "unit/a-1")
    assert not own.may("t.x", "unit/a-b-1")
    assert not own.may("t.x", "post/a-1")


@pytest.mark.parametrize("grant", [{"types": ["t"]}, {"types": ["t"], "units": ["u"], "areas": []}])
def test_a_grant_about_nothing_is_an_error(grant: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's says where
        Grant.model_validate(grant)


def written(folder: Path, text: str) -> Path:
    (folder / "agencies.yaml").write_text(text)
    return folder / "agencies.yaml"


EACH = """
principals:
  - id: "camat-{slug}"
    each: district
    name: "Camat {name}"
    kind: agency
    grants: [{types: [t], subjects: ["x/{code}*"], areas: ["{code}"]}]
"""


def test_each_district_has_a_principal_of_its_own_by_a_template(tmp_path: Path) -> None:
    found = load_principals(written(tmp_path, EACH))
    assert len(found) == 29
    assert found["camat-pulo-ampel"].name == "Camat Pulo Ampel"
    assert found["camat-tirtayasa"].may("t", "x/36.04.13", {WARGASARA})
    assert not found["camat-tirtayasa"].may("t", "x/36.04.13", {OTHER})


def test_each_village_that_votes_by_the_operation_file_has_one(tmp_path: Path) -> None:
    (tmp_path / "operation.yaml").write_text(f'villages: [{{village: "{WARGASARA}"}}]')
    text = "operation: operation.yaml" + EACH.replace("district", "village").replace("{slug}", "{code}")
    found = load_principals(written(tmp_path, text))
    assert [(each.id, each.name) for each in found.values()] == [(f"camat-{WARGASARA}", "Camat Wargasara")]


@pytest.mark.parametrize(
    "wrong",
    [
        EACH.replace("district", "village"),
        EACH.replace("district", "province"),
        EACH.replace("{name}", "{colour}"),
        "operation: nowhere.yaml" + EACH,
        EACH.replace('areas: ["{code}"]', 'areas: ["36.99.01"]'),
        "principals: 7",
        "[]",
    ],
)
def test_a_file_that_cannot_be_meant_is_told_with_its_name(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(CredentialsError, match=r"agencies\.yaml"):
        load_principals(written(tmp_path, wrong))
