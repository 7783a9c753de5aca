"""A Kafka that asks who one is: who gets in, what each may do there, and the services at work on it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import httpx
import pytest
import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from kalimaya.agencies.cluster import look
from services.kit.kafka_access import KafkaAccess
from services.kit.ledger import topics
from tests.support.gateway import sighting
from tests.support.ledger import until
from tests.support.processes import AGENCIES, Processes
from tests.support.secured import PASSWORD, SecuredKafka, environment

SECONDS = 15.0
POLRES = "polres-serang"


@pytest.fixture(scope="module")
def bare() -> Iterator[SecuredKafka]:
    """Such a Kafka, which knows its administrator only."""
    kafka = SecuredKafka()
    yield kafka
    kafka.close()


@pytest.fixture(scope="module")
def kafka(bare: SecuredKafka) -> SecuredKafka:
    """The same with everything applied."""
    for command in (("topics", "apply"), ("agencies", "apply", "--passwords", str(bare.passwords))):
        done = bare.command(*command)
        assert done.exit_code == 0, done.output
    return bare


def write(access: KafkaAccess, topic: str) -> str | None:
    """Why this may not be written; None when it was."""
    told: list[KafkaError | None] = []
    producer = Producer(access.librdkafka() | {"log_level": 0, "message.timeout.ms": int(SECONDS * 1000)})
    producer.produce(topic, b"{}", partition=0, on_delivery=lambda error, _: told.append(error))
    producer.flush(SECONDS)
    assert told, "no answer"
    return told[0].name() if told[0] else None


def read(access: KafkaAccess, topic: str) -> str | None:
    """Why this may not be read; None when it may. Who is not even told of a topic would wait for it."""
    told = topics.admin_of(access).list_topics(topic, timeout=SECONDS).topics[topic].error
    if told is not None:
        return str(told.name())
    return _polled(access, "", lambda consumer: consumer.assign([TopicPartition(topic, 0, 0)]))


def join(access: KafkaAccess, group: str, topic: str) -> str | None:
    """Why one is not let into this group; None when one is and was given a partition."""
    return _polled(access, group, lambda consumer: consumer.subscribe([topic]))


def refused(access: KafkaAccess) -> str:
    """Why nobody gets in this way."""
    told: list[KafkaError] = []
    client = AdminClient(access.librdkafka() | {"error_cb": told.append, "log_level": 0})
    deadline = monotonic() + SECONDS
    while not told:
        assert monotonic() < deadline, "no answer"
        client.poll(0.1)
    return str(told[0].name())


def _polled(access: KafkaAccess, group: str, begin: Callable[[Consumer], None]) -> str | None:
    settings = {"group.id": group or "none", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer(access.librdkafka() | settings | {"log_level": 0, "enable.partition.eof": True})
    begin(consumer)
    deadline = monotonic() + SECONDS
    try:
        while monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None or error.code() == KafkaError._PARTITION_EOF:
                return None
            # librdkafka looks for a group even when it needs none; of what is refused, the group is told last.
            if bool(group) == (error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED):
                return str(error.name())
        raise AssertionError("no answer")
    finally:
        consumer.close()


NO_TLS = ("_SSL", "_TRANSPORT", "_ALL_BROKERS_DOWN")
"""As librdkafka says it when a handshake fails, in the order of its luck."""
DENIED, NO_GROUP = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"


@pytest.fixture(scope="module", params=["by_password", "by_certificate"])
def agency(kafka: SecuredKafka, request: pytest.FixtureRequest) -> KafkaAccess:
    access: KafkaAccess = getattr(kafka, request.param)(POLRES)
    return access


class TestAnAgency:
    def test_writes_to_its_own_topic(self, agency: KafkaAccess) -> None:
        assert write(agency, f"agency.{POLRES}") is None

    @pytest.mark.parametrize("topic", ["agency.brimob-banten", "deployment.inbox", "deployment.events"])
    def test_writes_nowhere_else(self, agency: KafkaAccess, topic: str) -> None:
        assert write(agency, topic) == DENIED

    @pytest.mark.parametrize("topic", ["deployment.inbox", "incidents.events", f"agency.{POLRES}"])
    def test_reads_nothing(self, agency: KafkaAccess, topic: str) -> None:
        assert read(agency, topic) == DENIED

    @pytest.mark.parametrize("group", ["kalimaya.deployment", "kalimaya.gateway", "deployment-watch", "its-own"])
    def test_joins_no_group(self, agency: KafkaAccess, group: str) -> None:
        assert join(agency, group, f"agency.{POLRES}") == NO_GROUP

    def test_makes_no_topic(self, agency: KafkaAccess) -> None:
        admin = topics.admin_of(agency)
        (future,) = admin.create_topics([NewTopic("its-own", 1, 1)]).values()
        with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
            future.result()


@pytest.mark.parametrize(
    ("who", "may", "topic", "answer"),
    [
        ("deployment", read, "deployment.inbox", None),
        ("deployment", write, "deployment.inbox", DENIED),
        ("deployment", write, "logistics.events", DENIED),
        ("deployment", read, "logistics.inbox", DENIED),
        ("deployment", read, f"agency.{POLRES}", DENIED),
        ("gateway", read, f"agency.{POLRES}", None),
        ("gateway", write, f"agency.{POLRES}", DENIED),
        ("gateway", write, "deployment.events", DENIED),
        ("gateway", read, "deployment.inbox", DENIED),
        ("projection", read, "deployment.inbox", None),
        ("projection", write, "deployment.events", DENIED),
        ("deployment-watch", read, "incidents.events", None),
        ("deployment-watch", write, "deployment.inbox", DENIED),
        ("deployment-watch", write, "incidents.events", DENIED),
        ("auditor", read, "logistics.inbox", None),
        ("auditor", write, "logistics.inbox", DENIED),
    ],
)
def test_a_process_may_what_it_needs(
    kafka: SecuredKafka, who: str, may: Callable[[KafkaAccess, str], str | None], topic: str, answer: str | None
) -> None:
    assert may(kafka.by_password(who), topic) == answer


def test_a_decider_joins_its_own_group_and_no_other(kafka: SecuredKafka) -> None:
    logistics = kafka.by_password("logistics")
    assert join(logistics, "kalimaya.logistics", "logistics.inbox") is None
    assert join(logistics, "kalimaya.deployment", "logistics.inbox") == NO_GROUP


class TestNobodyGetsIn:
    def test_with_a_wrong_password(self, kafka: SecuredKafka, tmp_path: Path) -> None:
        (tmp_path / "wrong").write_text("guessed")
        assert refused(replace(kafka.admin, password_file=tmp_path / "wrong")) == "_AUTHENTICATION"

    def test_without_a_certificate(self, kafka: SecuredKafka) -> None:
        assert refused(replace(kafka.by_certificate(POLRES), certificate=None, key=None)) in NO_TLS

    def test_in_plaintext(self, kafka: SecuredKafka) -> None:
        assert refused(KafkaAccess(bootstrap=kafka.admin.bootstrap)) in NO_TLS

    def test_to_a_kafka_for_which_nobody_vouches(self, kafka: SecuredKafka) -> None:
        assert refused(replace(kafka.admin, ca=None)) in NO_TLS


class TestTopics:
    def test_applied_again_nothing_changes(self, kafka: SecuredKafka) -> None:
        done = kafka.command("topics", "apply")
        assert (done.exit_code, done.stdout) == (0, "nothing to change\n")

    def test_what_differs_is_told_and_mended(self, kafka: SecuredKafka) -> None:
        entry = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
        admin = topics.admin_of(kafka.admin)
        spoilt = ConfigResource(ResourceType.TOPIC, "deployment.inbox", incremental_configs=[entry])
        for future in admin.incremental_alter_configs([spoilt]).values():
            future.result()
        told = kafka.command("topics", "apply", "--dry-run")
        assert (told.exit_code, told.stdout) == (1, "would set retention.ms=-1 of deployment.inbox\n")
        assert kafka.command("topics", "apply").stdout == "set retention.ms=-1 of deployment.inbox\n"
        assert kafka.command("topics", "apply").stdout == "nothing to change\n"

    def test_another_partition_count_is_refused(self, kafka: SecuredKafka) -> None:
        done = kafka.command("topics", "apply", "--partitions", "7")
        assert done.exit_code == 1
        assert "Nothing was changed: deployment.inbox has 6 partitions, not 7" in done.stderr

    def test_another_number_of_copies_is_told(self, kafka: SecuredKafka) -> None:
        done = kafka.command("topics", "apply", "--replication", "3")
        assert (done.exit_code, done.stdout) == (1, "nothing to change\n")
        assert "deployment.inbox has 1 copies, not 3" in done.stderr

    def test_who_may_not_is_told(self, kafka: SecuredKafka) -> None:
        done = kafka.command("topics", "apply", access=kafka.by_password("auditor"))
        assert done.exit_code == 2, done.output


class TestAgencies:
    def apply(self, kafka: SecuredKafka, *more: str, exit_code: int = 0) -> list[str]:
        done = kafka.command("agencies", "apply", "--passwords", str(kafka.passwords), *more)
        assert done.exit_code == exit_code, done.output
        assert not [file for file in kafka.passwords.iterdir() if file.read_text().strip() in done.output]
        return done.stdout.splitlines()

    def test_applied_again_nothing_changes(self, kafka: SecuredKafka) -> None:
        assert self.apply(kafka) == ["nothing to change"]

    def test_one_that_comes_gets_in_and_one_that_leaves_does_not(self, kafka: SecuredKafka, tmp_path: Path) -> None:
        written = yaml.safe_load(AGENCIES.read_text())
        del written["operation"]
        come = {
            "id": "basarnas",
            "name": "Basarnas",
            "kind": "agency",
            "kafka": True,
            "grants": [],
            "kafka_bytes": 1000,
        }
        with_it, without = tmp_path / "with.yaml", tmp_path / "without.yaml"
        agencies = [each for each in written["principals"] if each.get("kafka") and "each" not in each]
        for each in agencies:
            each.pop("reads", None)
        for path, principals in ((with_it, [*agencies, come]), (without, agencies)):
            path.write_text(yaml.safe_dump({"principals": principals}))
        expected = [
            "grant: basarnas may WRITE topic agency.basarnas",
            "make user basarnas",
            "limit basarnas: producer_byte_rate 1000, request_percentage 20",
        ]
        named = ("--agencies", str(with_it))
        assert self.apply(kafka, *named, "--dry-run", exit_code=1) == [f"would {line}" for line in expected]
        assert not (kafka.passwords / "basarnas").exists()
        assert self.apply(kafka, *named) == expected
        assert kafka.command("topics", "apply", *named).exit_code == 0
        assert asyncio.run(look(kafka.admin)).quotas["basarnas"]["producer_byte_rate"] == 1000.0
        assert write(kafka.by_password("basarnas"), "agency.basarnas") is None
        remembered = tmp_path / "remembered"
        remembered.write_text((kafka.passwords / "basarnas").read_text())
        assert self.apply(kafka, "--agencies", str(without)) == [
            "remove user basarnas",
            "no limits for basarnas",
            "revoke: basarnas may WRITE topic agency.basarnas",
        ]
        assert refused(replace(kafka.by_password("basarnas"), password_file=remembered)) == "_AUTHENTICATION"
        assert write(kafka.by_certificate("basarnas"), "agency.basarnas") == DENIED
        assert "basarnas" not in asyncio.run(look(kafka.admin)).quotas
        remembered.rename(kafka.passwords / "basarnas")
        old = (kafka.passwords / "basarnas").read_text()
        assert self.apply(kafka, *named) == expected
        assert (kafka.passwords / "basarnas").read_text() != old
        assert write(kafka.by_password("basarnas"), "agency.basarnas") is None
        self.apply(kafka, "--agencies", str(without))

    def test_a_rotated_password_is_the_only_one(self, kafka: SecuredKafka, tmp_path: Path) -> None:
        old = tmp_path / "old"
        old.write_text((kafka.passwords / "brimob-banten").read_text())
        assert self.apply(kafka, "--rotate", "brimob-banten") == ["make the password of brimob-banten anew"]
        brimob = kafka.by_password("brimob-banten")
        assert write(brimob, "agency.brimob-banten") is None
        assert refused(replace(brimob, password_file=old)) == "_AUTHENTICATION"

    def test_from_an_empty_folder_nobody_is_locked_out(self, kafka: SecuredKafka, tmp_path: Path) -> None:
        done = kafka.command("agencies", "apply", "--passwords", str(tmp_path / "elsewhere"))
        assert done.stdout.startswith("nothing to change\nleft as they are, their passwords are not in")
        assert write(kafka.by_password(POLRES), f"agency.{POLRES}") is None

    def test_who_may_not_is_told(self, kafka: SecuredKafka) -> None:
        done = kafka.command("agencies", "apply", access=kafka.by_password("gateway"))
        assert done.exit_code == 2
        assert "ClusterAuthorizationFailed" in done.stderr
        assert PASSWORD not in done.output


@pytest.fixture
async def processes(kafka: SecuredKafka, tmp_path: Path) -> AsyncIterator[Processes]:
    """Gateway, decider and a watch: by password, by certificate, by password."""
    running = Processes(kafka.admin.bootstrap, tmp_path)
    running.start("gateway", **environment(kafka.by_password("gateway")))
    running.start("deployment", **environment(kafka.by_certificate("deployment")))
    watch = environment(kafka.by_password("deployment-watch"))
    running.start("deployment-watch", "services.deployment.watch", KALIMAYA_TICK="0.5", **watch)

    async def ready() -> bool:
        names = ("gateway", "deployment", "deployment-watch")
        return all([await running.is_ready(name) for name in names])

    try:
        await until(ready, running.last_words, 60)
        yield running
    finally:
        running.end()


async def test_the_services_work_on_it(kafka: SecuredKafka, processes: Processes) -> None:
    sent = sighting("over-kafka", time=...)
    producer = Producer(kafka.by_password(POLRES).librdkafka() | {"log_level": 0})
    producer.produce(f"agency.{POLRES}", json.dumps(sent).encode())
    assert await asyncio.to_thread(producer.flush, SECONDS) == 0
    headers = {
        "Authorization": f"Bearer {processes.tokens[POLRES]}",
        "Content-Type": "application/cloudevents+json",
        "Prefer": "wait=10",
    }
    async with httpx.AsyncClient(timeout=30) as client:

        async def post() -> httpx.Response:
            return await client.post(f"{processes.url('gateway')}/v1/messages", json=sent, headers=headers)

        async def repeated() -> bool:
            answer = await post()
            return bool(answer.status_code == 200 and answer.json()["outcome"]["kind"] == "repeated")

        await until(repeated, processes.last_words, 30)
    audit = ("audit", "--no-read-model", "--wait", "10")
    found = await asyncio.to_thread(kafka.command, *audit, access=kafka.by_password("auditor"))
    assert (found.exit_code, "Clean." in found.stdout) == (0, True), found.output
