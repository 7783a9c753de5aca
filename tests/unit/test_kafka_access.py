"""How a process is told to get in to Kafka, and what it is told when that does not fit together."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.kit.kafka_access import KafkaAccess, access_to
from services.kit.ledger.log import Unavailable
from services.kit.process import told_settings
from services.kit.settings import KafkaSettings


def told(**settings: object) -> str:
    with pytest.raises(ValidationError) as raised:
        KafkaSettings(**settings)  # type: ignore[arg-type]
    return told_settings(raised.value)


def password(folder: Path) -> Path:
    file = folder / "password"
    file.write_text("secret\n")
    return file


def test_an_address_alone_is_a_kafka_that_asks_nobody_anything() -> None:
    assert access_to("127.0.0.1:9092").aiokafka() == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("here", ["127.0.0.1:9092", "localhost:9092,127.8.0.1:1", "[::1]:9092"])
def test_on_this_machine_nothing_needs_to_be_said(here: str) -> None:
    assert not KafkaSettings(kafka=here).access.exposed


@pytest.mark.parametrize("elsewhere", ["kafka:9092", "10.0.0.1:9092", "127.0.0.1:9092,kafka:9092", "127.0.0.1.evil:1"])
def test_beyond_this_machine_plaintext_has_to_be_said_and_is_told(elsewhere: str) -> None:
    assert f"KALIMAYA_KAFKA is {elsewhere}, not on this machine" in told(kafka=elsewhere)
    assert KafkaSettings(kafka=elsewhere, kafka_security="plaintext").access.exposed


@pytest.mark.parametrize(
    ("settings", "because"),
    [
        ({"kafka_security": "sasl_ssl"}, "a user is for security sasl_ssl, which needs one"),
        ({"kafka_security": "sasl_ssl", "kafka_user": "gateway"}, "the file of its password"),
        ({"kafka_security": "ssl", "kafka_certificate": __file__}, "a certificate and its key"),
        ({"kafka_ca": __file__}, "certificates are for security ssl or sasl_ssl"),
        ({"kafka_security": "ssl", "kafka_user": "x", "kafka_password_file": __file__}, "a user is for"),
        ({"kafka_security": "tls"}, "KALIMAYA_KAFKA_SECURITY: Input should be 'plaintext', 'ssl' or 'sasl_ssl'"),
        ({"kafka_security": "ssl", "kafka_ca": "/nowhere"}, "KALIMAYA_KAFKA_CA: Path does not point to a file"),
    ],
)
def test_what_does_not_fit_together_is_told(settings: dict[str, str], because: str) -> None:
    assert because in told(kafka="127.0.0.1:9092", **settings)


def test_both_clients_are_told_the_same(tmp_path: Path) -> None:
    access = KafkaAccess(
        bootstrap="kafka:9093", security="sasl_ssl", user="kalimaya-gateway", password_file=password(tmp_path)
    )
    ours, theirs = access.aiokafka(), access.librdkafka()
    assert (ours["sasl_mechanism"], ours["sasl_plain_username"], ours["sasl_plain_password"]) == (
        theirs["sasl.mechanisms"],
        theirs["sasl.username"],
        theirs["sasl.password"],
    )
    assert ours["sasl_plain_password"] == "secret"
    assert ours["ssl_context"].check_hostname


def test_a_password_is_read_anew_for_each_client_and_shown_by_none(tmp_path: Path) -> None:
    access = KafkaAccess(bootstrap="kafka:9093", security="sasl_ssl", user="u", password_file=password(tmp_path))
    assert "secret" not in repr(access)
    (tmp_path / "password").write_text("rotated\n")
    assert access.aiokafka()["sasl_plain_password"] == "rotated"


def test_a_file_that_cannot_be_used_now_is_like_a_kafka_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "half").write_text("-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(Unavailable, match="certificates"):
        KafkaAccess(bootstrap="kafka:9093", security="ssl", ca=tmp_path / "half").aiokafka()
    with pytest.raises(Unavailable, match="password"):
        KafkaAccess(bootstrap="k:1", security="sasl_ssl", user="u", password_file=tmp_path / "gone").librdkafka()
