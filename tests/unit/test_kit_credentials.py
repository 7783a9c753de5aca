"""Who may speak: agencies.yaml and tokens.json."""

import json
import shlex
import stat
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from kalimaya import curl
from kalimaya.settings import Settings
from kalimaya.up import show_where
from schemas.catalogue import CATALOGUE
from schemas.places import DISTRICTS
from services.kit.credentials import ensure, load
from services.kit.principals import CredentialsError, load_principals

AGENCIES = Path("deploy/embedded/agencies.yaml")


def test_every_principal_gets_a_token_once_and_keeps_it(tmp_path: Path) -> None:
    first = ensure(tmp_path / "tokens.json", AGENCIES)
    assert first.keys() == load_principals(AGENCIES).keys()
    assert ensure(tmp_path / "tokens.json", AGENCIES) == first
    assert stat.S_IMODE((tmp_path / "tokens.json").stat().st_mode) == 0o600
    assert len(set(first.values())) == len(first)


def test_a_token_names_its_principal_and_no_other_does(tmp_path: Path) -> None:
    tokens = ensure(tmp_path / "tokens.json", AGENCIES)
    doorkeeper = load(AGENCIES, tmp_path / "tokens.json")
    found = doorkeeper.who(tokens["kpps"])
    assert found is not None
    assert found.source == "/agencies/kpps"
    assert doorkeeper.who("wrong") is None


def test_without_tokens_the_gateway_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="holds no tokens"):
        load(AGENCIES, tmp_path / "missing.json")


def test_the_token_of_a_principal_that_nobody_knows_opens_nothing_and_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps({"stranger": "secret-1", "kpps": "secret-2"}))
    with capture_logs() as said:
        doorkeeper = load(AGENCIES, tmp_path / "tokens.json")
    assert [(each["log_level"], each["principals"]) for each in said] == [("warning", ["stranger"])]
    assert "secret" not in str(said)
    assert doorkeeper.who("secret-1") is None
    assert doorkeeper.who("secret-2") is not None


def test_two_principals_cannot_share_a_token(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps({"kpps": "t", "camat-serang": "t"}))
    with pytest.raises(CredentialsError, match="same token"):
        load(AGENCIES, tmp_path / "tokens.json")


def test_no_agency_speaks_for_anothers_units() -> None:
    principals = load_principals(AGENCIES)
    may = {
        (who, owner)
        for who in principals
        for owner in principals
        if principals[who].may("kalimaya.unit.sighted", f"unit/{owner}-001")
    }
    assert may == {(id_, id_) for id_, _ in may}
    assert ("polres-serang", "polres-serang") in may


def test_the_operations_agencies_are_ready_made() -> None:
    principals = load_principals(AGENCIES)
    kinds = [id_.partition("-")[0] for id_ in principals]
    assert [kinds.count(kind) for kind in ("polsek", "koramil", "camat")] == [29, 30, 30]
    assert kinds.count("panitia") == 150
    assert {"polda-banten", "satpol-pp-serang", "dpmd-serang", "panitia-36.04.13.2009"} <= principals.keys()
    assert len(DISTRICTS) == 29


def test_whatever_can_be_sent_somebody_may_send() -> None:
    principals = load_principals(AGENCIES).values()
    ids = {"unit": "polres-serang-001", "shipment": "kirim-36.04.13.2009"}
    for entry in CATALOGUE.values():
        if entry.kind in ("order", "report"):
            subject = f"{entry.aggregate}/{ids.get(entry.aggregate, 'x')}"
            may = {each.kind for each in principals if each.may(entry.type, subject)}
            assert ("agency" in may) == (entry.kind == "report"), entry.type
            assert "operator" in may or entry.kind == "report", entry.type


def test_the_scenarios_player_is_let_in_only_where_a_scenarios_clock_runs(tmp_path: Path) -> None:
    tokens = ensure(tmp_path / "tokens.json", AGENCIES)
    without = load(AGENCIES, tmp_path / "tokens.json")
    assert without.who(tokens["scenario-player"]) is None
    assert "scenario-player" not in {each.id for each in without.on_kafka}
    within = load(AGENCIES, tmp_path / "tokens.json", scenario=True)
    player = within.who(tokens["scenario-player"])
    assert player is not None
    assert player in within.on_kafka
    assert player.source not in within.by_source


@pytest.mark.parametrize(
    ("who", "type_", "subject", "area", "may"),
    [
        ("camat-tirtayasa", "kalimaya.readiness.checked", "readiness/36.04.13.2009", "36.04.13.2009", True),
        ("camat-tirtayasa", "kalimaya.readiness.checked", "readiness/36.04.05.2002", "36.04.05.2002", False),
        ("polsek-tirtayasa", "kalimaya.incident.reported", "incident/i-1", "36.04.13.2009", True),
        ("polsek-tirtayasa", "kalimaya.incident.reported", "incident/i-1", "36.04.05.2002", False),
        ("koramil-tirtayasa", "kalimaya.warning.given", "warning/w-1", "36.04.13", True),
        ("panitia-36.04.13.2009", "kalimaya.packages.opened", "shipment/kirim-36.04.13.2009", "36.04.13.2009", True),
        ("panitia-36.04.13.2009", "kalimaya.packages.opened", "shipment/kirim-36.04.13.2009", "36.04.13.2001", False),
    ],
)
def test_who_answers_for_an_area_speaks_of_no_other(who: str, type_: str, subject: str, area: str, may: bool) -> None:
    assert load_principals(AGENCIES)[who].may(type_, subject, {area}) is may


@pytest.mark.parametrize(
    ("who", "type_", "subject", "may"),
    [
        ("polres-serang", "kalimaya.unit.sighted", "unit/polres-serang-001", True),
        ("polres-serang", "kalimaya.unit.sighted", "unit/brimob-banten-001", False),
        ("polres-serang", "kalimaya.unit.assign", "unit/polres-serang-001", False),
        ("posko-serang", "kalimaya.unit.assign", "unit/polres-serang-001", True),
        ("logistik-serang", "kalimaya.shipment.plan", "shipment/s-1", True),
        ("kpps", "kalimaya.custody.received", "shipment/s-1", True),
        ("kpps", "kalimaya.incident.reported", "incident/i-1", True),
        ("kpps", "kalimaya.incident.close", "incident/i-1", False),
        ("posko-serang", "kalimaya.incident.close", "incident/i-1", True),
        ("scenario-player", "kalimaya.incident.reported", "incident/i-1", False),
        ("polsek-tirtayasa", "kalimaya.unit.sighted", "unit/polsek-tirtayasa-001", True),
        ("polairud-banten", "kalimaya.shipment.transshipped", "shipment/s-1", True),
        ("polairud-banten", "kalimaya.leg.assign_escort", "shipment/s-1", False),
        ("camat-tirtayasa", "kalimaya.custody.received", "shipment/kirim-36.04.13.2009", True),
        ("camat-tirtayasa", "kalimaya.custody.received", "shipment/kirim-36.04.05.2002", False),
        ("panitia-36.04.13.2009", "kalimaya.custody.received", "shipment/kirim-36.04.13.2009-2", True),
        ("panitia-36.04.13.2009", "kalimaya.custody.received", "shipment/kirim-36.04.13.2001", False),
        ("posko-serang", "kalimaya.deployment.operation.adopt", "deployment-operation/serang-2019", True),
        ("posko-serang", "kalimaya.alert.acknowledge", "alert/0", True),
    ],
)
def test_agencies_report_and_operators_order(who: str, type_: str, subject: str, may: bool) -> None:
    assert load_principals(AGENCIES)[who].may(type_, subject) is may


def test_the_curl_lines_carry_the_tokens_of_who_publishes_and_who_reads() -> None:
    words = shlex.split(curl.publish("http://127.0.0.1:8001", "t-1"))
    assert "Authorization: Bearer t-1" in words
    event = json.loads(words[words.index("-d") + 1])
    assert (event["type"], event["data"]["unit"]) == ("kalimaya.unit.sighted", "polres-serang-001")
    assert "Authorization: Bearer t-2" in shlex.split(curl.read("http://127.0.0.1:8000", "t-2"))


def test_the_start_leaves_out_the_examples_of_whom_agencies_yaml_does_not_name() -> None:
    def told(tokens: dict[str, str]) -> str:
        show_where(Settings(), Console(file=(out := StringIO()), width=200), tokens)
        return out.getvalue()

    assert "Bearer t-1" in told({"posko-serang": "t-1", "polres-serang": "t-2"})
    without = told({"posko-serang": "t-1"})
    assert "Bearer t-1" in without
    assert "no example, for agencies.yaml has no polres-serang" in without
    assert "none: agencies.yaml has no posko-serang" in told({"polres-serang": "t-2"})
