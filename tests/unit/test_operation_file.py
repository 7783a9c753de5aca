"""The operation file: what it says of 2019, and what no file may say."""

from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from kalimaya import operation
from kalimaya.cli import app
from kalimaya.operation import OperationError, in_force, load, messages, outcome
from scenarios.serang2019.polls import ALL_VILLAGES, WARGASARA, make_polls
from services.gateway.intake import judge
from services.kit.principals import load_principals

SERANG = Path("deploy/operations/serang-2019.yaml")
PRINCIPALS = load_principals(Path("deploy/embedded/agencies.yaml"))
NOW = datetime(2019, 10, 30, 3, tzinfo=UTC)


def test_150_villages_vote_on_3_november_76_of_them_under_polres_serang() -> None:
    found = load(SERANG)
    assert (found.polling_day, len(found.villages)) == (date(2019, 11, 3), 150)
    assert sum(each.jurisdiction == "polres-serang" for each in found.villages) == 76
    assert WARGASARA in {each.village for each in found.villages}


def test_it_names_the_villages_of_the_scenario() -> None:
    polls = make_polls(ALL_VILLAGES, Random("2019/cast"))
    scenario = {(each.code, each.jurisdiction, len(each.stations)) for each in polls}
    assert {(each.village, each.jurisdiction, each.stations) for each in load(SERANG).villages} == scenario


def test_its_agencies_are_principals() -> None:
    assert {each.agency for each in load(SERANG).agencies} <= PRINCIPALS.keys()


def test_the_posko_may_put_it_in_force_in_every_service_and_twice_is_the_same() -> None:
    found = load(SERANG)
    first = [judge(each, PRINCIPALS["posko-serang"], NOW) for each in messages(found)]
    again = [judge(each, PRINCIPALS["posko-serang"], NOW.replace(hour=9)) for each in messages(found)]
    assert [each.service for each in first] == ["deployment", "logistics", "incidents"]
    assert all(each.stamp.authorised for each in first)
    assert [each.stamp for each in first] == [each.stamp for each in again]
    assert len({each.message.id for each in first}) == 3


def written(folder: Path, old: str, new: str) -> Path:
    text = SERANG.read_text()
    assert text.count(old) >= 1
    (folder / "operation.yaml").write_text(text.replace(old, new, 1))
    return folder / "operation.yaml"


WRONG = {
    "an unknown village": ('village: "36.04.13.2009"', 'village: "36.04.99.2009"', "no village has the code"),
    "a village twice": ('village: "36.04.05.2003"', 'village: "36.04.05.2002"', "36.04.05.2002 stands 2 times"),
    "an agency twice": ("agency: kpps", "agency: dpmd-serang", "dpmd-serang stands 2 times"),
    "a field too many": ("version: 1", "version: 1\nbudget: 7", "budget"),
    "no polling station": ("stations: 3", "stations: 0", "has no polling station"),
    "another polling day": ("polling_day: 2019-11-03", "polling_day: 2019-11-04", "not on the polling day"),
    "a stage that ends before it begins": (
        'voting, start: "2019-11-03T07:00:00+07:00", end: "2019-11-03T13',
        'voting, start: "2019-11-03T07:00:00+07:00", end: "2019-11-03T06',
        "ends before it begins",
    ),
    "stages out of order": (
        'counting, start: "2019-11-03T13:00:00+07:00"',
        'counting, start: "2019-11-03T06:00:00+07:00"',
        "do not begin in their order",
    ),
    "no YAML": ("operation: serang-2019", "operation: [", "cannot be read"),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(OperationError, match=said):
        load(written(tmp_path, old, new))


def test_a_missing_file_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="cannot be read"):
        load(tmp_path / "nowhere.yaml")


def test_check_tells_what_a_file_says() -> None:
    told = CliRunner().invoke(app, ["operation", "check", str(SERANG)])
    assert told.exit_code == 0
    assert "villages: 150" in told.stdout
    assert "polres-serang: 76" in told.stdout


ACCEPTED = {"kind": "accepted"}


@pytest.mark.parametrize(
    ("answer", "words", "holds"),
    [
        ({"status": 200, "outcome": ACCEPTED}, "accepted", True),
        ({"status": 200, "outcome": {"kind": "repeated", "first": ACCEPTED}}, "repeated: it came before", True),
        ({"status": 200, "outcome": {"kind": "repeated", "first": {"kind": "refused"}}}, "was refused", False),
        ({"status": 200, "outcome": {"kind": "repeated", "first": None}}, "was not known", False),
        ({"status": 409, "outcome": {"kind": "refused"}, "detail": "version 2"}, "refused: version 2", False),
        ({"status": 409, "outcome": {"kind": "conflicting"}, "detail": "other"}, "conflicting: other", False),
        ({"status": 202, "outcome": None}, "not decided yet", False),
        ({"status": 503, "detail": "Kafka"}, "503 Kafka", False),
    ],
)
def test_what_became_of_an_order_is_told_in_words(answer: dict[str, Any], words: str, holds: bool) -> None:
    assert words in outcome(answer)
    assert in_force(answer) is holds


def test_apply_sends_one_batch_and_fails_when_one_is_not_in_force(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[Any] = []
    answers = [{"status": 200, "outcome": ACCEPTED}] * 3

    def send(url: str, token: str, orders: list[Any]) -> list[Any]:
        sent.append((url, token, [each["type"] for each in orders]))
        return answers

    monkeypatch.setattr(operation, "_send", send)
    (tmp_path / "tokens.json").write_text('{"posko-serang": "t"}')
    line = ["operation", "apply", str(SERANG), "--gateway", "http://g", "--tokens", str(tmp_path / "tokens.json")]
    told = CliRunner().invoke(app, line)
    assert (told.exit_code, told.stdout.count("accepted")) == (0, 3)
    assert sent[0][:2] == ("http://g", "t")
    answers[2] = {"status": 409, "outcome": {"kind": "refused"}, "detail": "version 2 follows"}
    told = CliRunner().invoke(app, line)
    assert told.exit_code == 1
    assert "incidents: refused: version 2 follows" in told.stdout


def test_apply_finds_gateway_and_tokens_by_the_environment_and_gives_the_order_as_who_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[Any] = []

    def send(url: str, token: str, orders: list[Any]) -> list[Any]:
        sent.append((url, token, {each["source"] for each in orders}))
        return [{"status": 200, "outcome": ACCEPTED}] * 3

    monkeypatch.setattr(operation, "_send", send)
    (tmp_path / "tokens.json").write_text('{"posko-pandeglang": "t"}')
    elsewhere = {"KALIMAYA_GATEWAY": "http://g", "KALIMAYA_TOKENS": str(tmp_path / "tokens.json")}
    line = ["operation", "apply", str(SERANG)]
    told = CliRunner().invoke(app, [*line, "--operator", "posko-pandeglang"], env=elsewhere)
    assert told.exit_code == 0
    assert sent == [("http://g", "t", {"/operators/posko-pandeglang"})]
    told = CliRunner().invoke(app, line, env=elsewhere)
    assert told.exit_code == 1
    assert "no token of posko-serang" in told.stderr
    assert len(sent) == 1
