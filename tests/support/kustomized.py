"""deploy/kubernetes with its patches applied, without kubectl; `make check-kubernetes` holds it against kubectl's."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from kalimaya.generated import ROOT

FOLDER = ROOT / "deploy/kubernetes"
KEYS = {"containers": "name", "env": "name", "volumes": "name", "ports": "containerPort", "volumeMounts": "mountPath"}
"""What Kubernetes merges the entries of these lists by; other lists are replaced."""


def rendered() -> list[dict[str, Any]]:
    """Every resource of the kustomization."""
    told = _load("kustomization.yaml")[0]
    assert told.keys() == {"apiVersion", "kind", "namespace", "resources", "patches", "images"}
    return [_made(each, told) for path in told["resources"] for each in _load(path)]


def _made(resource: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    for patch in told["patches"]:
        name, _, value = patch["target"]["labelSelector"].partition("=")
        labelled = resource["metadata"].get("labels", {}).get(name) == value
        if labelled and re.fullmatch(patch["target"]["kind"], resource["kind"]):
            common = _load(patch["path"])[0]
            resource = {**resource, "spec": _merged(resource["spec"], common["spec"])}
    for container in _containers(resource):
        for image in told["images"]:
            if container.get("image") == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
    if resource["kind"] != "Namespace":
        resource["metadata"] = {**resource["metadata"], "namespace": told["namespace"]}
    return resource


def _containers(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])


def _merged(ours: Any, patch: Any, within: str = "") -> Any:
    if isinstance(ours, dict) and isinstance(patch, dict):
        return ours | {name: _merged(ours[name], each, name) if name in ours else each for name, each in patch.items()}
    if within in KEYS:
        by_key = {each[KEYS[within]]: each for each in ours}
        fresh = {each[KEYS[within]]: each for each in patch}
        return list(_merged(by_key, fresh).values())
    return patch


def _load(path: str) -> list[dict[str, Any]]:
    return list(yaml.load_all((FOLDER / path).read_text(), Loader=yaml.CSafeLoader))
