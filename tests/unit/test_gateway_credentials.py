"""Who may speak: agencies.yaml and tokens.json."""

import json
import shlex
import stat
from pathlib import Path

import pytest

from services.gateway.credentials import CredentialsError, curl_line, ensure, load, load_principals

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


def test_a_token_for_a_principal_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps({"stranger": "t"}))
    with pytest.raises(CredentialsError, match="stranger"):
        load(AGENCIES, tmp_path / "tokens.json")


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
    ],
)
def test_agencies_report_and_operators_order(who: str, type_: str, subject: str, may: bool) -> None:
    assert load_principals(AGENCIES)[who].may(type_, subject) is may


def test_the_curl_line_carries_the_token_of_an_agency(tmp_path: Path) -> None:
    tokens = ensure(tmp_path / "tokens.json", AGENCIES)
    words = shlex.split(curl_line("http://127.0.0.1:8001", tokens))
    assert f"Authorization: Bearer {tokens['polres-serang']}" in words
    event = json.loads(words[words.index("-d") + 1])
    assert (event["type"], event["data"]["unit"]) == ("kalimaya.unit.sighted", "polres-serang-001")
