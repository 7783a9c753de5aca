"""deploy/kubernetes says of our processes what is so: settings that exist, ports that they listen on, topics as we make
them, and secrets that somebody makes. `make check-kubernetes` holds it against the schemas of Kubernetes and operators.
"""

import re
from importlib import import_module
from typing import Any

import pytest

from kalimaya import kubernetes
from kalimaya.agencies.rights import Right, of_services
from kalimaya.generated import stale
from kalimaya.settings import DECIDING_SERVICES, SERVICES
from services.canary.settings import CanarySettings
from services.deployment.watch.settings import DeploymentWatchSettings
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from services.gateway.settings import GatewaySettings
from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.kit.ledger.topics import KINDS, UNREADABLE, config_of
from services.kit.settings import KitSettings
from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.watch import LOGISTICS_WATCH
from services.projection.settings import ProjectionSettings
from services.watch.rules import Watch
from tests.support.kustomized import rendered

SETTINGS: dict[str, type[KitSettings]] = {
    "services.gateway": GatewaySettings,
    "services.projection": ProjectionSettings,
    "services.canary": CanarySettings,
    "services.deployment.watch": DeploymentWatchSettings,
    "services.logistics.watch": LogisticsWatchSettings,
    "services.incidents.watch": IncidentsWatchSettings,
} | {f"services.{name}": KitSettings for name in DECIDING_SERVICES}

RESOURCES = rendered()


def of_kind(*kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in RESOURCES if each["kind"] in kinds}


def pods() -> dict[str, dict[str, Any]]:
    """The pod of each process that goes on running, and its labels."""
    return {name: each["spec"]["template"] for name, each in of_kind("Deployment", "StatefulSet").items()}


def container(name: str) -> dict[str, Any]:
    (only,) = pods()[name]["spec"]["containers"]
    return only


def environment(name: str) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(name)["env"]}


def test_every_service_is_there_and_can_be_started() -> None:
    assert pods().keys() == {*SERVICES, "canary"}
    for name in pods():
        (module,) = container(name)["args"]
        assert module == f"services.{name.replace('-', '.')}"
        assert import_module(f"{module}.__main__")


@pytest.mark.parametrize("name", [*SERVICES, "canary"])
def test_every_setting_is_one_of_the_process_and_none_that_it_needs_is_missing(name: str) -> None:
    fields = SETTINGS[container(name)["args"][0]].model_fields
    assert environment(name).keys() <= {f"KALIMAYA_{field.upper()}" for field in fields}
    needed = {f"KALIMAYA_{field.upper()}" for field, told in fields.items() if told.is_required()}
    assert needed <= environment(name).keys()


@pytest.mark.parametrize("name", [*SERVICES, "canary"])
def test_ports_are_those_that_the_process_listens_on(name: str) -> None:
    ports = {each["name"]: each["containerPort"] for each in container(name)["ports"]}
    told = environment(name)
    assert ports.pop("metrics") == int(told["KALIMAYA_METRICS_PORT"])
    assert [*ports.values()] == [int(told[each]) for each in told if each == "KALIMAYA_HTTP_PORT"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container(name)[probe]["httpGet"]["port"] == "metrics"


def test_what_is_routed_to_is_listened_on() -> None:
    for service in of_kind("Service").values():
        chosen = service["spec"]["selector"].items()
        found = [name for name, pod in pods().items() if chosen <= pod["metadata"]["labels"].items()]
        assert found
        for name in found:
            assert {each["targetPort"] for each in service["spec"]["ports"]} <= {
                each["name"] for each in container(name)["ports"]
            }
    hosts = {re.sub(r"^\w+://([^/@]*@)?", "", told) for name in pods() for told in environment(name).values()}
    for each in {"gateway", "projection"} & hosts:
        assert each in of_kind("Service")


def test_kafka_is_found_where_it_listens_and_everybody_has_his_own_credentials() -> None:
    (kafka,) = of_kind("Kafka").values()
    listeners = {each["port"]: each for each in kafka["spec"]["kafka"]["listeners"]}
    for name, pod in pods().items():
        told = environment(name)
        host, _, port = told["KALIMAYA_KAFKA"].partition(":")
        assert host == f"{kafka['metadata']['name']}-kafka-bootstrap"
        assert listeners[int(port)]["tls"]
        assert listeners[int(port)]["authentication"]["type"] == "scram-sha-512"
        assert told["KALIMAYA_KAFKA_USER"] == name
        assert {"name": "kafka", "secret": {"secretName": name}} in pod["spec"]["volumes"]
        assert name in of_kind("KafkaUser")


def test_only_the_services_own_decider_writes_to_an_event_log() -> None:
    writers: dict[str, set[str]] = {}
    for name, user in of_kind("KafkaUser").items():
        for rule in user["spec"].get("authorization", {}).get("acls", []):
            if "Write" in rule["operations"]:
                writers.setdefault(rule["resource"]["name"], set()).add(name)
    watches = {f"{name}-watch" for name in DECIDING_SERVICES}
    for service in DECIDING_SERVICES:
        assert writers[f"{service}.events"] == {service}
        assert writers[f"{service}.inbox"] == {"gateway"} | (watches if service == "incidents" else set())


@pytest.mark.parametrize("service", sorted(of_services()))
def test_each_process_may_what_it_may_elsewhere(service: str) -> None:
    given = set()
    for rule in of_kind("KafkaUser")[service]["spec"]["authorization"]["acls"]:
        on, operations = rule["resource"], {each.upper() for each in rule["operations"]}
        told = operations if operations == {"DESCRIBE"} else operations - {"DESCRIBE"}  # which reading includes
        prefixed = on.get("patternType") == "prefix"
        given |= {Right(each, on["type"].upper(), on["name"], prefixed) for each in told}
    # Who may write to a topic is told of it, so that is said once.
    written = {right.name for right in given if right.operation == "WRITE"}
    wanted = {right for right in of_services()[service] if right.operation != "DESCRIBE" or right.name not in written}
    assert given == wanted


def test_topics_are_as_we_make_them() -> None:
    topics = of_kind("KafkaTopic")
    names = {f"{service}.{kind}" for service in DECIDING_SERVICES for kind in KINDS} | {UNREADABLE}
    assert names <= topics.keys()
    for name, topic in topics.items():
        config = {key: str(value).lower() for key, value in topic["spec"]["config"].items()}
        assert config == config_of(name, 3)
        assert topic["spec"]["replicas"] == 3
    for service in DECIDING_SERVICES:
        assert len({topics[f"{service}.{kind}"]["spec"]["partitions"] for kind in KINDS}) == 1
    (job,) = of_kind("Job")["topics"]["spec"]["template"]["spec"]["containers"]
    assert job["args"] == ["kalimaya", "topics", "apply", "--replication", "3"]


def test_nothing_runs_with_privileges_or_without_a_bound() -> None:
    for name, pod in pods().items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert container(name)["securityContext"]["readOnlyRootFilesystem"]
        assert container(name)["resources"]["limits"]["memory"]
    replicas = {name: each["spec"]["replicas"] for name, each in of_kind("Deployment", "StatefulSet").items()}
    assert of_kind("PodDisruptionBudget").keys() == {name for name, count in replicas.items() if count > 1}


def test_no_secret_is_in_it() -> None:
    assert of_kind("Secret") == {}


def test_what_is_made_from_other_files_is_up_to_date() -> None:
    assert stale(kubernetes.files(), kubernetes.FOLDER) == []


@pytest.mark.parametrize("watch", [DEPLOYMENT_WATCH, LOGISTICS_WATCH, INCIDENTS_WATCH], ids=lambda watch: watch.service)
def test_a_watch_may_read_what_it_looks_at_and_nothing_else(watch: Watch[Any]) -> None:
    rules = of_kind("KafkaUser")[f"{watch.service}-watch"]["spec"]["authorization"]["acls"]
    may = {(rule["resource"]["name"], each) for rule in rules for each in rule["operations"]}
    group = f"{watch.service}-watch"
    assert {name for name, each in may if each == "Read"} == {group, *(f"{name}.events" for name in watch.reads)}
    assert {(f"{name}.{kind}", "Describe") for name in watch.reads for kind in ("inbox", "events")} <= may
