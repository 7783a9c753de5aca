"""What has to be changed so that Kafka knows who agencies.yaml knows; seen by doing it to what Kafka knows."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kalimaya.agencies.command import changes, wanted_of
from kalimaya.agencies.passwords import Passwords
from kalimaya.agencies.plan import Known, NotOurs, Plan, Rule, Wanted, plan
from kalimaya.agencies.quotas import Quota
from kalimaya.agencies.rights import WATCHED, Right, of_agency, of_services
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.kit.principals import CredentialsError, Principal
from services.logistics.watch.watch import LOGISTICS_WATCH

NOBODY = Known(frozenset(), frozenset(), {})
POLRES, POLDA = (Principal(id=id_, name=id_, kind="agency", grants=(), kafka=True) for id_ in ("polres", "polda"))
LIMITS: Quota = {"producer_byte_rate": 262144.0, "request_percentage": 20.0}


def wanted(*agencies: Principal) -> Wanted:
    return wanted_of(list(agencies), with_passwords=True)


def done(known: Known, change: Plan) -> Known:
    """What Kafka knows after a change."""
    rules = (known.rules | change.grant) - change.revoke
    users = (known.users | {*change.make}) - {*change.drop}
    quotas = {user: quota for user, quota in ({**known.quotas, **change.limit}).items() if quota}
    return Known(frozenset(rules), frozenset(users), quotas)


def in_line(*agencies: Principal) -> Known:
    return done(NOBODY, plan(NOBODY, wanted(*agencies)))


def test_from_nothing_everybody_gets_in_and_then_there_is_nothing_to_change() -> None:
    known = in_line(POLRES)
    assert known.users == {"polres", *of_services()}
    assert known.quotas == {"polres": LIMITS}
    assert list(changes(plan(known, wanted(POLRES)))) == []


def test_an_agency_that_left_loses_its_user_its_right_and_its_limits() -> None:
    change = plan(in_line(POLRES, POLDA), wanted(POLRES))
    assert list(changes(change)) == [
        "remove user polda",
        "no limits for polda",
        "revoke: polda may WRITE topic agency.polda",
    ]
    assert done(in_line(POLRES, POLDA), change) == in_line(POLRES)


def test_who_left_is_known_by_his_right_and_loses_everything_else_too() -> None:
    more = Rule("User:polda", Right("READ", "TOPIC", "deployment.events"))
    known = in_line(POLRES, POLDA)
    known = replace(known, rules=known.rules | {more})
    assert plan(known, wanted(POLRES)).revoke == {more, Rule("User:polda", *of_agency("polda"))}


def test_what_ours_may_beyond_the_table_is_revoked() -> None:
    more = Rule("User:polres", Right("READ", "TOPIC", "deployment.inbox"))
    known = in_line(POLRES)
    assert plan(replace(known, rules=known.rules | {more}), wanted(POLRES)).revoke == {more}


def test_who_is_not_ours_is_left_alone() -> None:
    others = {
        Rule("User:exporter", Right("DESCRIBE", "GROUP", "", prefixed=True)),
        Rule("User:bank", Right("WRITE", "TOPIC", "agency.polres")),
    }
    known = in_line(POLRES)
    known = Known(known.rules | others, known.users | {"exporter", "bank"}, {**known.quotas, "bank": LIMITS})
    assert list(changes(plan(known, wanted(POLRES)))) == []


def test_a_lock_by_hand_stays_and_what_is_open_to_everyone_is_told() -> None:
    locked = Rule("User:polres", Right("ALL", "TOPIC", "agency.polres"), allows=False)
    open_ = Rule("User:*", Right("READ", "TOPIC", "deployment.events"))
    known = in_line(POLRES)
    change = plan(replace(known, rules=known.rules | {locked, open_}), wanted(POLRES))
    assert list(changes(change)) == []
    assert change.left == [
        "left as it is: * may READ topic deployment.events",
        "left as it is: polres is denied to ALL topic agency.polres",
    ]


def test_a_name_that_somebody_else_has_is_not_taken_over() -> None:
    known = replace(NOBODY, users=frozenset({"gateway"}))
    with pytest.raises(NotOurs, match="gateway"):
        plan(known, wanted(POLRES))


@pytest.mark.parametrize(
    "stranger",
    [
        Known(frozenset({Rule("User:gateway", Right("READ", "TOPIC", "payments"))}), frozenset(), {}),
        Known(frozenset(), frozenset(), {"gateway": LIMITS}),
    ],
    ids=["rights", "quota"],
)
def test_a_name_is_not_taken_over_either_from_somebody_who_comes_by_certificate(stranger: Known) -> None:
    with pytest.raises(NotOurs, match="gateway"):
        plan(stranger, wanted(POLRES))
    ours = in_line(POLRES)
    known = Known(ours.rules | stranger.rules, ours.users, {**ours.quotas, **stranger.quotas})
    plan(known, wanted(POLRES))  # ours has that name already


@pytest.mark.parametrize("with_passwords", [True, False])
def test_who_is_ours_by_certificate_is_no_stranger_the_next_time(with_passwords: bool) -> None:
    by_certificate = wanted_of([POLRES], with_passwords=False)
    known = done(NOBODY, plan(NOBODY, by_certificate))
    assert known.users == set()
    again = plan(known, wanted_of([POLRES], with_passwords=with_passwords))
    assert {line.split()[0] for line in changes(again)} == ({"make"} if with_passwords else set())


def test_whoever_is_locked_by_hand_before_he_comes_is_no_stranger() -> None:
    locked = Rule("User:polres", Right("ALL", "TOPIC", "agency.polres"), allows=False)
    assert "polres" in plan(replace(NOBODY, rules=frozenset({locked})), wanted(POLRES)).make


def test_an_agency_is_not_called_as_a_process_of_ours() -> None:
    with pytest.raises(CredentialsError, match="gateway"):
        wanted(POLRES.model_copy(update={"id": "gateway"}))


def test_the_password_of_who_left_is_forgotten_even_when_kafka_has_forgotten_it_already() -> None:
    known = in_line(POLRES, POLDA)
    killed_here = replace(known, users=known.users - {"polda"})
    change = plan(killed_here, wanted(POLRES))
    assert (change.drop, change.forget) == ([], ["polda"])


def test_who_comes_back_does_not_get_the_password_that_he_had() -> None:
    change = plan(in_line(POLRES), wanted(POLRES, POLDA))
    assert (change.make, change.forget) == (["polda"], ["polda"])


def test_to_another_kafka_everybody_moves_with_his_password() -> None:
    assert plan(NOBODY, wanted(POLRES)).forget == []


def test_with_certificates_nobody_gets_a_password() -> None:
    assert plan(NOBODY, wanted_of([POLRES], with_passwords=False)).make == []


def test_no_agency_may_more_than_write_to_its_own_topic() -> None:
    assert of_agency("polres") == {Right("WRITE", "TOPIC", "agency.polres")}


def test_only_its_decider_writes_an_event_log_and_only_the_intake_and_watches_an_inbox() -> None:
    writers: dict[str, set[str]] = {}
    for user, rights in of_services().items():
        for right in rights:
            if right.operation == "WRITE":
                writers.setdefault(right.name, set()).add(user)
    assert writers["deployment.events"] == {"deployment"}
    assert writers["deployment.inbox"] == {"gateway"}
    assert writers["incidents.inbox"] == {"gateway", "deployment-watch", "logistics-watch", "incidents-watch"}


def test_a_watch_may_read_what_it_watches() -> None:
    watches = (DEPLOYMENT_WATCH, LOGISTICS_WATCH, INCIDENTS_WATCH)
    assert {each.service: {*each.reads} for each in watches} == {k: {*v} for k, v in WATCHED.items()}


def test_the_page_for_operators_says_who_may_do_what() -> None:
    page = Path("docs/security.md").read_text().splitlines()
    for user, rights in of_services().items():
        cells = (
            sorted(f"`{right.name}{'*' if right.prefixed else ''}`" for right in rights if right[:2] == column)
            for column in (("READ", "TOPIC"), ("WRITE", "TOPIC"), ("DESCRIBE", "TOPIC"), ("READ", "GROUP"))
        )
        assert (
            f"| `{user}` | {' | '.join(map(', '.join, cells))} |".replace("|  |", "| |").replace("|  |", "| |") in page
        )


def test_a_password_is_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "made")
    made = passwords.to_tell("polres", anew=False)
    assert len(made) > 40
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700
    passwords.settle("polres")
    assert stat.S_IMODE((tmp_path / "made" / "polres").stat().st_mode) == 0o600
    assert passwords.to_tell("polres", anew=False) == made
    assert not passwords.unsettled("polres")
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["polres"]
    passwords.drop("polres")
    assert passwords.to_tell("polres", anew=False) != made


def test_users_do_not_share_files_whatever_their_ids(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path)
    for user in ("polres", "polres.new"):
        passwords.to_tell(user, anew=False)
        passwords.settle(user)
    passwords.drop("polres")
    assert passwords.has("polres.new")
    assert not passwords.unsettled("polres")


def test_an_empty_file_is_no_password(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path)
    for name in ("polres", "polres_new", ".polres"):
        (tmp_path / name).touch()
    assert not passwords.has("polres")
    assert not passwords.unsettled("polres")
    assert len(passwords.to_tell("polres", anew=False)) > 40


def test_a_disk_that_is_full_leaves_no_password_that_kafka_could_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    passwords = Passwords(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            passwords.to_tell("polres", anew=False)
    assert not passwords.unsettled("polres")
    assert len(passwords.to_tell("polres", anew=False)) > 40


def test_a_new_password_that_kafka_may_not_have_yet_is_told_again_and_the_old_one_kept_meanwhile(
    tmp_path: Path,
) -> None:
    passwords = Passwords(tmp_path)
    old = passwords.to_tell("polres", anew=False)
    passwords.settle("polres")
    new = passwords.to_tell("polres", anew=True)
    assert new != old
    assert (tmp_path / "polres").read_text().strip() == old
    killed_here = Passwords(tmp_path)
    assert killed_here.unsettled("polres")
    assert killed_here.to_tell("polres", anew=True) == new
    killed_here.settle("polres")
    assert (tmp_path / "polres").read_text().strip() == new
