"""What docs/operating.md gives to be copied fits deploy/kubernetes."""

import re
from typing import Any

import yaml

from kalimaya.generated import ROOT
from kalimaya.settings import DECIDING_SERVICES
from services.kit.ledger.topics import KINDS
from tests.support.kustomized import rendered

BLOCKS = re.findall(r"^( *)```yaml\n(.*?)^\1```", (ROOT / "docs/operating.md").read_text(), re.DOTALL | re.MULTILINE)
RESOURCES = {(each["kind"], each["metadata"]["name"]): each for each in rendered()}


def block(key: str) -> dict[str, Any]:
    """The one block with this at its top."""
    only: dict[str, Any]
    (only,) = [found for _, text in BLOCKS if key in (found := yaml.safe_load(text))]
    return only


def named(parts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in parts}


def test_the_pod_for_commands_gets_in_to_kafka_and_the_read_model_as_the_projection_does() -> None:
    pod, projection = block("kind")["spec"], RESOURCES["StatefulSet", "projection"]["spec"]["template"]["spec"]
    (cli,), (service,) = pod["containers"], projection["containers"]
    environment, volumes = named(cli["env"]), named(pod["volumes"])
    user = environment.pop("KALIMAYA_KAFKA_USER")["value"]
    assert ("KafkaUser", user) in RESOURCES
    assert volumes.pop("kafka") == {"name": "kafka", "secret": {"secretName": user}}
    del volumes["scratch"]
    assert environment.items() <= named(service["env"]).items()
    assert volumes.items() <= named(projection["volumes"]).items()
    assert named(cli["volumeMounts"]).items() <= named(service["volumeMounts"]).items()
    assert cli["securityContext"] == service["securityContext"]
    assert pod["securityContext"].items() <= projection["securityContext"].items()


def test_another_partition_count_reaches_every_log_and_nothing_else() -> None:
    pattern = block("patches")["patches"][0]["target"]["name"]
    patched = {name for kind, name in RESOURCES if kind == "KafkaTopic" and re.fullmatch(pattern, name)}
    assert patched == {f"{service}.{kind}" for service in DECIDING_SERVICES for kind in KINDS}
