"""Writes what deploy/kubernetes has of agencies.yaml and of Prometheus' rules (`make contracts`; `--check`)."""

import sys
from pathlib import Path
from typing import Any

import yaml

from kalimaya import generated
from kalimaya.agencies.rights import quota_of
from kalimaya.generated import ROOT
from kalimaya.settings import AGENCIES
from services.kit.ledger.topics import topic_of
from services.kit.principals import Principal, load_principals

FOLDER = Path("deploy/kubernetes/made")
RULES = ("recording.yml", "alerts.yml")
LABELS = {"strimzi.io/cluster": "kalimaya"}


def files() -> dict[Path, str]:
    """Every generated file, by its path within the repository."""
    publishing = [each for each in load_principals(AGENCIES).values() if each.kafka]
    agencies = [made for agency in publishing for made in (_topic(agency.id), _user(agency))]
    said = "# Made by `make contracts` from "
    return {
        FOLDER / "agencies.yaml": f"{said}deploy/embedded/agencies.yaml: who may publish to a topic of his own.\n"
        + yaml.safe_dump_all(agencies, sort_keys=False),
        FOLDER / "rules.yaml": f"{said}deploy/prometheus.\n" + yaml.safe_dump(_rules(), sort_keys=False, width=1000),
    }


def _topic(agency: str) -> dict[str, Any]:
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": topic_of(agency), "labels": LABELS | {}},
        "spec": {
            "partitions": 1,
            "replicas": 3,
            "config": {
                "cleanup.policy": "delete",
                "retention.ms": -1,
                "retention.bytes": -1,
                "min.insync.replicas": 2,
                "unclean.leader.election.enable": False,
                "compression.type": "uncompressed",
            },
        },
    }


def _user(agency: Principal) -> dict[str, Any]:
    topic, quota = {"type": "topic", "name": topic_of(agency.id)}, quota_of(agency)
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": agency.id, "labels": LABELS | {}},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": [{"resource": topic, "operations": ["Write", "Describe"]}]},
            "quotas": {
                "producerByteRate": int(quota["producer_byte_rate"]),
                "requestPercentage": int(quota["request_percentage"]),
            },
        },
    }


def _rules() -> dict[str, Any]:
    groups = [
        group for name in RULES for group in yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text())["groups"]
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "kalimaya"},
        "spec": {"groups": groups},
    }


if __name__ == "__main__":
    sys.exit(generated.command("kalimaya.kubernetes", __doc__, files, FOLDER))
