"""Who sees what: the grants of agencies.yaml, the condition that follows from them, and a token at every door."""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types import AlertRule
from schemas.watched import WATCHED
from services.kit.credentials import Doorkeeper
from services.kit.principals import CredentialsError, Grant, Principal, Reads, load_principals
from services.projection.api.app import new_app
from services.projection.api.viewer import RULES, Viewer, viewer_of
from services.views.model import KINDS
from tests.support.facts import clock
from tests.support.picture import picture
from tests.support.sight import A1, B1, DENIED, FACTS, FRAME, PATHS, READERS, STREAM, VILLAGES, A, B, questions

AGENCIES = Path("deploy/embedded/agencies.yaml")
PRINCIPALS = load_principals(AGENCIES)
DOCUMENT = new_app(None).openapi()  # type: ignore[arg-type]


NOTHING = Reads()


def viewer(reads: Reads = NOTHING, kind: Any = "operator", **more: Any) -> Viewer:
    return viewer_of(Principal(id="p", name="P", kind=kind, reads=reads, **({"grants": ()} | more)))


# Every door.


def test_the_matrix_knows_every_path_of_the_api_and_no_other() -> None:
    """The stream is asked by tests of its own; of some lists there is no file."""
    assert DOCUMENT["paths"].keys() - PATHS.keys() == {STREAM}
    assert {each for each in PATHS if not each.endswith(".csv")} <= DOCUMENT["paths"].keys()


def client(doorkeeper: Doorkeeper | None = None) -> httpx.AsyncClient:
    """Of an API that has nothing behind it."""
    reading: Any = SimpleNamespace(doorkeeper=doorkeeper)
    return httpx.AsyncClient(transport=httpx.ASGITransport(new_app(reading)), base_url="http://picture")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic posko"}])
async def test_nothing_is_answered_without_a_token_and_nothing_is_looked_up(headers: dict[str, str]) -> None:
    async with client(Doorkeeper(READERS, {"posko": "posko"})) as stranger:
        for url in {each.url for each in questions(DOCUMENT)}:
            for params in ({}, {"limit": "malformed"}):
                answer = await stranger.get(url, params=params, headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), url


async def test_what_tells_nothing_of_the_operation_is_open() -> None:
    async with client() as stranger:
        assert [(await stranger.get(path)).status_code for path in ("/docs", "/openapi.json")] == [200, 200]


def test_the_document_says_that_each_path_needs_a_token() -> None:
    for path, methods in DOCUMENT["paths"].items():
        assert methods["get"]["security"] == [{"token": []}], path


# Grants.


def test_whoever_is_granted_nothing_sees_the_frame_and_what_is_his_own() -> None:
    assert viewer().kinds == {each.partition("/")[0] for each in FRAME}
    assert viewer(kind="agency").kinds - viewer().kinds == {"unit", "shipment", "contingent", "alert"}
    assert not viewer().sees_village(A1)


def test_a_role_reads_its_kinds() -> None:
    assert viewer(Reads(role="command", areas="all")).kinds == set(KINDS)
    for reader, denied in DENIED.items():
        assert viewer_of(READERS[reader]).kinds == set(KINDS) - denied, reader


def test_every_rule_but_those_on_incidents_is_read_in_the_role_of_logistics() -> None:
    rules = {rule for rule in get_args(get_args(AlertRule)[0]) if rule not in (RULES["logistics"] or ())}
    assert rules == {"unacknowledged", "cluster", "grave_open", "district_not_engaged"}
    assert {each.rule for each in WATCHED.values() if each.service == "incidents"} <= rules


@pytest.mark.parametrize(
    "reads", [{"role": "command"}, {"areas": "all"}, {"areas": [A]}, {"role": "x", "areas": "all"}]
)
def test_areas_are_read_in_a_role_and_a_role_reads_in_areas(reads: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's says where
        Reads.model_validate(reads)


def test_a_district_is_all_its_villages() -> None:
    seen = viewer(Reads(role="command", areas=(A,)))
    assert seen.sees_village(A1)
    assert seen.sees_district(A)
    assert not seen.sees_village(B1)
    assert not seen.sees_district(B)


def test_own_units_are_those_that_one_may_speak_for_and_an_operators_only_those_that_he_reads_as_his() -> None:
    grants = (Grant(types=("t",), units=("u-*",)), Grant(types=("t",), subjects=("unit/v-1", "post/*")))
    said = Principal(id="p", name="P", kind="agency", grants=grants, reads=Reads(units=("w-1",)))
    assert said.units == ("w-1", "u-*", "v-1")
    assert Principal(id="p", name="P", kind="operator", grants=grants, reads=Reads(units=("w-1",))).units == ("w-1",)


@given(st.from_regex(r"\A([ab.*?-]|\[!?(a-b|[ab])+\]){1,4}\Z"), st.text("ab-.", max_size=4))
def test_a_pattern_means_to_postgresql_what_it_means_to_the_gateway(pattern: str, id_: str) -> None:
    own = viewer(Reads(units=(pattern,))).own
    assert (re.match(own, f"unit/{id_}") is not None) == fnmatchcase(id_, pattern)


def test_of_no_pattern_nothing_is_ones_own() -> None:
    assert re.match(viewer(kind="agency").own, "unit/u") is None
    assert re.match(viewer(kind="agency").own, "unit/") is None


def test_only_who_commands_everywhere_and_has_no_units_is_asked_nothing() -> None:
    assert viewer(Reads(role="command", areas="all")).condition("e", 2) == ("true", [])
    for reads in (Reads(role="command", areas="all", units=("u",)), Reads(role="logistics", areas="all"), Reads()):
        assert viewer(reads).condition("e", 2)[0] != "true"
    assert viewer(Reads(role="command", areas="all"), kind="agency").condition("e", 2)[0] != "true"


@pytest.mark.parametrize("reader", VILLAGES)
def test_the_picture_has_rows_and_districts_of_ones_areas_only(reader: str) -> None:
    """Even if what is drawn from tells of others, as a unit does that has been on both sides of a border."""
    shown = picture(clock("12:00"), *FACTS, viewer=viewer_of(READERS[reader]))
    assert {each.code for each in shown.villages} == VILLAGES[reader]
    assert shown.districts.keys() == {code[:8] for code in VILLAGES[reader]}
    assert shown.operation.villages == len(VILLAGES[reader])


# The embedded mode's file.


@pytest.mark.parametrize(
    ("who", "village", "sees"),
    [
        ("posko-serang", A1, True),
        ("polsek-tirtayasa", A1, True),
        ("polsek-tirtayasa", "36.04.05.2002", False),
        ("polres-serang", "36.04.05.2002", True),
        ("polres-serang", "36.04.05.2005", False),
        ("polres-cilegon", "36.04.05.2005", True),
        (f"panitia-{A1}", A1, False),
        ("brimob-banten", A1, False),
        ("scenario-player", A1, False),
    ],
)
def test_who_reads_of_which_village_in_the_embedded_mode(who: str, village: str, sees: bool) -> None:
    assert viewer_of(PRINCIPALS[who]).sees_village(village) is sees


def test_a_committee_reads_of_its_own_shipments() -> None:
    own = viewer_of(PRINCIPALS[f"panitia-{A1}"]).own
    assert [bool(re.match(own, f"shipment/{id_}")) for id_ in (f"kirim-{A1}", f"kirim-{A1}-2", f"kirim-{B1}")] == [
        True,
        True,
        False,
    ]


def test_who_speaks_for_a_unit_is_never_without_the_complaints_about_it_being_hidden() -> None:
    for each in PRINCIPALS.values():
        if each.kind == "agency" and each.may("kalimaya.unit.sighted", f"unit/{each.id}-001"):
            assert re.match(viewer_of(each).own, f"unit/{each.id}-001"), each.id
            assert not viewer_of(each).commands


FORCES = """
operation: operation.yaml
principals:
  - id: p
    name: P
    kind: agency
    grants: []
    reads: {{role: command, jurisdictions: [{force}], areas: ["{area}"]}}
"""


def test_jurisdictions_are_the_villages_of_a_police_force_by_the_operation_file(tmp_path: Path) -> None:
    voting = [(A1, "polres-serang"), (B1, "polres-cilegon")]
    villages = ", ".join(f'{{village: "{code}", jurisdiction: {force}}}' for code, force in voting)
    (tmp_path / "operation.yaml").write_text(f"villages: [{villages}]")
    path = tmp_path / "agencies.yaml"
    path.write_text(FORCES.format(force="polres-cilegon", area="36.04.06"))
    assert load_principals(path)["p"].reads.areas == ("36.04.06", B1)
    path.write_text(FORCES.format(force="polres-pandeglang", area="36.04.06"))
    with pytest.raises(CredentialsError, match="polres-pandeglang"):
        load_principals(path)
